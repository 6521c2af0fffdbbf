"""What comes out is what went in: value, exact types, sharing; and changing either changes nothing in the cache."""

import collections
import dataclasses
import datetime
import decimal
import enum
import pickle
import uuid
import zoneinfo

import pytest

import keepwarm
from keepwarm.exceptions import SerializationError


class Colour(enum.Enum):
    RED = "red"


class Number(enum.IntEnum):
    ONE = 1


@dataclasses.dataclass
class Person:
    name: str


Point = collections.namedtuple("Point", "x y")

VALUES = [
    None, True, False, 0, -1, 2**31, 2**63 - 1, -(2**63), 2**63, 2**64 - 1, 2**64, -(2**63) - 1, 10**60, -(10**60), 1.5,
    float("inf"), -0.0, "", "text", "ünï", "\U0001f600", b"", b"\x00\xff", bytearray(b"bytes"), complex(1, -2), (), (1,), (1, [2]),
    [], [1, "a", None], {}, {"a": 1}, {1: "one", "1": "text", None: 0, (1, 2): 3}, set(), {1, 2}, frozenset([1]),
    {"deep": [{"tuple": (1, {"set": {1}})}]}, list(range(2000)), {str(number): number for number in range(100)},
    datetime.datetime(2024, 2, 29, 12, 30, 15, 123456), datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc),
    datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=-3, minutes=-30))),
    datetime.datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
    datetime.date(1, 1, 1), datetime.time(23, 59, 59, 1), datetime.time(1, fold=1), datetime.timedelta(days=-1, microseconds=1),
    datetime.timedelta.max, decimal.Decimal("1.10"), decimal.Decimal("-Infinity"), uuid.UUID(int=7), Colour.RED, Number.ONE,
    Person("Ada"), Point(1, 2), collections.OrderedDict(a=1), range(3), "\ud800",
]  # fmt: skip


def same(one, other):
    """Whether two values are the same in value and exact types."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, (datetime.datetime, datetime.time)):
        return one == other and one.fold == other.fold and repr(one.tzinfo) == repr(other.tzinfo)
    return repr(one) == repr(other) if isinstance(one, (float, complex, decimal.Decimal)) else one == other


# covers: R25 R26 R38
@pytest.mark.parametrize("value", VALUES, ids=lambda value: f"{type(value).__name__}-{str(value)[:20]!a}")
@pytest.mark.parametrize("kind", ("memory", "file"))
def test_a_value_comes_back_as_pickle_would_give_it(kind, value, tmp_path):
    options = {"location": str(tmp_path)} if kind == "file" else {}
    cache = {"file": keepwarm.FileCache, "memory": keepwarm.MemoryCache}[kind](signing_key="key", **options)
    for wrapped in (value, [value, [value]], {"nested": [[value]]}):
        cache.set("value", wrapped)
        assert same(cache.get("value", "missed"), pickle.loads(pickle.dumps(wrapped)))


# covers: R36
@pytest.mark.parametrize(
    "make",
    (lambda: [1, 2], lambda: {"a": 1}, lambda: {"a": [1]}, lambda: [[1]], lambda: {1}, lambda: bytearray(b"a"), lambda: Person("Ada")),
)
def test_changing_either_side_changes_nothing(make):
    def change(value):
        if isinstance(value, list):
            value.append(9)
        elif isinstance(value, dict):
            value["new"] = 9
            value.pop("a")
        elif isinstance(value, set):
            value.add(9)
        elif isinstance(value, bytearray):
            value.append(9)
        else:
            value.name = "changed"

    cache = keepwarm.MemoryCache()
    given = make()
    cache.set("value", given)
    change(given)
    out = cache.get("value")
    assert out == make()
    change(out)
    assert cache.get("value") == make()


@pytest.mark.parametrize("cache", (keepwarm.MemoryCache(location="sharing"),), ids=("memory",))
def test_sharing_and_cycles_are_kept(cache):
    inner = [1]
    cache.set("shared", [inner, inner, {"again": inner}])
    first, second, third = cache.get("shared")
    assert first is second is third["again"]
    cycle = [1]
    cycle.append(cycle)
    cache.set("cycle", cycle)
    out = cache.get("cycle")
    assert out[1] is out and out is not cycle


# covers: R37 R41
def test_a_value_that_cannot_be_kept_leaves_the_old_one():
    cache = keepwarm.MemoryCache()

    class Busy:
        def __getstate__(self):
            cache.set("inner", 1)
            raise pickle.PicklingError("no")

    cache.set("value", "old")
    with pytest.raises(pickle.PicklingError):
        cache.set("value", Busy())
    assert (cache.get("value"), cache.get("inner")) == ("old", 1)


class Loaded:
    """Notes when a pickle of it is loaded."""

    times = 0

    def __reduce__(self):
        return loaded, ()


def loaded():
    Loaded.times += 1
    return "loaded"


# covers: R210
def test_a_pickle_is_loaded_only_under_its_key_and_its_signature(tmp_path):
    def cache(**options):
        return keepwarm.FileCache(location=str(tmp_path), **options)

    owner = cache(signing_key="one")
    owner.set("object", Loaded())
    Loaded.times = 0
    assert cache().get("object") is None
    assert cache(signing_key="other").get("object") is None
    assert cache(signing_key="one", serializer="msgpack").get("object") is None
    assert Loaded.times == 0
    assert cache(signing_key=["newer", "one"]).get("object") == "loaded"
    assert Loaded.times == 1


# covers: R209
def test_without_a_key_nothing_is_pickled(tmp_path):
    for options in ({}, {"serializer": "msgpack", "signing_key": "key"}):
        cache = keepwarm.FileCache(location=str(tmp_path), **options)
        cache.set("value", "old")
        with pytest.raises(SerializationError, match="signing_key|serializer"):
            cache.set("value", Person("Ada"))
        assert cache.get("value") == "old"


def test_json_refuses_what_it_cannot_hold(tmp_path):
    cache = keepwarm.FileCache(location=str(tmp_path), serializer="json")
    cache.set("value", {"a": [1, None, "x", 1.5]})
    assert cache.get("value") == {"a": [1, None, "x", 1.5]}
    for value in ((1, 2), {1: 2}, float("nan"), {1}, b"bytes"):
        with pytest.raises(SerializationError):
            cache.set("value", [value])
    with pytest.raises(keepwarm.exceptions.ConfigurationError, match="serializer"):
        keepwarm.MemoryCache(serializer="yaml")


# covers: R36
def test_live_trees_are_objects_of_the_store_and_nobody_else_s(tmp_path):
    cache = keepwarm.MemoryCache(serializer="live")
    leaf = "".join(["a text ", "of its own"])
    tree = {"rows": [{"name": leaf, "tags": ("a", ["b"])}], "set": {1, 2}, "bytes": bytearray(b"x")}
    tree["again"] = tree["rows"]
    cache.set("tree", tree)
    tree["rows"].append("changed")
    found = cache.get("tree")
    # The leaves are shared, as no encoded form could; the containers are not.
    assert found["rows"][0]["name"] is leaf
    assert found["again"] is found["rows"] and len(found["rows"]) == 1
    found["rows"][0]["tags"][1].append("changed")
    assert cache.get("tree")["rows"][0]["tags"] == ("a", ["b"])
    # What only pickle knows how to copy is pickled.
    cache.set("person", {"who": Person("Ada")})
    assert cache.get("person")["who"].name == "Ada"
    with pytest.raises(keepwarm.exceptions.ConfigurationError, match="live"):
        keepwarm.FileCache(location=str(tmp_path), serializer="live")
