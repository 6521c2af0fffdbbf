"""Takes the Python blocks out of the five documents that promised them, and keeps them in `blocks/`.

The documents are not part of this repository. Where they lie beside the checkout (`../shared/seeds`, or what SEEDS_DIRECTORY
names), the test holds the blocks against them; and

    python3 python/tests/seeds/extract.py

writes the blocks anew. `blocks/index.toml` says of each from which document and line it is.
"""

import os
import re
import textwrap
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
BLOCKS = HERE / "blocks"
ROOT = HERE.parent.parent.parent

# The documents, in the order of their numbers.
DOCUMENTS = (
    "000_e547464a60a2225d.txt",
    "001_4e94523b3a6d24a6.txt",
    "002_7a0d4146ebeac93f.txt",
    "003_babc2ae0ec210233.txt",
    "004_e66f5c9ea0899145.txt",
)

# What the blocks of the last document are called: it counts those in the shell as well.
SHELL_TOO = {"S4"}

FENCE = re.compile(r"^```(\w*)\s*$")
DIRECTIVE = re.compile(r"^\.\. code:: (\w+)\s*$")


@dataclass(frozen=True)
class Block:
    """One piece of a document: its name, where its first line of code stands, in what language it is, and its text."""

    name: str
    document: str
    line: int
    language: str
    text: str

    @property
    def file(self):
        """Where it is kept."""
        return BLOCKS / f"{self.name.lower().replace('.', '_')}.txt"


def documents():
    """The folder with the documents, or None where they are not."""
    place = Path(os.environ.get("SEEDS_DIRECTORY", ROOT.parent / "shared" / "seeds"))
    return place if all((place / name).is_file() for name in DOCUMENTS) else None


def pieces(text):
    """The pieces of code of a document, as (first line, language, text): fenced ones, and those of reStructuredText."""
    lines = text.splitlines()
    index = 0
    while index < len(lines):
        if fence := FENCE.match(lines[index]):
            end = next(at for at in range(index + 1, len(lines)) if lines[at].strip() == "```")
            yield index + 2, fence[1], "\n".join(lines[index + 1 : end]) + "\n"
            index = end + 1
        elif directive := DIRECTIVE.match(lines[index]):
            begin = next(at for at in range(index + 1, len(lines)) if lines[at].strip())
            end = begin
            while end < len(lines) and (not lines[end].strip() or lines[end].startswith(" ")):
                end += 1
            yield begin + 1, directive[1], textwrap.dedent("\n".join(lines[begin:end])).rstrip() + "\n"
            index = end
        else:
            index += 1


def extract(place):
    """Every Python block of the documents in `place`."""
    for number, document in enumerate(DOCUMENTS):
        counted = 0
        for line, language, text in pieces((place / document).read_text(encoding="utf-8")):
            if language == "python" or f"S{number}" in SHELL_TOO:
                counted += 1
            if language == "python":
                yield Block(f"S{number}.{counted:02}", document, line, language, text)


def kept():
    """Every block as it is kept here."""
    index = tomllib.loads((BLOCKS / "index.toml").read_text(encoding="utf-8"))
    for name, about in index.items():
        block = Block(name, about["document"], about["line"], "python", "")
        yield Block(name, block.document, block.line, "python", block.file.read_text(encoding="utf-8"))


def main():
    """Writes the blocks."""
    place = documents()
    if place is None:
        raise SystemExit("the documents are not beside this checkout; SEEDS_DIRECTORY says where they are")
    blocks = list(extract(place))
    for old in BLOCKS.glob("*.txt"):
        old.unlink()
    for block in blocks:
        block.file.write_text(block.text, encoding="utf-8")
    lines = ["# Which document and line each block is from. Written by extract.py.", ""]
    lines += [f'"{block.name}" = {{ document = "{block.document}", line = {block.line} }}' for block in blocks]
    (BLOCKS / "index.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"{len(blocks)} blocks")


if __name__ == "__main__":
    main()
