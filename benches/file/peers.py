"""diskcache and Django's FileBasedCache under the same work as the stores in Rust. A line of JSON for each figure."""

import json
import multiprocessing
import os
import sys
import time

import diskcache
from django.conf import settings

settings.configure()

from django.core.cache.backends.filebased import FileBasedCache  # noqa: E402


def key(number, keys):
    return f"key:{number * 7919 % keys}"


class Disk:
    def __init__(self, place):
        self.cache = diskcache.Cache(place, size_limit=1 << 30)
        self.get, self.set = self.cache.get, self.cache.set

    def incr(self, name):
        self.cache.incr(name, default=0)


class Django:
    def __init__(self, place):
        self.cache = FileBasedCache(place, {"OPTIONS": {"MAX_ENTRIES": 1_000_000}})
        self.get, self.set = self.cache.get, self.cache.set

    def incr(self, name):
        self.cache.add(name, 0)
        self.cache.incr(name)


def alone(name, store, size, keys):
    value = b"v" * size
    names = [key(number, keys) for number in range(keys)]
    for one in names:
        store.set(one, value)
    for verb, work in (("get", store.get), ("set", lambda one: store.set(one, value)), ("incr", lambda _: store.incr("count"))):
        begun = time.perf_counter_ns()
        for one in names:
            work(one)
        say(name, size, verb, (time.perf_counter_ns() - begun) / keys)


def writer(kind, place, begin, out):
    store, value, times = kind(place), b"w" * 1024, []
    begin.wait()
    end = time.perf_counter() + 1.5
    number = os.getpid()
    while time.perf_counter() < end:
        before = time.perf_counter_ns()
        store.set(key(number, 10_000), value)
        times.append(time.perf_counter_ns() - before)
        number += 1
    out.put(times)


def four(name, kind, place):
    begin, out = multiprocessing.Barrier(4), multiprocessing.Queue()
    workers = [multiprocessing.Process(target=writer, args=(kind, place, begin, out)) for _ in range(4)]
    for worker in workers:
        worker.start()
    found = [out.get() for _ in workers]
    for worker in workers:
        worker.join()
    say(name, 1024, "4 processes: set/s", sum(map(len, found)) / 1.5)
    say(name, 1024, "4 processes: set p99", max(sorted(times)[len(times) * 99 // 100] for times in found))


def say(*figure):
    print(json.dumps(figure), flush=True)


def main():
    place, quick = sys.argv[1], "--quick" in sys.argv
    for name, kind, most in (("diskcache", Disk, 10_000), ("django", Django, 300 if quick else 2000)):
        for size, keys in ((100, most), (1 << 10, most), (100 << 10, min(most, 500)), (1 << 20, 60)):
            alone(name, kind(os.path.join(place, f"{name}-{size}")), size, keys)
        four(name, kind, os.path.join(place, f"{name}-four"))


if __name__ == "__main__":
    main()
