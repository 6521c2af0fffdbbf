"""Django's backends over the native core: its signatures, its constructor, its attributes; sync and async natively.

An object is cheap and owns nothing: Django makes one for each thread and request context, and those with the same settings share
one store.
"""

from django.conf import settings
from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache, default_key_func
from django.core.exceptions import ImproperlyConfigured

from keepwarm._at_hand import aget
from keepwarm._native import Core, use_default_timeout
from keepwarm._opening import Opening, flattened
from keepwarm.django._derived import honour_overrides

use_default_timeout(DEFAULT_TIMEOUT)

# What `BaseCache` reads itself, or what says nothing of the store.
READ_BY_DJANGO = ("timeout", "key_prefix", "version", "key_function", "backend", "location")


class KeepwarmCache(Opening, Core, BaseCache):
    """What all of Django's backends here have in common."""

    _plain_key_func = staticmethod(default_key_func)
    _keys_from = BaseCache

    def __init__(self, location, params):
        BaseCache.__init__(self, params)
        # Django cuts a fraction off, and puts 300 in the place of what it cannot read.
        self.default_timeout = params.get("timeout", params.get("TIMEOUT", 300))
        options = {name: value for name, value in flattened(params).items() if name not in READ_BY_DJANGO}
        if location:
            options["location"] = location
        self._begin(f"{self.kind}:{location}", options)

    def _signing_keys(self):
        try:
            return [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
        except ImproperlyConfigured:
            # Without one nothing is pickled to a store that others can write to; a store in this process needs none.
            return []

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        honour_overrides(cls)

    def __contains__(self, key):
        return self.has_key(key)

    def close(self, **kwargs):
        """Nothing: Django calls this after every request, and connections are kept for the next one."""

    async def aclose(self, **kwargs):
        """As `close`."""


class MemoryCache(KeepwarmCache):
    """Objects in this process; the same `LOCATION` is the same store. Django's `LocMemCache`."""

    kind = "memory"
    aget = aget

    def clear(self, **options):
        """Removes every entry under this object's key prefix; also where the store has that name with other bounds."""
        Core.clear(self, **options)
        for other in self._beside():
            other.clear(**options)

    def aclear(self, **options):
        """As `clear`."""
        for other in self._beside():
            other.clear(**options)
        return Core.aclear(self, **options)


class FileCache(KeepwarmCache):
    """A directory shared by all processes of a machine. Django's `FileBasedCache`."""

    kind = "file"


class RedisCache(KeepwarmCache):
    """Redis or Valkey. Django's `RedisCache`, and django-redis' `RedisCache`."""

    kind = "redis"


class DummyCache(KeepwarmCache):
    """Keeps nothing; keys are checked all the same. Django's `DummyCache`."""

    kind = "dummy"

    def __init__(self, location="", params=None):
        super().__init__("", params or {})
