"""A server, and one that answers when it is told to."""

import sys
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]


def pytest_configure(config):
    """Django, whose secret signs pickles."""
    from django.conf import settings

    if not settings.configured:
        settings.configure(SECRET_KEY="the secret of the tests of resources")


@pytest.fixture(scope="session")
def redis():
    """A server for the session."""
    from support.redis_server import redis_server

    with redis_server() as server:
        yield server


@pytest.fixture
def slow(redis):
    """The same server, which answers when it is told to."""
    from support.slow_server import SlowServer

    server = SlowServer(redis.host, redis.port)
    yield server
    server.close()


@pytest.fixture
def slow_cache(slow):
    """A cache on it, patient enough for a machine under load."""
    import keepwarm.django

    options = {"SOCKET_TIMEOUT": 120, "SOCKET_CONNECT_TIMEOUT": 120, "deadline": 120}
    cache = keepwarm.django.RedisCache(f"redis://127.0.0.1:{slow.port}/0", {"OPTIONS": options})
    # Connected before anything is held.
    cache.set("key", 1)
    return cache
