"""get_or_set and refresh: the cases of the Rust suite's `compute`, `loaders`, `overtaken`, `refresh`, `flights`, `races`."""

import pytest

from keepwarm.exceptions import DeadlockError


# covers: R61 R62 R63 R64 R119
def test_a_missing_value_is_computed_once_and_kept(cache):
    for value in (None, 0, "", [], False, {"a": [1]}):
        calls = []

        def load():
            calls.append(1)
            return value

        for _ in range(3):
            assert cache.get_or_set(f"key {value!r}".replace(" ", "-"), load) == value
        assert calls == [1]


def test_timeout_zero_computes_every_time(cache):
    calls = []
    for number in range(3):
        assert cache.get_or_set("key", lambda: calls.append(1) or len(calls), 0) == number + 1
    assert cache.has_key("key") is False


# covers: R67 R68
def test_an_error_is_the_callers_and_nothing_is_kept(cache):
    calls = []

    def load():
        calls.append(1)
        raise LookupError(len(calls))

    for number in (1, 2):
        with pytest.raises(LookupError, match=str(number)):
            cache.get_or_set("key", load)
    assert len(calls) == 2
    # The lease was given back: nobody waits.
    assert cache.get_or_set("key", lambda: "value") == "value"


def test_a_loader_may_use_the_cache(cache):
    assert cache.get_or_set("key", cache.doing("value", ("set", "other", 1), ("get_many", ["a"]))) == "value"
    assert cache.get_many(["key", "other"]) == {"key": "value", "other": 1}


# covers: R174 R180
@pytest.mark.parametrize(
    ("call", "left"),
    [
        (("set", "key", "newer"), "newer"),
        (("delete", "key"), None),
        (("clear",), None),
        (("invalidate_tag", "tag"), None),
        (("invalidate_tags", ["tag", "other"]), None),
        (("delete_many", ["key"]), None),
        (("set_many", {"key": "newer"}), "newer"),
        (("delete_pattern", "k*"), "either"),
        (("set", "other", "newer"), "old"),
        (("invalidate_tag", "other"), "old"),
    ],
    ids=lambda case: "-".join(map(str, case)) if isinstance(case, tuple) else None,
)
def test_what_is_overtaken_while_it_is_computed_is_not_kept(cache, call, left):
    found = cache.get_or_set("key", cache.doing("old", call), tags=["tag"])
    # Another writer's value is the newer one; where there is none, the caller asked before.
    assert found == ("newer" if left == "newer" else "old")
    if left != "either":
        assert cache.get("key") == left


def test_an_overtaken_value_of_a_namespace_is_not_kept(cache):
    part = cache.namespace("part")
    if cache.is_awaited:

        async def load():
            await getattr(part.cache, "ainvalidate", getattr(part.cache, "invalidate", None))()
            return "old"

        if not cache.prefix:

            async def load():  # noqa: F811
                await part.cache.invalidate()
                return "old"
    else:
        load = part.doing("old", ("invalidate",))
    assert part.get_or_set("key", load) == "old"
    assert part.has_key("key") is False


def test_refresh(cache):
    seen = []
    cache.set("key", "old", 1000)
    if cache.is_awaited:

        async def load():
            seen.append(await getattr(cache.cache, cache.prefix + "get")("key"))
            return "new"
    else:

        def load():
            seen.append(cache.get("key"))
            return "new"

    assert cache.refresh("key", load, 500) == "new"
    assert (seen, cache.get("key")) == (["old"], "new")
    assert cache.ttl("key") == pytest.approx(500, abs=10)
    assert cache.refresh("absent", lambda: 1) == 1

    def fail():
        raise LookupError

    with pytest.raises(LookupError):
        cache.refresh("key", fail)
    assert cache.get("key") == "new"
    assert cache.refresh("key", cache.doing("old", ("delete", "key"))) == "old"
    assert cache.has_key("key") is False
    cache.set("key", 1)
    cache.refresh("key", cache.doing("old", ("set", "key", "newer")))
    assert cache.get("key") == "newer"


def test_a_loader_that_waits_for_itself_is_told(cache):
    if cache.is_awaited:

        async def load():
            return await getattr(cache.cache, cache.prefix + "get_or_set")("key", 1)
    else:

        def load():
            return cache.get_or_set("key", 1)

    if not cache.is_awaited:
        with pytest.raises(DeadlockError):
            cache.get_or_set("key", load)
        assert cache.get_or_set("key", lambda: "fine") == "fine"


# covers: R58 R65 R152
def test_many_at_once(cache):
    calls = []

    def load():
        calls.append(1)
        return ["computed"]

    assert cache.at_once(*[("get_or_set", "key", load)] * 16) == [["computed"]] * 16
    assert calls == [1]
    added = cache.at_once(*(("add", "first", number) for number in range(16)))
    assert sum(added) == 1
    assert added[cache.get("first")] is True
    assert sum(cache.at_once(*[("delete", "first")] * 16)) == 1
    assert sum(cache.at_once(*[("once", "name")] * 16)) == 1
    answers = cache.at_once(*(("get_or_set", f"of:{number}", lambda number=number: [number]) for number in range(16)))
    assert answers == [[number] for number in range(16)]


# covers: R67
def test_of_many_who_meet_an_error_each_gets_its_own_or_a_value(cache):
    calls = []

    def load():
        calls.append(1)
        if len(calls) == 1:
            raise LookupError("the first")
        return "value"

    answers = cache.at_once(*[("get_or_set", "key", load)] * 8)
    assert [answer for answer in answers if answer != "value"] != []
    assert sum(isinstance(answer, LookupError) for answer in answers) == 1
    assert len(calls) == 2
