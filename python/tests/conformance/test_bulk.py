"""Many keys in one call: the cases of the Rust suite's `bulk` and `batches`."""

import pytest


# covers: R90 R91 R92 R119
def test_get_many(cache):
    cache.set_many({"a": 1, "null": None})
    cache.set("other version", 1, version=2)
    assert cache.get_many(["a", "null", "absent", "a"]) == {"a": 1, "null": None}
    assert cache.get_many(key for key in ("a",)) == {"a": 1}
    assert cache.get_many({"a"}) == {"a": 1}
    assert cache.get_many({"a": "of a dict"}) == {"a": 1}
    assert cache.get_many([]) == {}
    assert cache.get_many(["other version"]) == {}
    assert cache.get_many(["other version"], version=2) == {"other version": 1}


def test_set_many(cache):
    assert cache.set_many({"a": 1, "b": 2}, 1000, tags=["tag"]) == []
    assert cache.ttl("a") == pytest.approx(1000, abs=10)
    assert cache.set_many({}) == []
    cache.invalidate_tag("tag")
    assert cache.get_many(["a", "b"]) == {}
    cache.set("a", 1)
    cache.set_many({"a": 2}, 0)
    assert cache.has_key("a") is False
    cache.set_many({"v": 1}, version=2)
    assert (cache.has_key("v"), cache.has_key("v", version=2)) == (False, True)


# covers: R96
def test_delete_many(cache):
    cache.set_many({"a": 1, "b": 2, "c": 3})
    cache.delete_many(key for key in ("a", "absent"))
    cache.delete_many([])
    assert cache.get_many(["a", "b", "c"]) == {"b": 2, "c": 3}
    cache.set("b", 1, version=2)
    cache.delete_many(["b"], version=2)
    assert (cache.has_key("b"), cache.has_key("b", version=2)) == (True, False)


def test_a_thousand_keys_in_one_call(make):
    cache = make(max_entries=5000) if make().backend == "memory" else make()
    data = {f"key:{number}": [number, str(number)] for number in range(1000)}
    assert cache.set_many(data) == []
    assert cache.get_many(data) == data
    cache.delete_many(data)
    assert cache.get_many(data) == {}


def test_get_or_set_many(cache):
    asked = []

    def load(missing):
        asked.append(list(missing))
        return {key: [key] for key in missing if key != "left out"} | {"not asked for": 1}

    cache.set("there", 0)
    keys = ["there", "a", "a", "left out"]
    assert cache.get_or_set_many(keys, load, 1000, tags=["tag"]) == {"there": 0, "a": ["a"]}
    assert asked == [["a", "left out"]]
    assert cache.has_key("not asked for") is False
    assert cache.ttl("a") == pytest.approx(1000, abs=10)
    assert cache.get_or_set_many(["there", "a"], load) == {"there": 0, "a": ["a"]}
    assert cache.get_or_set_many([], load) == {}
    assert len(asked) == 1
    cache.invalidate_tag("tag")
    assert cache.get_many(["there", "a"]) == {"there": 0}
    assert cache.get_or_set_many(["a"], load, version=2) == {"a": ["a"]}
    assert cache.has_key("a") is False


def test_get_or_set_many_of_a_loader_that_fails(cache):
    def load(missing):
        raise LookupError("gone")

    cache.set("there", 0)
    with pytest.raises(LookupError, match="gone"):
        cache.get_or_set_many(["there", "a"], load)
    assert cache.get_many(["there", "a"]) == {"there": 0}
    assert cache.get_or_set_many(["a"], lambda missing: {"a": 1}) == {"a": 1}


# covers: R65
def test_batches_that_overlap_compute_each_key_once(cache):
    asked = []

    def load(missing):
        asked.extend(missing)
        return {key: key for key in missing}

    keys = [f"key:{number}" for number in range(6)]
    batches = [keys[:4], keys[2:], keys[::-1], keys]
    found = cache.at_once(*(("get_or_set_many", batch, load) for batch in batches))
    assert found == [{key: key for key in batch} for batch in batches]
    assert sorted(asked) == keys
