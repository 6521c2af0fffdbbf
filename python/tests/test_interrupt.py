"""Ctrl-C ends a wait, and leaves nothing behind. Signals come to the main thread, on which pytest runs its tests."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

import keepwarm
from support.slow_server import SlowServer

PATIENT = {"deadline": 600, "socket_timeout": 600}


@pytest.fixture(autouse=True)
def heard():
    """A program that a script starts in the background is given SIGINT ignored, and Python then installs no handler of its own."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(params=("memory", "file", "redis"))
def make_cache(request, tmp_path):
    """Makes a cache on one store."""
    if request.param == "memory":
        cache = keepwarm.MemoryCache()
        return lambda: cache
    if request.param == "file":
        return lambda: keepwarm.FileCache(location=str(tmp_path / "store"))
    port, name = request.getfixturevalue("redis_server"), str(tmp_path)
    return lambda: keepwarm.RedisCache(host="127.0.0.1", port=port, key_prefix=name, **PATIENT)


@pytest.fixture
def slow(redis_server):
    """A server that answers when it is told to."""
    server = SlowServer("127.0.0.1", redis_server)
    yield server
    server.close()


def interrupt(after=None, number=signal.SIGINT):
    """Sends this process a signal from another thread, once `after` has come to its end."""

    def send():
        if after is not None:
            after()
        # Whoever is not in its wait yet is on the way there, and is interrupted on the way: both are as they should be.
        time.sleep(0.1)
        os.kill(os.getpid(), number)

    thread = threading.Thread(target=send)
    thread.start()
    return thread


def test_it_ends_a_wait_for_a_lock(make_cache):
    cache = make_cache()
    with cache.lock("lock", timeout=600):
        second = cache.lock("lock", timeout=600)
        sender = interrupt()
        with pytest.raises(KeyboardInterrupt):
            second.acquire()
        sender.join()
        assert (second.token, second.release()) == (None, False)
        assert cache.lock("lock", blocking=False).acquire() is False
    # Nobody who went away stands in line.
    third = cache.lock("lock", timeout=600, blocking=False)
    assert third.acquire() is True
    assert third.release() is True


def test_it_ends_a_wait_for_another_thread(make_cache):
    cache = make_cache()
    begun, go_on, found = threading.Event(), threading.Event(), []

    def load():
        begun.set()
        assert go_on.wait(600)
        return ["computed"]

    first = threading.Thread(target=lambda: found.append(cache.get_or_set("key", load)))
    first.start()
    assert begun.wait(600)
    sender = interrupt()
    with pytest.raises(KeyboardInterrupt):
        cache.get_or_set("key", lambda: ["not this"])
    sender.join()
    go_on.set()
    first.join()
    assert found == [["computed"]]
    assert cache.get("key") == ["computed"]


HOLDER = """
import sys, keepwarm
kind, place, name, port = sys.argv[1:]
options = {"host": "127.0.0.1", "port": int(port), "key_prefix": name} if kind == "redis" else {"location": place}
cache = {"redis": keepwarm.RedisCache, "file": keepwarm.FileCache}[kind](deadline=600, **options)

def load():
    print("computing", flush=True)
    return sys.stdin.readline()

print(cache.get_or_set("key", load), flush=True)
"""


@pytest.mark.parametrize("kind", ("file", "redis"))
def test_it_ends_a_wait_for_another_process(kind, tmp_path, redis_server):
    name = str(tmp_path)
    arguments = [kind, str(tmp_path / "store"), name, str(redis_server)]
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "computing\n"
        if kind == "file":
            cache = keepwarm.FileCache(location=str(tmp_path / "store"), deadline=600)
        else:
            cache = keepwarm.RedisCache(host="127.0.0.1", port=redis_server, key_prefix=name, **PATIENT)
        sender = interrupt()
        with pytest.raises(KeyboardInterrupt):
            cache.get_or_set("key", lambda: "not this")
        sender.join()
        holder.stdin.write("computed")
        holder.stdin.close()
        assert holder.stdout.read() == "computed\n"
        assert cache.get_or_set("key", lambda: "not this") == "computed"
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()


# No clearing: what was sent may be carried out all the same, and would take along what is set afterwards.
VERBS = {
    "get": lambda cache: cache.get("key"),
    "set": lambda cache: cache.set("key", 1),
    "incr": lambda cache: cache.incr("key"),
    "get_many": lambda cache: cache.get_many(["key", "other"]),
    "get_or_set": lambda cache: cache.get_or_set("key", 1),
    "delete": lambda cache: cache.delete("key"),
}


@pytest.mark.parametrize("verb", VERBS)
def test_it_ends_a_wait_for_a_server_that_is_silent(slow, verb):
    cache = keepwarm.RedisCache(host="127.0.0.1", port=slow.port, key_prefix=f"interrupt-{verb}", **PATIENT)
    cache.set("key", 1)
    slow.hold()
    sender = interrupt(after=slow.arrived.acquire)
    with pytest.raises(KeyboardInterrupt):
        VERBS[verb](cache)
    sender.join()
    slow.release()
    # The connection that was left in the middle of an answer is not used again.
    cache.set("other", "value")
    assert cache.get("other") == "value"


def test_it_ends_a_loader_and_gives_its_lease_back(make_cache):
    cache = make_cache()

    def load():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(600)

    with pytest.raises(KeyboardInterrupt):
        cache.get_or_set("key", load)
    assert cache.get_or_set("key", lambda: "computed") == "computed"


def test_a_handler_that_raises_nothing_runs_and_the_wait_goes_on(slow):
    cache = keepwarm.RedisCache(host="127.0.0.1", port=slow.port, key_prefix="handler", **PATIENT)
    cache.set("key", "value")
    # Nobody else lets the server answer: without the handler the wait would not end.
    before = signal.signal(signal.SIGUSR1, lambda *_: slow.release())
    try:
        slow.hold()
        sender = interrupt(after=slow.arrived.acquire, number=signal.SIGUSR1)
        assert cache.get("key") == "value"
        sender.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
