#!/usr/bin/env python3
"""Measures the Python package beside its peers: `make bench-python`, ARGS=--quick for a short look.

Makes an environment in `target/bench-python` with a release build of the package and the peers. It takes the newest Python
of 3.12 or later that is found, for django-vcache needs that; with an older one its rows say so. BENCH_PYTHON names another.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "target" / "bench-python"
PEERS = ["Django==5.2.*", "aiocache==0.12.3", "cashews==7.6.0", "diskcache==5.6.3", "redis==8.1.0", "hiredis==3.5.0"]
# Alone, for it does not install everywhere.
PARTICULAR = ["django-vcache==3.2.0"]
NEWER = ("python3.13", "python3.12")


def interpreter():
    """The newest Python of those that all peers run on."""
    if asked := os.environ.get("BENCH_PYTHON"):
        return asked
    for name in NEWER:
        # A launcher of pyenv's may stand for a Python that is not chosen in this directory.
        kept = sorted(Path.home().glob(f".pyenv/versions/*/bin/{name}"))
        for found in (shutil.which(name), *kept):
            if found and subprocess.run([found, "-c", ""], capture_output=True).returncode == 0:
                return str(found)
    return sys.executable


def environment():
    """A Python that has the peers."""
    python = PLACE / "bin" / "python"
    ready = PLACE / "ready"
    wanted = interpreter()
    if not ready.exists() or ready.read_text(encoding="utf-8") != wanted:
        subprocess.run([wanted, "-m", "venv", "--clear", str(PLACE)], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *PEERS], check=True)
        for peer in PARTICULAR:
            if subprocess.run([python, "-m", "pip", "install", "--quiet", peer]).returncode:
                print(f"{peer} does not install here; its rows say so", file=sys.stderr)
        ready.write_text(wanted, encoding="utf-8")
    return python


def install(python):
    """Builds the package as its users get it, and installs it."""
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps", str(ROOT / "python")], check=True)


def main():
    """Runs the program; its exit code."""
    python = environment()
    install(python)
    return subprocess.run([python, str(ROOT / "benches" / "python" / "main.py"), *sys.argv[1:]], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
