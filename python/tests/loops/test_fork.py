"""A cache that was built and used before a fork works in parent and children."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent


# covers: R124
@pytest.mark.parametrize("busy", ("idle", "busy"))
@pytest.mark.parametrize("kind", ("memory", "file", "redis"))
def test_children_use_what_the_parent_built(kind, busy, tmp_path, request):
    """In a process of its own, which has no threads but those that it made."""
    place = request.getfixturevalue("redis").url() if kind == "redis" else str(tmp_path / "store")
    if kind == "redis":
        request.getfixturevalue("redis").ask("FLUSHALL")
    command = [sys.executable, "-X", "faulthandler", str(HERE / "forking.py"), kind, place, busy]
    done = subprocess.run(command, capture_output=True, text=True, timeout=540)
    assert (done.stdout, done.returncode) == ("done\n", 0), done.stdout + done.stderr
