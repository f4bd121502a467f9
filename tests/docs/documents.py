"""The documents as tests see them: fenced blocks, tables, links and headings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
"""Those with examples, and all of them."""

ANYTHING = "…"
"""Stands in an expected output for what differs from run to run."""

_FENCE = re.compile(r"^```(\w*)$")
_FILE_NAMED = re.compile(r"`([\w./-]+\.(?:csv|json|toml))`:?$")
_LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. ``file`` is the name at the end of the line before it, if that is a file's."""

    language: str
    text: str
    line: int
    file: str | None


def blocks(page: str) -> list[Block]:
    """List the fenced blocks of a page."""
    found: list[Block] = []
    before, language, start, lines = "", None, 0, list[str]()
    for number, line in enumerate(page.splitlines(), 1):
        fence = _FENCE.match(line)
        if language is None and fence is not None:
            language, start, lines = fence[1], number, []
        elif language is not None and line == "```":
            named = _FILE_NAMED.search(before)
            found.append(Block(language, "\n".join(lines) + "\n", start, named[1] if named else None))
            language, before = None, ""
        elif language is not None:
            lines.append(line)
        elif line.strip():
            before = line.strip()
    assert language is None, f"the block of line {start} does not end"
    return found


def commands(text: str) -> Iterator[tuple[str, str]]:
    """List the commands of a console block (after ``$``), each with the output it shows."""
    for piece in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, output = piece.partition("\n")
        while command.endswith("\\"):
            more, _, output = output.partition("\n")
            command = f"{command[:-1].rstrip()} {more.strip()}"
        yield command, output


def matches(expected: str, actual: str) -> bool:
    """Tell whether an output is what was expected; spaces beside ``…`` and line ends count for nothing."""
    pieces = map(re.escape, re.split(rf" *{ANYTHING} *", _trimmed(expected)))
    return re.fullmatch(".*?".join(pieces), _trimmed(actual), re.DOTALL) is not None


def _trimmed(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


def table(page: str, heading: str) -> list[list[str]]:
    """Read the rows of the first table whose first column is headed ``heading``."""
    lines = page.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith(f"| {heading} |"))
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip().strip("`") for cell in line.strip().strip("|").split(" | ")])
    return rows


def links(page: str) -> list[str]:
    """List where a page links to, its examples apart."""
    return _LINK.findall(re.sub(r"^```.*?^```$", "", page, flags=re.DOTALL | re.MULTILINE))


def anchors(page: str) -> set[str]:
    """List the fragments by which headings are linked to."""
    bare = re.sub(r"^```.*?^```$", "", page, flags=re.DOTALL | re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")
        for heading in _HEADING.findall(bare)
    }
