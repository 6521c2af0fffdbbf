"""Django with the shop that the documents speak of, a Redis server, and the stages."""

import os
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

# Blocks that use the database inside `async def` reach it through sync_to_async; what prepares it may stand anywhere.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"


def pytest_configure(config):
    """Registers the marker, and sets Django up."""
    config.addinivalue_line("markers", "block(name): the block of a document that the test runs")
    import django
    from django.conf import settings

    settings.configure(
        SECRET_KEY="the secret of the tests of the documents",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "file:seeds?mode=memory&cache=shared"}},
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions", "shop", "printed"],
        CACHES={"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}},
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        ALLOWED_HOSTS=["*"],
        ROOT_URLCONF=None,
        USE_TZ=True,
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "OPTIONS": {
                    "loaders": [
                        (
                            "django.template.loaders.locmem.Loader",
                            {
                                "products/list.html": "{% for product in products %}{{ product.name }} {% endfor %}",
                                "dashboard.html": "dashboard",
                            },
                        )
                    ]
                },
            }
        ],
    )
    django.setup()


def pytest_sessionstart(session):
    """Makes the tables, in memory."""
    from django.core.management import call_command

    call_command("migrate", run_syncdb=True, verbosity=0)


@pytest.fixture(autouse=True)
def empty_tables():
    """Leaves nothing in the database."""
    yield
    from django.core.management import call_command

    call_command("flush", interactive=False, verbosity=0)


@pytest.fixture(scope="session")
def redis():
    """A server for the session; its password is the one of the documents."""
    from support.redis_server import redis_server

    with redis_server(password="secret") as server:
        yield server


@pytest.fixture
def undo():
    """What takes things back at the end of a test."""
    with ExitStack() as stack:
        yield stack


def stages(doors):
    """Every door with every backend."""
    from stage import KINDS

    return [pytest.param((door, kind), id=f"{door}-{kind}") for door in doors for kind in KINDS]


def make(request, tmp_path, monkeypatch, undo):
    """The stage of a test, with a store that nobody else uses; the working directory is the test's own."""
    from stage import Stage

    door, kind = request.param
    server = request.getfixturevalue("redis") if kind == "redis" else None
    locations = {"memory": request.node.nodeid, "file": str(tmp_path / "store")}
    if server:
        server.ask("FLUSHALL")
        locations["redis"] = server.url()
    monkeypatch.chdir(tmp_path)
    stage = Stage(door, kind, locations, undo)
    stage.install()
    return stage


@pytest.fixture(params=stages(["django", "plain"]))
def stage(request, tmp_path, monkeypatch, undo):
    """The doors of blocks without `await`."""
    stage = make(request, tmp_path, monkeypatch, undo)
    yield stage
    check(request, stage)


@pytest.fixture(params=stages(["django"]))
def in_django(request, tmp_path, monkeypatch, undo):
    """Django's door alone: for what is Django's own."""
    stage = make(request, tmp_path, monkeypatch, undo)
    yield stage
    check(request, stage)


@pytest.fixture(params=stages(["async"]))
def aio(request, tmp_path, monkeypatch, undo):
    """The door whose verbs are awaited."""
    stage = make(request, tmp_path, monkeypatch, undo)
    yield stage
    check(request, stage)


@pytest.fixture
def workers(undo):
    """The door of cache workers, which does not exist yet."""
    from stage import Stage

    return Stage("workers", "memory", {"memory": "workers"}, undo)


def check(request, stage):
    """A test that did not run its block tested nothing."""
    name = request.node.get_closest_marker("block").args[0]
    assert name in stage.has_run, f"the test did not run {name}"


@pytest.fixture(scope="session")
def directory_of_all(tmp_path_factory):
    """The working directory of a program."""
    return tmp_path_factory.mktemp("program")


@pytest.fixture
def one_directory(aio, directory_of_all, monkeypatch):
    """Where blocks with a relative location run: a program has one working directory, as long as it lives."""
    monkeypatch.chdir(directory_of_all)
    return directory_of_all


@pytest.fixture
def my_application(monkeypatch):
    """The reader's own application, as the document calls it."""
    import types

    application = types.ModuleType("my_application")
    application.get_all_foo_list = lambda: ["foo"]
    application.models = types.ModuleType("my_application.models")
    application.models.Foo = type("Foo", (), {})
    monkeypatch.setitem(sys.modules, "my_application", application)
    monkeypatch.setitem(sys.modules, "my_application.models", application.models)


@pytest.fixture
def dead():
    """Puts a server that nobody listens to in the place of the store; a store in this process cannot be lost."""
    from contextlib import contextmanager

    from support.redis_server import free_port

    @contextmanager
    def lose(stage):
        if stage.kind == "redis":
            # Nobody listens there: that is said at once, and needs no patience.
            stage.install(default={**stage.settings(), "LOCATION": f"redis://127.0.0.1:{free_port()}/0"})
        yield
        if stage.kind == "redis":
            stage.install()

    return lose
