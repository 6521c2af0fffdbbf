"""Event loops of every kind, several at once, in threads, and those that test runners make."""

import asyncio
import threading

import anyio
import pytest
import uvloop

LOOPS = {"asyncio": asyncio.run, "uvloop": uvloop.run}


async def every_way(cache, name):
    """The ways in which a program awaits, on one loop."""
    await cache.set(name, {"a": [1, (2,)]})
    assert await cache.get(name) == {"a": [1, (2,)]}
    assert await asyncio.create_task(cache.get(name)) == {"a": [1, (2,)]}
    assert await asyncio.wait_for(cache.get(name), 600) == {"a": [1, (2,)]}
    assert await asyncio.shield(cache.has_key(name)) is True
    counted = await asyncio.gather(*(cache.incr(f"{name}:counter", default=0) for _ in range(100)))
    assert sorted(counted) == list(range(1, 101))
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(cache.get_or_set(f"{name}:made", load)) for _ in range(8)]
    assert [task.result() for task in tasks] == [["made"]] * 8
    async with cache.lock(f"{name}:lock", timeout=600):
        assert await cache.lock(f"{name}:lock", blocking=False).aacquire() is False
    with pytest.raises(ValueError):
        await cache.incr(f"{name}:absent")


async def load():
    await asyncio.sleep(0)
    return ["made"]


@pytest.mark.parametrize("loop", LOOPS)
def test_one_loop_after_the_other(awaited, loop):
    for number in range(3):
        LOOPS[loop](every_way(awaited, f"{loop}-{number}"))


# covers: R83 R84
def test_loops_and_threads_at_once_lose_no_count(awaited, sync):
    """Two loops of either kind and two threads without one, on one cache: what they count is exact."""
    sync.set("counter", 0)
    failed = []

    async def count():
        for _ in range(25):
            await asyncio.gather(*(awaited.incr("counter") for _ in range(4)))

    def count_without_a_loop():
        for _ in range(100):
            sync.incr("counter")

    def run(work):
        try:
            work()
        except BaseException as error:
            failed.append(error)

    works = [lambda: asyncio.run(count()), lambda: uvloop.run(count())] * 2 + [count_without_a_loop] * 2
    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert sync.get("counter") == 600


# covers: R65
def test_loops_in_threads_compute_once(awaited):
    """Callers of one key on four loops: one computation, on the loop of whoever came first."""
    calls, found = [], []
    together = threading.Barrier(4)

    async def compute():
        calls.append(threading.get_ident())
        await asyncio.sleep(0)
        return ["computed"]

    async def ask():
        return await asyncio.gather(*(awaited.get_or_set("key", compute) for _ in range(4)))

    def run(loop):
        together.wait(600)
        found.extend(LOOPS[loop](ask()))

    threads = [threading.Thread(target=run, args=(loop,)) for loop in ("asyncio", "uvloop") * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(calls), found) == (1, [["computed"]] * 16)


@pytest.mark.parametrize("use_uvloop", (False, True))
def test_anyio_on_asyncio(awaited, use_uvloop):
    async def program():
        async with anyio.create_task_group() as group:
            for number in range(4):
                group.start_soon(every_way, awaited, f"anyio-{number}")
        async with awaited.lock("held", timeout=600):
            with anyio.move_on_after(0.05) as scope:
                await awaited.lock("held", timeout=600).aacquire()
            assert scope.cancelled_caught
            with pytest.raises(TimeoutError):
                with anyio.fail_after(0.05):
                    await awaited.lock("held", timeout=600).aacquire()
        # What is sync goes to a thread, as ever.
        assert await anyio.to_thread.run_sync(lambda: asyncio.run(awaited.get("anyio-0"))) == {"a": [1, (2,)]}

    anyio.run(program, backend="asyncio", backend_options={"use_uvloop": use_uvloop})


def test_a_loop_of_another_kind_is_told(redis):
    """What is at hand needs no loop at all; what waits needs asyncio's, and says so: trio's is none."""
    from keepwarm.core.cache import MemoryCache, RedisCache

    with pytest.raises(StopIteration):
        MemoryCache().get("key").send(None)
    with pytest.raises(RuntimeError, match="no running event loop"):
        RedisCache(host="127.0.0.1", port=redis.port).get("key").send(None)


def test_a_loop_that_was_closed_while_somebody_waited(awaited):
    """An answer for a loop that is gone goes nowhere, and harms nobody."""

    async def leave():
        for number in range(20):
            asyncio.ensure_future(awaited.set(f"left-{number}", number))
        await asyncio.sleep(0)

    for _ in range(5):
        loop = asyncio.new_event_loop()
        loop.run_until_complete(leave())
        # Not `asyncio.run`, which would cancel what is under way.
        loop.close()
    asyncio.run(every_way(awaited, "after"))


# Of the plugins of test runners: each test has a loop of its own, and the cache is that of the module.
@pytest.fixture(scope="module")
def shared(redis):
    from keepwarm.core.cache import RedisCache

    return RedisCache(host="127.0.0.1", port=redis.port, key_prefix="plugins", deadline=600, socket_timeout=600)


@pytest.fixture(params=[("asyncio", {"use_uvloop": False}), ("asyncio", {"use_uvloop": True})], ids=("asyncio", "uvloop"))
def anyio_backend(request):
    return request.param


@pytest.mark.anyio
@pytest.mark.parametrize("turn", range(3))
async def test_in_the_plugin_of_anyio(shared, turn):
    await every_way(shared, f"anyio-{turn}-{id(asyncio.get_running_loop())}")


@pytest.mark.asyncio
@pytest.mark.parametrize("turn", range(3))
async def test_in_the_plugin_of_asyncio(shared, turn):
    await every_way(shared, f"asyncio-{turn}")
