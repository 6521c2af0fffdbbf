"""Awaited calls on event loops of several kinds, and what is left of a loop that has ended."""

import asyncio
import gc
import os
import weakref

import pytest

from keepwarm.core.cache import MemoryCache, RedisCache

TASKS = 100
CALLS = 20


class WatchesNoSockets(asyncio.SelectorEventLoop):
    """As loops of Windows and of other libraries may be."""

    def add_reader(self, fd, callback, *args):
        raise NotImplementedError


def loops():
    """The kinds of loops that are there."""
    yield pytest.param(asyncio.SelectorEventLoop, id="asyncio")
    yield pytest.param(WatchesNoSockets, id="without-sockets")
    try:
        import uvloop
    except ImportError:
        return
    yield pytest.param(uvloop.new_event_loop, id="uvloop")


def run(make, coroutine):
    """Runs it in a loop of this kind, and gives a weak reference to the loop."""

    async def inside():
        await coroutine
        return weakref.ref(asyncio.get_running_loop())

    with asyncio.Runner(loop_factory=make) as runner:
        return runner.run(inside())


@pytest.fixture
def cache(redis_server, request):
    """A store that is waited for."""
    # A machine under load may take longer than a program wants to wait for its cache.
    patience = {"deadline": 120, "socket_timeout": 120}
    return RedisCache(host="127.0.0.1", port=redis_server, key_prefix=f"loops-{abs(hash(request.node.name))}", **patience)


@pytest.mark.parametrize("make", list(loops()))
def test_many_tasks_get_their_own_answers(cache, make):
    async def task(number):
        for call in range(CALLS):
            name = f"{number}:{call}"
            await cache.set(name, name)
            assert await cache.get(name) == name
            assert await cache.get(f"absent:{name}", name) == name
        return await cache.incr("count", 1, default=0)

    async def all_of_them():
        counted = await asyncio.gather(*(task(number) for number in range(TASKS)))
        assert sorted(counted) == list(range(1, TASKS + 1))

    run(make, all_of_them())


@pytest.mark.parametrize("make", list(loops()))
def test_those_that_are_cancelled_leave_the_others_their_answers(cache, make):
    async def task(number):
        for _ in range(CALLS):
            assert await cache.get(f"{number}") == number

    async def all_of_them():
        await cache.set_many({f"{number}": number for number in range(TASKS)})
        tasks = [asyncio.create_task(task(number)) for number in range(TASKS)]
        # Each has asked, and none was answered: that takes a turn of the loop more.
        await asyncio.sleep(0)
        for cancelled in tasks[::2]:
            cancelled.cancel()
        ended = await asyncio.gather(*tasks, return_exceptions=True)
        assert all(isinstance(end, asyncio.CancelledError) for end in ended[::2])
        assert ended[1::2] == [None] * (TASKS // 2)

    run(make, all_of_them())


@pytest.mark.parametrize("make", list(loops()))
def test_a_loop_that_has_ended_leaves_nothing_behind(cache, make):
    # The connection belongs to no loop, and stays.
    run(make, cache.get("key"))
    gc.collect()
    before = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    gone = [run(make, cache.get("key")) for _ in range(20)]
    gc.collect()
    assert [loop() for loop in gone] == [None] * 20
    if before:
        assert len(os.listdir("/proc/self/fd")) <= before


def test_an_answer_that_nobody_waits_for_any_more(cache):
    async def given_up():
        call = cache.get("key")
        future = call.send(None)
        assert asyncio.isfuture(future)
        call.close()
        with pytest.raises(RuntimeError, match="already awaited"):
            call.send(None)
        # Dropped half-way, without a word.
        dropped = cache.get("key")
        dropped.send(None)
        del dropped
        await cache.set("key", 1)
        assert await cache.get("key") == 1

    asyncio.run(given_up())


def test_an_exception_thrown_into_a_call_ends_it(cache):
    async def thrown_into():
        call = cache.get("key")
        call.send(None)
        with pytest.raises(KeyError, match="thrown"):
            call.throw(KeyError("thrown"))
        with pytest.raises(RuntimeError, match="already awaited"):
            call.send(None)

    asyncio.run(thrown_into())


def test_what_is_at_hand_is_awaited_like_everything_else():
    cache = MemoryCache()

    async def at_hand():
        await cache.set("none", None)
        await cache.set("odd", NotImplemented)
        assert await cache.get("none", 1) is None
        assert await cache.get("odd", 1) is NotImplemented
        assert await cache.get("absent") is None
        assert await cache.get("absent", 1) == 1
        assert await cache.get("none", 1, version=2) == 1
        assert await cache.get(key="none", default=1) is None
        with pytest.raises(TypeError):
            await cache.get()

    asyncio.run(at_hand())
