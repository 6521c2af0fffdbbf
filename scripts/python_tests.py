#!/usr/bin/env python3
"""Runs the tests of the Python package against the extension as it is built now.

    python3 scripts/python_tests.py pytest              the package's own tests
    python3 scripts/python_tests.py pytest seeds -k add one folder of them; what follows goes to pytest
    python3 scripts/python_tests.py django              Django's own tests, unedited, against our classes

Everything it makes lies in cargo's target directory: an environment with what the tests need, the extension beside a copy of
the package, and Django's sources, which carry its tests. Nothing is installed into the Python that runs it.
"""

import os
import shutil
import subprocess
import sys
import tarfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "python"

TESTS = PACKAGE / "tests"

# Event loops that are not asyncio's own, a runner that makes them, and what checks the stubs; basedpyright brings its node along.
LOOPS = ["uvloop>=0.21", "anyio>=4", "pytest-asyncio>=1"]
CHECKERS = ["mypy>=1.18", "basedpyright>=1.31"]

# Django's series whose tests are run, and what the package's own tests need; the four before the last two lists
# are for the documented snippets and for the examples.
DJANGO = "django==5.2.*"
NEEDED = [DJANGO, "pytest>=8", "hypothesis>=6", "djangorestframework>=3.16", "fastapi>=0.115", "httpx>=0.28", "uvicorn>=0.30", *LOOPS, *CHECKERS]


def target():
    """Where cargo builds."""
    given = os.environ.get("CARGO_TARGET_DIR")
    return Path(given).resolve() if given else ROOT / "target"


def environment(place):
    """An environment with what is needed; its Python."""
    python = place / "bin/python"
    stamp = place / "needed.txt"
    if not stamp.exists() or stamp.read_text() != "\n".join(NEEDED):
        venv.create(place, clear=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *NEEDED], check=True)
        stamp.write_text("\n".join(NEEDED))
    return python


def package(place):
    """The package with the extension as it is built now."""
    build = os.environ | {"PYO3_BUILD_EXTENSION_MODULE": "1"}
    subprocess.run(["cargo", "build", "--quiet", "-p", "keepwarm-python", "--lib", "--example", "neighbour"], cwd=ROOT, env=build, check=True)
    library = {"darwin": "lib_native.dylib", "win32": "_native.dll"}.get(sys.platform, "lib_native.so")
    if place.exists():
        shutil.rmtree(place)
    shutil.copytree(PACKAGE / "keepwarm", place / "keepwarm", ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    shutil.copy(target() / "debug" / library, place / "keepwarm/_native.abi3.so")


def sources(python, place):
    """Django's sources of the very version that is installed."""
    version = subprocess.run(
        [python, "-c", "import django; print(django.__version__)"], stdout=subprocess.PIPE, text=True, check=True
    ).stdout.strip()
    found = place / f"django-{version}"
    if not (found / "tests/runtests.py").exists():
        place.mkdir(parents=True, exist_ok=True)
        command = [python, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:", "--dest", place]
        subprocess.run([*command, f"django=={version}"], check=True)
        with tarfile.open(place / f"django-{version}.tar.gz") as archive:
            archive.extractall(place, filter="data")
    return found


def folders():
    """The tests of each folder, by its name. A folder sets Django up as it needs it, so that each has a process of its own."""
    found = {}
    for path in sorted(TESTS.rglob("test_*.py")):
        found.setdefault(path.parent.relative_to(TESTS).as_posix(), []).append(str(path))
    return found


def main():
    place = target() / "python-tests"
    python = environment(place / "environment")
    package(place / "package")
    variables = os.environ | {"PYTHONPATH": str(place / "package"), "PYTHONDONTWRITEBYTECODE": "1"}
    variables["KEEPWARM_NEIGHBOUR"] = str(target() / "debug/examples/neighbour")
    if sys.argv[1:2] == ["django"]:
        suite = PACKAGE / "tests/django_suite/run.py"
        tree = sources(python, place / "sources")
        codes = [
            subprocess.run([python, suite, tree, kind, face], env=variables).returncode
            for kind, face in (("memory", "sync"), ("memory", "async"), ("file", "sync"))
        ]
        return max(codes)
    options = sys.argv[2:]
    tests = folders()
    if options and options[0] in tests:
        tests = {options[0]: tests[options[0]]}
        options = options[1:]
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-o", "faulthandler_timeout=600"]
    codes = [subprocess.run([*command, *files, *options], cwd=place, env=variables).returncode for files in tests.values()]
    return max(codes)


if __name__ == "__main__":
    sys.exit(main())
