"""What awaited verbs return, and how they end."""

import asyncio
import threading

import pytest

from keepwarm.core.cache import MemoryCache, RedisCache


def test_what_is_at_hand_needs_no_loop():
    cache = MemoryCache()
    for verb, answer in ((cache.set("key", (1, 2)), True), (cache.get("key"), (1, 2))):
        with pytest.raises(StopIteration) as done:
            verb.send(None)
        assert done.value.value == answer
        with pytest.raises(RuntimeError, match="already awaited"):
            verb.send(None)
    with pytest.raises(ValueError, match="no such key"):
        cache.incr("absent").send(None)


def test_asyncio_takes_them_as_coroutines(redis_server):
    cache = RedisCache(host="127.0.0.1", port=redis_server, key_prefix="awaiting")

    async def run():
        await asyncio.create_task(cache.set("key", 1))
        assert await asyncio.wait_for(cache.get("key"), 60) == 1
        counted = await asyncio.gather(*(cache.incr("key") for _ in range(100)))
        assert sorted(counted) == list(range(2, 102))
        return await asyncio.shield(cache.get("key"))

    assert asyncio.run(run()) == 101
    # Another loop, the same connection pool.
    assert asyncio.run(cache.get("key")) == 101


def test_several_loops_in_threads(redis_server):
    cache = RedisCache(host="127.0.0.1", port=redis_server, key_prefix="loops")
    asyncio.run(cache.set("key", 0))

    async def count():
        for _ in range(50):
            await cache.incr("key")

    threads = [threading.Thread(target=asyncio.run, args=(count(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert asyncio.run(cache.get("key")) == 200


def test_cancelling_ends_the_wait():
    cache = MemoryCache()

    async def run():
        begun = asyncio.Event()

        async def load():
            begun.set()
            await asyncio.Event().wait()

        task = asyncio.create_task(cache.get_or_set("key", load))
        await begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(run())


def test_other_threads_run_while_one_waits():
    cache = MemoryCache()
    ticks = 0

    async def hold():
        nonlocal ticks
        async with cache.lock("lock", timeout=60):
            second = cache.lock("lock", blocking_timeout=0.3)
            waiter = asyncio.create_task(asyncio.to_thread(second.acquire))
            while not waiter.done():
                ticks += 1
                await asyncio.sleep(0)
            assert await waiter is False

    asyncio.run(hold())
    assert ticks > 10
