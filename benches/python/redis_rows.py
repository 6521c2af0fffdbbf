"""The Redis backend beside a bare socket, redis-py with hiredis, django-vcache and Django's, on one server of this benchmark's own."""

import asyncio
import os
import socket
from contextlib import contextmanager

from rounds import Middle, Row, Watch, calls
from stores import Absent, installed, ours, peer
from values import SHORT, SMALL

TASKS = 100
CALLS_OF_A_TASK = 50


def lone(server):
    """A caller of its own, free to use every core: the median of a call."""
    mine = ours("RedisCache", server.url())
    mine.set("key", SHORT, None)
    get = Middle(lambda: mine.get("key"))
    stored = mine.make_key("key")
    name = "redis get str of 20, p50"
    for other, limit, make in (
        ("raw socket", 1.25, lambda: raw(server, stored)),
        ("redis-py, hiredis", 1.0, lambda: redis_py(server, stored)),
        ("django-vcache", 0.65, lambda: vcache(server)),
    ):
        try:
            yield Row(name, other, limit, get, Middle(make()))
        except Absent as absent:
            yield Row(name, other, limit, missing=str(absent))


def raw(server, key):
    """The bytes of one GET out, the answer in, on a bare blocking socket."""
    from support.redis_server import command

    connection = socket.create_connection((server.host, server.port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    request = command("GET", key)
    send, receive = connection.sendall, connection.recv

    def get():
        send(request)
        return receive(65_536)

    if not get().startswith(b"$"):
        raise AssertionError("the key is not there")
    return get


def redis_py(server, key):
    """The usual client, with its fast parser."""
    installed("hiredis")
    client = installed("redis").Redis(server.host, server.port)
    if client.get(key) is None:
        raise AssertionError("the key is not there")
    return lambda: client.get(key)


def vcache(server):
    """The other client in Rust."""
    cache = peer("vcache", server.url())
    cache.set("vcache", SHORT, 3600)
    if cache.get("vcache") != SHORT:
        raise AssertionError("it does not come back")
    return lambda: cache.get("vcache")


def pinned(server):
    """The caller on one core, the server on the other: what Django's costs beside ours, in processor time that counts."""
    mine, django = ours("RedisCache", server.url()), peer("RedisCache", server.url())
    for cache in (mine, django):
        cache.set("key:" + type(cache).__module__, SHORT, None)
    name = "redis get str of 20, p50, a core each"
    yield Row(
        name,
        "Django's RedisCache",
        0.45,
        Middle(lambda: mine.get("key:" + type(mine).__module__)),
        Middle(lambda: django.get("key:" + type(django).__module__)),
    )


def bulk(server):
    """A hundred at once."""
    mine, django = ours("RedisCache", server.url(), {"KEY_PREFIX": "ours"}), peer("RedisCache", server.url(), {"KEY_PREFIX": "django"})
    many = {f"many:{number}": SMALL for number in range(100)}
    keys = list(many)
    for cache in (mine, django):
        cache.set_many(many, 3600)
        if cache.get_many(keys) != many:
            raise AssertionError("they do not come back")
    name = "Django's RedisCache"
    yield Row("redis get_many of 100 dicts", name, 0.35, calls(mine.get_many, keys), calls(django.get_many, keys))
    yield Row("redis set_many of 100 dicts", name, 0.25, calls(mine.set_many, many, 3600), calls(django.set_many, many, 3600))


class Crowd:
    """A hundred tasks that await `aget` at once: nanoseconds for each call, so that less is more throughput."""

    def __init__(self, loop, call):
        self.loop = loop
        self.call = call

    def time(self, count):
        """`count` is not asked: a round is always the same crowd."""
        return self.loop.run_until_complete(self.run())

    async def run(self):
        """All tasks, timed inside the loop."""
        call = self.call

        async def task():
            for _ in range(CALLS_OF_A_TASK):
                await call("crowd")

        watch = Watch()
        await asyncio.gather(*(task() for _ in range(TASKS)))
        return watch.stop(TASKS * CALLS_OF_A_TASK)


def crowds(server, loop):
    """Throughput, as time for each call."""
    mine = ours("RedisCache", server.url())
    mine.set("crowd", SHORT, None)
    side = Crowd(loop, mine.aget)
    for name, limit, path in (("django-vcache", 1.0, "vcache"), ("Django's RedisCache", 1 / 20, "RedisCache")):
        try:
            cache = peer(path, server.url(), {"KEY_PREFIX": path})
            cache.set("crowd", SHORT, 3600)
            yield Row(f"redis aget by {TASKS} tasks, time for each", name, limit, side, Crowd(loop, cache.aget))
        except Absent as absent:
            yield Row(f"redis aget by {TASKS} tasks, time for each", name, limit, missing=str(absent))


class Constant:
    """A limit that is a time and no ratio: one microsecond."""

    def time(self, count):
        """Always the same, on both clocks."""
        return 1000.0, 1000.0


def near(server):
    """A hit of the near tier in front of the server; the limit is in microseconds."""
    name, other, limit = "redis near-tier hit, str of 20, in us", "a microsecond", 1.5
    try:
        cache = ours("RedisCache", server.url(), {"KEY_PREFIX": "near", "OPTIONS": {"near_max_entries": 1000}})
        cache.set("key", SHORT, 3600)
    except Exception as error:
        yield Row(name, other, limit, missing=f"not there yet: {error}")
        return
    cache.get("key")
    yield Row(name, other, limit, calls(cache.get, "key"), Constant(), clock="cpu")


@contextmanager
def a_core_each(server):
    """This process on one core, the server on another, where there are two."""
    allowed = os.sched_getaffinity(0)
    served = os.sched_getaffinity(server.process.pid)
    if len(allowed) < 2:
        raise Absent("only one core")
    first, second, *_ = sorted(allowed)
    try:
        for thread in os.listdir(f"/proc/{server.process.pid}/task"):
            os.sched_setaffinity(int(thread), {second})
        os.sched_setaffinity(0, {first})
        yield
    finally:
        os.sched_setaffinity(0, allowed)
        for thread in os.listdir(f"/proc/{server.process.pid}/task"):
            os.sched_setaffinity(int(thread), served)
