"""The async face under a short name; see `keepwarm.core.cache`."""

from keepwarm.core.cache import (
    DEFAULT_TIMEOUT,
    AsyncCache,
    DummyCache,
    FileCache,
    MemoryCache,
    RedisCache,
    cache,
    cached,
    caches,
    get_cache,
)

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
