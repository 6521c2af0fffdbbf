"""What Django's users change and override, and what its door adds."""

import asyncio
import threading
import time
import warnings
from unittest import mock

import pytest
from django.core import signals
from django.core.cache import caches as djangos
from django.core.cache.backends.base import CacheKeyWarning, InvalidCacheKey

import keepwarm.django
from keepwarm.django import BaseCache, FastProxy, MemoryCache
from keepwarm.exceptions import CacheConfigurationWarning


class Halving(MemoryCache):
    """Lets entries live half as long as asked."""

    def get_backend_timeout(self, timeout=keepwarm.django.backends.DEFAULT_TIMEOUT):
        until = super().get_backend_timeout(timeout)
        return None if until is None else time.time() + (until - time.time()) / 2


# covers: R212
def test_a_request_that_is_over_closes_and_the_cache_works_again(caches, backend):
    cache = caches(default=backend)["default"]
    cache.set("key", "value")
    with mock.patch.object(cache, "close", wraps=cache.close) as close:
        signals.request_finished.send(sender=None)
        assert close.called
    cache.close()
    cache.close()
    assert cache.get("key") == "value"
    asyncio.run(cache.aclose())
    assert asyncio.run(cache.aget("key")) == "value"


# covers: R35
def test_set_answers_as_each_peer_does(caches, backend, tmp_path):
    from keepwarm.core import cache as awaited

    cache = caches(default=backend)["default"]
    assert cache.set("key", 1) is None
    assert asyncio.run(cache.aset("key", 1)) is None
    assert keepwarm.MemoryCache().set("key", 1) is None

    async def use():
        memory, file = awaited.MemoryCache(), awaited.FileCache(location=str(tmp_path / "store"))
        return await memory.set("key", 1), await memory.set("key", 1, timeout=0), await file.set("key", 1)

    assert asyncio.run(use()) == (True, True, True)


def test_a_timeout_of_a_subclass_is_honoured_by_every_verb(location):
    cache = Halving(location, {"timeout": 600})
    cache.set("set", 1, 100)
    cache.add("add", 1)
    cache.set_many({"many": 1}, timeout=100)
    cache.set("touched", 1, None)
    assert cache.ttl("touched") is None
    cache.touch("touched", 100)
    cache.get_or_set("computed", lambda: 1, 100)
    asyncio.run(cache.aset("aset", 1, timeout=100))
    for key in ("set", "many", "touched", "computed", "aset"):
        assert 10 < cache.ttl(key) <= 51, key
    assert 200 < cache.ttl("add") <= 301


def test_keys_are_made_and_checked_as_a_subclass_says(location):
    class Own(MemoryCache):
        def validate_key(self, key):
            if "forbidden" in key:
                raise InvalidCacheKey(key)

        def make_key(self, key, version=None):
            return f"own:{version or self.version}:{key}".lower()

    cache = Own(location, {})
    cache.set("Key", 1)
    assert cache.get("KEY") == 1
    assert cache.get_many(["key", "other"]) == {"key": 1}
    for call in (
        lambda: cache.get("forbidden"),
        lambda: cache.set_many({"forbidden": 1}),
        lambda: cache.incr("forbidden"),
        lambda: asyncio.run(cache.aget_or_set("forbidden", 1)),
    ):
        with pytest.raises(InvalidCacheKey):
            call()


# covers: R110 R40
def test_keys_that_memcached_would_refuse_are_warned_of_and_work(caches, backend):
    cache = caches(default=backend)["default"]
    for key, words in (("with space", "contains characters"), ("long" * 100, "longer than 250")):
        with pytest.warns(CacheKeyWarning, match=words):
            cache.set(key, "value")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CacheKeyWarning)
            assert cache.get(key) == "value"
    with warnings.catch_warnings():
        warnings.simplefilter("error", CacheKeyWarning)
        cache.set(5, "a number")
        assert cache.get("5") == cache.get(5) == "a number"
        cache.set("", "nothing")
        cache.set("ключ", "not ASCII")
        assert cache.get_many(["", "ключ"]) == {"": "nothing", "ключ": "not ASCII"}
        assert cache.get_or_set(None, "of None") == cache.get("None") == "of None"


def test_a_method_of_the_class_is_patched(caches, backend):
    cache = caches(default=backend)["default"]
    with mock.patch(f"{backend['BACKEND']}.add", return_value="patched"):
        assert cache.add("key", 1) == "patched"
        assert FastProxy().add("key", 1) == "patched"
    assert cache.add("key", 1) is True


# covers: R125 R127
def test_one_location_is_one_store_and_each_alias_keeps_to_its_own_bounds(caches, location):
    alias = {"BACKEND": "keepwarm.django.MemoryCache", "LOCATION": location}
    found = caches(default=alias, small={**alias, "OPTIONS": {"MAX_ENTRIES": 3, "CULL_FREQUENCY": 0}})
    large, small = found["default"], found["small"]
    large.set_many({f"key{number}": number for number in range(50)})
    assert small.get("key7") == 7
    small.set("one-more", 1)
    assert large.keys() == ["one-more"]
    large.set_many({f"key{number}": number for number in range(50)})
    assert len(small.keys()) == 51


def test_who_comes_later_with_a_way_of_evicting_of_its_own_is_told_so(location):
    first = MemoryCache(location, {})
    first.set("key", 1)
    with pytest.warns(CacheConfigurationWarning, match=f"MAX_ENTRIES=2 has no effect.*{location}"):
        second = MemoryCache(location, {"OPTIONS": {"MAX_ENTRIES": 2}})
    assert second.get("key") == 1


def test_bounds_may_be_set_later(location):
    cache = MemoryCache(location, {"OPTIONS": {"MAX_ENTRIES": 100, "CULL_FREQUENCY": 0}})
    cache.set_many({f"key{number}": number for number in range(10)})
    cache._max_entries = 5
    assert len(cache.keys()) == 10
    cache.set("one-more", 1)
    assert cache.keys() == ["one-more"]
    cache._max_entries, cache._cull_frequency = 4, 2
    for number in range(4):
        cache.set(f"key{number}", number)
    assert sorted(cache.keys()) == ["key1", "key2", "key3"]
    cache._max_entries = -1
    cache.set("forced", 1)
    assert cache.get("forced") == 1


class Mapped(BaseCache):
    """A store of Django's kind, named in settings."""

    entries = {}

    def __init__(self, location, params):
        super().__init__(location, params)
        self.location = location

    def get(self, key, default=None, version=None):
        return self.entries.get((self.location, key), default)

    async def set(self, key, value, timeout=None, version=None):
        self.entries[self.location, key] = value

    def delete(self, key, version=None):
        return self.entries.pop((self.location, key), None) is not None

    def clear(self):
        self.entries.clear()


# covers: R143 R145
def test_a_store_of_ones_own_behind_djangos_door(caches, location):
    alias = {"BACKEND": f"{__name__}.Mapped", "LOCATION": location, "OPTIONS": {"MAX_ENTRIES": 10}}
    cache = caches(default=alias)["default"]
    assert cache.default_timeout == 300
    cache.set("count", 0)
    objects = []

    def count():
        own = djangos["default"]
        objects.append(own)
        for _ in range(50):
            own.incr("count")

    threads = [threading.Thread(target=count) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len({id(each) for each in objects}) == 4, "Django makes one for each thread"
    assert cache.get("count") == 200
    assert (location, ":1:count") in Mapped.entries
    assert asyncio.run(cache.aget("count")) == 200
    assert cache.get_or_set("object", lambda: {"a": {1, 2}}) == {"a": {1, 2}}


# covers: R212
def test_the_fast_proxy_is_the_cache_of_its_alias(caches, backend):
    found = caches(default=backend)
    proxy = FastProxy()
    found["default"].set("key", [1])
    assert proxy.get("key") == [1] and "key" in proxy
    assert asyncio.run(proxy.aget("key")) == [1]
    assert proxy.key_prefix == backend.get("KEY_PREFIX", "")
    assert proxy.get_or_set("computed", lambda: 2) == 2
    assert keepwarm.django.cache.get("key") == [1]


def test_the_fast_proxy_follows_settings_and_other_backends(caches, location):
    proxy = FastProxy()
    caches(default={"BACKEND": "keepwarm.django.MemoryCache", "LOCATION": location})
    proxy.set("key", 1)
    caches(default={"BACKEND": "keepwarm.django.MemoryCache", "LOCATION": f"{location} other"})
    assert proxy.get("key") is None
    caches(default={"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": location})
    proxy.set("key", 2)
    assert djangos["default"].get("key") == 2
    assert "_held" not in proxy.__dict__
    missing = FastProxy("nope")
    with pytest.raises(Exception, match="The connection 'nope' doesn't exist."):
        missing.get("key")


def test_djangos_own_cache_becomes_fast_where_settings_say_so(tmp_path):
    import subprocess
    import sys

    program = (
        "import django; from django.conf import settings\n"
        "from django.core.cache import cache, caches\n"
        "settings.configure(SECRET_KEY='x', KEEPWARM_FAST_PROXY=True, INSTALLED_APPS=['keepwarm.django'],"
        " CACHES={'default': {'BACKEND': 'keepwarm.django.MemoryCache', 'KEY_PREFIX': 'app'}})\n"
        "django.setup()\n"
        "from keepwarm.django import FastProxy\n"
        "assert isinstance(cache, FastProxy)\n"
        "cache.set('key', 1)\n"
        "assert caches['default'].get('key') == cache.get('key') == 1 and cache.key_prefix == 'app'\n"
        "from django.core import signals; signals.request_finished.send(sender=None)\n"
        "assert cache.get('key') == 1\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_what_a_subclass_overrides_is_called_by_what_django_derives_from_it(location):
    class Shouting(MemoryCache):
        async def aget(self, key, default=None, version=None):
            value = await super().aget(key, default, version)
            return value.upper() if isinstance(value, str) else value

    class Counting(MemoryCache):
        asked = 0

        def get(self, key, default=None, version=None):
            self.asked += 1
            return super().get(key, default, version)

    cache = Shouting(location, {})
    cache.set("key", "value")
    assert asyncio.run(cache.aget_many(["key"])) == {"key": "VALUE"}
    assert asyncio.run(cache.aget_or_set("key", "other")) == "VALUE"
    assert cache.get_many(["key"]) == {"key": "value"}
    counting = Counting(location, {})
    assert counting.get_many(["key", "absent"]) == {"key": "value"}
    assert (counting.asked, asyncio.run(counting.aget("key")), counting.asked) == (2, "value", 3)
    counting.set("count", 1)
    assert (asyncio.run(counting.aincr("count")), counting.incr("count")) == (2, 3)
