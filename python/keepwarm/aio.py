"""The async face under a short name; see `keepwarm.core.cache`."""

from keepwarm.core.cache import (
    DEFAULT_TIMEOUT,
    AsyncCache,
    BaseCache,
    DummyCache,
    FileCache,
    MemoryCache,
    RedisCache,
    cache,
    cached,
    caches,
    get_cache,
    get_redis_connection,
)

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
