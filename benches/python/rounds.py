"""Measuring: interleaved rounds in one process, and the median over the rounds of what one took divided by what the other took
in the same round. Whatever slows the machine down slows both."""

import gc
import random
import statistics
import time
from dataclasses import dataclass, field

# What is not there: a backend that does not exist yet, or a peer that does not install here.
MISSING = object()


@dataclass
class Row:
    """One line of the table: ours, what it is held against, and how much of that it may take."""

    name: str
    peer: str
    limit: float
    ours: object = None
    theirs: object = None
    # Why there is nothing to measure.
    missing: str = ""
    ratios: list = field(default_factory=list)
    our_times: list = field(default_factory=list)
    their_times: list = field(default_factory=list)
    unit: str = "ns"
    # What counts: `wall`, the time that went by, or `cpu`, the processor time of this process, which other programs leave alone.
    clock: str = "wall"

    @property
    def ratio(self):
        """The median of the rounds."""
        return statistics.median(self.ratios) if self.ratios else None

    @property
    def quarters(self):
        """Between what the middle half of the rounds lies."""
        if len(self.ratios) < 4:
            return None
        low, _, high = statistics.quantiles(self.ratios, n=4)
        return low, high

    @property
    def verdict(self):
        """Whether the limit is kept."""
        if self.ratio is None:
            return self.missing or "not measured"
        return "met" if self.ratio <= self.limit else "NOT met"


class Watch:
    """Both clocks at once: what `stop` gives is (wall, cpu), in nanoseconds for each call."""

    def __init__(self):
        self.wall = time.perf_counter_ns()
        self.cpu = time.process_time_ns()

    def stop(self, count):
        """What went by since it was made, for each of `count` calls."""
        cpu = time.process_time_ns() - self.cpu
        return (time.perf_counter_ns() - self.wall) / count, cpu / count


class Loop:
    """A call that is made again and again: `prepare` is not timed, `body(n)` makes `n` calls and is."""

    def __init__(self, body, prepare=None):
        self.body = body
        self.prepare = prepare

    def time(self, count):
        """Nanoseconds for each of `count` calls."""
        if self.prepare:
            self.prepare(count)
        watch = Watch()
        self.body(count)
        return watch.stop(count)


class Middle:
    """The same for calls that wait: each is timed by itself, and the median of a round counts."""

    def __init__(self, call):
        self.call = call

    def time(self, count):
        """The median of `count` calls, in nanoseconds."""
        call, clock = self.call, time.perf_counter_ns
        times = []
        for _ in range(count):
            begun = clock()
            call()
            times.append(clock() - begun)
        return statistics.median(times), 0.0


def calls(function, *arguments):
    """A loop of calls with the same arguments."""
    if len(arguments) == 1:
        (only,) = arguments

        def body(count):
            for _ in range(count):
                function(only)
    elif len(arguments) == 2:
        first, second = arguments

        def body(count):
            for _ in range(count):
                function(first, second)
    else:

        def body(count):
            for _ in range(count):
                function(*arguments)

    return Loop(body)


def fit(side, target):
    """How many calls take about `target` nanoseconds. The quickest of three tells: a process that is held up looks slow."""
    count = 1
    while True:
        took = min(side.time(count)[0] for _ in range(3)) * count
        if took >= target / 4 or count >= 1 << 22:
            return max(1, int(count * target / max(took, 1)))
        count *= 4


def measure(rows, rounds, target, say):
    """Runs all rows, each round in another order; a side that several rows share is timed once a round."""
    sides = {}
    for row in rows:
        if row.ours is not None and row.theirs is not None:
            for side in (row.ours, row.theirs):
                sides.setdefault(id(side), side)
    counts = {name: fit(side, target) for name, side in sides.items()}
    order = list(sides)
    for number in range(rounds):
        random.shuffle(order)
        took = {}
        gc.collect()
        gc.disable()
        try:
            for name in order:
                took[name] = sides[name].time(counts[name])
        finally:
            gc.enable()
        for row in rows:
            if row.ours is None or row.theirs is None:
                continue
            which = ("wall", "cpu").index(row.clock)
            ours, theirs = took[id(row.ours)][which], took[id(row.theirs)][which]
            row.ratios.append(ours / theirs)
            row.our_times.append(ours)
            row.their_times.append(theirs)
        say(number + 1, rounds)
