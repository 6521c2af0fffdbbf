"""Timeouts: the cases of the Rust suite's `timeouts`. An expired entry is waited for, not a time."""

import datetime

import pytest

from keepwarm import DEFAULT_TIMEOUT

# Every verb that stores, each on a key of its own, with a timeout.
WRITERS = {
    "set": lambda cache, timeout: cache.set("key", 1, *timeout),
    "add": lambda cache, timeout: cache.add("key", 1, *timeout),
    "set_many": lambda cache, timeout: cache.set_many({"key": 1}, *timeout),
    "get_or_set": lambda cache, timeout: cache.get_or_set("key", lambda: 1, *timeout),
    "get_or_set_many": lambda cache, timeout: cache.get_or_set_many(["key"], lambda keys: {"key": 1}, *timeout),
    "refresh": lambda cache, timeout: cache.refresh("key", lambda: 1, *timeout),
    "replace": lambda cache, timeout: (cache.set("key", 0), cache.replace("key", 1, *timeout)),
    "touch": lambda cache, timeout: (cache.set("key", 1, 5000), cache.touch("key", *timeout)),
}


# covers: R42 R44 R45 R46 R47 R48 R50 R119
@pytest.mark.parametrize("verb", WRITERS)
def test_a_timeout_means_one_thing_in_every_verb(make, verb):
    cache, write = make(timeout=700), WRITERS[verb]
    cases = [
        ((), 700),
        ((DEFAULT_TIMEOUT,), 700),
        ((None,), None),
        ((1000,), 1000),
        ((1000.5,), 1000.5),
        ((datetime.timedelta(hours=1),), 3600),
        ((90 * 86400,), 90 * 86400),
        ((0,), 0),
        ((-5,), 0),
    ]
    for timeout, left in cases:
        cache.delete("key")
        write(cache, timeout)
        found = cache.ttl("key")
        assert found is None if left is None else found == pytest.approx(left, abs=10), (timeout, found)
        assert cache.has_key("key") is (left != 0)


# covers: R49
@pytest.mark.parametrize("verb", WRITERS)
def test_what_is_no_timeout_is_refused_and_nothing_is_lost(cache, verb):
    cache.set("key", "old")
    for wrong in ("60", float("nan"), [60]):
        with pytest.raises((TypeError, ValueError)):
            WRITERS[verb](cache, (wrong,))
    # `replace` and `touch` set it themselves before.
    assert cache.has_key("key") is True


# covers: R42 R44 R45
def test_the_timeout_of_the_alias(make):
    for given, left in ((None, None), (0, 0), (50, 50)):
        cache = make(timeout=given)
        cache.set("key", 1)
        found = cache.ttl("key")
        assert found is None if left is None else found == pytest.approx(left, abs=10)


# covers: R52
def test_an_expired_entry_is_invisible_to_every_verb(cache):
    calls = {
        "get": (lambda: cache.get("key", "nothing"), "nothing"),
        "get_many": (lambda: cache.get_many(["key"]), {}),
        "has_key": (lambda: cache.has_key("key"), False),
        "ttl": (lambda: cache.ttl("key"), 0),
        "touch": (lambda: cache.touch("key", 1000), False),
        "replace": (lambda: cache.replace("key", 1), False),
        "delete": (lambda: cache.delete("key"), False),
        "keys": (lambda: cache.keys("*"), []),
        "delete_pattern": (lambda: cache.delete_pattern("*"), 0),
        "add": (lambda: cache.add("key", 2), True),
        "get_or_set": (lambda: cache.get_or_set("key", lambda: 2), 2),
        "get_or_set_many": (lambda: cache.get_or_set_many(["key"], lambda keys: {"key": 2}), {"key": 2}),
        "incr": (lambda: cache.incr("key", default=40), 41),
    }
    for name, (call, answer) in calls.items():
        cache.set_expired("key")
        assert call() == answer, name
    cache.set_expired("key")
    with pytest.raises(ValueError):
        cache.incr_version("key")


# covers: R43
def test_an_entry_is_there_until_its_timeout(cache):
    cache.set("long", 1, 1000)
    cache.set_expired("short")
    assert cache.get_many(["long", "short"]) == {"long": 1}
    cache.set("long", 1, 5)
    assert cache.ttl("long") < 6
    cache.set("long", 1)
    assert cache.ttl("long") == pytest.approx(300, abs=10)


# covers: R72 R73 R74 R75 R76
def test_touch(cache):
    cache.set("key", [1], 1000, version=2, tags=["tag"])
    assert cache.touch("key", 2000, version=2) is True
    assert cache.ttl("key", version=2) == pytest.approx(2000, abs=10)
    assert cache.touch("key", version=2) is True
    assert cache.ttl("key", version=2) == pytest.approx(300, abs=10)
    assert [cache.touch("key", None, version=2), cache.touch("key", None, version=2)] == [True, True]
    assert cache.ttl("key", version=2) is None
    assert cache.get("key", version=2) == [1]
    assert cache.touch("absent", 1000) is False
    for timeout in (0, -5):
        cache.set("gone", 1)
        assert cache.touch("gone", timeout) is True
        assert cache.has_key("gone") is False
    cache.invalidate_tag("tag")
    assert cache.touch("key", 1000, version=2) is False
    assert cache.has_key("key", version=2) is False
