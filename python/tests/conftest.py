"""What the tests share: one parametrised cache over faces and stores."""

import asyncio
import itertools
import uuid

import pytest

from keepwarm import _handles
from keepwarm.core import cache as awaited
from support.faces import Face
from support.redis_server import redis_server as a_redis_server

_names = itertools.count()


@pytest.fixture(scope="session")
def redis_server():
    """The port of a Redis of the tests' own."""
    with a_redis_server() as server:
        yield server.port


STORES = ("memory", "memory-lru", "file", "file-files", "redis")


@pytest.fixture(params=STORES)
def store(request, tmp_path):
    """The kind of a store, and the options of one of its own."""
    kind, _, mode = request.param.partition("-")
    name = f"test-{next(_names)}-{uuid.uuid4().hex}"
    if kind == "memory":
        return kind, {"location": name, **({"max_entries": 1000} if mode else {})}
    if kind == "file":
        return kind, {"location": str(tmp_path / name), **({"mode": mode} if mode else {})}
    # The usual deadline of 250 ms is for production; a machine under load misses it.
    server = {"host": "127.0.0.1", "port": request.getfixturevalue("redis_server"), "deadline": 120, "socket_timeout": 120}
    return kind, {**server, "key_prefix": name}


CLASSES = {
    "sync": {"memory": _handles.MemoryCache, "file": _handles.FileCache, "redis": _handles.RedisCache},
    "async": {"memory": awaited.MemoryCache, "file": awaited.FileCache, "redis": awaited.RedisCache},
}


@pytest.fixture(params=("sync", "async"))
def make(request, store):
    """Makes a face on a cache of the store; of the same options, on the same one."""
    kind, options = store
    loop = asyncio.new_event_loop()

    def make(**more):
        given = {**options, "signing_key": "of the tests", **more}
        if "key_prefix" in more and "key_prefix" in options:
            given["key_prefix"] = options["key_prefix"] + more["key_prefix"]
        return Face(CLASSES[request.param][kind](**given), request.param == "async", loop)

    yield make
    loop.close()


@pytest.fixture
def cache(make):
    """A cache, over every store and both faces."""
    return make()
