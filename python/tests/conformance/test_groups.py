"""Clearing, tags, namespaces, versions, patterns: the cases of the Rust suite's `clear`, `tags`, `namespaces`, `versions`, `keys`."""

import pytest


# covers: R32 R33 R119
def test_clear(make):
    mine, other, alike = make(key_prefix="my"), make(key_prefix="other"), make(key_prefix="my2")
    for cache in (mine, other, alike):
        cache.set_many({"a": 1, "b": None}, None, tags=["tag"])
        cache.set("c", 1, version=2)
    part = mine.namespace("part")
    part.set("d", 1)
    for _ in range(2):
        mine.clear()
        assert mine.get_many(["a", "b"]) == {}
        assert (mine.has_key("c", version=2), part.has_key("d")) == (False, False)
        assert (mine.keys("*"), part.keys("*")) == ([], [])
        for cache in (other, alike):
            assert cache.get_many(["a", "b"]) == {"a": 1, "b": None}
            assert cache.has_key("c", version=2) is True
    mine.set("a", 2)
    assert (mine.get("a"), mine.add("b", 1)) == (2, True)
    with pytest.raises(ValueError):
        mine.incr("c")


# covers: R32
def test_clear_everything(make):
    mine, other = make(key_prefix="my"), make(key_prefix="other")
    mine.set("a", 1)
    other.set("a", 1)
    mine.clear(everything=True)
    assert (mine.has_key("a"), other.has_key("a")) == (False, False)
    mine.set("a", 2)
    assert mine.get("a") == 2


# covers: R171 R172 R173 R176
def test_tags(cache):
    cache.set("both", 1, tags=["a", "b"])
    cache.set("a", 1, None, tags=["a"])
    cache.set("versioned", 1, version=2, tags=["a"])
    cache.add("added", 1, tags=["b"])
    cache.get_or_set("computed", lambda: 1, tags=["a"])
    cache.refresh("refreshed", lambda: 1, tags=["a"])
    cache.set_many({"many": 1}, tags=["a", "a"])
    cache.set("free", 1)
    cache.set("free", 1, tags=[])
    cache.set("short", 1, 0.01, tags=["a"])
    cache.invalidate_tag("nobody's")
    assert len(cache.get_many(["both", "a", "added", "computed", "refreshed", "many", "free"])) == 7
    cache.invalidate_tag("a")
    left = ["both", "a", "added", "computed", "refreshed", "many", "free", "short"]
    assert cache.get_many(left) == {"added": 1, "free": 1}
    assert cache.has_key("versioned", version=2) is False
    assert cache.explain("a")["would_miss"] in ("tag", "absent")
    cache.set("a", 2, tags=["a"])
    assert cache.get("a") == 2
    cache.invalidate_tags(["a", "b"])
    assert cache.get_many(left) == {"free": 1}
    # Written again with another tag, or none, it leaves the old ones.
    cache.set("moved", 1, tags=["a"])
    cache.set("moved", 2, tags=["c"])
    cache.set("untagged", 1, tags=["a"])
    cache.set("untagged", 2)
    cache.invalidate_tag("a")
    assert cache.get_many(["moved", "untagged"]) == {"moved": 2, "untagged": 2}
    cache.set("hundred", 1, tags=[f"tag:{number}" for number in range(100)])
    cache.invalidate_tag("tag:77")
    assert cache.has_key("hundred") is False


def test_tags_stay_inside_the_prefix(make):
    one, other = make(key_prefix="one"), make(key_prefix="other")
    one.set("key", 1, tags=["tag"])
    other.set("key", 1, tags=["tag"])
    one.invalidate_tag("tag")
    assert (one.has_key("key"), other.has_key("key")) == (False, True)


def test_namespaces(cache):
    part, inner, other = cache.namespace("part"), cache.namespace("part").namespace("inner"), cache.namespace("other")
    for space in (cache, part, inner, other):
        space.set("key", space.backend)
        space.set("counter", 1)
        assert space.incr("counter") == 2
        assert space.get_many(["key", "absent"]) == {"key": space.backend}
        assert space.get_or_set("made", lambda: 1, tags=["tag"]) == 1
        assert sorted(space.keys("*"))[-3:] == ["counter", "key", "made"]
        assert space.get("key", version=2) is None
    assert cache.namespace("part").get("key") == cache.backend
    inner.invalidate()
    assert (inner.has_key("key"), part.has_key("key"), cache.has_key("key")) == (False, True, True)
    inner.set("key", 1)
    part.invalidate()
    assert [space.has_key("key") for space in (cache, part, inner, other)] == [True, False, False, True]
    part.set("key", 2)
    assert (part.get("key"), part.stats()["name"] != cache.stats()["name"]) == (2, True)
    cache.invalidate_tag("tag")
    assert (cache.has_key("made"), other.has_key("made")) == (False, False)
    assert other.delete_pattern("c*") == 1
    assert (other.has_key("counter"), cache.has_key("counter")) == (False, True)


# covers: R99 R100 R102
def test_versions(cache):
    cache.set("key", 1, version=1)
    cache.set("key", 2, version=2)
    cache.set("key", 0, version=-1)
    assert [cache.get("key", version=number) for number in (None, 1, 2, 3, -1)] == [1, 1, 2, None, 0]
    assert cache.add("key", 9, version=2) is False
    assert cache.incr("key", version=2) == 3
    assert cache.touch("key", 1000, version=2) is True
    assert cache.get_or_set("key", lambda: 9, version=2) == 3
    assert cache.refresh("key", lambda: 4, version=2) == 4
    assert cache.ttl("key", version=3) == 0
    assert cache.delete("key", version=2) is True
    assert (cache.get("key"), cache.has_key("key", version=2)) == (1, False)


# covers: R103
@pytest.mark.parametrize("value", ["text", 7, {"a": [1]}, complex(1, 2), ValueError("pickled")], ids=("text", "int", "dict", "complex", "pickled"))
def test_a_version_is_moved(cache, value):
    cache.set("key", value, 1000, tags=["tag"])
    cache.set("key", "replaced", version=3)
    assert cache.incr_version("key", 2) == 3
    assert cache.has_key("key") is False
    assert repr(cache.get("key", version=3)) == repr(value)
    assert cache.ttl("key", version=3) == pytest.approx(1000, abs=10)
    assert cache.decr_version("key", version=3) == 2
    assert repr(cache.get("key", version=2)) == repr(value)
    cache.invalidate_tag("tag")
    assert cache.has_key("key", version=2) is False
    with pytest.raises(ValueError):
        cache.incr_version("key")


# covers: R101
def test_the_version_of_the_alias(make):
    old, new = make(), make(version=2)
    old.set("key", 1)
    assert new.get("key") is None
    new.set("key", 2)
    assert (old.get("key"), old.get("key", version=2), new.get("key", version=1)) == (1, 2, 1)


# covers: R116
def test_patterns(cache):
    cache.set_many({"a:1": 1, "a:2": 2, "b:1": 3, "a*": 4, "a?": 5})
    cache.set("a:3", 1, version=2)
    assert sorted(cache.keys("a:?")) == ["a:1", "a:2"]
    assert sorted(cache.keys("?:1")) == ["a:1", "b:1"]
    assert cache.keys("a") == []
    assert cache.keys(r"a\*") == ["a*"]
    assert cache.keys("a:*", version=2) == ["a:3"]
    assert cache.delete_pattern("nothing*") == 0
    assert cache.delete_pattern("a:*") == 2
    assert sorted(cache.keys()) == ["a*", "a?", "b:1"]
    assert cache.has_key("a:3", version=2) is True


# covers: R108
def test_a_key_function_makes_every_key(make):
    cache = make(key_function=lambda key, prefix, version: f"{prefix}/{version}/{str(key).lower()}")
    cache.set("KEY", 1)
    assert cache.get("key") == 1
    assert cache.incr("Key") == 2
    assert cache.get_many(["kEy"]) == {"kEy": 2}
    assert cache.get_or_set("keY", lambda: 9) == 2
    assert cache.explain("KEY")["stored_key"].endswith("/1/key")
    assert cache.delete("KEy") is True
