"""Django's cache API for Python, on the Rust library keepwarm: sync here, awaited in `keepwarm.aio`, Django's in `keepwarm.django`.

```python
from keepwarm import cache

cache.set("greeting", "hello", timeout=60)
user = cache.get_or_set("user:7", load_user, timeout=300, tags=["users"])
```
"""

from __future__ import annotations

from keepwarm._aliases import Aliases, DefaultCache, configure
from keepwarm._cached import cached
from keepwarm._handles import DEFAULT_TIMEOUT, BaseCache, Cache, DummyCache, FileCache, MemoryCache, RedisCache
from keepwarm._memoize import memoize
from keepwarm._native import Lock, RateLimit, __version__
from keepwarm._redis import RedisConnection
from keepwarm.exceptions import CacheError, CacheKeyWarning, InvalidCacheBackendError, InvalidCacheKey, ModelInstanceWarning
from keepwarm.keys import make_hashed_key

__all__ = [
    "DEFAULT_TIMEOUT",
    "BaseCache",
    "Cache",
    "CacheError",
    "CacheKeyWarning",
    "DummyCache",
    "FileCache",
    "InvalidCacheBackendError",
    "InvalidCacheKey",
    "Lock",
    "MemoryCache",
    "ModelInstanceWarning",
    "RateLimit",
    "RedisCache",
    "__version__",
    "cache",
    "cached",
    "caches",
    "configure",
    "get_cache",
    "get_redis_connection",
    "make_hashed_key",
    "memoize",
]

caches: Aliases[Cache] = Aliases(Cache)
cache: DefaultCache = DefaultCache(caches)


def get_cache(alias: str = "default") -> Cache:
    """The cache of an alias."""
    return caches[alias]


def get_redis_connection(alias: str = "default") -> RedisConnection:
    """Raw access to the Redis of an alias, in the words of redis-py."""
    return RedisConnection(caches[alias])
