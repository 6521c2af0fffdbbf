#!/usr/bin/env python3
"""Serves an example in an environment of its own: `make example-django`, `make example-fastapi`.

The environment is made in `target/example-<name>` the first time, with the package as it is built from this repository.
"""

import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# What each needs beside the package: its extra, and the server it is served by.
NEEDS = {"django": ("django", []), "fastapi": ("fastapi", ["uvicorn"])}


def environment(name):
    """A Python with the package and what the example needs."""
    extra, more = NEEDS[name]
    place = ROOT / "target" / f"example-{name}"
    python = place / "bin" / "python"
    if not python.exists():
        venv.create(place, with_pip=True, clear=True)
    subprocess.run([python, "-m", "pip", "install", "--quiet", f"{ROOT / 'python'}[{extra}]", *more], check=True)
    return python


def main():
    """Serves it; the exit code."""
    if len(sys.argv) < 2 or sys.argv[1] not in NEEDS:
        print(f"which one? {', '.join(NEEDS)}", file=sys.stderr)
        return 2
    name, *arguments = sys.argv[1:]
    try:
        return subprocess.run([environment(name), str(ROOT / "examples" / name / "run.py"), *arguments]).returncode
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
