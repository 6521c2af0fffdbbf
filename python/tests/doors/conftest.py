"""Django with the application, for the tests of its door."""

import itertools
import sys
import uuid
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

_names = itertools.count()


def pytest_configure(config):
    """Sets Django up."""
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="the secret of the tests of the doors",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "keepwarm.django"],
        CACHES={"default": {"BACKEND": "keepwarm.django.MemoryCache", "LOCATION": "doors"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    django.setup()


@pytest.fixture
def location():
    """The name of a store that nobody else has."""
    return f"doors-{next(_names)}-{uuid.uuid4().hex}"


@pytest.fixture(scope="session")
def redis_server():
    """The port of a Redis of these tests' own."""
    from support.redis_server import redis_server as a_redis_server

    with a_redis_server() as server:
        yield server.port


@pytest.fixture
def caches():
    """Puts other CACHES in the place of Django's settings, and takes them back."""
    from django.test.utils import override_settings

    undo = []

    def install(**aliases):
        aliases.setdefault("default", {"BACKEND": "keepwarm.django.DummyCache"})
        change = override_settings(CACHES=aliases)
        change.enable()
        undo.append(change)
        from django.core.cache import caches

        return caches

    yield install
    while undo:
        undo.pop().disable()


@pytest.fixture(params=["memory", "file", "redis"])
def backend(request, location, tmp_path):
    """The settings of an alias on each kind of store."""
    if request.param == "memory":
        return {"BACKEND": "keepwarm.django.MemoryCache", "LOCATION": location}
    if request.param == "file":
        return {"BACKEND": "keepwarm.django.FileCache", "LOCATION": str(tmp_path / location)}
    port = request.getfixturevalue("redis_server")
    patient = {"deadline": 120, "socket_timeout": 120}
    return {
        "BACKEND": "keepwarm.django.RedisCache",
        "LOCATION": f"redis://127.0.0.1:{port}/0",
        "KEY_PREFIX": location,
        "OPTIONS": patient,
    }
