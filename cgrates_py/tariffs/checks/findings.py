"""A finding: what is wrong, where, and what to do about it."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How bad: an error costs money or refuses calls, a warning is hardly meant so, a note is clutter."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Code(StrEnum):
    """What kind of finding; the value is its name in answers."""

    UNREACHABLE = "prefix-unreachable"
    REDUNDANT = "prefix-redundant"
    NEVER = "never-applies"
    OVERTAKEN = "activation-overtaken"
    OVER = "timing-over"
    HOLE = "hole"
    EQUAL_WEIGHTS = "equal-weights"
    NO_PRICES = "no-prices"
    NO_DEFAULT = "no-default"
    FALLBACK_UNKNOWN = "fallback-unknown"
    FALLBACK_LOOP = "fallback-loop"
    FALLBACK_DEEP = "fallback-deep"
    BELOW_COST = "below-cost"
    OVERCHARGE = "overcharge"
    NO_COUNTRY = "no-country"
    UNUSED = "unused"


SEVERITIES = {
    Code.UNREACHABLE: Severity.WARNING,
    Code.REDUNDANT: Severity.NOTE,
    Code.NEVER: Severity.WARNING,
    Code.OVERTAKEN: Severity.WARNING,
    Code.OVER: Severity.NOTE,
    Code.HOLE: Severity.ERROR,
    Code.EQUAL_WEIGHTS: Severity.WARNING,
    Code.NO_PRICES: Severity.ERROR,
    Code.NO_DEFAULT: Severity.NOTE,
    Code.FALLBACK_UNKNOWN: Severity.ERROR,
    Code.FALLBACK_LOOP: Severity.WARNING,
    Code.FALLBACK_DEEP: Severity.ERROR,
    Code.BELOW_COST: Severity.ERROR,
    Code.OVERCHARGE: Severity.WARNING,
    Code.NO_COUNTRY: Severity.WARNING,
    Code.UNUSED: Severity.NOTE,
}
"""How bad each kind is."""


class Finding(NamedTuple):
    """One finding. ``place`` is a file of the CSV folder with an Id, or a subject with a prefix."""

    code: Code
    place: str
    sentence: str
    suggestion: str

    @property
    def severity(self) -> Severity:
        """How bad it is."""
        return SEVERITIES[self.code]


NAMED_MAX = 5


def some(names: Iterable[str], most: int = NAMED_MAX) -> str:
    """Name the first of some, and tell how many there are."""
    known: Sequence[str] = list(names)
    return ", ".join(known[:most]) + (f" and {len(known) - most} more" if len(known) > most else "")
