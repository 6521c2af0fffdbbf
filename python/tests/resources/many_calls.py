"""Makes very many calls of every kind, and says by how much the process grew: `many_calls.py resident|traced KIND FACE PLACE`."""

import asyncio
import gc
import json
import sys
import tracemalloc

from django.conf import settings

settings.configure(SECRET_KEY="the secret of the tests of resources")

from keepwarm import django as keepwarm_django  # noqa: E402

VALUE = {"id": 7, "name": "Ada", "parts": [1, 2.5, (None, True)], "deep": {"list": ["a", b"b"]}}

# How many calls one pass over every verb makes.
CALLS = 24


def one_pass(cache, number):
    """Every verb, so that what it leaves is what it found."""
    key = f"key:{number % 50}"
    cache.set(key, VALUE)
    cache.get(key)
    cache.get(key)
    cache.get("absent", VALUE)
    cache.set("int", number)
    cache.get("int")
    cache.incr("int")
    cache.decr("int", 2)
    cache.add(key, 1)
    cache.touch(key, 60)
    cache.has_key(key)
    cache.get_or_set(key, dict)
    cache.get_or_set("made", lambda: [number])
    cache.delete("made")
    cache.set_many({"one": VALUE, "two": "x" * 100})
    cache.get_many(["one", "two", "three"])
    cache.delete_many(["one", "two"])
    cache.set("tagged", VALUE, tags=["tag"])
    cache.get("tagged")
    cache.invalidate_tag("tag")
    cache.get("tagged")
    try:
        cache.incr("absent")
    except ValueError:
        pass
    cache.set("object", complex(1, number))
    cache.get("object")


async def one_pass_awaited(cache, number):
    """The same, awaited."""
    key = f"key:{number % 50}"

    async def load():
        return [number]

    await cache.aset(key, VALUE)
    await cache.aget(key)
    await cache.aget(key)
    await cache.aget("absent", VALUE)
    await cache.aset("int", number)
    await cache.aget("int")
    await cache.aincr("int")
    await cache.adecr("int", 2)
    await cache.aadd(key, 1)
    await cache.atouch(key, 60)
    await cache.ahas_key(key)
    await cache.aget_or_set(key, dict)
    await cache.aget_or_set("made", load)
    await cache.adelete("made")
    await cache.aset_many({"one": VALUE, "two": "x" * 100})
    await cache.aget_many(["one", "two", "three"])
    await cache.adelete_many(["one", "two"])
    await cache.aset("tagged", VALUE, tags=["tag"])
    await cache.aget("tagged")
    await cache.ainvalidate_tag("tag")
    await cache.aget("tagged")
    try:
        await cache.aincr("absent")
    except ValueError:
        pass
    await cache.aset("object", complex(1, number))
    await cache.aget("object")


def passes(cache, face, count):
    """So many passes."""
    if face == "sync":
        for number in range(count):
            one_pass(cache, number)
        return

    async def program():
        for number in range(count):
            await one_pass_awaited(cache, number)

    asyncio.run(program())


def resident():
    """Bytes that this process holds, apart from files that it maps."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("RssAnon:"))


def main(how, kind, face, place):
    """See the head."""
    name = {"memory": "MemoryCache", "file": "FileCache", "redis": "RedisCache"}[kind]
    patient = {"OPTIONS": {"deadline": 120, "SOCKET_TIMEOUT": 120}} if kind == "redis" else {}
    cache = getattr(keepwarm_django, name)(place, patient)
    count = {"resident": 45_000, "traced": 4_000}[how]
    if kind == "redis":
        count //= 20
    passes(cache, face, max(count // 5, 1000))
    gc.collect()
    if how == "traced":
        tracemalloc.start()
        passes(cache, face, 500)
        gc.collect()
        measure = lambda: tracemalloc.get_traced_memory()[0]  # noqa: E731
    else:
        measure = resident
    before = measure()
    passes(cache, face, count)
    gc.collect()
    print(json.dumps({"calls": count * CALLS, "grown": measure() - before}))


if __name__ == "__main__":
    main(*sys.argv[1:])
