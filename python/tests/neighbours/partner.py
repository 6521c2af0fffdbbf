"""A Python process that counts beside others: `partner.py KIND PLACE PREFIX ROUNDS FACE`; the same as `count` in neighbour.rs."""

import asyncio
import sys

import keepwarm
from keepwarm.core import cache as awaited_module

PATIENT = {"deadline": 600, "timeout": 600}
CLASSES = {"file": "FileCache", "redis": "RedisCache"}


def opened(module, kind, place, prefix):
    """A cache on the store that all share."""
    patient = PATIENT | ({"socket_timeout": 600} if kind == "redis" else {})
    return getattr(module, CLASSES[kind])(location=place, key_prefix=prefix, signing_key="of the neighbours", **patient)


def count(cache, rounds):
    """Everything that is counted exactly."""
    for number in range(rounds):
        cache.incr("counter")
        cache.incr("created", default=0, timeout=600)
        if cache.add(f"first:{number}", "value", tags=["first"]):
            cache.incr("firsts")

        def load():
            cache.incr("computations")
            return f"value {number}"

        assert cache.get_or_set(f"computed:{number}", load) == f"value {number}"
        if cache.rate_limit("limit", 57, 600):
            cache.incr("allowed")
        with cache.lock("guard", timeout=600) as lock:
            listed = cache.get("guarded", [])
            assert not listed or listed[-1] < lock.fence
            cache.set("guarded", [*listed, lock.fence], timeout=None)


async def count_awaited(cache, rounds):
    """The same, awaited."""
    for number in range(rounds):
        await cache.incr("counter")
        await cache.incr("created", default=0, timeout=600)
        if await cache.add(f"first:{number}", "value", tags=["first"]):
            await cache.incr("firsts")

        async def load():
            await cache.incr("computations")
            return f"value {number}"

        assert await cache.get_or_set(f"computed:{number}", load) == f"value {number}"
        if await cache.rate_limit("limit", 57, 600):
            await cache.incr("allowed")
        async with cache.lock("guard", timeout=600) as lock:
            listed = await cache.get("guarded", [])
            assert not listed or listed[-1] < lock.fence
            await cache.set("guarded", [*listed, lock.fence], timeout=None)


def main(kind, place, prefix, rounds, face):
    """See the head; it begins when a line comes."""
    if face == "sync":
        cache = opened(keepwarm, kind, place, prefix)
    else:
        cache = opened(awaited_module, kind, place, prefix)
    print("ready", flush=True)
    sys.stdin.readline()
    if face == "sync":
        count(cache, int(rounds))
    else:
        asyncio.run(count_awaited(cache, int(rounds)))
    print("counted", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
