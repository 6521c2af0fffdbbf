"""A server, and caches of every kind that no other test uses."""

import itertools
import sys
import uuid
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

_numbers = itertools.count()

# A machine under load may take longer than a program wants to wait for its cache.
PATIENT = {"deadline": 600, "socket_timeout": 600}


@pytest.fixture(scope="session")
def redis():
    """A server for the session."""
    from support.redis_server import redis_server

    with redis_server() as server:
        yield server


@pytest.fixture(params=("memory", "file", "redis"))
def options(request, tmp_path):
    """The settings of an alias with a store of its own."""
    name = f"loops-{next(_numbers)}-{uuid.uuid4().hex}"
    if request.param == "memory":
        return {"backend": "memory", "location": name}
    if request.param == "file":
        return {"backend": "file", "location": str(tmp_path / name)}
    server = request.getfixturevalue("redis")
    return {"backend": "redis", "host": "127.0.0.1", "port": server.port, "key_prefix": name, **PATIENT}


def opened(module, options):
    """A cache of the module's face."""
    classes = {"memory": "MemoryCache", "file": "FileCache", "redis": "RedisCache"}
    options = dict(options)
    return getattr(module, classes[options.pop("backend")])(**options)


@pytest.fixture
def awaited(options):
    """A cache whose verbs are awaited."""
    from keepwarm.core import cache as module

    return opened(module, options)


@pytest.fixture
def sync(options):
    """A cache on the same store, of the other face."""
    import keepwarm

    return opened(keepwarm, options)
