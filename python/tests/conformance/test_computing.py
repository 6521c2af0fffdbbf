"""Computing once: loaders in Python, decided by Rust."""

import asyncio
import contextvars
import threading

import pytest

import keepwarm
from keepwarm.core import cache as awaited


# covers: R61 R62 R64 R71
def test_get_or_set(cache):
    calls = []

    def load():
        calls.append(1)

    assert cache.get_or_set("value", 42) == 42
    assert cache.get_or_set("value", 43) == 42
    assert cache.get_or_set("none", load, timeout=100, version=2) is None
    assert cache.get_or_set("none", load, version=2) is None
    assert len(calls) == 1
    assert cache.ttl("none", version=2) == pytest.approx(100, abs=1)


# covers: R67 R70
def test_a_loader_that_raises_stores_nothing(cache):
    def load():
        raise LookupError("gone")

    with pytest.raises(LookupError, match="gone"):
        cache.get_or_set("value", load)
    assert cache.has_key("value") is False
    assert cache.get_or_set("value", lambda: [1]) == [1]
    with pytest.raises(TypeError):
        cache.get_or_set("value")


# covers: R65
def test_many_threads_compute_once(make):
    cache = make()
    if cache.is_awaited:
        pytest.skip("tasks have a test of their own")
    calls, answers = [], []
    begun, go_on = threading.Event(), threading.Event()

    def load():
        calls.append(1)
        begun.set()
        assert go_on.wait(60)
        return {"computed": [1]}

    def ask():
        answers.append(cache.get_or_set("value", load))

    first = threading.Thread(target=ask)
    first.start()
    assert begun.wait(60)
    others = [threading.Thread(target=ask) for _ in range(7)]
    for thread in others:
        thread.start()
    go_on.set()
    for thread in [first, *others]:
        thread.join()
    assert len(calls) == 1
    assert answers == [{"computed": [1]}] * 8


# covers: R63 R65
def test_many_tasks_compute_once():
    cache = awaited.MemoryCache()
    calls = []

    async def load():
        calls.append(1)
        await asyncio.sleep(0)
        return [len(calls)]

    async def run():
        return await asyncio.gather(*(cache.get_or_set("value", load) for _ in range(8)))

    assert asyncio.run(run()) == [[1]] * 8
    assert len(calls) == 1


def test_a_loader_runs_in_the_context_of_who_awaits():
    user = contextvars.ContextVar("user", default="nobody")
    cache = awaited.MemoryCache()

    async def load():
        return user.get()

    async def run():
        user.set("Ada")
        return await cache.get_or_set("value", load)

    assert asyncio.run(run()) == "Ada"


def test_a_loader_that_asks_for_its_own_key_is_told():
    cache = keepwarm.MemoryCache()
    with pytest.raises(RuntimeError, match="waits for this one"):
        cache.get_or_set("value", lambda: cache.get_or_set("value", 1))


def test_an_async_loader_is_refused_by_who_cannot_await():
    async def load():
        return 1

    with pytest.raises(TypeError, match="async"):
        keepwarm.MemoryCache().get_or_set("value", load)
