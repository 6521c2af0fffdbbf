"""Who waits lets other threads run, and other tasks. No test waits for a time: a server answers only after others have run, so
that a caller who held them up would never be answered."""

import asyncio
import subprocess
import sys
import threading
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent

BLOCKING = {
    "get": lambda cache: cache.get("key"),
    "set": lambda cache: cache.set("key", {"a": [1]}),
    "add": lambda cache: cache.add("other", 1),
    "delete": lambda cache: cache.delete("key"),
    "touch": lambda cache: cache.touch("key", 60),
    "has_key": lambda cache: cache.has_key("key"),
    "incr": lambda cache: cache.incr("key"),
    "decr": lambda cache: cache.decr("key"),
    "get_many": lambda cache: cache.get_many(["key", "other"]),
    "set_many": lambda cache: cache.set_many({"key": 1, "other": 2}),
    "delete_many": lambda cache: cache.delete_many(["key", "other"]),
    "get_or_set": lambda cache: cache.get_or_set("absent", lambda: 1),
    "incr_version": lambda cache: cache.incr_version("key"),
    "ttl": lambda cache: cache.ttl("key"),
    "keys": lambda cache: list(cache.keys("*")),
    "delete_pattern": lambda cache: cache.delete_pattern("k*"),
    "invalidate_tag": lambda cache: cache.invalidate_tag("tag"),
    "rate_limit": lambda cache: cache.rate_limit("limited", 3, 60),
    "lock": lambda cache: cache.lock("lock", timeout=60).acquire(),
    "clear": lambda cache: cache.clear(),
}

AWAITED = {
    "aget": lambda cache: cache.aget("key"),
    "aset": lambda cache: cache.aset("key", {"a": [1]}),
    "aincr": lambda cache: cache.aincr("key"),
    "aget_many": lambda cache: cache.aget_many(["key", "other"]),
    "aset_many": lambda cache: cache.aset_many({"key": 1}),
    "aget_or_set": lambda cache: cache.aget_or_set("absent", 1),
    "aclear": lambda cache: cache.aclear(),
}


# covers: R120
@pytest.mark.parametrize("verb", BLOCKING)
def test_a_blocking_verb_that_waits_lets_other_threads_run(slow, slow_cache, verb):
    slow.hold()
    ticks = []

    def tick():
        # The request is there: its caller waits.
        slow.arrived.acquire()
        for _ in range(100):
            ticks.append(1)
        slow.release()

    ticker = threading.Thread(target=tick)
    ticker.start()
    BLOCKING[verb](slow_cache)
    ticker.join()
    assert len(ticks) == 100


# covers: R120
@pytest.mark.parametrize("verb", AWAITED)
def test_an_awaited_verb_that_waits_lets_other_tasks_run(slow, slow_cache, verb):
    async def program():
        # The connection of the loop is made before anything is held.
        await slow_cache.aget("key")
        slow.hold()
        ticks = []

        async def tick():
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(None, slow.arrived.acquire)
            for _ in range(100):
                await asyncio.sleep(0)
                ticks.append(1)
            slow.release()

        ticker = asyncio.ensure_future(tick())
        await AWAITED[verb](slow_cache)
        await ticker
        return ticks

    assert len(asyncio.run(program())) == 100


# covers: R65 R120
@pytest.mark.parametrize("wait", ["flight", "lock"])
@pytest.mark.parametrize("kind", ["memory", "file"])
def test_who_waits_for_another_caller_lets_that_one_run(tmp_path, kind, wait):
    """In a process of its own: one that holds all of its threads up cannot even give up."""
    command = [sys.executable, str(HERE / "waiting.py"), kind, wait, str(tmp_path / "store")]
    done = subprocess.run(command, timeout=300, capture_output=True, text=True)
    assert (done.stdout, done.returncode) == ("done\n", 0), done.stderr
