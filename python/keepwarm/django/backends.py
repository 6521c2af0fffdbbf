"""Django's backends over the native core: its signatures, its constructor, its attributes; sync and async natively.

An object is cheap and owns nothing: Django makes one for each thread and request context, and those with the same settings share
one store.
"""

import time

from django.conf import settings
from django.core.cache.backends.base import DEFAULT_TIMEOUT, default_key_func
from django.core.cache.backends.base import BaseCache as DjangosBaseCache
from django.core.exceptions import ImproperlyConfigured

from keepwarm._at_hand import aget
from keepwarm._custom import FourMethods
from keepwarm._native import Core, CustomStore, use_default_timeout
from keepwarm._opening import Opening, beside, flattened
from keepwarm.django._compatible import ReadsDjangoPickles
from keepwarm.django._derived import honour_overrides

use_default_timeout(DEFAULT_TIMEOUT)

# What `BaseCache` reads itself, or what says nothing of the store.
READ_BY_DJANGO = ("timeout", "key_prefix", "version", "key_function", "backend", "location")


class KeepwarmCache(Opening, Core, DjangosBaseCache):
    """What all of Django's backends here have in common."""

    _plain_key_func = staticmethod(default_key_func)
    _keys_from = DjangosBaseCache

    def __init__(self, location, params):
        DjangosBaseCache.__init__(self, params)
        # Django cuts a fraction off, and puts 300 in the place of what it cannot read.
        self.default_timeout = params.get("timeout", params.get("TIMEOUT", 300))
        options = {name: value for name, value in flattened(params).items() if name not in READ_BY_DJANGO}
        if location:
            options["location"] = location
        self._opened_on(location, options)

    def _opened_on(self, location, options):
        self._begin(f"{self.kind}:{location}", options)

    def _signing_keys(self):
        try:
            return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
        except ImproperlyConfigured:
            # Without one nothing is pickled to a store that others can write to; a store in this process needs none.
            return []

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        # The methods of a store of one's own are no verbs.
        if not issubclass(cls, FourMethods):
            honour_overrides(cls)

    def __contains__(self, key):
        return self.has_key(key)

    def _seconds_left(self, backend_timeout):
        """What `get_backend_timeout` says, as the timeout of a verb."""
        return None if backend_timeout is None else backend_timeout - time.time()

    def close(self, **kwargs):
        """Nothing: Django calls this after every request, and connections are kept for the next one."""

    async def aclose(self, **kwargs):
        """As `close`."""


class Bounded:
    """Mixed in before a cache with a number of entries: it may be changed later, as Django's may."""

    _BOUNDS = {"_max_entries": "max_entries", "_cull_frequency": "cull_frequency"}

    def _changed(self, name, value):
        if name in self._BOUNDS:
            alias, options = self.__dict__["_alias"]
            # Django's count of a store that is to be emptied at each write is below zero.
            value = max(1 if name == "_max_entries" else 0, int(value))
            self.__dict__["_alias"] = alias, {**options, self._BOUNDS[name]: value}
            if self.kind == "memory":
                self.__dict__["_pinned"] = self.__dict__["_settings"]["location"]


class MemoryCache(Bounded, KeepwarmCache):
    """Objects in this process; the same `LOCATION` is the same store, in which each alias keeps to its own `MAX_ENTRIES`.
    Django's `LocMemCache`."""

    kind = "memory"
    aget = aget

    def clear(self, **options):
        """Removes every entry under this object's key prefix; without a `LOCATION`, also where other aliases without one are."""
        Core.clear(self, **options)
        for other in beside(self):
            other.clear(**options)

    def aclear(self, **options):
        """As `clear`."""
        for other in beside(self):
            other.clear(**options)
        return Core.aclear(self, **options)


class FileCache(Bounded, KeepwarmCache):
    """A directory shared by all processes of a machine. Django's `FileBasedCache`."""

    kind = "file"


_reading: dict[type, type] = {}


def reading_django_pickles(cls):
    """A class of a cache on Redis, with that; the same each time."""
    if cls not in _reading:
        _reading[cls] = type(cls.__name__, (ReadsDjangoPickles, cls), {"__module__": cls.__module__})
    return _reading[cls]


class RedisCache(KeepwarmCache):
    """Redis or Valkey. Django's `RedisCache`, and django-redis' `RedisCache`."""

    kind = "redis"

    def __new__(cls, location="", params=None):
        """One that reads what Django pickled, where the option `read_django_pickles` says so."""
        if flattened(params or {}).get("read_django_pickles"):
            cls = reading_django_pickles(cls)
        return super().__new__(cls)

    def _opened_on(self, location, options):
        options.pop("read_django_pickles", None)
        super()._opened_on(location, options)

    def get_backend_timeout(self, timeout=DEFAULT_TIMEOUT):
        """How many seconds an entry lives, as Django's `RedisCache` has it; on the other backends, until when."""
        timeout = self.default_timeout if timeout is DEFAULT_TIMEOUT else timeout
        return None if timeout is None else max(0, int(timeout))

    def _seconds_left(self, backend_timeout):
        return backend_timeout


class DummyCache(KeepwarmCache):
    """Keeps nothing; keys are checked all the same. Django's `DummyCache`."""

    kind = "dummy"

    def __init__(self, location="", params=None):
        super().__init__("", params or {})


class BaseCache(FourMethods, KeepwarmCache):
    """Base of a store of one's own: a subclass has `get`, `set`, `delete` and `clear`, and gets everything else.

    They keep bytes under stored keys; `keepwarm._custom` says more. Its objects of the same `LOCATION` and options share the
    store of the first of them.
    """

    kind = "custom"
    _shared_stores: dict[tuple[object, ...], CustomStore] = {}

    def _opened_on(self, location, options):
        # A location means something to the subclass, and nothing to what lies around it.
        options.pop("location", None)
        options = {name: value for name, value in options.items() if name not in ("max_entries", "cull_frequency")}
        super()._opened_on(location, options)
