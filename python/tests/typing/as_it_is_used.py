"""Read by type checkers and never run: what a program gets to know of the types behind every public name."""

from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, assert_type

import keepwarm
from keepwarm import DEFAULT_TIMEOUT, FileCache, Lock, MemoryCache, RateLimit, RedisCache, cache, cached, caches, get_cache, memoize
from keepwarm.core import cache as awaited
from keepwarm.exceptions import CacheError, KeyNotFound

# The verbs of both faces.


def sync() -> None:
    cache.set("key", {"a": 1}, timeout=60)
    cache.set(5, 1, timedelta(hours=1), version=2, tags=["a"])
    cache.set("key", 1, DEFAULT_TIMEOUT)
    cache.set("key", 1, None)
    assert_type(cache.add("key", 1), bool)
    assert_type(cache.get_many([1, 2]), dict[int, Any])
    assert_type(cache.set_many({"a": 1}), list[str])
    assert_type(cache.incr("key", default=0), int)
    assert_type(cache.ttl("key"), float | None)
    assert_type(cache.get_or_set("key", lambda: 1), int)
    assert_type(cache.get_or_set("key", "value"), str)
    assert_type(cache.rate_limit("key", 10, 60), RateLimit)
    assert_type(cache.rate_limit("key", 10, 60).allowed, bool)
    assert_type(cache.get_or_set_many(["a"], lambda missing: {key: 1 for key in missing}), dict[str, int])
    assert_type("key" in cache, bool)
    assert_type(cache(), keepwarm.Cache)
    assert_type(caches["other"], keepwarm.Cache)
    assert_type(get_cache("other"), keepwarm.Cache)
    with cache.lock("name", timeout=30, blocking_timeout=1.5) as lock:
        assert_type(lock, Lock)
        assert_type(lock.fence, int | None)
    MemoryCache(timeout=300, key_prefix="a", max_entries=10)
    FileCache(location=".cache").set("key", 1)
    RedisCache(host="localhost", port=6379).namespace("part").invalidate()
    try:
        cache.incr("absent")
    except KeyNotFound as error:
        assert_type(error.key, str | None)
    except CacheError:
        pass


async def load() -> list[int]:
    return [1]


async def awaiting() -> None:
    assert_type(await awaited.cache.set("key", 1), bool)
    assert_type(await awaited.cache.add("key", 1), bool)
    assert_type(await awaited.cache.get_or_set("key", load), list[int])
    assert_type(await awaited.cache.get_or_set("key", lambda: 1), int)
    assert_type(await awaited.get_cache("other").incr("key"), int)
    assert_type(await awaited.MemoryCache().get_many(["a"]), dict[str, Any])
    assert_type(await awaited.cache.rate_limit("key", 1, timedelta(minutes=1)), RateLimit)
    assert_type(await cache.aget_or_set("key", load), list[int])
    assert_type(await awaited.cache.namespace("part").delete("key"), bool)
    async with awaited.cache.lock("name") as held:
        assert_type(held, Lock)


# Decorators keep what they decorate.


@cached(timeout=60, tags=["users"], key="user:{number}")
def user(number: int, *, name: str = "") -> dict[str, str]:
    return {"name": name}


@cached
def bare(number: int) -> int:
    return number


@cached(timeout=60, cache=awaited.cache)
async def awaited_user(number: int) -> list[str]:
    return [str(number)]


class Shop:
    @cached(timeout=60)
    def price(self, number: int) -> float:
        return float(number)

    @cached(timeout=60)
    async def stock(self, number: int) -> int:
        return number

    @memoize(max_size=10)
    def tax(self, number: int) -> float:
        return number * 0.2


@memoize(max_size=1000, timeout=60)
def discount(price: int) -> float:
    return price * 0.9


@memoize
def plain(price: int) -> int:
    return price


def decorated() -> None:
    assert_type(user(7, name="Ada"), dict[str, str])
    assert_type(user.cache_key(7), str)
    assert_type(user.invalidate(number=7), bool)
    assert_type(user.refresh(7), dict[str, str])
    assert_type(user.cache_info().hits, int)
    assert_type(user.__wrapped__(7), dict[str, str])
    user.cache_clear()
    assert_type(bare(7), int)
    assert_type(Shop().price(7), float)
    assert_type(Shop().price.invalidate(7), bool)
    assert_type(discount(7), float)
    discount.cache_clear()
    assert_type(discount.cache_info().maxsize, int | None)
    assert_type(plain(7), int)
    assert_type(Shop().tax(7), float)


async def decorated_and_awaited() -> None:
    coroutine: Coroutine[Any, Any, list[str]] = awaited_user(7)
    assert_type(await coroutine, list[str])
    assert_type(await awaited_user.invalidate(7), bool)
    assert_type(await awaited_user.refresh(7), list[str])
    assert_type(await Shop().stock(7), int)
    assert_type(await Shop().stock.refresh(7), int)
    await awaited_user.cache_clear()


# What is wrong is said: each of these lines has to be an error, or the comment on it is one.


def mistakes() -> None:
    user("seven")  # type: ignore[arg-type]
    user.invalidate("seven")  # type: ignore[arg-type]
    Shop().price("seven")  # type: ignore[arg-type]
    cache.set("key")  # type: ignore[call-arg]
    cache.incr("key", "one")  # type: ignore[arg-type]
    discount("seven")  # type: ignore[arg-type]
    cached(timeout=60, tagz=["a"])  # type: ignore[call-overload]


# A store of one's own, in either face. Its methods are not the verbs whose names they have, which a type checker cannot know.


class Shelf(keepwarm.BaseCache):
    def get(self, key: str) -> bytes | None:  # type: ignore[override]
        return None

    async def set(self, key: str, value: bytes, timeout: float | None = None) -> None: ...  # type: ignore[override]

    def delete(self, key: str) -> bool:  # type: ignore[override]
        return False

    def clear(self) -> None: ...  # type: ignore[override]


class AwaitedShelf(awaited.BaseCache):
    async def get(self, key: str, default: Any = None, version: Any = None) -> bytes | None:  # type: ignore[override]
        return None

    async def set(self, key: str, value: bytes, timeout: float | None = None) -> None: ...  # type: ignore[override]

    async def delete(self, key: str) -> bool:  # type: ignore[override]
        return False

    async def clear(self) -> None: ...  # type: ignore[override]


async def own_stores() -> None:
    assert_type(Shelf().incr("key", default=0), int)
    assert_type(await AwaitedShelf(key_prefix="a").add("key", 1), bool)
    keepwarm.get_redis_connection("default").sadd("name", "member")
    await awaited.get_redis_connection().smembers("name")
    assert_type(keepwarm.make_hashed_key(["a", 1]), str)
