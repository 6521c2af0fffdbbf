"""The async face: the same caches, and every verb is awaited.

```python
from keepwarm.core.cache import cache

await cache.set("my_key", "my_value", timeout=60)
value = await cache.get("my_key")
```
"""

from keepwarm import _handles
from keepwarm._aliases import Aliases, AsyncDefaultCache
from keepwarm._cached import cached
from keepwarm._handles import DEFAULT_TIMEOUT, AsyncFace
from keepwarm._redis import AsyncRedisConnection

__all__ = [
    "DEFAULT_TIMEOUT",
    "AsyncCache",
    "BaseCache",
    "DummyCache",
    "FileCache",
    "MemoryCache",
    "RedisCache",
    "cache",
    "cached",
    "caches",
    "get_cache",
    "get_redis_connection",
]


class AsyncCache(AsyncFace, _handles.Cache):
    """A cache whose verbs are awaited."""


class MemoryCache(AsyncFace, _handles.MemoryCache):
    """Objects in this process."""


class FileCache(AsyncFace, _handles.FileCache):
    """A directory, shared by all processes of a machine."""


class RedisCache(AsyncFace, _handles.RedisCache):
    """Redis or Valkey."""


class DummyCache(AsyncFace, _handles.DummyCache):
    """Keeps nothing."""


class BaseCache(AsyncFace, _handles.BaseCache):
    """Base of a store of one's own: a subclass has `get`, `set`, `delete` and `clear`, and gets everything else, awaited.

    They keep bytes under stored keys; `keepwarm._custom` says more. Each object is a store.
    """

    _awaited = True


caches = Aliases(AsyncCache)
cache = AsyncDefaultCache(caches)


def get_cache(alias="default"):
    """The cache of an alias."""
    return caches[alias]


def get_redis_connection(alias="default"):
    """Raw access to the Redis of an alias, whose commands are awaited."""
    return AsyncRedisConnection(caches[alias])
