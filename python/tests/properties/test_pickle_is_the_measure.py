"""What `get` gives is what `pickle.loads(pickle.dumps(value))` gives: in value, in exact types, in what is shared. And changing
what went in, or what came out, changes nothing that is kept."""

import copy
import pickle

import pytest
from hypothesis import HealthCheck, example, given, settings
from kinds import PLAIN, VALUES, Order, cycles
from sameness import difference

# The same values in every run: a failure is found again, and nothing depends on luck.
STEADY = settings(
    max_examples=400,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
)


def changed(value, seen=None):
    """Changes everything that can be changed in a value."""
    seen = {} if seen is None else seen
    if id(value) in seen:
        return
    seen[id(value)] = value
    if isinstance(value, dict):
        inner = list(value.values())
        value["added by the test"] = "x"
    elif isinstance(value, (list, tuple)):
        inner = list(value)
        if isinstance(value, list):
            value.append("added by the test")
    elif isinstance(value, set):
        inner = []
        value.add("added by the test")
    elif isinstance(value, bytearray):
        inner = []
        value.extend(b"added")
    elif isinstance(value, Order):
        inner = [value.lines]
        value.number = "changed by the test"
    else:
        inner = []
    for one in inner:
        changed(one, seen)


def stored_and_read(cache, value):
    """Stores a value, changes it, reads it, changes that as well, and reads again: both readings are what pickle makes of it."""
    pickled = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    cache.set("key", value)
    changed(value)
    for _ in range(2):
        found = cache.get("key")
        assert difference(found, pickle.loads(pickled)) is None
        changed(found)


# covers: R25 R26 R36 R38
@STEADY
@given(VALUES)
def test_what_is_read_is_what_pickle_makes_of_it(trusted, value):
    stored_and_read(trusted, value)


# covers: R25 R36
@pytest.mark.parametrize("number", range(len(list(cycles()))))
def test_values_that_hold_themselves(trusted, number):
    stored_and_read(trusted, list(cycles())[number])


# covers: R37 R209 R210
@STEADY
@given(VALUES)
@example([1, (2,)])
@example({1: "a", "1": "b"})
@example({"a": float("nan")})
def test_who_never_pickles_gives_it_back_exactly_or_refuses_it(request, plain, value):
    from keepwarm.exceptions import SerializationError

    pickled = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    plain.set("key", "before")
    try:
        plain.set("key", value)
    except SerializationError:
        assert plain.get("key") == "before"
        return
    # A JSON document is a tree: what was one list in two places comes back as two that are equal.
    sharing = "json" not in request.node.callspec.id
    assert difference(plain.get("key"), pickle.loads(pickled), sharing) is None


# covers: R37
@pytest.mark.parametrize("number", range(len(list(cycles()))))
def test_who_never_pickles_refuses_values_that_hold_themselves_or_keeps_them(plain, number):
    from keepwarm.exceptions import SerializationError

    value = list(cycles())[number]
    plain.set("key", "before")
    try:
        plain.set("key", value)
    except SerializationError:
        assert plain.get("key") == "before"
        return
    assert difference(plain.get("key"), pickle.loads(pickle.dumps(value))) is None


# covers: R25
@STEADY
@given(PLAIN)
def test_who_never_pickles_takes_every_plain_value(plain, value):
    plain.set("key", value)
    assert difference(plain.get("key"), copy.deepcopy(value)) is None


# covers: R37
@pytest.mark.parametrize("make", [lambda: (lambda: None), lambda: (number for number in range(3)), lambda: [1, lambda: None], lambda: open(__file__)])
def test_what_cannot_be_pickled_is_refused_and_leaves_what_was_there(trusted, make):
    trusted.set("key", {"old": [1]})
    value = make()
    with pytest.raises(Exception):  # noqa: B017 the words are pickle's own
        trusted.set("key", value)
    assert trusted.get("key") == {"old": [1]}
    if hasattr(value, "close"):
        value.close()


# covers: R25 R36
@STEADY
@given(VALUES)
def test_bulk_verbs_keep_values_apart(trusted, value):
    pickled = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
    trusted.set_many({"one": value, "two": value})
    changed(value)
    found = trusted.get_many(["one", "two"])
    changed(found["one"])
    assert difference(found["two"], pickle.loads(pickled)) is None
    assert difference(trusted.get_or_set("one", None), pickle.loads(pickled)) is None
