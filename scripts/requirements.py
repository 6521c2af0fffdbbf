#!/usr/bin/env python3
"""Writes docs/requirements.md: which test covers which item of docs/requirements.toml.

A test says what it covers in a comment directly above it, as in `// covers: R30 R31` in Rust and `# covers: R30` in
Python. Attributes, decorators, documentation and other comments may stand between the marker and the function. What a whole
suite with its own harness covers stands above its `main`.

    python3 scripts/requirements.py            write the page
    python3 scripts/requirements.py --check    fail when the page is old, a marker is wrong, or a due item has no test
"""

import argparse
import os
import re
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Where tests are; not this script's own, whose samples look like markers.
FOLDERS = ("crates", "examples", "benches", "python")

MARKER = re.compile(r"^\s*(?://|#)\s*covers:\s*(.*?)\s*$")
NUMBER = re.compile(r"R[1-9][0-9]*")
RUST_FUNCTION = re.compile(r'^\s*(?:pub(?:\([^)]*\))?\s+)?(?:(?:default|const|async|unsafe|extern(?:\s+"[^"]*")?)\s+)*fn\s+(\w+)')
RUST_TEST = re.compile(r"^#\[\s*(?:\w+::)*(?:test|rstest|test_case)\b")
STRING = re.compile(r'"(?:\\.|[^"\\])*"')
PYTHON_FUNCTION = re.compile(r"^\s*(?:async\s+)?def\s+(\w+)")


class Mistake(Exception):
    """Something in the items or beside a test that is not as it should be."""


@dataclass
class Item:
    """One line of the requirements."""

    number: str
    phrase: str
    needs: list[str]
    later: str


@dataclass
class Section:
    """Items that belong together."""

    number: int
    title: str
    items: list[Item]


@dataclass
class Requirements:
    """All sections, and what the names in `needs` stand for."""

    needs: dict[str, str]
    sections: list[Section]

    def items(self):
        """Every item, in order."""
        return [item for section in self.sections for item in section.items]


@dataclass
class Findings:
    """What the sources say: the tests of each item, and what is wrong."""

    tests: dict[str, list[str]] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)


def read_requirements(text):
    """The items, or a `Mistake`."""
    data = tomllib.loads(text)
    known = data["needs"]
    seen = set()

    def read_item(number, given, inherited):
        if not NUMBER.fullmatch(number):
            raise Mistake(f"{number} is not the number of an item")
        if number in seen:
            raise Mistake(f"{number} is there twice")
        seen.add(number)
        table = {"phrase": given} if isinstance(given, str) else given
        if unknown := table.keys() - {"phrase", "needs", "later"}:
            raise Mistake(f"{number} has no {', '.join(sorted(unknown))}")
        needs = table.get("needs", inherited)
        if unknown := [need for need in needs if need not in known]:
            raise Mistake(f"{number} needs {', '.join(unknown)}, which [needs] does not name")
        return Item(number, table["phrase"], needs, table.get("later", ""))

    sections = []
    for section in data["section"]:
        inherited = section.get("needs", [])
        items = [read_item(number, given, inherited) for number, given in section["items"].items()]
        sections.append(Section(section["number"], section["title"], items))
    numbers = [int(number.removeprefix("R")) for number in (item.number for s in sections for item in s.items)]
    if numbers != list(range(1, len(numbers) + 1)):
        raise Mistake("the items are not numbered one after the other")
    return Requirements(known, sections)


def source_files(root):
    """The Rust and Python files below `root` that may hold tests, in a stable order."""
    for folder in FOLDERS:
        for path, folders, files in os.walk(root / folder):
            folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in ("target", "__pycache__"))
            for name in sorted(files):
                if name.endswith((".rs", ".py")):
                    yield Path(path) / name


def scan(name, text, known, findings):
    """Adds the markers of one file to `findings`."""
    lines = text.splitlines()
    rust = name.endswith(".rs")
    for index, line in enumerate(lines):
        if not (marker := MARKER.match(line)):
            continue
        if ("//" in line.split("covers:")[0]) != rust:
            continue
        where = f"{name}:{index + 1}"
        numbers = marker[1].split()
        if not numbers:
            findings.mistakes.append(f"{where}: the marker names no item")
        wrong = [number for number in numbers if number not in known]
        if wrong:
            findings.mistakes.append(f"{where}: there is no item {', '.join(wrong)}")
        try:
            function = below(lines, index + 1, name, text)
        except Mistake as mistake:
            findings.mistakes.append(f"{where}: {mistake}")
            continue
        for number in numbers:
            tests = findings.tests.setdefault(number, [])
            if number in known and (test := f"{name}::{function}") not in tests:
                tests.append(test)


def below(lines, index, name, text):
    """The name of the test that the lines of the file `name` from `index` on begin."""
    rust = name.endswith(".rs")
    attributes = []
    while index < len(lines):
        line = lines[index].strip()
        if line.startswith("#[" if rust else "@"):
            attribute, index = bracketed(lines, index)
            attributes.append(attribute)
        elif line.startswith("//" if rust else "#"):
            index += 1
        else:
            break
    line = lines[index] if index < len(lines) else ""
    if not (function := (RUST_FUNCTION if rust else PYTHON_FUNCTION).match(line)):
        raise Mistake("the marker does not stand directly above a function")
    function = function[1]
    if rust:
        if any(attribute.startswith("#[ignore") for attribute in attributes):
            raise Mistake(f"{function} is ignored, and covers nothing")
        is_test = any(RUST_TEST.match(attribute) for attribute in attributes)
        if not is_test and not is_case(function, text) and not is_suite(function, name):
            raise Mistake(f"{function} is neither a test nor a case of a `cases!` list")
    elif not function.startswith("test"):
        raise Mistake(f"{function} is not a test")
    return function


def bracketed(lines, index):
    """An attribute or decorator, which may go over several lines, and the index behind it."""
    text = ""
    while index < len(lines):
        text += lines[index].strip()
        index += 1
        outside = STRING.sub("", text)
        if sum(map(outside.count, "([{")) <= sum(map(outside.count, ")]}")):
            break
    return text, index


def is_case(function, text):
    """Whether a list of conformance cases in the same file names the function."""
    return any(
        re.search(rf"^\s*{function}\s*(?:\[|;)", cases, re.MULTILINE)
        for cases in re.findall(r"^cases!\s*\{(.*?)^\}", text, re.MULTILINE | re.DOTALL)
    )


def is_suite(function, name):
    """Whether the function is the whole of a test that brings its own harness."""
    path = Path(name)
    folder = path.parent.parent if path.name == "main.rs" else path.parent
    return function == "main" and folder.name == "tests"


def find_tests(root, known):
    """What all sources below `root` cover."""
    findings = Findings()
    for path in source_files(root):
        scan(path.relative_to(root).as_posix(), path.read_text(encoding="utf-8"), known, findings)
    return findings


def uncovered(requirements, findings):
    """The items that are due and that no test covers."""
    return [item for item in requirements.items() if not item.needs and not findings.tests.get(item.number)]


def state(item, tests, needs):
    """What the page says of an item."""
    waits = " and ".join(needs[need] for need in item.needs)
    if not tests:
        return f"open: needs {waits}" if waits else "**open**"
    if waits:
        return f"begun; needs {waits}"
    return f"covered; to come: {item.later}" if item.later else "covered"


def page(requirements, findings):
    """The page, as Markdown."""
    items = requirements.items()
    due = [item for item in items if not item.needs]
    covered = [item for item in due if findings.tests.get(item.number)]
    lines = [
        "# Requirements",
        "",
        "What Keepwarm promises, item by item, and the tests that hold it to it. This page is written by",
        "`make requirements` from `docs/requirements.toml` and from the markers beside the tests; `make test` checks that it",
        "is up to date and that no item that is due has no test. A test in `crates/keepwarm-conformance` runs over every",
        "backend, in both faces and under several settings.",
        "",
        f"{len(items)} items: {len(due)} are due, of which {len(covered)} are covered; "
        f"{len(items) - len(due)} wait for what does not exist yet.",
    ]
    for section in requirements.sections:
        lines += ["", f"## {section.number}. {section.title}", "", "| item | | state | tests |", "|---|---|---|---|"]
        for item in section.items:
            tests = findings.tests.get(item.number, [])
            names = "<br>".join(f"`{test}`" for test in tests)
            lines.append(f"| {item.number} | {item.phrase} | {state(item, tests, requirements.needs)} | {names} |")
    return "\n".join(lines) + "\n"


def main(arguments=None, root=ROOT):
    """Writes or checks the page; the exit code."""
    parser = argparse.ArgumentParser(description="writes docs/requirements.md from the markers beside the tests")
    parser.add_argument("--check", action="store_true", help="write nothing, and fail where something is not as it should be")
    check = parser.parse_args(arguments).check
    try:
        requirements = read_requirements((root / "docs/requirements.toml").read_text(encoding="utf-8"))
    except (Mistake, KeyError, tomllib.TOMLDecodeError) as mistake:
        print(f"docs/requirements.toml: {mistake}", file=sys.stderr)
        return 2
    findings = find_tests(root, {item.number for item in requirements.items()})
    mistakes = list(findings.mistakes)
    target = root / "docs/requirements.md"
    text = page(requirements, findings)
    if not check:
        target.write_text(text, encoding="utf-8")
    else:
        if not target.exists() or target.read_text(encoding="utf-8") != text:
            mistakes.append("docs/requirements.md is not up to date; run `make requirements`")
        mistakes += [f"{item.number} is due and has no test: {item.phrase}" for item in uncovered(requirements, findings)]
    for mistake in mistakes:
        print(mistake, file=sys.stderr)
    return 1 if mistakes else 0


if __name__ == "__main__":
    sys.exit(main())
