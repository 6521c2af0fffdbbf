"""Values of every kind that a program may store, as hypothesis makes them."""

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import uuid
import zoneinfo
from pathlib import PurePosixPath

from hypothesis import strategies as st


class Colour(enum.Enum):
    """Names whose values are no plain ones."""

    RED = (255, 0, 0)
    BLUE = "blue"


class Level(enum.IntEnum):
    """Numbers with names."""

    LOW = 1
    HIGH = 2


class Mode(enum.StrEnum):
    """Words with names."""

    READ = "r"
    WRITE = "w"


class Right(enum.Flag):
    """Names that are combined."""

    SEE = enum.auto()
    EDIT = enum.auto()


Point = collections.namedtuple("Point", "x y")


@dataclasses.dataclass
class Order:
    """An instance with attributes."""

    number: int
    lines: list


@dataclasses.dataclass(frozen=True, slots=True)
class Money:
    """An instance with slots, which can be a key."""

    amount: decimal.Decimal
    currency: str


class Name(str):
    """Text with a type of its own."""


class Count(int):
    """A number with a type of its own."""


class Basket(list):
    """A list with a type of its own, and an attribute."""


class Table(dict):
    """A mapping with a type of its own."""


ZONES = st.sampled_from(
    [
        None,
        datetime.UTC,
        datetime.timezone(datetime.timedelta(hours=-3, minutes=-30)),
        datetime.timezone(datetime.timedelta(seconds=3723), "odd"),
        zoneinfo.ZoneInfo("Europe/Vienna"),
    ]
)

# Beyond 64 bits, at its edges, and where formats change their width.
INTEGERS = st.one_of(
    st.integers(),
    st.integers(-(1 << 200), 1 << 200),
    st.sampled_from([0, -1, 127, 128, -32, -33, 255, 256, 65535, 65536, (1 << 63) - 1, 1 << 63, -(1 << 63), -(1 << 63) - 1, (1 << 64) - 1, 1 << 64]),
)

# A lone surrogate is text for Python and for pickle, and not for UTF-8.
TEXT = st.one_of(st.text(), st.text(st.characters(codec=None)), st.sampled_from(["", "\x00", "\ud800", "x" * 300]))

HASHABLE = st.one_of(
    st.none(),
    st.booleans(),
    INTEGERS,
    st.floats(allow_nan=False),
    st.complex_numbers(allow_nan=False),
    TEXT,
    st.binary(max_size=300),
    st.decimals(allow_nan=False),
    st.fractions(),
    st.uuids(),
    st.dates(),
    st.times(timezones=ZONES),
    st.datetimes(timezones=ZONES),
    st.timedeltas(),
    st.sampled_from([*Colour, *Level, *Mode, *Right, Right.SEE | Right.EDIT]),
    st.builds(Name, TEXT),
    st.builds(Count, INTEGERS),
    st.builds(Money, st.decimals(allow_nan=False), st.text(max_size=3)),
    st.builds(PurePosixPath, st.sampled_from(["/etc", "a/b"])),
    st.builds(range, st.integers(-5, 5), st.integers(-5, 5)),
)

# Equal members of a set are one, and which of them it is depends on the order: types apart are kept apart.
MEMBERS = st.one_of(st.integers(), TEXT, st.binary(max_size=20), st.uuids(), st.dates(), st.tuples(st.text(max_size=3), st.text(max_size=3)))

LEAVES = st.one_of(
    HASHABLE,
    st.floats(),
    st.sampled_from([decimal.Decimal("NaN"), decimal.Decimal("sNaN"), decimal.Decimal("-0"), decimal.Decimal("1E+400"), decimal.Decimal("-Infinity")]),
    st.binary(max_size=50).map(bytearray),
    st.sampled_from([len, Order, datetime.datetime, fractions.Fraction, uuid.UUID]),
)


def trees(leaves):
    """What holds other values."""
    return st.one_of(
        st.lists(leaves, max_size=4),
        st.tuples(leaves),
        st.tuples(leaves, leaves),
        st.dictionaries(HASHABLE, leaves, max_size=4),
        st.builds(Point, leaves, leaves),
        st.builds(Order, st.integers(), st.lists(leaves, max_size=2)),
        st.builds(Basket, st.lists(leaves, max_size=2)),
        st.builds(Table, st.dictionaries(st.text(max_size=3), leaves, max_size=2)),
        st.builds(collections.OrderedDict, st.dictionaries(st.text(max_size=3), leaves, max_size=2)),
        st.dictionaries(st.text(max_size=3), leaves, max_size=2).map(lambda given: collections.defaultdict(list, given)),
        st.lists(leaves, max_size=2).map(collections.deque),
        st.sets(MEMBERS, max_size=4),
        st.frozensets(MEMBERS, max_size=4),
        # One object in several places.
        leaves.map(lambda value: [value, value]),
        leaves.map(lambda value: {"first": value, "again": [value]}),
        leaves.map(lambda value: (lambda shared: (shared, {"again": shared}, [shared]))([value])),
    )


VALUES = st.recursive(LEAVES, trees, max_leaves=12)

# What a JSON document holds: no format may change any of it.
PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(1 << 63), (1 << 64) - 1), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda leaves: st.one_of(st.lists(leaves, max_size=4), st.dictionaries(st.text(), leaves, max_size=4)),
    max_leaves=20,
)


def cycles():
    """Values that hold themselves."""
    around = []
    around.append(around)
    yield around
    mapping = {"name": "x"}
    mapping["self"] = mapping
    yield mapping
    parent, child = {"children": []}, {}
    parent["children"].append(child)
    child["parent"] = parent
    yield parent
    order = Order(1, [])
    order.lines.append(order)
    yield order
    through = ([],)
    through[0].append(through)
    yield through
