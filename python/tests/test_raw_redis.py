"""Raw access to Redis beside the cache."""

import asyncio
import datetime
import uuid

import pytest

import keepwarm
from keepwarm import aio
from keepwarm.exceptions import CacheError, UnsupportedError


@pytest.fixture
def alias(redis_server):
    """Settings with an alias on the server, and one that is not."""
    before = keepwarm._aliases._configured
    prefix = uuid.uuid4().hex
    patient = {"deadline": 120, "socket_timeout": 120}
    keepwarm.configure(
        {
            "default": {"backend": "redis", "host": "127.0.0.1", "port": redis_server, "key_prefix": prefix, **patient},
            "near": {"backend": "memory"},
        }
    )
    yield prefix
    keepwarm._aliases._configured = before
    [handler.forget() for handler in keepwarm._aliases.Aliases.handlers]


# covers: R138
def test_commands_are_methods_and_answer_as_redis_py_does(alias):
    redis = keepwarm.get_redis_connection("default")
    name = f"{alias}.raw"
    assert redis.sadd(name, "Ada", b"Grace") == 2
    assert redis.smembers(name) == {b"Ada", b"Grace"}
    assert redis.expire(name, datetime.timedelta(minutes=1)) is True
    assert 0 < redis.ttl(name) <= 60
    assert redis.delete(name) == 1
    assert redis.expire(name, 60) is False
    assert redis.set(name, "value", ex=60) is True
    assert redis.set(name, "other", nx=True) is None
    assert (redis.get(name), redis.exists(name), redis.type(name)) == (b"value", 1, b"string")
    assert redis.delete(name, f"{name}.other") == 1
    assert redis.hset(name, mapping={"a": 1, "b": 2.5}) == 2
    assert redis.hgetall(name) == {b"a": b"1", b"b": b"2.5"}
    assert redis.incr(f"{name}.count", 5) == 5
    assert redis.mget([name + ".count", name + ".none"]) == [b"5", None]
    assert redis.zadd(f"{name}.sorted", {"x": 1, "y": 2}) == 2
    assert redis.zscore(f"{name}.sorted", "y") == 2.0
    assert sorted(redis.scan_iter(match=f"{name}*")) == sorted(
        [name.encode(), f"{name}.count".encode(), f"{name}.sorted".encode()]
    )
    assert redis.execute_command("ECHO", "hello") == b"hello"
    assert redis.ping() is True


# covers: R87 R138
def test_it_reaches_what_the_cache_keeps(alias):
    redis = keepwarm.get_redis_connection()
    keepwarm.cache.set("count", 41)
    stored = keepwarm.cache.make_key("count")
    assert stored == f"{alias}:1:count"
    assert redis.incr(stored) == 42
    assert keepwarm.cache.get("count") == 42


# covers: R138 R117
def test_the_same_awaited(alias):
    async def use():
        redis = aio.get_redis_connection()
        await redis.sadd(f"{alias}.awaited", "Ada")
        members, names = await redis.smembers(f"{alias}.awaited"), []
        async for name in redis.scan_iter(match=f"{alias}.await*"):
            names.append(name)
        return members, names, await redis.delete(f"{alias}.awaited")

    assert asyncio.run(use()) == ({b"Ada"}, [f"{alias}.awaited".encode()], 1)


def test_what_the_server_refuses_is_an_error_that_says_so(alias):
    redis = keepwarm.get_redis_connection()
    redis.set(f"{alias}.text", "text")
    with pytest.raises(CacheError, match="WRONGTYPE"):
        redis.sadd(f"{alias}.text", "member")
    with pytest.raises(TypeError, match="a word of a command is text, bytes or a number"):
        redis.execute_command("SET", f"{alias}.text", object())


def test_another_store_has_no_such_connection(alias):
    with pytest.raises(UnsupportedError, match="not Redis but memory"):
        keepwarm.get_redis_connection("near")


# covers: R116
def test_delete_pattern_is_there_in_both_faces(alias):
    keepwarm.cache.set_many({"search:a": 1, "search:b": 2, "other": 3})
    keepwarm.cache.set("search:a", 1, version=2)
    assert keepwarm.cache.delete_pattern("search:*") == 2
    assert keepwarm.cache.get_many(["search:a", "search:b", "other"]) == {"other": 3}
    assert keepwarm.cache.get("search:a", version=2) == 1
    assert asyncio.run(aio.get_cache().delete_pattern("oth*")) == 1
