"""Every row of the Python package's speed, beside its peers, as ratios in one run: `make bench-python`.

    python benches/python/main.py                    all of it
    python benches/python/main.py --quick            fewer rounds
    python benches/python/main.py --only memory      one group: memory, awaited, room, file, redis
"""

import argparse
import asyncio
import platform
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent.parent / "python" / "tests")]

from report import as_json, table  # noqa: E402
from rounds import Row, measure  # noqa: E402
from stores import Absent, load_of_machine  # noqa: E402

GROUPS = ("memory", "awaited", "room", "file", "redis")


def configure():
    """Settings with both stores behind Django's proxy."""
    from django.conf import settings

    caches = {
        "default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"},
        "locmem": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "proxied"},
        "memory": {"BACKEND": "keepwarm.django.MemoryCache", "LOCATION": "proxied"},
    }
    settings.configure(CACHES=caches, SECRET_KEY="the secret of the benchmark")


def say(text):
    """Progress, apart from the table."""
    print(text, file=sys.stderr, flush=True)


class Bench:
    """A run: its groups, one after the other; the rows of a group are interleaved."""

    def __init__(self, options):
        self.rounds = 5 if options.quick else 21
        self.target = 5_000_000 if options.quick else 20_000_000
        self.rows = []

    def group(self, name, rows):
        """Measures some rows, and prints them at once."""
        rows = list(rows)
        say(f"{name}: {len(rows)} rows, load {load_of_machine()}")
        measure(rows, self.rounds, self.target, lambda *_: None)
        self.rows += rows
        print(f"\n## {name}\n\nLoad after it: {load_of_machine()}\n\n{table(rows)}", flush=True)


def room_rows():
    """Memory for each entry, as a row."""
    import room

    row = Row("memory for each nested dict of 2 KiB", "LocMemCache", 1.0, unit="bytes")
    mine, theirs = room.measured("keepwarm"), room.measured("LocMemCache")
    row.ratios, row.our_times, row.their_times = [mine / theirs], [mine], [theirs]
    return [row]


def redis_groups(bench, loop):
    """What needs a server."""
    import redis_rows
    from support.redis_server import redis_server

    with redis_server() as server:
        bench.group("Redis, a lone caller on any core", redis_rows.lone(server))
        try:
            with redis_rows.a_core_each(server):
                bench.group("Redis, a lone caller and the server on a core each", redis_rows.pinned(server))
        except Absent as absent:
            say(f"a core each: {absent}")
        bench.group("Redis, a hundred at once", redis_rows.bulk(server))
        bench.group("Redis, a hundred tasks", redis_rows.crowds(server, loop))
        bench.group("Redis, the near tier", redis_rows.near(server))


def main():
    """Runs what was asked for; the exit code is 0 whatever the limits say: it measures, and the table judges."""
    parser = argparse.ArgumentParser(description="the Python package beside its peers")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--only", choices=GROUPS, action="append", help="one group")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    options = parser.parse_args()
    chosen = options.only or GROUPS
    configure()
    bench = Bench(options)
    loop = asyncio.new_event_loop()
    print(f"Python {platform.python_version()}, {platform.machine()}, load {load_of_machine()}; {bench.rounds} rounds")
    if "memory" in chosen:
        import memory_rows

        bench.group("Memory", memory_rows.rows())
    if "awaited" in chosen:
        import awaited_rows

        bench.group("Awaited", awaited_rows.rows(loop))
    if "room" in chosen:
        bench.group("Room", room_rows())
    if "file" in chosen:
        import file_rows

        with tempfile.TemporaryDirectory(prefix="keepwarm-bench-") as place:
            bench.group("File", file_rows.rows(Path(place)))
    if "redis" in chosen:
        redis_groups(bench, loop)
    loop.run_until_complete(loop.shutdown_default_executor())
    missed = [row for row in bench.rows if row.verdict == "NOT met"]
    absent = [row for row in bench.rows if row.ratio is None]
    met = len(bench.rows) - len(missed) - len(absent)
    print(f"\n{met} met, {len(missed)} NOT met, {len(absent)} not there; load {load_of_machine()}")
    if options.json:
        options.json.write_text(as_json(bench.rows) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
