"""The caches that values go through: each store with each serializer."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

CLASSES = {"memory": "MemoryCache", "file": "FileCache", "redis": "RedisCache"}


def pytest_configure(config):
    """Django, whose secret signs pickles."""
    from django.conf import settings

    if not settings.configured:
        settings.configure(SECRET_KEY="the secret of the tests of values")


@pytest.fixture(scope="session")
def redis():
    """A server for the session."""
    from support.redis_server import redis_server

    with redis_server() as server:
        yield server


def cache_of(request, tmp_path_factory, kind, serializer):
    """A cache of that kind, in a place of its own."""
    import keepwarm.django

    location = {
        "memory": lambda: request.node.nodeid,
        "file": lambda: str(tmp_path_factory.mktemp("store")),
        "redis": lambda: request.getfixturevalue("redis").url(),
    }[kind]()
    options = {"serializer": serializer} if serializer else {}
    if kind == "redis":
        # A machine under load may take longer than a program wants to wait for its cache.
        options |= {"deadline": 120, "SOCKET_TIMEOUT": 120}
    params = {"KEY_PREFIX": f"{kind}-{serializer}", "TIMEOUT": None, "OPTIONS": options}
    return getattr(keepwarm.django, CLASSES[kind])(location, params)


@pytest.fixture(
    scope="module",
    params=[("memory", None), ("memory", "live"), ("file", "auto"), ("file", "pickle"), ("redis", "auto"), ("redis", "pickle")],
    ids=lambda param: f"{param[0]}-{param[1] or 'objects'}",
)
def trusted(request, tmp_path_factory):
    """Those that take whatever can be pickled."""
    return cache_of(request, tmp_path_factory, *request.param)


@pytest.fixture(scope="module")
def here(request, tmp_path_factory):
    """One that keeps what it keeps in this process."""
    return cache_of(request, tmp_path_factory, "memory", None)


@pytest.fixture(
    scope="module",
    params=[(kind, serializer) for kind in ("memory", "file", "redis") for serializer in ("msgpack", "json")],
    ids=lambda param: f"{param[0]}-{param[1]}",
)
def plain(request, tmp_path_factory):
    """Those that never pickle."""
    return cache_of(request, tmp_path_factory, *request.param)
