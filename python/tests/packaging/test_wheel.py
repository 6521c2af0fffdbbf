"""The wheel as its users get it: it needs no tool-chain, no Django, no server; and the crate needs no Python."""

import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]

PROGRAM = """
import asyncio, importlib.util, shutil, sys, tempfile

assert shutil.which("cargo") is None and shutil.which("rustc") is None
for module in ("django", "redis", "celery", "fastapi"):
    assert importlib.util.find_spec(module) is None, module

import keepwarm
from keepwarm import aio, cache, cached, get_cache, memoize
from keepwarm.backends.base import BaseCache, InvalidCacheBackendError
from keepwarm.core.cache import cache as awaited

cache.set("key", {"a": [1]}, tags=["users"])
assert cache.get("key") == {"a": [1]}
cache.invalidate_tag("users")
assert cache.get("key") is None
assert cache.get_or_set("computed", lambda: 42) == 42 == cache.get("computed")
with tempfile.TemporaryDirectory() as place:
    files = keepwarm.FileCache(location=place)
    files.set("key", (1, "two"))
    assert keepwarm.FileCache(location=place).get("key") == (1, "two")
    assert files.incr("count", default=0) == 1

async def use():
    await awaited.set("key", 1)
    return await awaited.get("key")

assert asyncio.run(use()) == 1
assert keepwarm.DummyCache().get("key") is None
try:
    import keepwarm.django
except ImportError as error:
    assert error.name == "django", error
else:
    raise AssertionError("there is no Django here")
assert keepwarm.__version__
print("ran without a tool-chain")
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built as `pip wheel` builds it, but for the profile: what the other tests have built is used again."""
    if shutil.which("cargo") is None:
        pytest.skip("there is no cargo here to build a wheel with")
    place = tmp_path_factory.mktemp("wheel")
    before = {path for path in (ROOT / "python").rglob("*") if path.suffix in (".so", ".whl", ".pyd")}
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", place]
    # maturin is a program beside the interpreter.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"MATURIN_PEP517_ARGS": "--profile=dev", "PATH": path}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run([*command, ROOT / "python"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    after = {path for path in (ROOT / "python").rglob("*") if path.suffix in (".so", ".whl", ".pyd")}
    assert after == before, "building leaves nothing in the checkout"
    (built,) = place.glob("*.whl")
    return built


# covers: R216
def test_the_wheel_is_one_for_all_pythons_and_has_what_it_says(wheel):
    assert "-cp311-abi3-" in wheel.name
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (metadata,) = (name for name in names if name.endswith(".dist-info/METADATA"))
        said = archive.read(metadata).decode()
    assert "Provides-Extra: django" in said and "Provides-Extra: fastapi" in said
    assert "Requires-Dist: django>=5.2 ; extra == 'django'" in said
    needed = [line for line in said.splitlines() if line.startswith("Requires-Dist:") and "extra ==" not in line]
    assert needed == [], "plain, it needs nothing"
    assert {"keepwarm/py.typed", "keepwarm/_native.pyi", "keepwarm/__init__.py"} <= set(names)
    assert not [name for name in names if name.startswith(("tests/", "src/", "keepwarm/tests"))]


# covers: R216
def test_it_works_where_there_is_no_tool_chain_and_nothing_else(wheel, tmp_path):
    python = tmp_path / "environment" / "bin" / "python"
    venv.create(tmp_path / "environment", with_pip=True)
    environment = {"PATH": str(python.parent), "HOME": str(tmp_path)}
    install = [python, "-m", "pip", "install", "--quiet", "--no-index", "--disable-pip-version-check", wheel]
    subprocess.run(install, env=environment, check=True)
    done = subprocess.run([python, "-c", PROGRAM], env=environment, cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "ran without a tool-chain\n"), done.stderr
    installed = subprocess.run([python, "-m", "pip", "list", "--format=freeze"], env=environment, capture_output=True, text=True)
    assert {line.split("==")[0].split(" ")[0] for line in installed.stdout.split("\n") if line} <= {"keepwarm", "pip", "setuptools"}


# covers: R216
def test_the_native_half_links_no_python_and_no_server(wheel, tmp_path):
    if shutil.which("ldd") is None:
        pytest.skip("there is no ldd here")
    with zipfile.ZipFile(wheel) as archive:
        (native,) = (name for name in archive.namelist() if name.endswith(".so"))
        archive.extract(native, tmp_path)
    linked = subprocess.run(["ldd", tmp_path / native], capture_output=True, text=True).stdout
    assert "libc" in linked
    assert not [word for word in ("libpython", "libssl", "libhiredis", "libmemcached") if word in linked], linked


# covers: R216
def test_the_crate_needs_no_python():
    if shutil.which("cargo") is None:
        pytest.skip("there is no cargo here to ask")
    command = ["cargo", "tree", "--locked", "-p", "keepwarm", "--all-features", "--edges", "normal,build", "--prefix", "none"]
    tree = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert tree.returncode == 0, tree.stderr
    names = {line.split(" ")[0] for line in tree.stdout.splitlines()}
    assert "keepwarm" in names and "redis" in names
    assert not [name for name in names if "pyo3" in name or "python" in name]
