"""keepwarm in memory beside Django's LocMemCache: held object to held object, in one process, as ratios of medians.

    python against_locmem.py [--rounds 15] [--json FILE]

Each row is measured in rounds that alternate between the two, so that a busy machine slows both down; the ratio is that of their
medians. The exit code says whether every row with a limit is within it.
"""

import argparse
import asyncio
import json
import os
import statistics
import sys
import time

import django
from django.conf import settings

VALUES = {
    "int": 7,
    "str 20": "x" * 20,
    "str 10 KiB": "x" * 10240,
    "dict of 5": {"id": 1, "name": "Ada", "email": "ada@example.org", "age": 36, "active": True},
    "nested 2 KiB": {
        "user": {"id": 1, "name": "Ada", "tags": ["admin", "staff"]},
        "posts": [{"id": number, "title": f"title of post {number}", "likes": number * 10} for number in range(24)],
    },
    "list of 1000": list(range(1000)),
}

#: Keepwarm's time as a share of LocMemCache's, at most.
LIMITS = {
    "get int": 1 / 20,
    "get str 20": 1 / 20,
    "get str 10 KiB": 1 / 20,
    "get dict of 5": 1 / 15,
    "get nested 2 KiB": 0.7,
    "get list of 1000": 0.5,
    "get, a miss": 1 / 20,
    "delete": 1 / 20,
    "set int": 1 / 8,
    "set dict of 5": 1 / 6,
    "set nested 2 KiB": 0.6,
    "incr": 1 / 15,
    "get_many of 100": 1 / 12,
    "set_many of 100": 1 / 12,
    "get dict through `cache`": 1 / 2,
    "aget dict of 5": 1 / 150,
}


def rows(cache, proxy):
    """What is measured: a name, and a function that does it so many times and gives the seconds."""

    def timed(call, *arguments):
        def run(times):
            repeat = range(times)
            begun = time.perf_counter()
            for _ in repeat:
                call(*arguments)
            return time.perf_counter() - begun

        return run

    many = {f"many:{number}": {**VALUES["dict of 5"], "id": number} for number in range(100)}
    for name, value in VALUES.items():
        # Keys that every backend takes: of others each call warns.
        key = f"get:{name.replace(' ', '-')}"
        cache.set(key, value)
        yield f"get {name}", timed(cache.get, key)
    yield "get, a miss", timed(cache.get, "absent")
    yield "delete", timed(cache.delete, "absent")
    for name in ("int", "dict of 5", "nested 2 KiB"):
        yield f"set {name}", timed(cache.set, f"set:{name.replace(' ', '-')}", VALUES[name])
    cache.set("counter", 0)
    yield "incr", timed(cache.incr, "counter")
    cache.set_many(many)
    yield "get_many of 100", timed(cache.get_many, list(many))
    yield "set_many of 100", timed(cache.set_many, many)
    proxy.set("get:proxy", VALUES["dict of 5"])
    yield "get dict through `cache`", timed(lambda: proxy.get("get:proxy"))

    def awaited(times):
        async def run():
            begun = time.perf_counter()
            for _ in range(times):
                await cache.aget("get:dict-of-5")
            return time.perf_counter() - begun

        return asyncio.run(run())

    yield "aget dict of 5", awaited


def measure(rounds, seconds):
    """Name, microseconds of LocMemCache, microseconds of keepwarm, for each row."""
    from django.core.cache import caches
    from django.utils.connection import ConnectionProxy

    sides = [list(rows(caches[alias], ConnectionProxy(caches, alias))) for alias in ("locmem", "default")]
    for (name, theirs), (_, ours) in zip(*sides):
        pair = []
        for run in (theirs, ours):
            times = 10
            while (taken := run(times)) < seconds / 10:
                times *= 4
            pair.append((run, max(10, int(times * seconds / taken))))
        found = ([], [])
        for _ in range(rounds):
            for (run, times), samples in zip(pair, found):
                samples.append(run(times) / times * 1e6)
        yield name, *map(statistics.median, found)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--seconds", type=float, default=0.02, help="of one side's round")
    parser.add_argument("--json", metavar="FILE")
    options = parser.parse_args()
    settings.configure(
        CACHES={
            "default": {"BACKEND": "keepwarm.django.MemoryCache"},
            "locmem": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": 100_000}},
        }
    )
    django.setup()
    print(f"Python {sys.version.split()[0]}, Django {django.__version__}, load {os.getloadavg()[0]:.1f}")
    print(f"{'':26}{'LocMemCache':>14}{'keepwarm':>12}{'ratio':>9}{'limit':>9}")
    table, over = [], 0
    for name, theirs, ours in measure(options.rounds, options.seconds):
        ratio, limit = ours / theirs, LIMITS.get(name)
        late = limit is not None and ratio > limit
        over += late
        print(
            f"{name:26}{theirs:11.3f} us{ours:9.3f} us{ratio:9.4f}{limit or 0:9.4f}{'  OVER' if late else ''}",
            flush=True,
        )
        table.append({"row": name, "locmem_us": theirs, "keepwarm_us": ours, "ratio": ratio, "limit": limit})
    if options.json:
        with open(options.json, "w") as file:
            json.dump({"load": os.getloadavg(), "rows": table}, file, indent=1)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
