"""A cache that was built and used before the process forked, as under `gunicorn --preload`: `forking.py KIND PLACE BUSY`.

Every child uses it, in both faces, and says by its exit code whether all was as it should be.
"""

import asyncio
import os
import sys
import threading
import traceback

import keepwarm
from keepwarm.core import cache as awaited_module

CHILDREN = 6
COUNTS = 50
CLASSES = {"memory": "MemoryCache", "file": "FileCache", "redis": "RedisCache"}


def opened(kind, place):
    """Both faces on one store."""
    options = {"location": place}
    if kind == "redis":
        options |= {"deadline": 600, "socket_timeout": 600}
    return [getattr(module, CLASSES[kind])(**options) for module in (keepwarm, awaited_module)]


async def use_awaited(awaited, name):
    """Every kind of call, awaited."""
    await awaited.set(f"{name}:awaited", {"of": name})
    assert await awaited.get(f"{name}:awaited") == {"of": name}

    async def load():
        await asyncio.sleep(0)
        return [name]

    assert await awaited.get_or_set(f"{name}:made awaited", load) == [name]
    await asyncio.gather(*(awaited.incr("counter") for _ in range(COUNTS)))
    async with awaited.lock("lock", timeout=600):
        assert await awaited.get_many([f"{name}:awaited"]) == {f"{name}:awaited": {"of": name}}


def use(sync, awaited, name):
    """Every kind of call, in both faces."""
    sync.set(name, {"of": name}, tags=["tag"])
    assert sync.get(name) == {"of": name}
    assert sync.get("before") == "the fork"
    assert sync.get_or_set(f"{name}:made", lambda: [name]) == [name]
    for _ in range(COUNTS):
        sync.incr("counter")
    with sync.lock("lock", timeout=600):
        assert sync.has_key(name)
    asyncio.run(use_awaited(awaited, name))
    assert asyncio.run(awaited.get("before")) == "the fork"


def keep_busy(sync, awaited, over):
    """Threads of the parent that are in the middle of a call whenever it forks."""

    def threads_work(number):
        while not over.is_set():
            sync.set(f"busy:{number}", number)
            sync.get(f"busy:{number}")

    async def tasks_work():
        while not over.is_set():
            await asyncio.gather(*(awaited.get("before") for _ in range(4)))

    threads = [threading.Thread(target=threads_work, args=(number,)) for number in range(2)]
    threads.append(threading.Thread(target=lambda: asyncio.run(tasks_work())))
    for thread in threads:
        thread.start()
    return threads


def main(kind, place, busy):
    """See the head."""
    sync, awaited = opened(kind, place)
    sync.set("counter", 0, timeout=None)
    sync.set("before", "the fork", timeout=None)
    # The runtime, the connections and the threads of both faces are there before the fork.
    use(sync, awaited, "parent")
    over = threading.Event()
    threads = keep_busy(sync, awaited, over) if busy == "busy" else []
    children = []
    for number in range(CHILDREN):
        child = os.fork()
        if child == 0:
            try:
                before = sync.get("counter")
                use(sync, awaited, f"child {number}")
                if kind == "memory":
                    assert sync.get("counter") == before + 2 * COUNTS
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            # On its way out as any program, past what was registered for the end.
            sys.exit(0)
        children.append(child)
    codes = []
    for child in children:
        codes.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    over.set()
    for thread in threads:
        thread.join()
    assert codes == [0] * CHILDREN, codes
    counters = CHILDREN + 1 if kind != "memory" else 1
    assert sync.get("counter") == counters * 2 * COUNTS, sync.get("counter")
    use(sync, awaited, "parent again")
    print("done")


if __name__ == "__main__":
    main(*sys.argv[1:])
