"""The blocks that are kept are those of the documents, and each has its test, or waits by name."""

import importlib
import re

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


# What has no Rust twin yet, and what none is to come for.
WITHOUT_TWIN = {
    "S0.05": "the page cache in Rust",
    "S0.09": "the database backend",
    "S4.02": "nothing: Rust has no list of applications",
    "S4.04": "cache workers",
    "S4.05": "cache workers",
    "S4.06": "cache workers",
    "S4.07": "automatic invalidation",
    "S4.08": "automatic invalidation",
    "S2.06": "the page cache in Rust",
    "S2.07": "the page cache in Rust",
    "S2.08": "the page cache in Rust",
}

TWINS = extract.ROOT / "crates" / "keepwarm" / "examples" / "snippets"


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


# covers: R215
def test_every_block_has_its_twin_in_rust_or_waits_by_name():
    named = re.compile(r'^    "(S\d\.\d\d)" (\w+),$', re.MULTILINE)
    twins = {}
    for path in sorted(TWINS.glob("*.rs")):
        text = path.read_text(encoding="utf-8")
        for block, function in named.findall(text):
            assert block not in twins, f"{block} has two twins"
            assert f"async fn {function}() -> Outcome {{" in text, f"{path.name} lists {function} and does not have it"
            twins[block] = function
    assert sorted([*twins, *WITHOUT_TWIN]) == sorted(BLOCKS)
