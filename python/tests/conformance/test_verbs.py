"""What is left of the verbs, over every store and all faces."""

import threading

import pytest

import keepwarm


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
