"""Trees whose texts come again, as rows of a table do: a store in this process writes such a text once, and what it gives is
still what pickle gives. The pools are larger and smaller than what can be referred to."""

import datetime
import pickle
import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sameness import difference
from test_pickle_is_the_measure import STEADY, stored_and_read

# Texts that differ only in one place, in their length, or in what is neither their first nor their last bytes.
ALPHABETS = ("a", "ab", "xyz\x00", "äß", "🦀é")


def text_of(chance, longest):
    """A text that is like others."""
    alphabet = chance.choice(ALPHABETS)
    length = chance.choice([0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 254, 255, 256, 300])
    body = "".join(chance.choice(alphabet) for _ in range(min(length, longest)))
    return chance.choice(["", "prefix of all ", "12345678"]) + body


def tree_of(chance, keys, texts, depth):
    """A tree of few kinds of parts and many of them."""

    def leaf():
        kind = chance.randrange(8)
        if kind < 4:
            # Another object of the same text, for it is what a text says that counts.
            return chance.choice(texts).encode().decode()
        if kind == 4:
            return chance.choice([0, 1, 31, 32, 127, 128, 193, -1, 1 << 70, None, True, 1.5])
        if kind == 5:
            return chance.choice(texts).encode()
        if kind == 6:
            return datetime.date(2024, 1, 1 + chance.randrange(28))
        return frozenset(chance.sample(texts, min(len(texts), chance.randrange(3))))

    def key():
        kind = chance.randrange(12)
        if kind < 9:
            return chance.choice(keys)
        if kind == 9:
            return chance.randrange(-40, 300)
        if kind == 10:
            return (chance.choice(texts), chance.choice(keys))
        return chance.choice([None, True, 1.5, b"key", 193])

    def part(depth):
        kind = chance.randrange(10) if depth else 0
        if kind < 3:
            return leaf()
        if kind < 7:
            return {key(): part(depth - 1) for _ in range(chance.randrange(12))}
        if kind < 9:
            return [part(depth - 1) for _ in range(chance.randrange(12))]
        return tuple(part(depth - 1) for _ in range(chance.randrange(6)))

    return [part(depth) for _ in range(chance.randrange(1, 12))]


# covers: R25 R36
@STEADY
@given(st.integers(0, 1 << 32), st.sampled_from([1, 3, 20, 127, 128, 129, 300]), st.sampled_from([1, 5, 100, 255, 256, 257, 600]), st.integers(1, 5))
@example(7, 300, 600, 5)
def test_what_is_read_is_what_pickle_makes_of_it(here, seed, many_keys, many_texts, depth):
    chance = random.Random(seed)
    keys = [text_of(chance, 40) for _ in range(many_keys)]
    texts = [text_of(chance, 300) for _ in range(many_texts)]
    stored_and_read(here, tree_of(chance, keys, texts, depth))


# covers: R25 R36
@pytest.mark.parametrize("count", [127, 128, 129, 255, 256, 257, 1000])
def test_each_number_at_its_edges(here, count):
    names = [f"column {number}" for number in range(count)]
    value = [dict.fromkeys(names, "xx"), names, dict.fromkeys(names, "xx"), names[::-1], tuple(names), {number: names[number % count] for number in range(300)}]
    stored_and_read(here, value)


# covers: R36
def test_a_text_is_kept_once_and_shared_by_who_reads(here):
    row = {"column of a name": ["a text of some length"] * 2}
    here.set("key", [dict(row) for _ in range(100)] + [[]])
    found = here.get("key")
    assert difference(found, pickle.loads(pickle.dumps(found))) is None
    assert len({id(text) for row in found[:-1] for text in row["column of a name"]}) == 1
