"""The verbs, over every store and both faces: what they answer is one behaviour."""

import datetime
import threading

import pytest

import keepwarm
from keepwarm import DEFAULT_TIMEOUT
from keepwarm.exceptions import CounterOverflow, KeyNotFound, NotAnInteger


# covers: R27 R28 R34
def test_a_stored_none_is_a_hit(cache):
    cache.set("none", None)
    assert cache.get("none", "default") is None
    assert cache.get("absent", "default") == "default"
    assert cache.get("absent") is None
    assert cache.has_key("none") is True
    assert cache.has_key("absent") is False


# covers: R30 R31
def test_delete_tells_whether_there_was_something(cache):
    cache.set("key", 1)
    cache.set("key", 2, version=2)
    assert cache.delete("key", version=2) is True
    assert cache.delete("key", version=2) is False
    assert cache.get("key") == 1


# covers: R44 R45 R46 R49 R50
def test_a_timeout_means_one_thing(cache):
    cache.set("forever", 1, timeout=None)
    assert cache.ttl("forever") is None
    cache.set("gone", 1)
    cache.set("gone", 1, timeout=0)
    assert cache.get("gone") is None
    cache.set("negative", 1, -1)
    assert cache.get("negative") is None
    cache.set("default", 1, DEFAULT_TIMEOUT)
    assert cache.ttl("default") == pytest.approx(300, abs=1)
    cache.set("delta", 1, datetime.timedelta(hours=1))
    assert cache.ttl("delta") == pytest.approx(3600, abs=1)
    assert cache.ttl("absent") == 0
    with pytest.raises(TypeError):
        cache.set("key", 1, timeout="60")


# covers: R56
def test_add_and_replace(cache):
    assert cache.add("key", 1) is True
    assert cache.add("key", 2) is False
    assert cache.get("key") == 1
    assert cache.replace("key", 3) is True
    assert cache.replace("absent", 3) is False
    assert cache.get("key") == 3


# covers: R72 R73 R76
def test_touch(cache):
    cache.set("key", "value", 100)
    assert cache.touch("key", 1000) is True
    assert cache.ttl("key") == pytest.approx(1000, abs=1)
    assert cache.get("key") == "value"
    assert cache.touch("absent") is False
    assert cache.touch("key", 0) is True
    assert cache.get("key") is None


# covers: R79 R80 R81 R86 R88
def test_counters(cache):
    cache.set("counter", 0, timeout=1000)
    assert cache.incr("counter") == 1
    assert cache.incr("counter", 5) == 6
    assert cache.decr("counter", delta=10) == -4
    assert cache.ttl("counter") == pytest.approx(1000, abs=1)
    with pytest.raises(KeyNotFound):
        cache.incr("absent")
    cache.set("text", "5")
    for kind in (ValueError, TypeError):
        with pytest.raises(kind):
            cache.incr("text")
    with pytest.raises(NotAnInteger):
        cache.decr("text")
    assert cache.get("text") == "5"
    cache.set("largest", 2**63 - 1)
    with pytest.raises(CounterOverflow):
        cache.incr("largest")
    with pytest.raises(CounterOverflow):
        cache.incr("counter", 2**70)
    assert cache.get("largest") == 2**63 - 1
    assert cache.incr("created", 2, default=40, timeout=100) == 42
    assert cache.ttl("created") == pytest.approx(100, abs=1)


# covers: R83
def test_counters_are_atomic_among_threads(make):
    caches = [make() for _ in range(4)]
    if caches[0].is_awaited:
        pytest.skip("one loop is one thread; the verb is the same")
    caches[0].set("counter", 0)

    def count(cache):
        for _ in range(100):
            cache.incr("counter")

    threads = [threading.Thread(target=count, args=(cache,)) for cache in caches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert caches[0].get("counter") == 400


# covers: R90 R91 R92
def test_bulk(cache):
    assert cache.set_many({"a": 1, "b": None, 5: [1]}) == []
    assert cache.get_many(key for key in ("a", "b", "absent", 5)) == {"a": 1, "b": None, 5: [1]}
    cache.delete_many(["a", "absent"])
    assert cache.get_many(["a", "b"]) == {"b": None}
    assert cache.get_many([]) == {}
    assert cache.set_many({}) == []


# covers: R32
def test_clear_is_limited_to_its_prefix(make):
    one, other = make(key_prefix="one"), make(key_prefix="other")
    one.set("key", 1)
    one.set("key", 1, version=2)
    other.set("key", 2)
    one.clear()
    assert (one.get("key"), one.get("key", version=2), other.get("key")) == (None, None, 2)
    one.set("key", 3)
    assert one.get("key") == 3


# covers: R171 R172
def test_tags(cache):
    cache.set("both", 1, tags=["a", "b"])
    cache.set("one", 2, tags=["a"])
    cache.set_many({"many": 3}, tags=["b"])
    cache.invalidate_tag("b")
    assert cache.get_many(["both", "one", "many"]) == {"one": 2}
    cache.invalidate_tags(["a"])
    assert cache.get("one") is None
    with pytest.raises(TypeError):
        cache.set("key", 1, tags="ab")


def test_namespaces(cache):
    products = cache.namespace("product")
    face = type(cache)(products, cache.is_awaited, cache._loop)
    face.set("7", "shoe")
    cache.set("7", "other")
    assert face.get("7") == "shoe"
    face.invalidate()
    assert (face.get("7"), cache.get("7")) == (None, "other")


def test_versions_are_moved(cache):
    cache.set("key", [1], version=1, timeout=1000)
    assert cache.incr_version("key") == 2
    assert cache.get("key", version=1) is None
    assert cache.get("key", version=2) == [1]
    assert cache.decr_version("key", version=2) == 1
    assert cache.ttl("key") == pytest.approx(1000, abs=1)
    with pytest.raises(ValueError):
        cache.incr_version("absent")


# covers: R89
def test_rate_limit(cache):
    allowed = [cache.rate_limit("user", 3, 60).allowed for _ in range(5)]
    assert allowed == [True, True, True, False, False]


# covers: R40
def test_keys_are_what_str_gives(cache):
    cache.set(5, "five")
    assert cache.get("5") == "five"
    cache.set("ключ", 1)
    assert cache.get("ключ") == 1
    cache.set("", "empty")
    assert cache.get("") == "empty"
    with pytest.warns(RuntimeWarning, match="memcached"):
        cache.set("a key", 2)
    with pytest.warns(RuntimeWarning, match="memcached"):
        assert cache.get("a key") == 2


def test_patterns(cache):
    cache.set_many({"search:1": 1, "search:2": 2, "other": 3})
    assert sorted(cache.keys("search:*")) == ["search:1", "search:2"]
    assert cache.delete_pattern("search:*") == 2
    assert cache.keys() == ["other"]


def test_once(cache):
    assert cache.once("migration") is True
    cache.clear()
    assert cache.once("migration") is False


# covers: R77
def test_a_lock_has_one_owner(cache):
    first, second = cache.lock("report", timeout=60), cache.lock("report", timeout=60, blocking=False)
    one, other = (type(cache)(lock, cache.is_awaited, cache._loop) for lock in (first, second))
    take, free = ("aacquire", "arelease") if cache.is_awaited else ("acquire", "release")
    assert getattr(one, take)() is True
    assert getattr(other, take)() is False
    assert getattr(other, free)() is False
    assert getattr(one, free)() is True
    assert getattr(other, take)() is True
    assert second.fence > 0


# covers: R208
def test_stats_and_explain(cache):
    cache.set("key", [1, [2]], tags=["a"])
    cache.get("key")
    cache.get("absent")
    stats = cache.stats()
    assert (stats["hits"], stats["misses"], stats["hit_rate"]) == (1, 1, 0.5)
    assert stats["misses_by_reason"]["absent"] == 1
    assert "keepwarm_hits_total" in stats["prometheus"]
    explained = cache.explain("key")
    assert explained["stored_key"].endswith(":1:key")
    assert explained["would_miss"] is None
    assert explained["entry"]["marks"][0]["name"].endswith("a")


# covers: R212
def test_a_closed_cache_works_again(cache):
    cache.close()
    cache.set("key", 1)
    cache.close()
    assert cache.get("key") == 1


def test_a_cache_may_have_any_name():
    cache = keepwarm.MemoryCache(name="sessions")
    cache.set("key", 1)
    assert (cache.get("key"), cache.alias_name, cache.stats()["name"]) == (1, "sessions", "sessions")
