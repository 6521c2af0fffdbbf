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

__all__ = [
    "DEFAULT_TIMEOUT",
    "AsyncCache",
    "DummyCache",
    "FileCache",
    "MemoryCache",
    "RedisCache",
    "cache",
    "cached",
    "caches",
    "get_cache",
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


caches = Aliases(AsyncCache)
cache = AsyncDefaultCache(caches)


def get_cache(alias="default"):
    """The cache of an alias."""
    return caches[alias]
