"""A million calls leave nothing behind: neither in Python's memory, which tracemalloc sees, nor in Rust's, which the resident
size shows. Each in a process of its own, where nobody else's memory counts."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent

# A word for each call would be eight million bytes; pages that the allocator keeps are allowed for.
RESIDENT = 8 << 20
TRACED = 256 << 10


def run(*arguments):
    """What the program says it found."""
    done = subprocess.run([sys.executable, str(HERE / "many_calls.py"), *arguments], capture_output=True, text=True, timeout=1500)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("kind", ["memory", "file"])
@pytest.mark.parametrize("face", ["sync", "async"])
def test_a_million_calls_leave_the_process_as_large_as_it_was(tmp_path, kind, face):
    found = run("resident", kind, face, str(tmp_path / "store"))
    assert found["calls"] >= 1_000_000
    assert found["grown"] < RESIDENT, found


@pytest.mark.parametrize("kind", ["memory", "file"])
@pytest.mark.parametrize("face", ["sync", "async"])
def test_calls_leave_no_python_object_behind(tmp_path, kind, face):
    found = run("traced", kind, face, str(tmp_path / "store"))
    assert found["grown"] < TRACED, found


def test_calls_to_a_server_leave_nothing_behind(redis):
    for face in ("sync", "async"):
        found = run("resident", "redis", face, redis.url())
        assert found["grown"] < RESIDENT, (face, found)
