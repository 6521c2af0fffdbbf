#!/usr/bin/env python3
"""Builds the Python package into an environment of its own and runs its tests, each folder in a process of its own.

    python3 scripts/python_tests.py               every folder below python/tests that has tests
    python3 scripts/python_tests.py seeds -k add  one of them; what follows goes to pytest

The environment is `target/python-tests`; it is made anew when python/tests/requirements.txt changes.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACE = ROOT / "target" / "python-tests"
PACKAGE = ROOT / "python"
TESTS = PACKAGE / "tests"


def environment():
    """A Python with the package and what its tests need."""
    python = PLACE / "bin" / "python"
    wanted = (TESTS / "requirements.txt").read_text(encoding="utf-8")
    made = PLACE / "made-of.txt"
    if not made.exists() or made.read_text(encoding="utf-8") != wanted:
        venv.create(PLACE, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", str(TESTS / "requirements.txt")], check=True)
        made.write_text(wanted, encoding="utf-8")
    # As pip builds it for everybody, with the profile that everything else here is built with.
    surroundings = os.environ | {"MATURIN_PEP517_ARGS": "--profile dev"}
    install = [python, "-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall", str(PACKAGE)]
    subprocess.run(install, env=surroundings, check=True)
    return python


def folders():
    """The tests of each folder, by its name. A folder configures Django as it needs it, so that each has a process of its own."""
    found = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        found.setdefault(path.parent.relative_to(TESTS).as_posix(), []).append(str(path))
    return found


def main():
    """Runs what was asked for; the exit code."""
    tests = folders()
    asked, options = list(tests), sys.argv[1:]
    if options and not options[0].startswith("-"):
        asked, options = [options[0]], options[1:]
        if asked[0] not in tests:
            print(f"there are no tests {asked[0]}; there are {', '.join(tests)}", file=sys.stderr)
            return 2
    python = environment()
    codes = []
    for name in asked:
        print(f"-- {name}", flush=True)
        command = [python, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", str(PACKAGE), *tests[name], *options]
        codes.append(subprocess.run(command, cwd=PACKAGE).returncode)
    return 1 if any(codes) else 0


if __name__ == "__main__":
    sys.exit(main())
