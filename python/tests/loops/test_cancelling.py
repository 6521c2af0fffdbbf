"""Who is cancelled leaves nothing behind: no lock, no lease, nobody who waits for ever. No test waits for a time."""

import asyncio

import pytest


async def until(condition):
    """Lets others run until it holds."""
    while not condition():
        await asyncio.sleep(0)


# covers: R77
def test_a_wait_for_a_lock(awaited):
    async def program():
        async with awaited.lock("lock", timeout=600):
            second = awaited.lock("lock", timeout=600)
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.05):
                    await second.aacquire()
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(second.aacquire(), 0.05)
            assert second.token is None
        # Nobody who went away stands in line, or got it on the way out.
        third = awaited.lock("lock", timeout=600, blocking_timeout=300)
        assert await third.aacquire() is True
        assert await third.arelease() is True

    asyncio.run(program())


def test_in_the_moment_in_which_the_lock_is_got(awaited):
    """Cancelled at every step on the way: whoever does not know that he holds it does not hold it."""

    async def program():
        for steps in range(40):
            lock = awaited.lock("lock", timeout=600)
            task = asyncio.create_task(lock.aacquire())
            for _ in range(steps):
                await asyncio.sleep(0)
            # Time for the answer to arrive while nobody looks at it.
            await asyncio.sleep(0.002 if steps % 2 else 0)
            task.cancel()
            try:
                got = await task
            except asyncio.CancelledError:
                got = False
            assert (lock.token is not None) is got
            if got:
                assert await lock.arelease() is True
            other = awaited.lock("lock", timeout=600, blocking_timeout=300)
            assert await other.aacquire() is True, steps
            assert await other.arelease() is True

    asyncio.run(program())


def test_the_body_under_a_lock(awaited):
    async def program():
        held = asyncio.Event()

        async def work():
            async with awaited.lock("lock", timeout=600) as lock:
                assert lock.fence
                held.set()
                await asyncio.Event().wait()

        with pytest.raises(ExceptionGroup) as raised:
            async with asyncio.TaskGroup() as group:
                group.create_task(work())
                await held.wait()
                raise LookupError("the group is over")
        assert raised.group_contains(LookupError)
        assert await awaited.lock("lock", timeout=600, blocking_timeout=300).aacquire() is True

    asyncio.run(program())


# covers: R67
def test_a_caller_who_goes_away_does_not_end_the_computation(awaited):
    async def program():
        begun, go_on, calls = asyncio.Event(), asyncio.Event(), []

        async def load():
            calls.append(1)
            begun.set()
            await go_on.wait()
            return ["computed"]

        first = asyncio.create_task(awaited.get_or_set("key", load))
        await begun.wait()
        others = [asyncio.create_task(awaited.get_or_set("key", load)) for _ in range(4)]
        await asyncio.sleep(0)
        first.cancel()
        others[0].cancel()
        for task in (first, others[0]):
            with pytest.raises(asyncio.CancelledError):
                await task
        go_on.set()
        assert await asyncio.gather(*others[1:]) == [["computed"]] * 3
        assert calls == [1]

    asyncio.run(program())


# covers: R66 R67
def test_a_loop_that_ends_gives_its_leases_back(awaited, sync):
    async def program():
        begun = asyncio.Event()

        async def load():
            begun.set()
            await asyncio.Event().wait()

        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05) as limit:
                # The time counts from when the computation began.
                task = asyncio.create_task(awaited.get_or_set("key", load))
                limit.reschedule(None)
                await begun.wait()
                limit.reschedule(asyncio.get_running_loop().time())
                await task

    # The loader's task is cancelled with the loop, long before its lease of 30 seconds would run out.
    asyncio.run(program())
    asyncio.run(asyncio.wait_for(awaited.get_or_set("key", lambda: "computed"), 600))
    assert sync.get("key") == "computed"
    assert sync.stats()["computations"] <= 2


def test_calls_that_were_not_begun_or_are_dropped(awaited):
    async def program():
        for _ in range(20):
            tasks = [asyncio.create_task(awaited.incr("counter", default=0)) for _ in range(50)]
            for task in tasks[::2]:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        awaited.set("not awaited", 1).close()
        # A store that never waits has done it by then; any other has not begun.
        assert await awaited.get("not awaited") == (None if awaited.backend == "redis" else 1)
        # Who is cancelled may have counted or not; who is not has counted.
        return await awaited.get("counter")

    assert 20 * 25 <= asyncio.run(program()) <= 20 * 50
