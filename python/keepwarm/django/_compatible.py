"""`read_django_pickles`: values that Django's or django-redis' `RedisCache` left on the server are read, while a program moves over.

Both write a plain integer as such, which needs nothing of this, and anything else as an unsigned pickle under the same key. Such
an entry is a miss here, because whoever can write to the server could have code run by it. With this option it is unpickled:
for as long as those entries live, and where the server is trusted. What is written is written as ever, which theirs do not read but
for integers; `set`, `delete` and `clear` take the place of what lies there, `add` leaves it, and `touch` and versions that are moved
know only what is ours.
"""

import pickle

from django.core.cache.backends.base import DEFAULT_TIMEOUT

from keepwarm._native import Core

_MISSING = object()

#: What a pickle of protocol 2 and later begins with.
_PICKLE = b"\x80"


def unpickled(found):
    """The value of an entry of Django's, or `_MISSING`."""
    if not isinstance(found, bytes) or not found.startswith(_PICKLE):
        return _MISSING
    try:
        return pickle.loads(found)
    except Exception:
        # One of another program's classes, say: a miss, as what cannot be read is.
        return _MISSING


class ReadsDjangoPickles:
    """Mixed in before a cache on Redis: a miss is looked at once more."""

    def _theirs(self, keys, version):
        made = [self.make_and_validate_key(key, version) for key in keys]
        found = self._redis("MGET", *made) if made else []
        return {key: value for key, value in zip(keys, map(unpickled, found)) if value is not _MISSING}

    async def _atheirs(self, keys, version):
        made = [self.make_and_validate_key(key, version) for key in keys]
        found = await self._aredis("MGET", *made) if made else []
        return {key: value for key, value in zip(keys, map(unpickled, found)) if value is not _MISSING}

    def get(self, key, default=None, version=None):
        """The value of a key, also one that Django pickled."""
        found = Core.get(self, key, _MISSING, version)
        return self._theirs([key], version).get(key, default) if found is _MISSING else found

    async def aget(self, key, default=None, version=None):
        """As `get`."""
        found = await Core.aget(self, key, _MISSING, version)
        return (await self._atheirs([key], version)).get(key, default) if found is _MISSING else found

    def has_key(self, key, version=None):
        """Whether there is an entry, also one of Django's."""
        return Core.has_key(self, key, version) or bool(self._theirs([key], version))

    async def ahas_key(self, key, version=None):
        """As `has_key`."""
        return await Core.ahas_key(self, key, version) or bool(await self._atheirs([key], version))

    def get_many(self, keys, version=None):
        """The values of those keys that are there, also those that Django pickled."""
        keys = list(keys)
        found = Core.get_many(self, keys, version)
        return {**found, **self._theirs([key for key in keys if key not in found], version)}

    async def aget_many(self, keys, version=None):
        """As `get_many`."""
        keys = list(keys)
        found = await Core.aget_many(self, keys, version)
        return {**found, **await self._atheirs([key for key in keys if key not in found], version)}

    def get_or_set(self, key, default, timeout=DEFAULT_TIMEOUT, version=None, **options):
        """As ever, where Django left nothing."""
        found = self._theirs([key], version) if not Core.has_key(self, key, version) else {}
        return found[key] if found else Core.get_or_set(self, key, default, timeout, version, **options)

    async def aget_or_set(self, key, default, timeout=DEFAULT_TIMEOUT, version=None, **options):
        """As `get_or_set`."""
        found = await self._atheirs([key], version) if not await Core.ahas_key(self, key, version) else {}
        return found[key] if found else await Core.aget_or_set(self, key, default, timeout, version, **options)

    def add(self, key, value, timeout=DEFAULT_TIMEOUT, version=None, **options):
        """Stores where nothing is, of Django's either."""
        return not self._theirs([key], version) and Core.add(self, key, value, timeout, version, **options)

    async def aadd(self, key, value, timeout=DEFAULT_TIMEOUT, version=None, **options):
        """As `add`."""
        return not await self._atheirs([key], version) and await Core.aadd(self, key, value, timeout, version, **options)

    def clear(self, **options):
        """Removes every entry under this prefix, those of Django's before it returns."""
        Core.clear(self, **options)
        for names in self._names():
            if theirs := self._pickles(names, self._redis("MGET", *names)):
                self._redis("UNLINK", *theirs)

    async def aclear(self, **options):
        """As `clear`."""
        await Core.aclear(self, **options)
        cursor = 0
        while True:
            cursor, names = await self._aredis("SCAN", cursor, "MATCH", self._own_names(), "COUNT", 500)
            if names and (theirs := self._pickles(names, await self._aredis("MGET", *names))):
                await self._aredis("UNLINK", *theirs)
            if not (cursor := int(cursor)):
                return

    def _names(self):
        cursor = 0
        while True:
            cursor, names = self._redis("SCAN", cursor, "MATCH", self._own_names(), "COUNT", 500)
            if names:
                yield names
            if not (cursor := int(cursor)):
                return

    def _own_names(self):
        """A pattern of the names under this prefix, in all versions."""
        return "".join(f"\\{letter}" if letter in "*?[]\\^" else letter for letter in self.key_prefix) + ":*"

    @staticmethod
    def _pickles(names, found):
        return [name for name, value in zip(names, found) if isinstance(value, bytes) and value.startswith(_PICKLE)]
