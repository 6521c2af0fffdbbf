"""The blocks that are kept are those of the documents, and each has its test, or waits by name."""

import importlib

import pytest

import extract
from changes import FIXES
from listed import RUNS, WAITS
from stage import BLOCKS

TESTS = ("test_fastdjango", "test_low_level", "test_skill", "test_short", "test_workers")

# What waits for a later issue. Whoever makes one of them run takes it out here.
WAITING = {
    "S0.05": "the page cache for FastAPI",
    "S0.09": "the database backend",
    "S4.02": "cache workers",
    "S4.04": "cache workers",
    "S4.05": "cache workers",
    "S4.06": "cache workers",
    "S4.07": "automatic invalidation",
    "S4.08": "automatic invalidation",
}


# covers: R215
def test_every_block_has_a_test_or_waits_by_name():
    for name in TESTS:
        importlib.import_module(name)
    assert WAITS == WAITING
    assert sorted([*RUNS, *WAITS]) == sorted(BLOCKS)
    assert len(BLOCKS) == 67


def test_what_is_fixed_is_in_the_blocks():
    assert FIXES.keys() <= BLOCKS.keys()
    for name, changes in FIXES.items():
        for change in changes:
            assert BLOCKS[name].text.count(change.old) == 1, (name, change)
            assert change.why


def test_the_blocks_are_those_of_the_documents():
    place = extract.documents()
    if place is None:
        pytest.skip("the documents are not beside this checkout")
    assert list(extract.extract(place)) == list(extract.kept())
