"""One store, a cache of this process on it, and Rust processes beside it."""

import itertools
import json
import os
import sys
import uuid
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

_numbers = itertools.count()


@pytest.fixture(scope="session")
def redis():
    """A server for the session."""
    from support.redis_server import redis_server

    with redis_server() as server:
        yield server


class Shared:
    """A store that several processes use."""

    def __init__(self, kind, place, prefix):
        self.kind, self.place, self.prefix = kind, place, prefix

    @property
    def url(self):
        """As a Rust program names it; patient, because a machine under load is slow."""
        place = self.place if self.kind == "redis" else f"file:{self.place}"
        more = "&socket_timeout=600" if self.kind == "redis" else ""
        return f"{place}?key_prefix={self.prefix}&deadline=600&timeout=600{more}"

    def opened(self, module):
        """A cache of this process."""
        from partner import opened

        return opened(module, self.kind, self.place, self.prefix)


@pytest.fixture(params=("file", "redis"))
def shared(request, tmp_path):
    """A store that nobody else uses."""
    prefix = f"n{next(_numbers)}-{uuid.uuid4().hex}"
    if request.param == "file":
        return Shared("file", str(tmp_path / "store"), prefix)
    return Shared("redis", request.getfixturevalue("redis").url(), prefix)


class Neighbour:
    """A Rust process that does what it is told."""

    def __init__(self, process):
        self.process = process

    def tell(self, *words):
        """Tells it something."""
        self.process.stdin.write("\t".join(words) + "\n")
        self.process.stdin.flush()

    def hear(self):
        """What it says next."""
        answer = json.loads(self.process.stdout.readline())
        assert not (isinstance(answer, dict) and "error" in answer), answer
        return answer

    def ask(self, *words):
        """Tells it something, and hears what it says."""
        self.tell(*words)
        return self.hear()


@pytest.fixture
def neighbours(shared):
    """Starts Rust processes on the store."""
    from contextlib import ExitStack

    from support.processes import started

    with ExitStack() as stack:

        def start():
            return Neighbour(stack.enter_context(started(os.environ["KEEPWARM_NEIGHBOUR"], shared.url)))

        yield start


@pytest.fixture
def neighbour(neighbours):
    """One Rust process."""
    return neighbours()


@pytest.fixture
def cache(shared):
    """A cache of this process."""
    import keepwarm

    return shared.opened(keepwarm)
