"""A Rust process and Python processes on one store: they read what the others wrote, and what they count together is exact."""

import datetime
import decimal
import sys
import threading
import uuid
import zoneinfo
from contextlib import ExitStack
from pathlib import Path

import pytest

from support.processes import started

HERE = Path(__file__).resolve().parent

FROM_RUST = {
    "null": None,
    "true": True,
    "integer": -7,
    "largest": 2**63 - 1,
    "unsigned": 2**64 - 1,
    "float": 2.5,
    "text": "Grüße, 世界",
    "empty": "",
    "list": [1, -2, 3],
    "tuple": [1, "two", 3.5],
    "map": {"a": [True, None], "b": []},
    "keys": {1: "one", -2: "minus two"},
    "tree": {"user": {"id": 7, "tags": ["a", {"deep": [None, 1.5, "x"]}]}},
    "forever": 1,
}

# What Python stores, as what a Rust program reads it, and what it then has.
FROM_PYTHON = [
    (None, "option", {"some": None}),
    (True, "value", True),
    (-7, "i64", -7),
    (2**63 - 1, "i64", 2**63 - 1),
    (2**64 - 1, "value", 2**64 - 1),
    (-(2**100), "i128", str(-(2**100))),
    (2.5, "f64", 2.5),
    (float("-inf"), "f64", None),
    ("Grüße, 世界", "text", "Grüße, 世界"),
    ("", "text", ""),
    (b"\x00\xffab", "bytes", [0, 255, 97, 98]),
    (bytearray(b"ab"), "bytes", [97, 98]),
    ([1, -2, 3], "list", [1, -2, 3]),
    ((1, -2, 3), "list", [1, -2, 3]),
    ({1}, "list", [1]),
    (frozenset({7}), "list", [7]),
    ({"a": [True, None, {"b": 1.5}]}, "value", {"a": [True, None, {"b": 1.5}]}),
    ({1: "one", -2: "minus two"}, "map", {"1": "one", "-2": "minus two"}),
    (decimal.Decimal("1.50"), "text", "1.50"),
    (uuid.UUID(int=7), "text", str(uuid.UUID(int=7))),
    (uuid.UUID(int=7), "bytes", [0] * 15 + [7]),
    (datetime.datetime(2026, 11, 21, 17, 5, 1, 7, datetime.timezone.utc), "text", "2026-11-21T17:05:01.000007+00:00"),
    (datetime.datetime(2026, 11, 21, 17, 5, tzinfo=zoneinfo.ZoneInfo("Europe/Vienna")), "text", "2026-11-21T17:05:00+01:00"),
    (datetime.date(2026, 11, 21), "text", "2026-11-21"),
    (datetime.time(17, 5), "text", "17:05:00"),
    (datetime.timedelta(seconds=90, microseconds=5), "duration", 90.000005),
    (datetime.timedelta(seconds=90), "f64", 90.0),
    (1 + 2j, "value", [1.0, 2.0]),
    ({"when": datetime.date(2026, 1, 2), "who": (1, "a")}, "value", {"when": "2026-01-02", "who": [1, "a"]}),
]


# covers: R209
def test_python_reads_what_rust_wrote(cache, neighbour):
    assert neighbour.ask("write") == "written"
    found = {name: cache.get(f"rust:{name}", "nothing") for name in FROM_RUST}
    assert found == FROM_RUST
    assert {name: type(value) for name, value in found.items()} == {name: type(value) for name, value in FROM_RUST.items()}
    assert list(found["keys"]) == [-2, 1]
    assert cache.ttl("rust:forever") is None
    assert cache.get_many([f"rust:{name}" for name in FROM_RUST]) == {f"rust:{name}": value for name, value in FROM_RUST.items()}


# covers: R209
def test_rust_reads_what_python_wrote(cache, neighbour):
    for number, (value, kind, expected) in enumerate(FROM_PYTHON):
        cache.set(f"python:{number}", value)
        assert neighbour.ask("read", f"python:{number}", kind) == expected, value
        assert cache.get(f"python:{number}") == value


def test_what_is_pickled_is_a_miss_to_rust(cache, neighbour):
    class_that_is_pickled = zoneinfo.ZoneInfo("Europe/Vienna")
    cache.set("pickled", class_that_is_pickled)
    assert cache.get("pickled") == class_that_is_pickled
    assert neighbour.ask("get", "pickled") is None
    # Its owner may write over it.
    assert neighbour.ask("set", "pickled", "plain", "tag") is True
    assert cache.get("pickled") == "plain"


def test_counters_are_one_number(cache, neighbour):
    cache.set_many({"counter": 40, "firsts": 0, "computations": 0, "allowed": 0})
    assert neighbour.ask("count", "1") == "counted"
    assert cache.incr("counter") == 42
    assert neighbour.ask("read", "counter", "i64") == 42
    assert cache.get("guarded") and cache.get("computed:0") == "value 0"


# covers: R171 R32
def test_tags_and_clearing_reach_the_other(cache, neighbour):
    cache.set("mine", "value", tags=["shared"])
    neighbour.ask("set", "yours", "value", "shared")
    assert cache.get("yours") == "value"
    assert neighbour.ask("get", "mine") == "value"
    assert neighbour.ask("invalidate", "shared") is True
    assert cache.get_many(["mine", "yours"]) == {}
    neighbour.ask("set", "yours", "again", "shared")
    cache.set("mine", "again", tags=["shared"])
    cache.invalidate_tag("shared")
    assert neighbour.ask("has", "yours") is False
    assert neighbour.ask("has", "mine") is False
    cache.set("key", 1)
    assert neighbour.ask("clear") is True
    assert cache.get("key") is None
    neighbour.ask("set", "key", "value", "tag")
    cache.clear()
    assert neighbour.ask("get", "key") is None
    neighbour.ask("set", "key", "value", "tag")
    assert cache.delete("key") is True
    assert neighbour.ask("delete", "key") is False


# covers: R77
def test_a_lock_is_one_lock(cache, neighbour):
    fence = neighbour.ask("lock", "lock")["fence"]
    mine = cache.lock("lock", timeout=600, blocking=False)
    assert mine.acquire() is False
    waiting = cache.lock("lock", timeout=600)
    taken = threading.Thread(target=waiting.acquire)
    taken.start()
    assert neighbour.ask("free it") is True
    taken.join()
    assert waiting.fence > fence
    assert neighbour.ask("try lock", "lock") is False
    assert waiting.release() is True
    assert neighbour.ask("try lock", "lock") is True


# covers: R66
def test_who_computes_is_waited_for_by_the_other(cache, neighbour):
    assert neighbour.ask("compute", "key", "of Rust") == "computing"
    found = []
    waiter = threading.Thread(target=lambda: found.append(cache.get_or_set("key", lambda: "of Python")))
    waiter.start()
    assert neighbour.ask("go on") == "of Rust"
    waiter.join()
    assert found == ["of Rust"]

    begun, go_on = threading.Event(), threading.Event()

    def load():
        begun.set()
        assert go_on.wait(600)
        return "of Python"

    computing = threading.Thread(target=lambda: found.append(cache.get_or_set("other", load)))
    computing.start()
    assert begun.wait(600)
    neighbour.tell("compute", "other", "of Rust")
    go_on.set()
    assert neighbour.hear() == "of Python"
    computing.join()
    assert found == ["of Rust", "of Python"]


# covers: R66 R174
def test_an_invalidation_by_the_other_overtakes_a_computation(cache, neighbour):
    assert neighbour.ask("compute", "key", "old") == "computing"
    cache.set("key", "newer")
    neighbour.ask("go on")
    assert cache.get("key") == "newer"
    assert neighbour.ask("compute", "gone", "old") == "computing"
    cache.delete("gone")
    assert neighbour.ask("go on") == "old"
    assert cache.get("gone") is None


# covers: R66
def test_a_process_that_is_killed_holds_nobody_up(cache, neighbour, shared):
    if shared.kind == "redis":
        pytest.skip("a server does not see a process die: its lease runs out, and that is tested in Rust")
    assert neighbour.ask("compute", "key", "never") == "computing"
    neighbour.process.kill()
    neighbour.process.wait()
    assert cache.get_or_set("key", lambda: "of Python") == "of Python"


# covers: R58 R66 R83 R84 R88 R89
def test_what_four_processes_count_is_exact(cache, neighbours, shared):
    """Two of Rust and two of Python, one of each face, all at once: nothing is lost and nothing doubled."""
    rounds = 60
    cache.set("counter", 0)
    cache.set_many({"firsts": 0, "computations": 0, "allowed": 0})
    rust = [neighbours() for _ in range(2)]
    with ExitStack() as stack:
        arguments = [sys.executable, str(HERE / "partner.py"), shared.kind, shared.place, shared.prefix, str(rounds)]
        python = [stack.enter_context(started(*arguments, face)) for face in ("sync", "async")]
        for process in python:
            assert process.stdout.readline() == "ready\n"
        for process in python:
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in rust:
            process.tell("count", str(rounds))
        assert [process.hear() for process in rust] == ["counted"] * 2
        assert [process.stdout.readline() for process in python] == ["counted\n"] * 2
    assert cache.get_many(["counter", "created", "firsts", "computations", "allowed"]) == {
        "counter": 4 * rounds,
        "created": 4 * rounds,
        "firsts": rounds,
        "computations": rounds,
        "allowed": 57,
    }
    guarded = cache.get("guarded")
    assert len(guarded) == 4 * rounds
    assert guarded == sorted(set(guarded))
    cache.invalidate_tag("first")
    assert rust[0].ask("has", "first:0") is False
