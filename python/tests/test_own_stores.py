"""Stores of one's own, in four methods."""

import asyncio
import gc
import threading
import weakref

import pytest

import keepwarm
from keepwarm import _handles
from keepwarm.backends import base
from keepwarm.core import cache as awaited


class Kept:
    """What a store does with what it is given."""

    def __init__(self):
        self.entries = {}
        self.timeouts = []


class PlainMethods(Kept):
    def get(self, key, default=None, version=None):
        return self.entries.get(key, default)

    def set(self, key, value, timeout=None, version=None):
        self.timeouts.append(timeout)
        self.entries[key] = value

    def delete(self, key, version=None):
        return self.entries.pop(key, None) is not None

    def clear(self):
        self.entries.clear()


class AwaitedMethods(PlainMethods):
    async def get(self, key, default=None, version=None):
        await asyncio.sleep(0)
        return self.entries.get(key, default)

    async def set(self, key, value, timeout=None, version=None):
        await asyncio.sleep(0)
        self.timeouts.append(timeout)
        self.entries[key] = value

    async def delete(self, key, version=None):
        await asyncio.sleep(0)
        return self.entries.pop(key, None) is not None

    async def clear(self):
        self.entries.clear()


def made(face, methods, **options):
    """A class of these methods behind a face, and an object of it."""

    class Store(methods, face.BaseCache):
        def __init__(self, **given):
            Kept.__init__(self)
            face.BaseCache.__init__(self, **given)

    return Store(signing_key="of the tests", **options)


class Face:
    """An object of either face, with every verb as a plain call."""

    def __init__(self, cache, loop):
        self.cache = cache
        self._loop = loop

    def __getattr__(self, name):
        verb = getattr(self.cache, name)

        def call(*arguments, **options):
            async def run():
                answer = verb(*arguments, **options)
                return await answer if hasattr(answer, "__await__") else answer

            if isinstance(self.cache, _handles.AsyncFace):
                return self._loop.run_until_complete(run())
            return verb(*arguments, **options)

        return call


@pytest.fixture(params=["sync", "async"])
def face(request):
    return keepwarm if request.param == "sync" else awaited


@pytest.fixture(params=[PlainMethods, AwaitedMethods])
def make(request, face):
    loop = asyncio.new_event_loop()
    yield lambda **options: Face(made(face, request.param, **options), loop)
    loop.close()


# covers: R143
def test_four_methods_get_every_verb(make):
    cache = make()
    cache.set("a", 1)
    assert cache.get("a") == 1
    assert cache.set_many({"b": [2], "c": {"d": (3,)}}) == []
    assert cache.get_many(["a", "b", "c", "x"]) == {"a": 1, "b": [2], "c": {"d": (3,)}}
    assert [cache.add("a", 5), cache.add("e", 5)] == [False, True]
    assert [cache.incr("a", 4), cache.decr("a", 2)] == [5, 3]
    assert cache.incr("made", 2, default=40) == 42
    assert [cache.has_key("a"), cache.has_key("x")] == [True, False]
    assert cache.get_or_set("f", lambda: "computed") == "computed"
    assert cache.get_or_set("f", lambda: pytest.fail("it is there")) == "computed"
    assert cache.touch("f", 60) and 0 < cache.ttl("f") < 61
    cache.delete_many(["b", "c"])
    assert cache.get_many(["b", "c"]) == {}
    assert [cache.delete("f"), cache.delete("f")] == [True, False]
    with pytest.raises(ValueError):
        cache.incr("missing")


# covers: R143
def test_versions_tags_and_namespaces_come_with_them(make):
    cache = make()
    cache.set("key", "first", version=1)
    cache.set("key", "second", version=2)
    assert [cache.get("key"), cache.get("key", version=2)] == ["first", "second"]
    assert cache.incr_version("key", version=2) == 3
    assert [cache.get("key", version=2), cache.get("key", version=3)] == [None, "second"]
    cache.set("tagged", 1, tags=["users"])
    cache.invalidate_tag("users")
    assert cache.get("tagged") is None
    cache.clear()
    assert cache.get_many(["key", "tagged"]) == {}


# covers: R144
def test_a_stored_none_is_a_hit(make):
    cache = make()
    cache.set("nothing", None)
    sentinel = object()
    assert cache.get("nothing", sentinel) is None
    assert cache.get("missing", sentinel) is sentinel
    assert cache.get_or_set("nothing", lambda: pytest.fail("it is there")) is None
    assert cache.get_many(["nothing", "missing"]) == {"nothing": None}
    assert cache.has_key("nothing") and not cache.add("nothing", 1)


# covers: R143
def test_set_is_given_a_timeout_only_where_there_is_one(make):
    cache = make()
    cache.add("a", "without")
    cache.set("b", "for ever", None)
    assert set(cache.cache.timeouts) == {None}
    cache.set("c", "with", 60)
    assert 0 < cache.cache.timeouts[-1] < 61
    cache = make(timeout=300)
    cache.set("d", "of the settings")
    assert 61 < cache.cache.timeouts[-1] < 301


def test_a_set_that_takes_no_timeout_is_given_none():
    class Short(keepwarm.BaseCache):
        entries = {}

        def get(self, key):
            return self.entries.get(key)

        def set(self, key, value):
            self.entries[key] = value

        def delete(self, key):
            self.entries.pop(key, None)

        def clear(self):
            self.entries.clear()

    cache = Short(key_prefix="app")
    cache.set("key", 1, timeout=60)
    assert cache.get("key") == 1
    assert "app:1:key" in Short.entries
    assert cache.delete("key") is True


# covers: R143
def test_eight_who_miss_at_once_compute_once(face):
    runs = []
    barrier = threading.Barrier(8)
    cache = made(face, AwaitedMethods)

    def compute():
        runs.append(1)
        return "computed"

    def ask():
        barrier.wait()
        if face is keepwarm:
            answers.append(cache.get_or_set("key", compute))
        else:
            answers.append(asyncio.run(awaiting()))

    async def awaiting():
        return await cache.get_or_set("key", compute)

    answers = []
    threads = [threading.Thread(target=ask) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert (answers, runs) == (["computed"] * 8, [1])


# covers: R83 R143
def test_counting_is_atomic_among_threads_though_the_methods_are_not():
    cache = made(keepwarm, AwaitedMethods)
    cache.set("count", 0)

    def count():
        for _ in range(50):
            cache.incr("count")

    threads = [threading.Thread(target=count) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert cache.get("count") == 200


def test_an_awaited_method_runs_on_the_loop_of_who_awaits():
    loops = set()

    class Store(AwaitedMethods, awaited.BaseCache):
        def __init__(self):
            Kept.__init__(self)
            awaited.BaseCache.__init__(self)

        async def get(self, key, default=None, version=None):
            loops.add(asyncio.get_running_loop())
            return await super().get(key, default)

    cache = Store()

    async def use():
        await cache.set("key", 1)
        await cache.get("key")
        await cache.get_or_set("other", lambda: 1)
        return asyncio.get_running_loop()

    first, second = asyncio.run(use()), asyncio.run(use())
    assert loops == {first, second}


def test_super_is_the_method_of_the_class_above():
    class Counting(PlainMethods, keepwarm.BaseCache):
        def __init__(self):
            Kept.__init__(self)
            self.asked = 0
            keepwarm.BaseCache.__init__(self)

    class More(Counting):
        def get(self, key, default=None, version=None):
            self.asked += 1
            return super().get(key)

    cache = More()
    cache.set("key", "value")
    before = cache.asked
    assert cache.get("key") == "value"
    assert cache.asked > before


def test_what_a_method_raises_is_the_cause_of_what_the_caller_gets(make):
    cache = make()
    kept = cache.cache.entries

    class Broken(dict):
        def get(self, key, default=None):
            raise ConnectionRefusedError("nobody is there")

    cache.cache.entries = Broken(kept)
    with pytest.raises(keepwarm.exceptions.ConnectionError) as raised:
        cache.get("key")
    assert isinstance(raised.value.__cause__, ConnectionRefusedError)

    class Wrong(dict):
        def get(self, key, default=None):
            return "text"

    cache.cache.entries = Wrong(kept)
    with pytest.raises(keepwarm.CacheError, match="gives the bytes that `set` was given"):
        cache.get("key")


def test_who_lacks_a_method_is_told_which():
    class Half(keepwarm.BaseCache):
        def get(self, key):
            return None

        def set(self, key, value):
            pass

    with pytest.raises(keepwarm.exceptions.ConfigurationError, match="Half lacks `delete`, `clear`"):
        Half()


def test_an_object_that_nobody_holds_is_gone():
    cache = made(keepwarm, PlainMethods)
    cache.set("key", 1)
    gone = weakref.ref(cache)
    del cache
    gc.collect()
    assert gone() is None


class Chosen(PlainMethods, keepwarm.BaseCache):
    """Named in settings."""

    def __init__(self, *, shelf="upper", **options):
        Kept.__init__(self)
        self.shelf = shelf
        keepwarm.BaseCache.__init__(self, **options)


# covers: R145
def test_it_is_chosen_by_its_dotted_path():
    before = keepwarm._aliases._configured
    path = f"{__name__}.Chosen"
    keepwarm.configure({"default": {"BACKEND": path, "KEY_PREFIX": "app", "OPTIONS": {"shelf": "lower"}}})
    try:
        keepwarm.cache.set("key", [1])
        assert keepwarm.cache.get("key") == [1]
        assert keepwarm.get_cache() is keepwarm.caches["default"]
        assert (type(keepwarm.get_cache()).__name__, keepwarm.cache.shelf) == ("Chosen", "lower")
        assert "app:1:key" in keepwarm.cache.entries

        @keepwarm.cached(timeout=60)
        def double(number):
            return number * 2

        assert [double(2), double(2), double.cache_info().misses] == [4, 4, 1]
    finally:
        keepwarm._aliases._configured = before
        [handler.forget() for handler in keepwarm._aliases.Aliases.handlers]


# covers: R205
def test_what_djangos_base_module_has_is_in_ours():
    assert base.InvalidCacheBackendError is keepwarm.InvalidCacheBackendError
    assert issubclass(base.InvalidCacheKey, ValueError)
    assert base.BaseCache is keepwarm.BaseCache
    assert base.get_key_func(None)("key", "app", 2) == "app:2:key"
    assert base.get_key_func("keepwarm.backends.base.default_key_func") is base.default_key_func
    assert list(base.memcache_key_warnings("a b")) == [
        "Cache key contains characters that will cause errors if used with memcached: 'a b'"
    ]


# covers: R205
def test_errors_have_the_classes_that_callers_catch():
    errors = keepwarm.exceptions
    for name in errors.__all__:
        kind = getattr(errors, name)
        assert issubclass(kind, (errors.CacheError, Warning)), name
    assert issubclass(errors.ConnectionError, ConnectionError)
    assert issubclass(errors.TimeoutError, TimeoutError)
    assert issubclass(errors.SerializationError, TypeError)
    assert issubclass(errors.InvalidCacheKey, ValueError)
    assert issubclass(errors.NotAnInteger, ValueError) and issubclass(errors.NotAnInteger, TypeError)
    assert issubclass(errors.InvalidCacheBackendError, errors.ConfigurationError)
