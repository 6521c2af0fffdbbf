"""S0, the async cache framework: verbs without a prefix, awaited."""

import asyncio

from listed import runs, waits
from stage import lives, patiently


# covers: R1 R2 R3 R215
@runs("S0.01")
def test_each_of_the_three_settings_is_a_cache_that_works(aio, redis, one_directory):
    import keepwarm

    said = []

    class Loaded(dict):
        """The names of the block; each CACHES that it assigns is loaded as a program would."""

        def __setitem__(self, name, value):
            super().__setitem__(name, value)
            if name == "CACHES":
                said.append(value)

    # The block assigns three times, as three programs would.
    from changes import changed
    from stage import BLOCKS

    text = changed("S0.01", BLOCKS["S0.01"].text, "async", [("6379", str(redis.port))])
    exec(compile(text, "<S0.01>", "exec"), {}, Loaded())
    aio.has_run.append("S0.01")
    assert [settings["default"]["BACKEND"] for settings in said] == ["memory", "redis", "file"]
    for settings in said:
        keepwarm.configure(settings)
        cache = aio.cache()
        assert cache.backend == settings["default"]["BACKEND"]

        async def use(cache=cache):
            await cache.set("key", [1, "two"])
            return await cache.get("key"), await cache.ttl("key")

        value, left = patiently(lambda use=use: asyncio.run(use()))
        assert value == [1, "two"]
        assert lives(left, 300)
    assert any((one_directory / ".cache").iterdir())


# covers: R215 R23 R118
@runs("S0.02")
def test_basic_usage(aio):
    block = aio.run("S0.02")
    assert block.value == "my_value"

    async def after():
        return await block.c.get("my_key"), await block.c.get("my_key", default="fallback")

    assert asyncio.run(after()) == (None, "fallback")


# covers: R215 R63 R79 R118
@runs("S0.03")
def test_advanced_operations(aio):
    calls = []

    async def expensive_operation():
        calls.append(1)
        return "computed"

    block = aio.run("S0.03", expensive_operation=expensive_operation)
    # The key was there from the line before, so nothing is computed.
    assert (block.value, calls) == ("default_value", [])
    assert block.values == {"key1": "val1", "key2": "val2"}
    assert block.exists is False

    async def after():
        counter = await block.cache.get("counter")
        await block.cache.delete("key")
        return counter, await block.cache.get_or_set("key", block.fetch_data, timeout=60)

    assert asyncio.run(after()) == (4, "computed")
    assert calls == [1]


# covers: R215 R146 R147
@runs("S0.04")
def test_cached_functions(aio):
    asked = []

    class Objects:
        async def get(self, pk):
            asked.append(pk)
            return {"id": pk}

    class User:
        objects = Objects()

    block = aio.run("S0.04", User=User)

    async def use():
        first = await block.get_user(7)
        again = await block.get_user(7)
        other = await block.get_user(8)
        return first, again, other, await aio.cache().get("user:7")

    assert asyncio.run(use()) == ({"id": 7}, {"id": 7}, {"id": 8}, {"id": 7})
    assert asked == [7, 8]


@waits("S0.05", "the page cache for FastAPI", ImportError)
def test_a_cached_page(aio):
    from fastapi import APIRouter, FastAPI, Request
    from fastapi.testclient import TestClient

    router = APIRouter()
    block = aio.run("S0.05", router=router, Request=Request)
    app = FastAPI()
    app.include_router(router)
    client = TestClient(app)
    assert client.get("/").json() == client.get("/").json() == {"message": "Hello, cached!"}
    assert block.home


# covers: R215 R21
@runs("S0.06")
def test_a_memory_cache_of_its_own(aio):
    assert round_trip(aio.run("S0.06").cache) == ({"a": [1]}, True)


# covers: R215 R21
@runs("S0.07")
def test_a_file_cache_of_its_own(aio, one_directory):
    assert round_trip(aio.run("S0.07").cache) == ({"a": [1]}, True)
    assert any((one_directory / ".cache").iterdir())


# covers: R215 R2 R21 R22
@runs("S0.08")
def test_a_redis_cache_of_its_own(aio, redis):
    block = aio.run("S0.08", places=[("6379", str(redis.port))])
    assert round_trip(block.cache) == ({"a": [1]}, True)
    assert redis.ask("DBSIZE") != b":0"


@waits("S0.09", "the database backend", ImportError)
def test_a_database_cache_of_its_own(aio):
    assert round_trip(aio.run("S0.09").cache) == ({"a": [1]}, True)


# covers: R215 R143 R144
@runs("S0.10")
def test_a_backend_of_four_methods(aio):
    block = aio.run("S0.10")

    class Kept(block.MyCache):
        """The block's methods are empty; these are what a reader would write in them."""

        def __init__(self):
            super().__init__()
            self.kept = {}

        async def get(self, key, default=None, version=None):
            return self.kept.get((key, version), default)

        async def set(self, key, value, timeout=None, version=None):
            self.kept[key, version] = value

        async def delete(self, key, version=None):
            return self.kept.pop((key, version), None) is not None

        async def clear(self):
            self.kept.clear()

    async def use(cache):
        await cache.set_many({"a": 1, "b": None})
        calls = []
        return [
            await cache.get_many(["a", "b", "c"]),
            await cache.has_key("b"),
            await cache.add("a", 2),
            await cache.incr("a", 5),
            await cache.decr("a", 2),
            await cache.get_or_set("b", lambda: calls.append(1)),
            await cache.get_or_set("d", "stored"),
            await cache.touch("a", 60),
            calls,
        ]

    assert asyncio.run(use(Kept())) == [{"a": 1, "b": None}, True, False, 6, 4, None, "stored", True, []]
    # As printed, its `get` knows nothing and answers None, whatever the default.
    assert asyncio.run(block.MyCache().get("key")) is None


# covers: R215 R100
@runs("S0.11")
def test_versions(aio):
    from keepwarm.core.cache import get_cache

    block = aio.run("S0.11", get_cache=get_cache)
    assert block.value is None

    async def first():
        return await block.cache.get("key", version=1)

    assert asyncio.run(first()) == "value"


def round_trip(cache):
    """What comes back, and whether it has about 300 s to live."""

    async def use():
        await cache.set("key", {"a": [1]})
        return await cache.get("key"), await cache.ttl("key")

    value, left = patiently(lambda: asyncio.run(use()))
    return value, lives(left, 300)
