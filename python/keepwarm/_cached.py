"""`@cached`: the results of a function, kept in a cache."""

import functools
import inspect
import threading
from asyncio import coroutines
from typing import NamedTuple

import keepwarm
from keepwarm._aliases import DefaultCache
from keepwarm._calls import Signature, path_in_keys
from keepwarm._handles import DEFAULT_TIMEOUT, AsyncFace
from keepwarm._native import Core


class CacheInfo(NamedTuple):
    """How the calls of a function went in this process; the bounds are those of the cache."""

    hits: int
    misses: int
    maxsize: int | None = None
    currsize: int | None = None


def cached(timeout=DEFAULT_TIMEOUT, *, key=None, key_func=None, tags=None, cache=None, alias=None, version=None):
    """Keeps the results of a function, an `async def` or a method: equal arguments do not run it again.

    ```python
    @cached(timeout=3600, tags=["users"])
    def load_user(user_id): ...

    load_user(7)
    load_user.invalidate(7)
    ```

    - `timeout`: seconds or a `timedelta`; `None` for ever; left out, the cache's own.
    - `key`: a template, filled with the arguments: `"user:{user_id}"`, `"report:{self.id}"`.
    - `key_func`: called with the arguments as the caller gave them; what it gives is the key.
    - `tags`: names, or templates as `key` is; or a function of the arguments that gives names.
    - `cache`, `alias`: a cache, of any face, or the alias of one; `default` where none is given.
    - `version`: that of the keys.

    Without `key` and `key_func`, the key is the function's path and its arguments by type and value: `1`, `"1"`, `True` and
    `1.0` are four. An argument that has no stable form raises `InvalidCacheKey` and names it; a class may say what its
    instances are by `__cache_key__`, an attribute or a method. Of `self` only the class and its `__cache_key__` count: a
    method whose result depends on more needs one, or a `key`.

    `None` is kept, an exception is not. Of all callers who miss one key at once, one runs the function. Beside the function
    stand, to be awaited where it is: `invalidate(*args)`, `refresh(*args)`, `cache_clear()`, which drops the results of all
    arguments; and, never awaited: `cache_key(*args)`, `cache_info()`, which counts the calls in this process.
    """
    if callable(timeout) and not hasattr(timeout, "total_seconds"):
        return cached()(timeout)
    if key is not None and key_func is not None:
        raise TypeError("`key` and `key_func` are two ways of saying the same: give one")
    if cache is not None and alias is not None:
        raise TypeError("`cache` and `alias` are two ways of saying the same: give one")
    options = {"timeout": timeout, "version": version}
    chosen = cache if cache is not None else alias or "default"

    def decorate(function):
        if isinstance(function, (staticmethod, classmethod)):
            raise TypeError(f"write `@{type(function).__name__}` above `@cached`")
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError("a generator is used up by its first reader and cannot be cached: return a list")
        kind = AsyncCachedFunction if inspect.iscoroutinefunction(function) else CachedFunction
        return kind(function, chosen, key, key_func, tags, options)

    return decorate


class CachedFunction:
    """A function whose results are kept."""

    _awaited = False

    def __init__(self, function, cache, key, key_func, tags, options):
        functools.update_wrapper(self, function)
        self._function = function
        self._cache = cache
        self._key = key
        self._key_func = key_func
        self._tags = tags
        self._options = options
        self._path = path_in_keys(function)
        self._signature = Signature(function)
        # On every entry, so that all of them can be dropped together, also those of other processes.
        self._own_tag = f"cached:{self._path}"
        self._lock = threading.RLock()
        self._calls = self._runs = 0

    def __set_name__(self, owner, name):
        self._signature.is_method = True

    def __get__(self, instance, owner=None):
        return self if instance is None else BoundCachedFunction(self, instance)

    def __repr__(self):
        return f"<cached {self._function!r}>"

    def __call__(self, *arguments, **options):
        with self._lock:
            self._calls += 1
        return self._fetch("get_or_set", arguments, options)

    def cache_key(self, /, *arguments, **options):
        """The key of a call, as it is given to the cache."""
        if self._key_func is not None:
            return self._key_func(*arguments, **options)
        if self._key is not None:
            return self._key.format_map(self._signature.bound(arguments, options))
        return self._signature.key(self._path, arguments, options)

    def invalidate(self, /, *arguments, **options):
        """Drops the result of a call: whether there was one."""
        return self._verb("delete")(self.cache_key(*arguments, **options), self._options["version"])

    def refresh(self, /, *arguments, **options):
        """Runs the function and swaps its result in; readers have the old one until then."""
        return self._fetch("refresh", arguments, options)

    def cache_clear(self):
        """Drops the results of all arguments, in every process, and forgets the counts of this one."""
        with self._lock:
            self._calls = self._runs = 0
        return self._verb("invalidate_tag")(self._own_tag)

    def cache_info(self):
        """How many calls were answered from the cache, and how often the function ran."""
        with self._lock:
            return CacheInfo(max(0, self._calls - self._runs), self._runs)

    def _fetch(self, verb, arguments, options):
        key = self.cache_key(*arguments, **options)

        def load():
            with self._lock:
                self._runs += 1
            return self._function(*arguments, **options)

        return self._verb(verb)(key, load, **self._options, tags=self._tags_of(arguments, options))

    def _tags_of(self, arguments, options):
        tags = self._tags
        if tags is None:
            return (self._own_tag,)
        if callable(tags):
            return (self._own_tag, *tags(*arguments, **options))
        if isinstance(tags, str):
            raise TypeError("tags are a list or another iterable of names, not one text")
        bound = None
        filled = [self._own_tag]
        for tag in tags:
            if isinstance(tag, str) and "{" in tag:
                bound = self._signature.bound(arguments, options) if bound is None else bound
                tag = tag.format_map(bound)
            filled.append(tag)
        return filled

    def _verb(self, name):
        """A verb of the cache in the face that the function has, whichever the given object has."""
        cache = self._cache
        if isinstance(cache, str):
            cache = keepwarm.caches[cache]
        elif isinstance(cache, DefaultCache):
            cache = cache()
        # A namespace of an awaited cache stands before one that has both.
        cache = getattr(cache, "_namespace", cache)
        if self._awaited:
            return getattr(cache, f"a{name}")
        if isinstance(cache, AsyncFace):
            return getattr(Core, name).__get__(cache)
        return getattr(cache, name)


class AsyncCachedFunction(CachedFunction):
    """An `async def` whose results are kept."""

    _awaited = True
    # What `asyncio.iscoroutinefunction`, and `inspect`'s from Python 3.12 on, go by.
    _is_coroutine = getattr(coroutines, "_is_coroutine", None)
    _is_coroutine_mark = getattr(inspect, "_is_coroutine_mark", None)

    async def __call__(self, *arguments, **options):
        return await super().__call__(*arguments, **options)

    async def invalidate(self, /, *arguments, **options):
        """Drops the result of a call: whether there was one."""
        return await super().invalidate(*arguments, **options)

    async def refresh(self, /, *arguments, **options):
        """Runs the function and swaps its result in; readers have the old one until then."""
        return await super().refresh(*arguments, **options)

    async def cache_clear(self):
        """Drops the results of all arguments, in every process, and forgets the counts of this one."""
        await super().cache_clear()


class BoundCachedFunction:
    """A cached method of an object: each of its functions has the object as its first argument."""

    def __init__(self, function, instance):
        self.__func__ = function
        self.__self__ = instance
        if function._awaited:
            self._is_coroutine = function._is_coroutine
            self._is_coroutine_mark = function._is_coroutine_mark

    def __getattr__(self, name):
        if name == "__wrapped__":
            return self.__func__._function.__get__(self.__self__)
        return getattr(self.__func__, name)

    def __repr__(self):
        return f"<cached {self.__wrapped__!r}>"

    def __call__(self, *arguments, **options):
        return self.__func__(self.__self__, *arguments, **options)

    def cache_key(self, /, *arguments, **options):
        """The key of a call, as it is given to the cache."""
        return self.__func__.cache_key(self.__self__, *arguments, **options)

    def invalidate(self, /, *arguments, **options):
        """Drops the result of a call: whether there was one."""
        return self.__func__.invalidate(self.__self__, *arguments, **options)

    def refresh(self, /, *arguments, **options):
        """Runs the method and swaps its result in; readers have the old one until then."""
        return self.__func__.refresh(self.__self__, *arguments, **options)

    def cache_clear(self):
        """Drops the results of all arguments, of all objects, in every process, and forgets the counts of this one."""
        return self.__func__.cache_clear()

    def cache_info(self):
        """How many calls were answered from the cache, and how often the method ran; of all objects."""
        return self.__func__.cache_info()
