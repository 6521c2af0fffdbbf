"""`@memoize`: the results of a function, kept in this process as they are."""

import functools
import inspect
import threading
import time
from collections import OrderedDict

from keepwarm._cached import CacheInfo
from keepwarm._calls import Signature

_MISSING = object()


def memoize(max_size=1000, *, timeout=None, maxsize=_MISSING):
    """Keeps the last results of a function in this process: `functools.lru_cache` with a timeout, and with types told apart.

    ```python
    @memoize(max_size=1000, timeout=60)
    def discount(price, percent): ...
    ```

    `max_size` (or `maxsize`): how many results are kept, `None` for all; the one that was used longest ago goes first.
    `timeout`: seconds or a `timedelta`, `None` for ever. Results are handed out as they are: who changes one changes it for
    all. Arguments have to be hashable; `f(1)` and `f(x=1)` are one call, `f(1)`, `f(True)` and `f(1.0)` are three. Threads
    may call it at once, and may then both run the function. `cache_info()` and `cache_clear()` stand beside it. An exception
    is not kept.
    """
    if callable(max_size):
        return memoize()(max_size)
    bound = max_size if maxsize is _MISSING else maxsize
    if bound is not None and (not isinstance(bound, int) or isinstance(bound, bool) or bound < 0):
        raise TypeError(f"max_size is a whole number or None, not {bound!r}")
    lives = timeout.total_seconds() if hasattr(timeout, "total_seconds") else timeout

    def decorate(function):
        if inspect.iscoroutinefunction(function) or inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError("what an `async def` or a generator gives is used up by its first reader: `cached` takes an `async def`")
        memo = _Memo(function, bound, lives)

        @functools.wraps(function)
        def call(*arguments, **options):
            return memo.call(arguments, options)

        call.cache_info = memo.info
        call.cache_clear = memo.clear
        return call

    return decorate


class _Memo:
    """The results of one function."""

    def __init__(self, function, bound, lives):
        self._function = function
        self._bound = bound
        self._lives = lives
        self._signature = Signature(function)
        # Reentrant: what compares arguments, or is collected, may be a caller of the function.
        self._lock = threading.RLock()
        self._results = OrderedDict()
        self._hits = self._misses = self._generation = 0

    def call(self, arguments, options):
        key = _hashed(self._signature.bound(arguments, options))
        with self._lock:
            result, until = self._results.get(key, (None, _MISSING))
            if until is None or (until is not _MISSING and time.monotonic() < until):
                self._hits += 1
                self._results.move_to_end(key)
                return result
            self._misses += 1
            generation = self._generation
        result = self._function(*arguments, **options)
        self._keep(key, result, generation)
        return result

    def _keep(self, key, result, generation):
        until = None if self._lives is None else time.monotonic() + self._lives
        dropped = []
        with self._lock:
            # What was computed before a clear is not kept after it.
            if generation != self._generation:
                return
            self._results[key] = result, until
            self._results.move_to_end(key)
            while self._bound is not None and len(self._results) > self._bound:
                # Taken down after the lock is free: it may be somebody's `__del__`.
                dropped.append(self._results.popitem(last=False))

    def info(self):
        """Hits, misses, the bound and how many results there are."""
        with self._lock:
            return CacheInfo(self._hits, self._misses, self._bound, len(self._results))

    def clear(self):
        """Drops all results and counts."""
        with self._lock:
            self._generation += 1
            self._hits = self._misses = 0
            dropped, self._results = self._results, OrderedDict()
        del dropped


def _hashed(bound):
    """The key of a call in a dict: types count, at every depth."""
    parts = []
    for name, value in bound.items():
        try:
            part = _typed(value)
            hash(part)
        except TypeError as error:
            raise TypeError(f"argument `{name}` cannot be part of a key: {error}") from error
        parts.append(part)
    return tuple(parts)


def _typed(value):
    kind = type(value)
    if kind is tuple:
        return (kind, *map(_typed, value))
    if kind is frozenset:
        return (kind, frozenset(map(_typed, value)))
    if kind is dict:
        # That of `**options`; dicts that are arguments are as good as their content.
        return (kind, frozenset((_typed(name), _typed(inner)) for name, inner in value.items()))
    if kind is float:
        # 0.0 and -0.0 are equal, and not the same.
        return (kind, value.hex())
    return (kind, value)
