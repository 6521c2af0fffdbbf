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
from keepwarm._handles import DEFAULT_TIMEOUT, Cache, DummyCache, FileCache, MemoryCache, RedisCache
from keepwarm._memoize import memoize
from keepwarm._native import Lock, RateLimit, __version__
from keepwarm.exceptions import CacheError, CacheKeyWarning, InvalidCacheBackendError, InvalidCacheKey

__all__ = [
    "DEFAULT_TIMEOUT",
    "Cache",
    "CacheError",
    "CacheKeyWarning",
    "DummyCache",
    "FileCache",
    "InvalidCacheBackendError",
    "InvalidCacheKey",
    "Lock",
    "MemoryCache",
    "RateLimit",
    "RedisCache",
    "__version__",
    "cache",
    "cached",
    "caches",
    "configure",
    "get_cache",
    "memoize",
]

caches: Aliases[Cache] = Aliases(Cache)
cache: DefaultCache = DefaultCache(caches)


def get_cache(alias: str = "default") -> Cache:
    """The cache of an alias."""
    return caches[alias]
