#!/usr/bin/env python3
"""Measures the file store beside its peers: `make bench-file`, ARGS=--quick for a short look.

Makes an environment with diskcache and Django in `target/bench-file` the first time.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PEERS = ["diskcache==5.6.3", "Django==5.2.*"]


def environment():
    """A Python that has the peers."""
    place = ROOT / "target" / "bench-file"
    python = place / "bin" / "python"
    ready = place / "ready"
    if not ready.exists():
        venv.create(place, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS], check=True)
        ready.touch()
    return python


def main():
    """Runs the program; its exit code."""
    surroundings = os.environ | {"KEEPWARM_BENCH_PYTHON": str(environment())}
    command = ["cargo", "run", "--release", "--quiet", "-p", "keepwarm-bench-file", "--", *sys.argv[1:]]
    return subprocess.run(command, cwd=ROOT, env=surroundings, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
