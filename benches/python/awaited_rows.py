"""`aget` of a dict on a store that never waits, inside one running loop."""

import asyncio

from rounds import Row, Watch
from stores import Absent, installed, ours, peer
from values import SMALL


class Awaited:
    """Awaits a call again and again, in one coroutine."""

    def __init__(self, loop, call):
        self.loop = loop
        self.call = call

    def time(self, count):
        """Nanoseconds for each of `count` calls."""
        return self.loop.run_until_complete(self.run(count))

    async def run(self, count):
        """The loop, timed inside the event loop."""
        call = self.call
        watch = Watch()
        for _ in range(count):
            await call("key")
        return watch.stop(count)


def rows(loop):
    """Every row."""
    held = ours("MemoryCache", "awaited")
    held.set("key", SMALL, None)
    mine = Awaited(loop, held.aget)
    # Django's waits for a thread, so that the time counts which goes by; the others work where they are.
    for name, limit, make, clock in (
        ("LocMemCache", 1 / 150, locmem, "wall"),
        ("aiocache", 1 / 30, aiocache, "cpu"),
        ("cashews", 1 / 8, cashews, "cpu"),
    ):
        try:
            yield Row("aget dict of 5", name, limit, mine, Awaited(loop, make(loop)), clock=clock)
        except Absent as absent:
            yield Row("aget dict of 5", name, limit, missing=str(absent))


def locmem(loop):
    """Django's twin: a hop to a thread and back."""
    cache = peer("LocMemCache", "awaited")
    cache.set("key", SMALL, None)
    return cache.aget


def aiocache(loop):
    """Its memory store, with the pickle that isolates as ours does."""
    library = installed("aiocache")
    from aiocache.serializers import PickleSerializer

    cache = library.Cache(library.Cache.MEMORY, serializer=PickleSerializer())
    loop.run_until_complete(cache.set("key", SMALL))
    return cache.get


def cashews(loop):
    """Its memory store, which hands out the object itself."""
    library = installed("cashews")
    cache = library.Cache()
    cache.setup("mem://", check_interval=3600)
    loop.run_until_complete(cache.set("key", SMALL, expire=3600))
    asyncio.set_event_loop(loop)
    return cache.get
