"""The names under which each door has its verbs."""

import asyncio
import inspect

import pytest
from django.core.cache.backends.base import BaseCache as DjangosBaseCache

import keepwarm
from keepwarm import _handles, aio
from keepwarm.core import cache as fastdjangos


# covers: R117
@pytest.mark.parametrize("name", ["MemoryCache", "FileCache", "RedisCache", "DummyCache", "BaseCache"])
def test_djangos_classes_have_all_of_its_names_natively(name):
    import keepwarm.django

    ours = getattr(keepwarm.django, name)
    for verb, method in vars(DjangosBaseCache).items():
        if not inspect.isfunction(method) or verb.startswith("_"):
            continue
        assert callable(getattr(ours, verb))
        if verb.startswith("a") and verb[1:] in vars(DjangosBaseCache):
            assert getattr(ours, verb) is not method, f"{name}.{verb} is Django's hop to a thread"
    for verb in _handles.VERBS:
        assert callable(getattr(ours, verb)) and callable(getattr(ours, f"a{verb}"))


# covers: R118
@pytest.mark.parametrize("name", ["MemoryCache", "FileCache", "RedisCache", "DummyCache", "BaseCache", "AsyncCache"])
def test_the_awaited_face_has_every_verb_without_a_prefix(name):
    awaited = getattr(fastdjangos, name)
    assert getattr(aio, name) is awaited
    for verb in _handles.VERBS:
        assert getattr(awaited, verb) is not getattr(keepwarm.Cache, verb)
        assert callable(getattr(awaited, f"a{verb}"))


# In the words of FastDjango's own tests of its cache, twelve of them, each of which passes with its import path changed.
# covers: R214 R118
def test_what_fastdjangos_own_tests_ask_of_a_cache(tmp_path):
    from keepwarm.core.cache import FileCache, MemoryCache, cached

    async def use():
        memory, file = MemoryCache(), FileCache(location=str(tmp_path / ".cache"))
        for cache in (memory, file):
            await cache.set("kept", "value", timeout=60)
            assert await cache.get("kept") == "value"
            assert await cache.get("absent", default="default") == "default"
            await cache.delete("kept")
            assert await cache.get("kept") is None
            await cache.set_many({"one": {"a": [1, "two"]}, "two": [1, 2, "three"]})
            assert await cache.get_many(["one", "two", "three"]) == {"one": {"a": [1, "two"]}, "two": [1, 2, "three"]}
            assert await cache.get_or_set("made", "first") == "first"
            await cache.set("made", "second")
            assert await cache.get_or_set("made", "third") == "second"
            await cache.set("count", 10)
            assert (await cache.incr("count", 5), await cache.decr("count", 3)) == (15, 12)
            await cache.set("brief", 1, timeout=0.05)
            while await cache.get("brief") is not None:
                pass
            await cache.clear()
            assert await cache.get_many(["one", "two", "made", "count"]) == {}
        runs = []

        @cached(timeout=60, cache=memory)
        async def double(number):
            runs.append(number)
            return number * 2

        assert [await double(5), await double(5), await double(10)] == [10, 10, 20]
        assert runs == [5, 10]

    asyncio.run(use())
