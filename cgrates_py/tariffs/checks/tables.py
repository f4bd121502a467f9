"""What lint looks at of a table of prefixes: how a period fills the week, which prefixes price nothing."""

from collections import Counter
from collections.abc import Container, Iterable
from typing import NamedTuple

from cgrates_py.tariffs.calendar import Calendar
from cgrates_py.tariffs.words import Window
from rater.plan import Period
from rater.rate import Ladder

DIGITS = 10


class Filled(NamedTuple):
    """How a period fills the kinds of days: the ladders that price some moment, and moments without any."""

    ladders: frozenset[Ladder]
    holes: tuple[Window, ...]


class Filling:
    """Looks at periods, each once."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._known: dict[Period, Filled] = {}

    def of(self, period: Period) -> Filled:
        """Tell how a period fills the week."""
        if period not in self._known:
            ladders: set[Ladder] = set()
            holes: list[Window] = []
            for kind, day in enumerate(self._calendar.days):
                start = 0
                for end, ladder in period.schedule.segments(day):
                    if ladder is None:
                        holes.append((kind, start, end))
                    else:
                        ladders.add(ladder)
                    start = end
            self._known[period] = Filled(frozenset(ladders), tuple(holes))
        return self._known[period]


def unreachable(prefixes: Iterable[str], covering: Iterable[str]) -> set[str]:
    """List the prefixes of which every number is priced by longer ones.

    ``covering`` are those that price all moments of the numbers that they begin.
    """
    by_length: dict[int, set[str]] = {}
    for prefix in covering:
        by_length.setdefault(len(prefix), set()).add(prefix)
    closed: set[str] = set()
    for length in range(max(by_length, default=0), 0, -1):
        parents = Counter(prefix[:-1] for prefix in by_length.get(length, ()))
        full = {prefix for prefix, count in parents.items() if count == DIGITS}
        closed |= full
        by_length.setdefault(length - 1, set()).update(full)
    return closed & set(prefixes)


def parent(prefix: str, table: Container[str]) -> str | None:
    """Find the longest prefix of a table that begins another."""
    return next((prefix[:size] for size in range(len(prefix) - 1, -1, -1) if prefix[:size] in table), None)
