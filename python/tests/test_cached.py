"""`@cached`: a function's results over every store and both faces."""

import asyncio
import dataclasses
import datetime
import decimal
import enum
import inspect
import os
import subprocess
import sys
import threading
import types
import uuid
import zoneinfo

import pytest

import keepwarm
from keepwarm import cached
from keepwarm._native import argument_key
from keepwarm.core import cache as awaited
from keepwarm.exceptions import InvalidCacheKey


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


@dataclasses.dataclass
class Point:
    x: int
    y: int


class Row:
    """Says itself what it is."""

    def __init__(self, number):
        self.number = number

    def __cache_key__(self):
        return self.number


def key(*values):
    return argument_key("f", [(f"argument{position}", value) for position, value in enumerate(values)])


@pytest.fixture
def wrap(cache):
    """Decorates a plain function for the face of the cache; what comes back is called plainly in both."""

    def wrap(function, **options):
        if not cache.is_awaited:
            return cached(cache=cache.cache, **options)(function)

        async def awaited_function(*arguments, **named):
            return function(*arguments, **named)

        awaited_function.__signature__ = inspect.signature(function)
        awaited_function.__qualname__ = function.__qualname__
        made = cached(cache=cache.cache, **options)(awaited_function)

        def plain(call):
            async def run(arguments, named):
                return await call(*arguments, **named)

            return lambda *arguments, **named: cache._loop.run_until_complete(run(arguments, named))

        called = plain(made)
        for name in ("invalidate", "refresh", "cache_clear"):
            setattr(called, name, plain(getattr(made, name)))
        called.cache_key, called.cache_info = made.cache_key, made.cache_info
        return called

    return wrap


# covers: R146 R151 R153
def test_the_body_runs_once_for_equal_arguments(wrap):
    asked = []

    def load(number, extra=None):
        asked.append((number, extra))
        return {"number": number}

    load = wrap(load, timeout=3600)
    assert load(7) == load(7) == load(number=7) == load(7, None) == load(7, extra=None) == {"number": 7}
    assert asked == [(7, None)]
    assert load(8) == {"number": 8}
    assert load.cache_info()[:2] == (4, 2)
    assert load.invalidate(7) is True
    assert load.invalidate(7) is False
    load(7)
    load(8)
    assert asked == [(7, None), (8, None), (7, None)]
    assert load.refresh(8) == {"number": 8}
    assert asked[3:] == [(8, None)]
    load.cache_clear()
    assert load.cache_info()[:2] == (0, 0)
    load(7)
    load(8)
    assert len(asked) == 6


# covers: R151
@pytest.mark.parametrize("empty", (None, 0, "", [], False))
def test_empty_results_are_kept(wrap, empty):
    asked = []

    def load():
        asked.append(1)
        return empty

    load = wrap(load, timeout=60)
    assert load() == load() == empty
    assert asked == [1]


# covers: R151
def test_errors_are_not_kept(wrap):
    asked = []

    def load():
        asked.append(1)
        raise LookupError("gone")

    load = wrap(load, timeout=60)
    for _ in range(2):
        with pytest.raises(LookupError, match="gone"):
            load()
    assert asked == [1, 1]


# covers: R147
def test_keys_of_ones_own(cache, wrap):
    by_function = wrap(lambda user_id: [user_id], timeout=100, key_func=lambda user_id: f"user:{user_id}", version=3)
    assert by_function(7) == [7]
    assert cache.get("user:7", version=3) == [7]
    assert cache.ttl("user:7", version=3) == pytest.approx(100, abs=60)
    assert by_function.cache_key(7) == "user:7"

    def load(user_id, page=1):
        return [user_id, page]

    by_template = wrap(load, key="page:{user_id}:{page}")
    assert by_template(7) == [7, 1]
    assert cache.get("page:7:1") == [7, 1]
    assert by_template.invalidate(user_id=7) is True
    assert cache.get("page:7:1") is None


# covers: R176
def test_tags(cache, wrap):
    asked = []

    def load(user_id):
        asked.append(user_id)

    load = wrap(load, tags=["users", "user:{user_id}"])
    load(1)
    load(2)
    cache.invalidate_tag("user:1")
    load(1)
    load(2)
    assert asked == [1, 2, 1]
    cache.invalidate_tag("users")
    load(1)
    load(2)
    assert asked == [1, 2, 1, 1, 2]


# covers: R148
def test_arguments_that_look_alike_differ():
    zone = zoneinfo.ZoneInfo("Europe/Vienna")
    noon = datetime.datetime(2026, 10, 25, 2, 30)
    alike = [
        (1, 2), (2, 1), (1,), ("1",), (True,), (1.0,), (b"1",), (None,), ("None",), (0,), (0.0,), (-0.0,), (False,), ("",), (),
        (["a:b"],), (["a", "b"],), (("a", "b"),), ("a", "b"), ("a#b",), ("a,s1:b",), ([],), ((),), ({},), (set(),), (frozenset(),),
        ({1, 2},), (frozenset({1, 2}),), ([1, 2],), ({1: 2},), ({"1": 2},), (2**64,), (-(2**64),), (str(2**64),), (f"{2**64:x}",),
        (Colour.RED,), (Colour.BLUE,), ("RED",), (Point(1, 2),), (Point(2, 1),), ({"x": 1, "y": 2},), (Row(1),), (Row(2),), (Row("1"),),
        (noon,), (noon.replace(tzinfo=zone),), (noon.replace(tzinfo=zone, fold=1),), (noon.replace(tzinfo=datetime.UTC),),
        (noon.isoformat(),), (noon.date(),), (noon.time(),), (datetime.timedelta(1),), (86_400,),
        (decimal.Decimal("1"),), (decimal.Decimal("1.0"),), (uuid.UUID(int=1),), (str(uuid.UUID(int=1)),), (1j,), (bytearray(b"1"),),
        (int,), (str,), ("é",), ("%C3%A9",), ([[1], []],), ([[], [1]],), (["x" * 1000],), (["x" * 999 + "y"],),
    ]  # fmt: skip
    keys = [key(*arguments) for arguments in alike]
    assert len(set(keys)) == len(alike)
    assert all(len(made) <= 165 and made.isascii() and made.isprintable() and " " not in made for made in keys)


# covers: R149
def test_the_form_is_rusts():
    assert key(7, "alice", None, [1, (True, b"\x00\xff")]) == "f(7,s5:alice,none,[1,(true,b4:00ff)])"
    assert key({"b": 1, "a": 2}) == key({"a": 2, "b": 1}) == "f({s1:a=2,s1:b=1})"
    assert key({3, 1, 2}) == "f(n3:set({1=(),2=(),3=()}))"


# covers: R149
def test_the_key_is_the_same_in_another_process():
    program = "from keepwarm._native import argument_key as k; print(k('f', [('a', {'x', 'y', 'z', 1.5}), ('b', {'q': range(3)})]))"
    made = {
        subprocess.run(
            [sys.executable, "-c", program], env={**os.environ, "PYTHONHASHSEED": seed}, check=True, stdout=subprocess.PIPE, text=True
        ).stdout.strip()
        for seed in ("1", "2", "3")
    }
    assert made == {argument_key("f", [("a", {"x", "y", "z", 1.5}), ("b", {"q": range(3)})])}


# covers: R149
def test_an_argument_without_a_stable_form_is_named():
    @cached(cache=keepwarm.MemoryCache())
    def load(number, connection):
        return number

    endless = []
    endless.append(endless)

    class Text(str):
        pass

    more = Point(1, 2)
    more.z = 3
    for without in (object(), [object()], {"x": lambda: 1}, endless, "\ud800", Text("a"), more, types.SimpleNamespace()):
        with pytest.raises(InvalidCacheKey, match="argument `connection` of .*load"):
            load(1, without)
    with pytest.raises(TypeError, match="missing"):
        load(1)


class Shop:
    """A class with methods that are cached."""

    def __init__(self, name):
        self.name = name
        self.asked = []

    @cached(key="shop:{self.name}:{number}")
    def by_template(self, number):
        """Finds a price."""
        self.asked.append(number)
        return [self.name, number]

    @cached
    def excluded(self, number):
        self.asked.append(number)
        return number

    @cached(timeout=60)
    async def awaited(self, number):
        self.asked.append(number)
        return number

    @staticmethod
    @cached(timeout=60)
    def fixed(number):
        return [number]

    @classmethod
    @cached(timeout=60)
    def of_class(cls, number):
        return [cls.__name__, number]


class Market(Shop):
    """Another class with the same methods."""


class Known(Shop):
    """Says itself what its objects are."""

    @property
    def __cache_key__(self):
        return self.name


# covers: R148 R150 R153
def test_methods():
    keepwarm.cache.clear()
    shop, other, market = Shop("a"), Shop("b"), Market("a")
    assert shop.by_template(1) == shop.by_template(1) == ["a", 1]
    assert other.by_template(1) == ["b", 1]
    assert (shop.asked, other.asked) == ([1], [1])
    assert shop.by_template.cache_key(number=1) == "shop:a:1"
    assert shop.by_template.invalidate(1) is True
    assert shop.by_template.refresh(1) == ["a", 1]
    assert Shop.by_template.invalidate(shop, 1) is True

    shop.asked.clear(), other.asked.clear()
    assert shop.excluded(1) == other.excluded(1) == market.excluded(1) == 1
    assert (shop.asked, other.asked, market.asked) == ([1], [], [1])
    ada, bob = Known("Ada"), Known("Bob")
    assert ada.excluded(1) == ada.excluded(1) == bob.excluded(1)
    assert (ada.asked, bob.asked) == ([1], [1])

    assert Shop.fixed(1) == shop.fixed(1) == [1]
    assert Shop.fixed.cache_info().hits == 1
    assert Shop.of_class(1) == shop.of_class(1) == ["Shop", 1]
    assert Market.of_class(1) == ["Market", 1]


# covers: R150
def test_a_cached_function_looks_like_the_function():
    assert Shop.by_template.__name__ == "by_template"
    assert Shop.by_template.__doc__ == "Finds a price."
    assert list(inspect.signature(Shop.by_template).parameters) == ["self", "number"]
    assert list(inspect.signature(Shop("a").by_template).parameters) == ["number"]
    assert asyncio.iscoroutinefunction(Shop.awaited) and asyncio.iscoroutinefunction(Shop("a").awaited)
    assert not asyncio.iscoroutinefunction(Shop.by_template)


# covers: R150
def test_awaited_methods():
    keepwarm.cache.clear()
    shop = Shop("a")

    async def run():
        assert await shop.awaited(1) == await shop.awaited(1) == 1
        assert shop.asked == [1]
        assert await shop.awaited.invalidate(1) is True
        assert await shop.awaited.refresh(1) == 1
        await shop.awaited.cache_clear()
        return await shop.awaited(1)

    assert asyncio.run(run()) == 1
    assert shop.asked == [1, 1, 1]


# covers: R148
def test_functions_of_one_name_differ():
    cache = keepwarm.MemoryCache()

    def adding(amount):
        @cached(cache=cache)
        def add(number):
            return number + amount

        return add

    assert [adding(1)(1), adding(2)(1), adding(3)(1)] == [2, 3, 4]
    lambdas = [cached(cache=cache)(lambda: 1), cached(cache=cache)(lambda: 2)]
    assert [one() for one in lambdas] == [1, 2]


# covers: R151
def test_any_cache_is_one():
    plain, awaited_one = keepwarm.MemoryCache(), awaited.MemoryCache()
    for number, cache in enumerate((plain, awaited_one, plain.namespace("n"), awaited_one.namespace("n"), keepwarm.cache, awaited.cache)):

        @cached(cache=cache, key="of:{number}")
        def load(number):
            return [number]

        @cached(cache=cache, key="awaited:{number}")
        async def aload(number):
            return [number]

        assert load(number) == load(number) == [number]
        assert asyncio.run(aload(number)) == asyncio.run(aload(number)) == [number]
        assert load.cache_info().hits == aload.cache_info().hits == 1
    assert plain.get("of:0") == [0]
    assert plain.namespace("n").get("of:2") == [2]
    with pytest.raises(keepwarm.InvalidCacheBackendError, match="nowhere"):
        cached(alias="nowhere")(lambda: 1)()


def test_what_cannot_be_cached_says_so():
    def generate():
        yield 1

    with pytest.raises(TypeError, match="generator"):
        cached(timeout=1)(generate)
    with pytest.raises(TypeError, match="above"):
        cached(timeout=1)(staticmethod(len))
    with pytest.raises(TypeError, match="give one"):
        cached(key="a", key_func=len)
    with pytest.raises(TypeError, match="tags are a list"):
        cached(tags="users", cache=keepwarm.MemoryCache())(lambda: 1)()


# covers: R152
def test_many_threads_run_the_body_once():
    calls, answers = [], []
    begun, go_on = threading.Event(), threading.Event()

    @cached(cache=keepwarm.MemoryCache())
    def load(number):
        calls.append(number)
        begun.set()
        assert go_on.wait(60)
        return [number]

    def ask():
        answers.append(load(7))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    threads[0].start()
    assert begun.wait(60)
    for thread in threads[1:]:
        thread.start()
    go_on.set()
    for thread in threads:
        thread.join()
    assert (calls, answers) == ([7], [[7]] * 8)


# covers: R152
def test_many_tasks_run_the_body_once():
    calls = []

    @cached(cache=awaited.MemoryCache())
    async def load(number):
        calls.append(number)
        await asyncio.sleep(0)
        return [number]

    async def run():
        return await asyncio.gather(*(load(7) for _ in range(8)))

    assert asyncio.run(run()) == [[7]] * 8
    assert calls == [7]
    assert load.cache_info()[:2] == (7, 1)


def test_a_hit_on_a_server_is_one_command(redis_server):
    """The tag by which all results are dropped together is asked for beside the entry, not after it."""
    from support.redis_server import commands

    cache = keepwarm.RedisCache(host="127.0.0.1", port=redis_server, key_prefix="one-command", deadline=120, socket_timeout=120)

    @cached(cache=cache, tags=["users"])
    def load(number):
        return [number]

    assert load(7) == load(7)
    before = commands(redis_server)
    for _ in range(10):
        assert load(7) == [7]
    after = commands(redis_server)
    assert {name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name, 0)} == {"mget": 10}
