"""What `django.core.cache.backends.base` has, for programs without Django: only the root of the import changes.

`BaseCache` is the base of a store of one's own in four methods; see `keepwarm._custom` for what they are given.
"""

from collections.abc import Callable
from typing import Any

from keepwarm._aliases import imported
from keepwarm._handles import DEFAULT_TIMEOUT, LONGEST_KEY, BaseCache, default_key_func, key_warnings
from keepwarm.exceptions import CacheKeyWarning, InvalidCacheBackendError, InvalidCacheKey

__all__ = [
    "DEFAULT_TIMEOUT",
    "MEMCACHE_MAX_KEY_LENGTH",
    "BaseCache",
    "CacheKeyWarning",
    "InvalidCacheBackendError",
    "InvalidCacheKey",
    "default_key_func",
    "get_key_func",
    "memcache_key_warnings",
]

MEMCACHE_MAX_KEY_LENGTH: int = LONGEST_KEY
memcache_key_warnings = key_warnings


def get_key_func(key_func: Callable[[Any, str, Any], str] | str | None) -> Callable[[Any, str, Any], str]:
    """A key function, given as one or by its dotted path; without one, the default."""
    if key_func is None:
        return default_key_func
    if isinstance(key_func, str):
        found: Callable[[Any, str, Any], str] = imported(key_func)
        return found
    return key_func
