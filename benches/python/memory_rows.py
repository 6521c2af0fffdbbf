"""The memory backend beside LocMemCache, held object to held object."""

from rounds import Loop, Row, calls
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
    yield Row("delete", LOCMEM, 1 / 20, deletes(held), deletes(locmem))
    yield Row("delete, an absent key", LOCMEM, 1 / 20, calls(held.delete, "absent"), calls(locmem.delete, "absent"))
    for name, value, limit in SETS:
        key = name.replace(" ", ":")
        yield Row(name, LOCMEM, limit, calls(held.set, key, value), calls(locmem.set, key, value))
    for cache in (held, locmem):
        cache.set("count", 0, None)
    yield Row("incr", LOCMEM, 1 / 15, calls(held.incr, "count"), calls(locmem.incr, "count"))
    many = {f"many:{number}": SMALL for number in range(100)}
    for cache in (held, locmem):
        cache.set_many(many, None)
    keys = list(many)
    yield Row("get_many of 100 dicts", LOCMEM, 1 / 12, calls(held.get_many, keys), calls(locmem.get_many, keys))
    yield Row("set_many of 100 dicts", LOCMEM, 1 / 12, calls(held.set_many, many), calls(locmem.set_many, many))


def deletes(cache):
    """Deletes of keys that are there."""
    names = []

    def fill(count):
        names[:] = [f"gone:{number}" for number in range(count)]
        for name in names:
            cache.set(name, 1, None)

    def body(count):
        delete = cache.delete
        for name in names:
            delete(name)

    return Loop(body, fill)


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
