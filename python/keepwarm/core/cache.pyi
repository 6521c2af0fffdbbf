"""The async face: the same caches, and every verb is awaited."""

from collections.abc import Callable
from typing import Any

from keepwarm._aliases import Aliases, AsyncDefaultCache
from keepwarm._cached import cached
from keepwarm._handles import DEFAULT_TIMEOUT, AsyncFace
from keepwarm._redis import AsyncRedisConnection
from keepwarm._types import Timeout, Version

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

class AsyncCache(AsyncFace):
    kind: str
    key_prefix: str
    version: int | str
    default_timeout: Timeout
    key_func: Callable[[Any, str, Any], str]
    def __init__(
        self,
        *,
        name: str = "default",
        timeout: Timeout = 300,
        key_prefix: str = "",
        version: int | str = 1,
        key_function: Callable[[Any, str, Any], str] | None = None,
        **options: Any,
    ) -> None: ...
    def make_key(self, key: object, version: Version = None) -> str: ...
    def validate_key(self, key: str) -> None: ...
    def make_and_validate_key(self, key: object, version: Version = None) -> str: ...

class MemoryCache(AsyncCache): ...
class FileCache(AsyncCache): ...
class RedisCache(AsyncCache): ...
class DummyCache(AsyncCache): ...

class BaseCache(AsyncCache):
    # A subclass writes the methods of its store as `get`, `set`, `delete` and `clear`; of an object these are the cache's verbs.
    def __init__(self, *, timeout: Timeout = None, **options: Any) -> None: ...

caches: Aliases[AsyncCache]
cache: AsyncDefaultCache

def get_cache(alias: str = "default") -> AsyncCache: ...
def get_redis_connection(alias: str = "default") -> AsyncRedisConnection: ...
