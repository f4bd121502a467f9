"""What an import did not take as it stood: each row with its place, what was there, and what was done."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

LISTED_MAX = 10_000
"""Findings kept for listing; a deck with more is counted on, so memory stays bounded."""

SHOWN_CHARACTERS = 60


class Done(StrEnum):
    """What was done about a row."""

    SKIPPED = "skipped"
    REPAIRED = "repaired"
    LAST_WINS = "last one wins"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One cell or row. Lines count from 1; ``column`` is its heading or number, empty for the whole row."""

    line: int
    column: str
    got: str
    expected: str
    done: Done
    detail: str = ""
    """What the row became, for a repair: ``as 49171``."""


class Findings:
    """A bounded list of findings that goes on counting."""

    def __init__(self) -> None:
        self.listed: list[Finding] = []
        self.counts: Counter[tuple[str, Done]] = Counter()

    def add(self, line: int, column: str, got: str, expected: str, done: Done, detail: str = "") -> None:
        """Count a finding, and keep it while there is room."""
        self.counts[expected, done] += 1
        if len(self.listed) < LISTED_MAX:
            shown = got if len(got) <= SHOWN_CHARACTERS else got[: SHOWN_CHARACTERS - 1] + "…"
            self.listed.append(Finding(line, column, shown, expected, done, detail))

    @property
    def count(self) -> int:
        """How many there are in all."""
        return self.counts.total()

    def ordered(self) -> list[Finding]:
        """List what was kept by line."""
        return sorted(self.listed, key=lambda each: each.line)
