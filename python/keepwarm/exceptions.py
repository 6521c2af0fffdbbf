"""What goes wrong, with the classes that Django's and plain Python's callers catch.

A miss, a refused write and an undecodable value are answers and raise nothing.
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING

__all__ = [
    "CacheConfigurationWarning",
    "CacheError",
    "CacheKeyWarning",
    "ConfigurationError",
    "ConnectionError",
    "CounterOverflow",
    "DeadlockError",
    "InvalidCacheBackendError",
    "InvalidCacheKey",
    "InvalidTimeout",
    "KeyNotFound",
    "LockLost",
    "ModelInstanceWarning",
    "NotAnInteger",
    "SerializationError",
    "TimeoutError",
    "UnsupportedError",
]

if TYPE_CHECKING:
    # Whether there is a Django is nothing that a type could say.
    class _ImproperlyConfigured(Exception): ...
else:
    try:
        from django.core.exceptions import ImproperlyConfigured as _ImproperlyConfigured
    except ImportError:

        class _ImproperlyConfigured(Exception):
            """Django's name for settings that do not fit together, where there is no Django."""


class CacheError(Exception):
    """Any failure of a cache. `verb`, `backend` and `key` say of what, where that is known."""

    verb: str | None = None
    backend: str | None = None
    key: str | None = None


class ConfigurationError(CacheError, _ImproperlyConfigured):
    """The settings do not fit together, or name what is not known."""


class InvalidCacheBackendError(ConfigurationError):
    """There is no such backend, or no such alias."""


class InvalidCacheKey(CacheError, ValueError):
    """The backend does not take such keys."""


class InvalidTimeout(CacheError, ValueError):
    """The timeout is not a number."""


class KeyNotFound(CacheError, ValueError):
    """The verb needs a live entry, and there is none."""


class NotAnInteger(CacheError, ValueError, TypeError):
    """A counter verb met a value that is no integer. The value is untouched."""


class CounterOverflow(CacheError, ValueError, OverflowError):
    """A counter would leave the range of 64 bits. It is untouched."""


class SerializationError(CacheError, TypeError):
    """The value has no form that the store may keep. What was stored before is untouched."""


class UnsupportedError(CacheError, NotImplementedError):
    """The backend cannot do this."""


class ConnectionError(CacheError, builtins.ConnectionError):
    """The store cannot be reached, or the connection broke."""


class TimeoutError(CacheError, builtins.TimeoutError):
    """The store did not answer in time, or a lock was not free in time."""


class LockLost(CacheError):
    """The lock is no longer held by this owner."""


class DeadlockError(CacheError, RuntimeError):
    """A loader asked for a key whose computation waits for its own."""


class CacheKeyWarning(RuntimeWarning):
    """A key that not every backend would take."""


class ModelInstanceWarning(UserWarning):
    """An instance of a model is cached whole; see `model_policy`."""


class CacheConfigurationWarning(RuntimeWarning):
    """Settings that work, and say something that has no effect."""
