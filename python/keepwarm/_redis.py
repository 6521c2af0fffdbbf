"""Raw access to Redis, beside the cache: sets, lists, expiry, whatever a cache has no verb for.

Commands are methods, in the words of redis-py and with its answers where those are more than what the server sends: `smembers`
gives a set, `hgetall` a dict, `expire` a bool. What is not listed here is sent as it is called: `connection.xlen("stream")`,
or `connection.execute_command("CLIENT", "ID")`. Names are used as they are; the cache's own keys are `cache.make_key(...)`.
"""

import datetime

from keepwarm.exceptions import UnsupportedError


def seconds(value):
    """A length of time as a number of seconds."""
    return int(value.total_seconds()) if isinstance(value, datetime.timedelta) else value


def milliseconds(value):
    """A length of time as a number of milliseconds."""
    return int(value.total_seconds() * 1000) if isinstance(value, datetime.timedelta) else value


def _pairs(answer):
    return answer if isinstance(answer, dict) else dict(zip(answer[::2], answer[1::2]))


def _scan(answer):
    cursor, names = answer
    return int(cursor), names


def _number(answer):
    return None if answer is None else float(answer)


def _ok(answer):
    return answer == b"OK"


#: What the answers of these commands are in Python.
ANSWERS = {
    **dict.fromkeys("EXPIRE EXPIREAT PEXPIRE PEXPIREAT PERSIST MOVE RENAMENX SETNX SISMEMBER SMOVE HEXISTS HSETNX".split(), bool),
    **dict.fromkeys("SMEMBERS SINTER SUNION SDIFF".split(), set),
    **dict.fromkeys("HGETALL CONFIG|GET".split(), _pairs),
    **dict.fromkeys("INCRBYFLOAT HINCRBYFLOAT ZSCORE ZINCRBY".split(), _number),
    **dict.fromkeys("MSET RENAME FLUSHDB FLUSHALL LTRIM LSET SETEX PSETEX SELECT".split(), _ok),
    "SCAN": _scan,
    "SET": lambda answer: True if answer == b"OK" else answer,
    "PING": lambda answer: answer in (b"PONG", "PONG"),
}


def words(name, arguments, options):
    """The words of a command that is called as a method."""
    write = _WRITERS.get(name)
    if write is not None:
        return write(*arguments, **options)
    if options:
        raise TypeError(f"{name} takes no named arguments here: give the words of the command in their order")
    return [*name.upper().split("_"), *(word for argument in arguments for word in _flat(argument))]


def _flat(argument):
    if isinstance(argument, dict):
        return [word for pair in argument.items() for word in pair]
    if isinstance(argument, (list, tuple, set, frozenset)):
        return list(argument)
    return [seconds(argument)]


def _set(name, value, ex=None, px=None, nx=False, xx=False, keepttl=False, get=False):
    timing = ["EX", seconds(ex)] if ex is not None else ["PX", milliseconds(px)] if px is not None else []
    flags = [word for word, said in (("NX", nx), ("XX", xx), ("KEEPTTL", keepttl), ("GET", get)) if said]
    return ["SET", name, value, *timing, *flags]


def _hset(name, key=None, value=None, mapping=None):
    given = [] if key is None else [key, value]
    return ["HSET", name, *given, *(_flat(mapping) if mapping else [])]


def _scan_words(cursor=0, match=None, count=None):
    return ["SCAN", cursor, *(["MATCH", match] if match is not None else []), *(["COUNT", count] if count is not None else [])]


_WRITERS = {
    "set": _set,
    "hset": _hset,
    "scan": _scan_words,
    "delete": lambda *names: ["DEL", *names],
    "setex": lambda name, time, value: ["SETEX", name, seconds(time), value],
    "psetex": lambda name, time_ms, value: ["PSETEX", name, milliseconds(time_ms), value],
    "pexpire": lambda name, time: ["PEXPIRE", name, milliseconds(time)],
    "incr": lambda name, amount=1: ["INCRBY", name, amount],
    "decr": lambda name, amount=1: ["DECRBY", name, amount],
    "zadd": lambda name, mapping: ["ZADD", name, *(word for member, score in mapping.items() for word in (score, member))],
    "mget": lambda keys, *more: ["MGET", *_flat(keys), *more],
    "keys": lambda pattern="*": ["KEYS", pattern],
    "lrange": lambda name, start, end: ["LRANGE", name, start, end],
}


def meant(command, answer):
    """What an answer is in Python."""
    names = ("|".join(str(word).upper() for word in command[:2]), str(command[0]).upper())
    shape = next((ANSWERS[name] for name in names if name in ANSWERS), None)
    return answer if shape is None else shape(answer)


class RedisConnection:
    """Raw access to the server of a cache. It holds nothing: each call takes a connection of the cache's own and gives it back."""

    def __init__(self, cache):
        if cache.backend != "redis":
            raise UnsupportedError(f"the store of the alias is not Redis but {cache.backend}")
        self._cache = cache

    def execute_command(self, *command):
        """Sends the words of a command."""
        return meant(command, self._cache._redis(*command))

    def scan_iter(self, match=None, count=None):
        """The names of all keys that match a pattern, a few at a time."""
        cursor = 0
        while True:
            cursor, names = self.scan(cursor, match, count)
            yield from names
            if not cursor:
                return

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)

        def command(*arguments, **options):
            return self.execute_command(*words(name, arguments, options))

        command.__name__ = name
        return command

    def __repr__(self):
        return f"<raw access to {self._cache!r}>"


class AsyncRedisConnection(RedisConnection):
    """The same, and every command is awaited."""

    async def execute_command(self, *command):
        """Sends the words of a command."""
        return meant(command, await self._cache._aredis(*command))

    async def scan_iter(self, match=None, count=None):
        """The names of all keys that match a pattern, a few at a time."""
        cursor = 0
        while True:
            cursor, names = await self.scan(cursor, match, count)
            for name in names:
                yield name
            if not cursor:
                return
