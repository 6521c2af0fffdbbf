"""Classes of ours in the place of Django's, and which of its tests cannot mean them.

Django's tests name its own classes in their settings. A class of ours is put under that name before they are imported, so that
they run unedited.
"""

import asyncio
import importlib
import importlib.util
import sys
import types
from concurrent.futures import ThreadPoolExecutor

from keepwarm.django import FileCache, MemoryCache, RedisCache

#: What is stood in for: Django's class, and ours.
PLACES = {
    "memory": ("django.core.cache.backends.locmem.LocMemCache", MemoryCache),
    "file": ("django.core.cache.backends.filebased.FileBasedCache", FileCache),
    "redis": ("django.core.cache.backends.redis.RedisCache", RedisCache),
}

#: Attributes that the tests themselves assign, of Django's own insides; ours have no such thing.
INSIDES = {"_cache": None, "_expire_info": None}

#: Newer Djangos ask methods for the function behind them, to see whether an a-twin is its own; ours are native, and their own.
NATIVE = {
    f"test_{verb}_async_uses_specialized_implementation": "asks a method for `__func__`, which no native one has"
    for verb in ("delete_many", "get_many", "get_or_set", "has_key", "incr", "incr_version", "set_many")
}

#: The verbs with a twin that is awaited.
VERBS = (
    "add get set touch delete get_many get_or_set has_key incr decr set_many delete_many clear incr_version decr_version close"
).split()

#: Tests that look into Django's own insides, and cannot mean another class; and those whose answer differs on purpose.
PRIVATE = {
    "memory": {
        "test_incr_decr_timeout": "reads `_expire_info`, a dict inside LocMemCache",
        "test_caches_set_with_timeout_as_none_set_non_expiring_key": "reads `_expire_info`, a dict inside LocMemCache",
        "test_caches_with_unset_timeout_set_expiring_key": "reads `_expire_info`, a dict inside LocMemCache",
        "test_locking_on_pickle": "reads `_lock`, the lock inside LocMemCache",
    },
    "file": {
        "test_cache_dir_permissions": "expects the modes of the directories that FileBasedCache makes",
        "test_get_ignores_enoent": "calls `_key_to_file` of FileBasedCache",
        "test_get_does_not_ignore_non_filenotfound_exceptions": "expects that a read calls `open`",
        "test_empty_cache_file_considered_expired": "calls `_key_to_file` and `_is_expired` of FileBasedCache",
        "test_has_key_race_handling": "expects that a look calls `open` once",
        "test_touch": "moves the clock of FileBasedCache's own module",
    },
    "redis": {
        "test_incr_write_connection": "replaces a method of RedisCacheClient, Django's own client",
        "test_cache_client_class": "expects RedisCacheClient, Django's own client",
        "test_get_connection_pool_index": "calls `_get_connection_pool_index` of RedisCacheClient",
        "test_get_connection_pool": "expects a pool of redis-py's",
        "test_get_client": "expects a client of redis-py's",
        "test_serializer_dumps": "calls the serializer of RedisCacheClient",
        "test_client_driver_info": "reads the options of a pool of redis-py's",
        "test_redis_pool_options": "reads the options of a pool of redis-py's",
    },
}


def twin(verb):
    """A sync method that answers through the one that is awaited: without a loop where it is ready at once, as it is in memory but
    for computations."""

    def through_the_twin(self, *arguments, **options):
        async def awaited():
            return await getattr(self, f"a{verb}")(*arguments, **options)

        # What needs a loop is called again, with one: nothing was begun, and only an iterator has been used up.
        arguments = [list(argument) if hasattr(argument, "__next__") else argument for argument in arguments]
        coroutine = awaited()
        # Some tests call it inside of a loop, which cannot be waited for here: nothing may be begun on it.
        running = asyncio._get_running_loop()
        asyncio._set_running_loop(None)
        try:
            coroutine.send(None)
        except StopIteration as ready:
            return ready.value
        except RuntimeError as error:
            if "no running event loop" not in str(error):
                raise
        finally:
            asyncio._set_running_loop(running)
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, awaited()).result()

    through_the_twin.__name__ = verb
    return through_the_twin


def stand_in(kind, face):
    """Puts our class of this kind in the place of Django's."""
    place, ours = PLACES[kind]
    module_name, name = place.rsplit(".", 1)
    if kind == "redis" and importlib.util.find_spec("redis") is None:
        # What counting on a text raises there; nothing else of the client library is asked for.
        sys.modules["redis"] = types.ModuleType("redis")
        sys.modules["redis"].ResponseError = TypeError
    substitute = type(name, (ours,), {"__module__": module_name, **INSIDES})
    if face == "async":
        # These are not overridden verbs, from which others are to be derived: the sync ones come of those that are awaited.
        substitute.__init_subclass__ = classmethod(lambda cls, **options: None)
        for verb in VERBS:
            setattr(substitute, verb, twin(verb))
    setattr(importlib.import_module(module_name), name, substitute)
