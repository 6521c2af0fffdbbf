"""get, set, delete, conditional writes: the cases of the Rust suite's `basic` and `conditional_writes`."""

import pytest


# covers: R119
def test_what_is_set_is_got_and_replaced_with_its_type(cache):
    for value in ("text", 7, 2.5, True, None, b"\x00\xff", "", 0, [], {}, (), [1, (2,)], {"a": {"b": [None]}}):
        cache.set("key", value)
        found = cache.get("key", "nothing")
        assert (found, type(found)) == (value, type(value))
        assert cache.has_key("key") is True


# covers: R36
def test_changing_what_went_in_or_came_out_changes_nothing(cache):
    value = {"list": [1]}
    cache.set("key", value)
    value["list"].append(2)
    cache.get("key")["list"].append(3)
    assert cache.get("key") == {"list": [1]}
    kept = cache.get_or_set("other", lambda: [value])
    kept.append(4)
    value.clear()
    assert cache.get("other") == [{"list": [1, 2]}]


# covers: R39
def test_two_mebibytes_come_back(cache):
    for value in ("x" * (2 << 20), b"\xff" * (2 << 20), [list(range(100))] * 2000):
        cache.set("key", value)
        assert cache.get("key") == value


def test_keys_are_told_apart(cache):
    names = ["a", "A", "a:b", "a:", "1", "01", "ä", "a" * 200, "x/y", "tag:a", "{braces}"]
    assert cache.set_many({name: name for name in names}) == []
    assert cache.get_many(names) == {name: name for name in names}
    for name in names:
        assert cache.delete(name) is True
        assert cache.delete(name) is False


# covers: R20
def test_two_handles_see_one_store(make):
    one, other = make(), make()
    one.set("key", [1])
    assert other.get("key") == [1]
    other.delete("key")
    assert one.has_key("key") is False


# covers: R56 R57 R59
def test_add(cache):
    assert cache.add("none", None) is True
    assert cache.add("none", 1) is False
    assert cache.get("none", "nothing") is None
    cache.delete("none")
    assert cache.add("none", 1) is True
    assert cache.add("absent", 1, 0) is True
    assert cache.has_key("absent") is False
    assert cache.add("none", 2, 0) is False
    assert cache.get("none") == 1
    cache.set_expired("expired")
    assert cache.add("expired", 2) is True
    assert cache.add("tagged", 1, tags=["tag"]) is True
    cache.invalidate_tag("tag")
    assert cache.add("tagged", 2) is True


def test_replace(cache):
    assert cache.replace("absent", 1) is False
    assert cache.has_key("absent") is False
    cache.set("key", 1)
    assert cache.replace("key", [2]) is True
    assert cache.get("key") == [2]
    assert cache.replace("key", 3, 0) is True
    assert cache.has_key("key") is False


def test_once(cache):
    assert [cache.once("one"), cache.once("one"), cache.once("other")] == [True, False, True]
    assert cache.get("one") is None
    cache.set("one", 1)
    cache.clear()
    assert cache.once("one") is False


# covers: R37
def test_what_cannot_be_stored_leaves_the_old_value(cache):
    cache.set("key", "old")
    with pytest.raises(Exception, match="generator"):
        cache.set("key", (number for number in range(3)))
    with pytest.raises(Exception, match="generator"):
        cache.set_many({"other": 1, "key": (number for number in range(3))})
    assert cache.get_many(["key", "other"]) == {"key": "old"}


def test_a_value_that_is_pickled_is_a_value_to_every_verb(cache):
    """On a shared store it is of a codec of its own, which what a server decides in scripts has to know."""
    value = ValueError("pickled")

    def has_it(key="key"):
        return repr(cache.get(key)) == repr(value)

    cache.set("key", value, 1000)
    assert cache.add("key", "another") is False
    assert cache.has_key("key") is True
    assert has_it()
    assert cache.touch("key", 2000) is True
    assert cache.ttl("key") == pytest.approx(2000, abs=10)
    assert repr(cache.get_or_set("key", lambda: "another")) == repr(value)
    with pytest.raises(ValueError, match="integer|number"):
        cache.incr("key")
    assert has_it()
    assert cache.keys() == ["key"]
    assert cache.replace("key", value) is True
    assert repr(cache.refresh("key", lambda: value)) == repr(value)
    assert cache.add("other", value) is True
    assert has_it("other")
    assert repr(cache.get_many(["key", "other"])) == repr({"key": value, "other": value})
    assert cache.delete("key") is True
    assert cache.has_key("key") is False
    cache.set("key", value, tags=["tag"])
    cache.invalidate_tag("tag")
    assert cache.has_key("key") is False
    assert cache.delete_pattern("o*") == 1
