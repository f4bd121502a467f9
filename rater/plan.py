"""A rating plan compiled: which of its lines can price a number, and their schedule.

Thousands of prefixes share a few combinations of lines, so a prefix maps to the number of a combination, and
schedules are compiled per combination, when the first call needs one.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from rater.e164 import lengths_descending
from rater.rate import Ladder, Rate
from rater.tariff import (
    ANY,
    DAY_SECONDS,
)
from rater.timing import DayPart, Days, Schedule, clock_ns

_PERIODS_REMEMBERED_MAX = 4096
"""Compiled combinations one plan keeps; real plans have a few hundred, odd ones are compiled again."""


class Period:
    """Prices in force from an activation on: a schedule of ladders, and the zone of their clocks.

    ``rates`` are all of them in the order written, to be shown. ``zone`` None: the zone of the call.
    ``plan_id`` is the rating plan that they come from; empty: from prices written for the prefix itself.
    ``spanwise``: a call is cut where another version of the tariff becomes active.
    """

    __slots__ = ("activation_ns", "plan_id", "rates", "schedule", "spanwise", "zone")

    def __init__(
        self,
        activation_ns: int,
        schedule: Schedule,
        rates: tuple[Rate, ...],
        zone: ZoneInfo | None,
        plan_id: str = "",
        spanwise: bool = False,
    ) -> None:
        self.spanwise = spanwise
        self.activation_ns = activation_ns
        self.schedule = schedule
        self.rates = rates
        self.zone = zone
        self.plan_id = plan_id


@dataclass(frozen=True, slots=True)
class Candidate:
    """One line of a plan joined with one of its destination rates."""

    days: Days
    start_s: int
    weight: Decimal
    ladder: Ladder


class CompiledPlan:
    """The prefixes of one rating plan."""

    __slots__ = (
        "_candidates",
        "_combinations",
        "_covered",
        "_lengths",
        "_periods",
        "_table",
        "_zone",
        "plan_id",
        "spanwise",
    )

    def __init__(
        self,
        plan_id: str,
        table: dict[str, int],
        combinations: list[tuple[int, ...]],
        candidates: list[Candidate],
        zone: ZoneInfo | None,
        spanwise: bool = False,
    ) -> None:
        self.plan_id = plan_id
        self.spanwise = spanwise
        self._table = table
        self._combinations = combinations
        self._candidates = candidates
        self._zone = zone
        self._lengths = lengths_descending(table)
        self._covered: dict[int, bool] = {}
        self._periods: dict[tuple[int, tuple[int, ...]], Period] = {}

    def match(self, number: str, activation_ns: int) -> tuple[str, Period] | None:
        """Find the longest prefix that begins ``number`` (digits only), and the period that prices it.

        Shorter prefixes join in only where the longer ones leave moments without a price.
        """
        table = self._table
        shown: str | None = None
        chain: list[int] = []
        for length in self._lengths:
            if length > len(number):
                continue
            entry = table.get(number[:length])
            if entry is None:
                continue
            if shown is None:
                shown = ("+" if entry & 1 else "") + number[:length] if length else ANY
            chain.append(entry >> 1)
            if self._covers(entry >> 1):
                break
        if shown is None:
            return None
        return shown, self._period(activation_ns, tuple(chain))

    def prefixes(self) -> Iterable[str]:
        """List the prefixes, digits only; an empty one begins every number."""
        return self._table.keys()

    def _covers(self, combination: int) -> bool:
        known = self._covered.get(combination)
        if known is None:
            known = self._covered[combination] = Schedule(self._parts((combination,))).covers_always()
        return known

    def _period(self, activation_ns: int, chain: tuple[int, ...]) -> Period:
        key = (activation_ns, chain)
        period = self._periods.get(key)
        if period is None:
            if len(self._periods) >= _PERIODS_REMEMBERED_MAX:
                self._periods.clear()
            parts = self._parts(chain)
            rates = tuple(rate for part in parts for rate in part.ladder)
            period = self._periods[key] = Period(
                activation_ns, Schedule(parts), rates, self._zone, self.plan_id, self.spanwise
            )
        return period

    def _parts(self, chain: tuple[int, ...]) -> list[DayPart]:
        """List the parts of a chain of combinations (longest prefix first), what wins first."""
        ranked: list[Candidate] = []
        for combination in chain:
            members = (self._candidates[number] for number in self._combinations[combination])
            ranked += sorted(members, key=lambda c: (-c.weight, -c.start_s, c.ladder[0].shown.price))
        end_ns = clock_ns(DAY_SECONDS)
        return [DayPart(c.days, clock_ns(c.start_s), end_ns, c.ladder) for c in ranked]
