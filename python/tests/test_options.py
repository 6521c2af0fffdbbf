"""Options that only Python has, and settings that Python and Rust read alike."""

import datetime
import gc
import itertools
import json
import pathlib
import uuid
import warnings

import pytest
from freezegun import freeze_time

import keepwarm
from keepwarm import aio
from keepwarm._aliases import Aliases
from keepwarm.exceptions import ConfigurationError, InvalidCacheBackendError, ModelInstanceWarning, SerializationError

_names = itertools.count()


@pytest.fixture
def location():
    return f"options-{next(_names)}-{uuid.uuid4().hex}"


@pytest.fixture
def unconfigured(monkeypatch):
    """Nothing is configured, and the environment says nothing."""
    import os

    for name in list(os.environ):
        if name.startswith("KEEPWARM_"):
            monkeypatch.delenv(name)
    monkeypatch.setattr("keepwarm._aliases._configured", None)
    monkeypatch.setattr("keepwarm._aliases.sys", type("NoDjango", (), {"modules": {}}))
    forget()
    yield
    forget()


@pytest.fixture
def configured(unconfigured):
    """Configures, and takes it back."""
    return lambda **caches: keepwarm.configure(caches)


def forget():
    for handler in Aliases.handlers:
        handler.forget()


class Row:
    """An object with the mark of an instance of a model of SQLAlchemy's."""

    def __init__(self, name):
        self.name = name
        self._sa_instance_state = "of a session"

    def __eq__(self, other):
        return self.name == other.name


def test_time_may_be_frozen(location):
    cache = keepwarm.MemoryCache(location=location, clock="python")
    with freeze_time("2030-01-01 12:00:00") as frozen:
        cache.set("key", "value", timeout=60)
        cache.set("count", 1, timeout=60)
        assert cache.ttl("key") == 60
        frozen.tick(datetime.timedelta(seconds=59))
        assert cache.get("key") == "value"
        assert cache.incr("count") == 2
        assert cache.get_or_set("key", lambda: pytest.fail("it lives")) == "value"
        frozen.tick(datetime.timedelta(seconds=2))
        assert cache.get_many(["key", "count"]) == {}
        assert cache.add("key", "again", timeout=10) is True
    # What was kept in a year that is not reached yet lives until then.
    assert cache.get("key") == "again"
    with freeze_time("2031-01-01"):
        assert cache.get("key") is None


def test_time_that_is_not_frozen_runs(location):
    cache = keepwarm.MemoryCache(location=location, clock="python")
    cache.set("key", "value", timeout=0.05)
    while cache.get("key") is not None:
        pass
    with pytest.raises(keepwarm.exceptions.TimeoutError), cache.lock("name"):
        with cache.lock("name", blocking_timeout=0.05):
            pass


def test_namespaces_and_awaited_verbs_go_by_the_frozen_clock_too(location):
    import asyncio

    async def use():
        cache = aio.MemoryCache(location=location, clock="python")
        part = cache.namespace("part")
        with freeze_time("2030-01-01") as frozen:
            await cache.set("key", 1, timeout=60)
            await part.set("key", 2, timeout=60)
            before = await cache.get("key"), await part.get("key")
            frozen.tick(61)
            return before, await cache.get("key"), await part.get("key")

    assert asyncio.run(use()) == ((1, 2), None, None)


def test_a_store_that_others_use_has_its_own_time(tmp_path):
    with pytest.raises(ConfigurationError, match="clock 'python' is for a store in this process"):
        keepwarm.FileCache(location=str(tmp_path), clock="python")
    with pytest.raises(ConfigurationError, match="clock is one of 'system', 'python', not 'frozen'"):
        keepwarm.MemoryCache(clock="frozen")


# covers: R211
@pytest.mark.parametrize("kind", ["memory", "file"])
def test_instances_of_models_are_warned_of_once_for_each_line(kind, location, tmp_path, monkeypatch):
    monkeypatch.setattr("keepwarm._models._warned", set())
    if kind == "memory":
        cache = keepwarm.MemoryCache(location=location)
    else:
        cache = keepwarm.FileCache(location=str(tmp_path), signing_key="of the tests")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        for number in range(3):
            cache.set(f"row:{number}", {"rows": [Row("Ada")]})
        cache.set("row", Row("Grace"))
        cache.set("text", "it only says _sa_instance_state and model_unpickle")
        cache.set("texts", {frozenset([1]): ["_sa_instance_state", object]})
    assert [warning.category for warning in seen] == [ModelInstanceWarning, ModelInstanceWarning]
    assert all(warning.filename == __file__ for warning in seen)
    assert "test_options.Row is cached whole" in str(seen[0].message)
    assert cache.get("row") == Row("Grace")


# covers: R211
def test_a_policy_allows_or_refuses_them(location):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        keepwarm.MemoryCache(location=location, model_policy="allow").set("row", Row("Ada"))
    refusing = keepwarm.MemoryCache(location=location, model_policy="refuse")
    with pytest.raises(SerializationError, match="model_policy` is 'refuse'"):
        refusing.set("row", [Row("Grace")])
    assert refusing.get("row") == Row("Ada"), "what was there is untouched"
    with pytest.raises(SerializationError):
        refusing.get_or_set("other", lambda: Row("Grace"))
    refusing.set("plain", {"name": "Grace"})
    with pytest.raises(ConfigurationError, match="model_policy is one of 'allow', 'warn', 'refuse', not 'never'"):
        keepwarm.MemoryCache(model_policy="never")


# covers: R24
@pytest.mark.parametrize("form", ["toml", "json"])
def test_the_file_that_rust_reads_configures_python(unconfigured, monkeypatch, tmp_path, form):
    path = tmp_path / f"keepwarm.{form}"
    if form == "toml":
        path.write_text(
            f"[caches.default]\nbackend = 'memory'\ntimeout = '1m'\nkey_prefix = 'app'\nmax_entries = 10\n"
            f"[caches.files]\nBACKEND = 'file'\nLOCATION = '{tmp_path}/store'\n[caches.files.OPTIONS]\nMAX_BYTES = '64MB'\n"
        )
    else:
        aliases = {
            "default": {"BACKEND": "memory", "TIMEOUT": 60, "KEY_PREFIX": "app", "OPTIONS": {"MAX_ENTRIES": 10}},
            "files": {"BACKEND": "file", "LOCATION": f"{tmp_path}/store"},
        }
        path.write_text(json.dumps({"CACHES": aliases}))
    monkeypatch.setenv("KEEPWARM_SETTINGS", str(path))
    keepwarm.cache.set("key", 1)
    assert 1 < keepwarm.cache.ttl("key") <= 60
    assert keepwarm.cache.make_key("key") == "app:1:key"
    for number in range(20):
        keepwarm.cache.set(f"key{number}", number)
    assert len(keepwarm.cache.keys()) <= 10
    keepwarm.caches["files"].set("key", "on the disk")
    assert list(keepwarm.caches) == ["default", "files"]
    assert any((tmp_path / "store").iterdir())


# covers: R24
def test_the_variables_that_rust_reads_configure_python(unconfigured, monkeypatch):
    monkeypatch.setenv("KEEPWARM_URL", "memory://of-the-environment?timeout=60")
    monkeypatch.setenv("KEEPWARM_DEFAULT__KEY_PREFIX", "refined")
    monkeypatch.setenv("KEEPWARM_SESSIONS_URL", "memory://?timeout=never")
    assert keepwarm.cache.make_key("key") == "refined:1:key"
    keepwarm.cache.set("key", 1)
    assert 1 < keepwarm.cache.ttl("key") <= 60
    sessions = keepwarm.get_cache("sessions")
    sessions.set("key", 1)
    assert sessions.ttl("key") is None
    forget()
    monkeypatch.setenv("KEEPWARM_DEFAULT_TIMEUOT", "60")
    with pytest.raises(ConfigurationError, match="KEEPWARM_DEFAULT_TIMEUOT"):
        keepwarm.cache.get("key")


# covers: R5 R23
def test_without_settings_there_is_one_in_memory(unconfigured):
    keepwarm.cache.set("key", 1)
    assert 1 < keepwarm.cache.ttl("key") <= 300
    assert keepwarm.cache() is keepwarm.get_cache() is keepwarm.caches["default"]
    with pytest.raises(InvalidCacheBackendError, match="The connection 'nope' doesn't exist."):
        keepwarm.caches["nope"]
    with pytest.raises(ConfigurationError, match="default"):
        keepwarm.configure({"other": {"backend": "memory"}})


def upper(key, prefix, version):
    """A key function of a program."""
    return f"{prefix}|{version}|{key}".upper()


# covers: R13 R108
def test_a_key_function_is_given_by_its_dotted_path_or_itself(configured, location):
    for given in (upper, f"{__name__}.upper"):
        configured(default={"BACKEND": "memory", "LOCATION": f"{location}{given}", "KEY_PREFIX": "app", "KEY_FUNCTION": given})
        keepwarm.cache.set("key", 1)
        assert keepwarm.cache.make_key("key") == "APP|1|KEY"
        assert keepwarm.cache.get("KEY") == 1
        assert keepwarm.cache.get_many(["key", "other"]) == {"key": 1}
        assert keepwarm.cache.incr("key") == 2
        keepwarm.cache.delete_many(["KEY"])
        assert keepwarm.cache.get("key") is None
    configured(default={"BACKEND": "memory", "KEY_FUNCTION": "keepwarm.nothing_of_the_kind"})
    with pytest.raises((ImportError, AttributeError, ConfigurationError)):
        keepwarm.cache.get("key")


# covers: R6
@pytest.mark.parametrize("face", ["sync", "async"])
@pytest.mark.parametrize(
    "path, backend",
    [
        ("django.core.cache.backends.locmem.LocMemCache", "memory"),
        ("django.core.cache.backends.filebased.FileBasedCache", "file"),
        ("django.core.cache.backends.redis.RedisCache", "redis"),
        ("django_redis.cache.RedisCache", "redis"),
        ("django.core.cache.backends.dummy.DummyCache", "dummy"),
        ("keepwarm.django.MemoryCache", "memory"),
    ],
)
def test_djangos_dotted_names_are_ours(configured, tmp_path, location, path, backend, face):
    locations = {"memory": location, "file": str(tmp_path), "redis": "redis://127.0.0.1:1/0"}
    configured(default={"BACKEND": path, **({"LOCATION": locations[backend]} if backend in locations else {})})
    cache = keepwarm.get_cache() if face == "sync" else aio.get_cache()
    assert cache.backend == backend


# covers: R9
def test_two_spellings_that_differ_are_refused(configured, location):
    configured(default={"BACKEND": "memory", "TIMEOUT": 60, "timeout": 60, "LOCATION": location})
    keepwarm.cache.set("key", 1)
    assert 1 < keepwarm.cache.ttl("key") <= 60
    configured(default={"BACKEND": "memory", "TIMEOUT": 60, "timeout": 61})
    with pytest.raises(ConfigurationError, match="TIMEOUT and timeout are one option"):
        keepwarm.cache.get("key")
    configured(default={"BACKEND": "memory", "MAX_ENTRIES": 60, "OPTIONS": {"max_entries": 61}})
    with pytest.raises(ConfigurationError, match="MAX_ENTRIES and OPTIONS.max_entries are one option"):
        keepwarm.cache.get("key")


# covers: R21 R22
@pytest.mark.parametrize("module", [keepwarm, aio], ids=["sync", "async"])
def test_caches_are_made_in_code(module, tmp_path):
    import asyncio

    def call(answer):
        async def wait():
            return await answer

        return asyncio.run(wait()) if hasattr(answer, "__await__") else answer

    memory = module.MemoryCache(timeout=60, key_prefix="app", version=2)
    file = module.FileCache(location=str(tmp_path / "store"), timeout=60)
    for cache in (memory, file):
        call(cache.set("key", {"a": 1}))
        assert call(cache.get("key")) == {"a": 1}
        assert 1 < call(cache.ttl("key")) < 61
    assert memory.make_key("key") == "app:2:key"
    assert call(module.MemoryCache().get("key")) is None, "each without a location is a store of its own"
    # Nobody listens there, and nobody is asked before the first verb.
    redis = module.RedisCache(host="127.0.0.1", port=1, db=0, password="secret", key_prefix="app", version=3, deadline=120)
    assert redis.make_key("key") == "app:3:key"
    with pytest.raises(keepwarm.exceptions.ConnectionError):
        call(redis.get("key"))
    dummy = module.DummyCache()
    call(dummy.set("key", 1))
    assert call(dummy.get("key")) is None
    gc.collect()


# covers: R3
@pytest.mark.parametrize("kind", [pathlib.Path, str])
def test_a_relative_directory_is_that_of_the_moment(tmp_path, monkeypatch, kind):
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    monkeypatch.chdir(one)
    first = keepwarm.FileCache(location=kind(".cache"))
    first.set("key", 1)
    monkeypatch.chdir(two)
    second = keepwarm.FileCache(location=kind(".cache"))
    assert second.get("key") is None
    first.version = 1  # opened anew, and still where it was
    assert first.get("key") == 1
    second.set("key", 2)
    assert (one / ".cache").is_dir() and (two / ".cache").is_dir() and first.get("key") == 1
