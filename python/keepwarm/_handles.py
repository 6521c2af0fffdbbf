"""The caches of plain Python: one class for each kind of store, sync here and awaited in `keepwarm.core.cache`."""

import re
import warnings

from keepwarm._at_hand import aget
from keepwarm._custom import FourMethods
from keepwarm._native import Core, use_default_timeout
from keepwarm._opening import Opening
from keepwarm.exceptions import CacheKeyWarning


class _DefaultTimeout:
    def __repr__(self):
        return "DEFAULT_TIMEOUT"


#: Passed as a timeout: the one of the alias.
DEFAULT_TIMEOUT = _DefaultTimeout()
use_default_timeout(DEFAULT_TIMEOUT)

_UNPORTABLE = re.compile(r"[\x00-\x20\x7f]")

#: The longest stored key that Memcached takes.
LONGEST_KEY = 250


def default_key_func(key, key_prefix, version):
    """The stored key of a name: `prefix:version:name`, as Django writes it."""
    return f"{key_prefix}:{version}:{key}"


def key_warnings(key):
    """What Memcached would have against a stored key, in Django's words."""
    if len(key) > LONGEST_KEY:
        yield f"Cache key will cause errors if used with memcached: {key!r} (longer than {LONGEST_KEY})"
    if _UNPORTABLE.search(key):
        yield f"Cache key contains characters that will cause errors if used with memcached: {key!r}"


class Cache(Opening, Core):
    """A cache for plain Python. `options` are those of the backend, in any case, as settings have them."""

    kind = "memory"
    _own_store = True
    _plain_key_func = staticmethod(default_key_func)

    def __init__(self, *, name="default", timeout=300, key_prefix="", version=1, key_function=None, **options):
        self.key_prefix = key_prefix
        self.version = version
        self.default_timeout = timeout
        self.key_func = key_function or default_key_func
        self._begin(name, {option.lower(): value for option, value in options.items()})

    def make_key(self, key, version=None):
        """The stored key of a name."""
        return self.key_func(key, self.key_prefix, self.version if version is None else version)

    def validate_key(self, key):
        """Warns of a key that not every backend would take."""
        for message in key_warnings(key):
            warnings.warn(message, CacheKeyWarning, stacklevel=4)

    def make_and_validate_key(self, key, version=None):
        """The stored key of a name, looked at."""
        made = self.make_key(key, version)
        self.validate_key(made)
        return made

    def __contains__(self, key):
        return self.has_key(key)


Cache._keys_from = Cache


class MemoryCache(Cache):
    """Objects in this process."""


class FileCache(Cache):
    """A directory, shared by all processes of a machine."""

    kind = "file"


class RedisCache(Cache):
    """Redis or Valkey."""

    kind = "redis"


class DummyCache(Cache):
    """Keeps nothing."""

    kind = "dummy"


class BaseCache(FourMethods, Cache):
    """Base of a store of one's own: a subclass has `get`, `set`, `delete` and `clear`, and gets everything else.

    They keep bytes under stored keys; `keepwarm._custom` says more. Each object is a store.
    """

    kind = "custom"

    def __init__(self, *, timeout=None, **options):
        super().__init__(timeout=timeout, **options)


#: The verbs with a twin that is awaited.
VERBS = (
    "get has_key ttl set add replace delete touch once get_many set_many delete_many get_or_set get_or_set_many refresh "
    "incr decr incr_version decr_version rate_limit clear invalidate invalidate_tag invalidate_tags keys delete_pattern "
    "stats explain close"
).split()


class AsyncFace:
    """Mixed in before a cache: its verbs are awaited. One that is ready at once never meets the event loop."""

    def __contains__(self, key):
        raise TypeError("`in` cannot be awaited: use `await cache.has_key(key)`")

    def namespace(self, name):
        """A part of the key space, with verbs that are awaited as well."""
        return AsyncNamespace(Core.namespace(self, name))


for _verb in VERBS:
    # The native method itself: a call goes through nothing of Python's.
    setattr(AsyncFace, _verb, getattr(Core, f"a{_verb}"))
AsyncFace.get = aget

# FastDjango's callers may test what `set` answers, which is None in Django.
AsyncFace.set = Core._aset_told


class AsyncNamespace:
    """A namespace of an awaited cache."""

    def __init__(self, namespace):
        self._namespace = namespace

    def __getattr__(self, name):
        return getattr(self._namespace, f"a{name}" if name in VERBS else name)

    def namespace(self, name):
        """A namespace inside this one."""
        return AsyncNamespace(self._namespace.namespace(name))
