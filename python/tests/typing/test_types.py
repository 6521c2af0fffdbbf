"""The stubs: that they are complete, that they are true, and that two type checkers understand them as programs use them."""

import inspect
import json
import os
import subprocess
import sys
from pathlib import Path

import keepwarm
import keepwarm.aio
import keepwarm.core.cache
import keepwarm.exceptions

HERE = Path(__file__).resolve().parent
PACKAGE = Path(keepwarm.__file__).resolve().parent


def run(place, module, *arguments):
    """Runs a checker of this environment on the package that is tested here; what it says."""
    (place / "no_settings.py").write_text("SECRET_KEY = 'of the tests of types'\n")
    (place / "mypy.ini").write_text("[mypy]\nignore_missing_imports = True\n")
    path = os.pathsep.join([str(PACKAGE.parent), str(place)])
    own = {"PYTHONPATH": path, "MYPYPATH": str(PACKAGE.parent), "DJANGO_SETTINGS_MODULE": "no_settings"}
    environment = os.environ | own | {"MYPY_CACHE_DIR": str(place / "mypy")}
    command = [sys.executable, "-m", module, *arguments]
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, timeout=1500)


def passes(place, module, *arguments):
    """The same, of a checker that is to find nothing."""
    done = run(place, module, *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_mypy_understands_programs(tmp_path):
    # What is marked as a mistake and is none is an error as well: unused ignores are part of `--strict`.
    assert "Success" in passes(tmp_path, "mypy", "--strict", str(HERE / "as_it_is_used.py"))


def test_pyright_understands_programs(tmp_path):
    settings = tmp_path / "pyrightconfig.json"
    settings.write_text(
        '{"typeCheckingMode": "strict", "enableTypeIgnoreComments": true, "reportUnnecessaryTypeIgnoreComment": "error", '
        f'"reportPrivateUsage": "none", "include": ["{HERE}/as_it_is_used.py"], "extraPaths": ["{PACKAGE.parent}"]}}'
    )
    assert "0 errors" in passes(tmp_path, "basedpyright", "--project", str(settings))


def test_every_public_name_has_a_whole_type(tmp_path):
    said = run(tmp_path, "basedpyright", "--verifytypes", "keepwarm", "--ignoreexternal", "--outputjson").stdout
    found = json.loads(said)["typeCompleteness"]
    # Django's own types are not there to be seen: who has `django-stubs` sees them.
    unknown = [symbol["name"] for symbol in found["symbols"] if symbol["isExported"] and not symbol["isTypeKnown"]]
    assert [name for name in unknown if not name.startswith("keepwarm.django.")] == []
    assert len(found["symbols"]) > 200


def test_the_stubs_say_what_is_there(tmp_path):
    # Private, and read from Django's class, of which mypy knows nothing; and what looks a verb up each time, and is one to callers.
    allowed = [r"keepwarm\.django\.backends\.KeepwarmCache\._plain_key_func", r"keepwarm\.django\._proxy\.FastProxy\..*"]
    (tmp_path / "allowed").write_text("\n".join(allowed))
    options = ["--concise", "--mypy-config-file", "mypy.ini", "--allowlist", "allowed"]
    passes(tmp_path, "mypy.stubtest", *options, "keepwarm")


def public(home):
    """Every public name of a module or class, that is its own to explain."""
    names = getattr(home, "__all__", None) or [name for name in vars(home) if not name.startswith("_")]
    return [(name, getattr(home, name)) for name in names]


def test_help_shows_every_public_name():
    missing = []
    for module in (keepwarm, keepwarm.aio, keepwarm.core.cache, keepwarm.exceptions):
        assert module.__doc__
        for name, named in public(module):
            if not (inspect.isclass(named) or callable(named)):
                continue
            if not inspect.getdoc(named):
                missing.append(f"{module.__name__}.{name}")
            if not inspect.isclass(named):
                continue
            for method, function in inspect.getmembers(named, lambda member: callable(member) or inspect.isdatadescriptor(member)):
                if not method.startswith("_") and not issubclass(named, Exception) and not inspect.getdoc(function):
                    missing.append(f"{module.__name__}.{name}.{method}")
    assert not missing


def test_help_shows_signatures():
    shown = {name: str(inspect.signature(getattr(keepwarm.Cache, name))) for name in ("get", "aset", "lock", "delete_pattern")}
    assert shown == {
        "get": "(self, /, key, default=None, version=None)",
        "aset": "(self, /, key, value, timeout=Ellipsis, version=None, *, tags=None)",
        "lock": "(self, /, name, timeout=None, blocking=True, blocking_timeout=None)",
        "delete_pattern": "(self, /, pattern, version=None)",
    }
