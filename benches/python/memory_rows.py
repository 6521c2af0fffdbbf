"""The memory backend beside LocMemCache, held object to held object."""

from rounds import Loop, Row, Watch, calls
from stores import ROOM, THEIR_ROOM, ours, peer
from values import INTEGER, LONG, NESTED, NUMBERS, SHORT, SMALL

LOCMEM = "LocMemCache"

GETS = [
    ("get int", INTEGER, 1 / 20),
    ("get str of 20", SHORT, 1 / 20),
    ("get str of 10 KiB", LONG, 1 / 20),
    ("get dict of 5", SMALL, 1 / 15),
    ("get nested dict of 2 KiB", NESTED, 0.7),
    ("get list of 1000 ints", NUMBERS, 0.5),
]

SETS = [("set int", INTEGER, 1 / 8), ("set dict of 5", SMALL, 1 / 6), ("set nested dict of 2 KiB", NESTED, 0.6)]



def rows():
    """Every row of the memory backend."""
    held = ours("MemoryCache", "bench", {"OPTIONS": dict(ROOM)})
    locmem = peer(LOCMEM, "bench", {"OPTIONS": dict(THEIR_ROOM)})
    for row in (*both(held, locmem), *proxied()):
        row.clock = "cpu"
        yield row


def both(held, locmem):
    """What is asked of the objects themselves."""
    for name, value, limit in GETS:
        key = name.replace(" ", ":")
        for cache in (held, locmem):
            cache.set(key, value, None)
            if cache.get(key) != value:
                raise AssertionError(f"{name} does not come back")
        yield Row(name, LOCMEM, limit, calls(held.get, key), calls(locmem.get, key))
    yield Row("get, a miss", LOCMEM, 1 / 20, calls(held.get, "absent"), calls(locmem.get, "absent"))
    yield Row("delete", LOCMEM, 1 / 20, Deletes(held), Deletes(locmem))
    yield Row("delete, an absent key", LOCMEM, 1 / 20, calls(held.delete, "absent"), calls(locmem.delete, "absent"))
    for name, value, limit in SETS:
        key = name.replace(" ", ":")
        yield Row(name, LOCMEM, limit, calls(held.set, key, value), calls(locmem.set, key, value))
    for cache in (held, locmem):
        cache.set("count", 0, None)
    yield Row("incr", LOCMEM, 1 / 15, calls(held.incr, "count"), calls(locmem.incr, "count"))
    # Django's own way of a bound, where the least recently used goes and a read has to write.
    counted, theirs = ours("MemoryCache", "counted", {"OPTIONS": dict(THEIR_ROOM)}), locmem
    for cache in (counted, theirs):
        cache.set("small", SMALL, None)
    yield Row("get dict of 5, MAX_ENTRIES alone", LOCMEM, 1 / 15, calls(counted.get, "small"), calls(theirs.get, "small"))
    many = {f"many:{number}": SMALL for number in range(100)}
    for cache in (held, locmem):
        cache.set_many(many, None)
    keys = list(many)
    yield Row("get_many of 100 dicts", LOCMEM, 1 / 12, calls(held.get_many, keys), calls(locmem.get_many, keys))
    yield Row("set_many of 100 dicts", LOCMEM, 1 / 12, calls(held.set_many, many), calls(locmem.set_many, many))


# So many keys are deleted in a row, on both sides: whoever is quicker would otherwise be given more of them, and colder ones.
BATCH = 1000


class Deletes:
    """Deletes of keys that are there; writing them anew is not timed."""

    def __init__(self, cache):
        self.cache = cache
        self.names = [f"gone:{number}" for number in range(BATCH)]

    def time(self, count):
        """Nanoseconds for each delete, in as many batches as `count` asks for."""
        batches = max(1, count // BATCH)
        wall = cpu = 0
        for _ in range(batches):
            for name in self.names:
                self.cache.set(name, 1, None)
            delete = self.cache.delete
            watch = Watch()
            for name in self.names:
                delete(name)
            took = watch.stop(1)
            wall, cpu = wall + took[0], cpu + took[1]
        return wall / (batches * BATCH), cpu / (batches * BATCH)


def proxied():
    """Through Django's `cache`, with only BACKEND changed, and through the faster proxy."""
    from django.core.cache import caches
    from django.utils.connection import ConnectionProxy

    from keepwarm.django import FastProxy

    theirs = ConnectionProxy(caches, "locmem")
    mine = ConnectionProxy(caches, "memory")
    for cache in (theirs, mine):
        cache.set("proxied", SMALL, None)
    get = calls_of_attribute(theirs)
    yield Row("get dict through Django's proxy", LOCMEM, 1 / 2, calls_of_attribute(mine), get)
    yield Row("get dict through the opt-in proxy", LOCMEM, 1 / 10, calls_of_attribute(FastProxy("memory")), get)


def calls_of_attribute(cache):
    """`cache.get(...)`, looked up each time as a program writes it."""

    def body(count):
        for _ in range(count):
            cache.get("proxied")

    return Loop(body)
