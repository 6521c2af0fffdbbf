"""What lies there and cannot be read is a miss with its reason, and is computed anew: never an error, never a hit."""

import asyncio
import sys
import types

import pytest

import keepwarm
from keepwarm.core import cache as awaited


def a_class_that_goes(name):
    """An object of a class in a module that is taken away."""
    module = sys.modules[name] = types.ModuleType(name)
    exec("class Thing:\n    def __init__(self):\n        self.parts = [1]", module.__dict__)
    return module.Thing()


@pytest.fixture(params=("class gone", "key changed"))
def unreadable(request, make):
    """A cache, in which `one` and `two` lie and cannot be read any more."""
    name = "tests_of_unreadable"
    thing = a_class_that_goes(name)
    writer = make()
    if request.param == "key changed" and writer.backend == "memory":
        pytest.skip("a store in this process signs nothing")
    writer.set_many({"one": thing, "two": thing}, tags=["things"])
    assert writer.get("one").parts == [1]
    if request.param == "class gone":
        del sys.modules[name]
        cache = writer
    else:
        cache = make(signing_key="another one")
    cache.reset_stats()
    yield cache
    sys.modules.pop(name, None)


def counted(cache):
    """Hits, and misses for want of a readable value, of all misses."""
    stats = cache.stats()
    return stats["hits"], stats["misses_by_reason"]["undecodable"], stats["misses"]


# covers: R207
def test_it_is_a_miss_to_every_read(unreadable):
    cache = unreadable
    assert cache.get("one", "default") == "default"
    assert counted(cache) == (0, 1, 1)
    assert cache.get_many(["one", "two"]) == {}
    assert counted(cache) == (0, 3, 3)
    explained = cache.explain("one")
    assert explained["would_miss"] == "undecodable"
    assert explained["unreadable"]
    assert counted(cache) == (0, 3, 3)


# covers: R207
def test_it_is_computed_anew_and_replaced(unreadable):
    cache = unreadable
    assert cache.get_or_set("one", lambda: [2]) == [2]
    assert counted(cache) == (0, 1, 1)
    assert cache.get_or_set("one", lambda: [3]) == [2]
    assert cache.get("one") == [2]
    assert counted(cache) == (2, 1, 1)
    assert cache.explain("one")["would_miss"] is None
    asked = []

    def load(missing):
        asked.extend(missing)
        return {key: key for key in missing}

    assert cache.get_or_set_many(["one", "two"], load) == {"one": [2], "two": "two"}
    assert asked == ["two"]
    assert cache.get("two") == "two"


# covers: R65 R207
def test_of_eight_who_find_it_one_computes(unreadable):
    cache, calls = unreadable, []

    def load():
        calls.append(1)
        return ["computed"]

    assert cache.at_once(*[("get_or_set", "one", load)] * 8) == [["computed"]] * 8
    assert calls == [1]


class Stubborn:
    """Can be pickled, and not restored."""

    def __init__(self, error):
        self.error = error

    def __reduce__(self):
        return raises, (self.error,)


def raises(error):
    raise error


def test_an_interrupt_while_a_value_is_restored_goes_on(cache):
    cache.set("key", Stubborn(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        cache.get("key")
    with pytest.raises(KeyboardInterrupt):
        cache.get_or_set("key", 1)


def test_a_computed_value_that_cannot_be_restored_is_an_error_that_says_so(cache):
    with pytest.raises(keepwarm.exceptions.SerializationError, match="cannot be read: ValueError: not today"):
        cache.get_or_set("key", lambda: Stubborn(ValueError("not today")))


def test_the_async_face_reads_as_the_other():
    cache = awaited.MemoryCache()

    async def run():
        await cache.set("key", Stubborn(ValueError("not today")))
        return await cache.get("key", "default"), (await cache.stats())["misses"]

    assert asyncio.run(run()) == ("default", 1)
