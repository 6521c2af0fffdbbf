"""diskcache and Django's FileBasedCache under the same work as the stores in Rust.

Takes orders on its standard input, a line each, and answers with a line of JSON: the figures of each store.
"""

import json
import multiprocessing
import os
import shutil
import sys
import time

import diskcache
from django.conf import settings

settings.configure()

from django.core.cache.backends.filebased import FileBasedCache  # noqa: E402


def key(number):
    return f"user:profile:{number * 0x9E3779B97F4A7C15 % 10**17:017}"


class Disk:
    name = "diskcache"
    most = 10_000
    # Text, as the stores in Rust have it.
    letter = "v"

    def __init__(self, place):
        self.cache = diskcache.Cache(place, size_limit=1 << 30)
        self.get, self.set = self.cache.get, self.cache.set

    def incr(self, name):
        self.cache.incr(name, default=0)


class DiskOfBytes(Disk):
    name = "diskcache bytes"
    letter = b"v"


class Django:
    name = "django"
    letter = "v"
    # Each of its sets lists the directory: more would take minutes.
    most = 300

    def __init__(self, place):
        self.cache = FileBasedCache(place, {"OPTIONS": {"MAX_ENTRIES": 1_000_000}})
        self.get, self.set = self.cache.get, self.cache.set

    def incr(self, name):
        self.cache.add(name, 0)
        self.cache.incr(name)


KINDS = [Disk, DiskOfBytes, Django]


class Alone:
    """One store of one size."""

    def __init__(self, kind, place, size, keys):
        self.kind = kind
        self.place = os.path.join(place, f"{kind.name}-{size}")
        self.store = kind(self.place)
        self.value = kind.letter * size
        self.names = [key(number) for number in range(min(keys, kind.most))]
        for name in self.names:
            self.store.set(name, self.value)

    def round(self):
        """Processor time of this thread, in nanoseconds for each operation."""
        store, figures = self.store, []
        for work in (store.get, lambda name: store.set(name, self.value), lambda _: store.incr("count")):
            # The first pass finds the processor's caches full of the neighbour before, and is not timed.
            for _ in range(2):
                begun = time.thread_time_ns()
                for name in self.names:
                    work(name)
                figure = (time.thread_time_ns() - begun) / len(self.names)
            figures.append(figure)
        return figures


def writer(kind, place, number, begin, out):
    store, value, times = kind(place), kind.letter * 1024, []
    begin.wait()
    end = time.perf_counter() + 1.5
    while time.perf_counter() < end:
        before = time.perf_counter_ns()
        store.set(key(number % 10_000), value)
        times.append(time.perf_counter_ns() - before)
        number += 1
    out.put(times)


def four(kind, place):
    """Sets a second of four processes, and the worst one's 99th percentile on the wall."""
    begin, out = multiprocessing.Barrier(4), multiprocessing.Queue()
    place = os.path.join(place, f"{kind.name}-four")
    starts = [(kind, place, number * 2500, begin, out) for number in range(4)]
    workers = [multiprocessing.Process(target=writer, args=start) for start in starts]
    for worker in workers:
        worker.start()
    found = [out.get() for _ in workers]
    for worker in workers:
        worker.join()
    return [sum(map(len, found)) / 1.5, max(sorted(times)[len(times) * 99 // 100] for times in found)]


def main():
    place, filled = sys.argv[1], []
    for line in sys.stdin:
        order, *numbers = line.split()
        if order == "fill":
            for old in filled:
                shutil.rmtree(old.place, ignore_errors=True)
            filled = [Alone(kind, place, *map(int, numbers)) for kind in KINDS]
            answer = []
        elif order == "round":
            answer = [(one.kind.name, one.round()) for one in filled]
        else:
            answer = [(kind.name, four(kind, place)) for kind in KINDS if kind is not DiskOfBytes]
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
