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
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "python"

TESTS = PACKAGE / "tests"

# Newer Pythons, on which the newest Django's tests are run where they are installed.
NEWER = ("3.12", "3.13")

# Event loops that are not asyncio's own, a runner that makes them, and what checks the stubs; basedpyright brings its node along.
LOOPS = ["uvloop>=0.21", "anyio>=4", "pytest-asyncio>=1"]
CHECKERS = ["mypy>=1.18", "basedpyright>=1.31"]

# Django's series whose tests are run, and what the package's own tests need; the four before the last two lists
# are for the documented snippets and for the examples.
DJANGO = "django==5.2.*"
NEEDED = [DJANGO, "pytest>=8", "freezegun>=1.5", "maturin>=1.9,<2", "hypothesis>=6"]
NEEDED += ["djangorestframework>=3.16", "fastapi>=0.115", "httpx>=0.28", "uvicorn>=0.30", *LOOPS, *CHECKERS]


def target():
    """Where cargo builds."""
    given = os.environ.get("CARGO_TARGET_DIR")
    return Path(given).resolve() if given else ROOT / "target"


def environment(place, needed, interpreter=sys.executable):
    """An environment with what is needed; its Python."""
    python = place / "bin/python"
    stamp = place / "needed.txt"
    wanted = "\n".join([str(interpreter), *needed])
    if not stamp.exists() or stamp.read_text() != wanted:
        subprocess.run([interpreter, "-m", "venv", "--clear", place], check=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", *needed], check=True)
        stamp.write_text(wanted)
    return python


def interpreters():
    """Those of the newer Pythons that are there, by version; who is not there is named."""
    for version in NEWER:
        kept_apart = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
        found = [shutil.which(f"python{version}"), *sorted(kept_apart.glob(f"{version}.*/bin/python{version}"))]
        for path in filter(None, found):
            # A launcher may be there without what it launches, and Debian's without what makes an environment.
            if subprocess.run([path, "-c", "import ensurepip"], capture_output=True).returncode == 0:
                yield version, path
                break
        else:
            print(f"python{version} is not installed: the newest Django's tests are not run on it", flush=True)


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


def django(place, python, variables):
    """Django's own tests: of the series that we are for, and of the newest that newer Pythons have."""
    suite = TESTS / "django_suite/run.py"
    tree = sources(python, place / "sources")
    runs = [(python, tree, kind, face) for kind in ("memory", "file", "redis") for face in ("sync", "async")]
    newer = list(interpreters())
    for version, path in newer:
        python = environment(place / f"environment-{version}", ["django"], path)
        # Every kind on the newest of them; what differs on the others is Python, which the memory's tests meet as well.
        kinds = ("memory", "file", "redis") if version == newer[-1][0] else ("memory",)
        runs += [(python, sources(python, place / "sources"), kind, "sync") for kind in kinds]
    codes = []
    for python, tree, kind, face in runs:
        print(f"\n{tree.name} on {python.parent.parent.name}: {kind}, {face}", flush=True)
        codes.append(subprocess.run([python, suite, tree, kind, face], env=variables).returncode)
    return max(codes)


def main():
    place = target() / "python-tests"
    python = environment(place / "environment", NEEDED)
    package(place / "package")
    variables = os.environ | {"PYTHONPATH": str(place / "package"), "PYTHONDONTWRITEBYTECODE": "1"}
    variables["KEEPWARM_NEIGHBOUR"] = str(target() / "debug/examples/neighbour")
    if sys.argv[1:2] == ["django"]:
        return django(place, python, variables)
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
