"""A rating plan compiled: which of its lines can price a number, and their schedule.

Plans have no prefixes of their own: the tariff's table tells whose prefixes begin a number, and a plan what
its lines say of those destinations. Schedules are compiled when the first call needs one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from operator import itemgetter
from typing import Any
from zoneinfo import ZoneInfo

from rater.prefixes import PrefixTable
from rater.rate import Ladder, Rate
from rater.tariff import ANY, DAY_SECONDS
from rater.timing import DayPart, Days, Schedule, clock_ns

_REMEMBERED_MAX = 65_536
"""Values of each kind that a tariff keeps worked out; real decks have a few thousand different prices."""

_GROUPS = (1 << 32) - 1


class Period:
    """Prices in force from an activation on: a schedule of ladders, and the zone of their clocks.

    ``rates`` are all of them in the order written, to be shown. ``zone`` None: the zone of the call.
    ``plan_id`` is the rating plan that they come from; empty: from prices written for the prefix itself.
    ``spanwise``: a call is cut where another version of the tariff becomes active. ``chain``: the groups of
    prefixes that the plan prices so.
    """

    __slots__ = ("activation_ns", "chain", "plan_id", "rates", "schedule", "spanwise", "zone")

    def __init__(
        self,
        activation_ns: int,
        schedule: Schedule,
        rates: tuple[Rate, ...],
        zone: ZoneInfo | None,
        plan_id: str = "",
        spanwise: bool = False,
        chain: "tuple[int, ...]" = (),
    ) -> None:
        self.spanwise = spanwise
        self.activation_ns = activation_ns
        self.schedule = schedule
        self.rates = rates
        self.zone = zone
        self.plan_id = plan_id
        self.chain = chain

    def same(self, other: "Period") -> bool:
        """Tell whether another of the same book's plans is this one, also if it was made anew meanwhile."""
        if self is other:
            return True
        made = self.plan_id, self.activation_ns, self.chain
        return bool(self.chain) and made == (other.plan_id, other.activation_ns, other.chain)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One line of a plan joined with one of its destination rates."""

    days: Days
    start_s: int
    weight: Decimal
    ladder: Ladder


CompiledLine = dict[int, tuple[tuple[int, Candidate], ...]]
"""A line of rating plans: its candidates, numbered as written, by the destination's place in the table.

Plans share the lines that say the same.
"""

ANYWHERE = -1
"""The place of ``*any``, and the group of its prefix, which has no digits."""

Chain = tuple[int, ...]
"""Groups of prefixes that price a number together, those of the longest prefix first."""


_HAS, _COVERS, _PLUS = 1, 2, 4
"""What a plan has for a group, in bits: a candidate; one at every moment; the prefix written with a plus."""


class Remembered:
    """What look-ups worked out, for all plans of a tariff together: one bound however many there are."""

    __slots__ = ("kinds", "periods")

    def __init__(self) -> None:
        self.kinds: dict[int, int] = {}
        self.periods: dict[tuple[int, int, Chain], Period] = {}


def keep(known: "dict[Any, Any]", key: object, value: object) -> None:
    """Remember a value, within bounds."""
    if len(known) >= _REMEMBERED_MAX:
        known.clear()
    known[key] = value


class CompiledPlan:
    """The lines of one rating plan, the ``number``-th of its tariff."""

    __slots__ = ("_lines", "_number", "_remembered", "_table", "_zone", "plan_id", "spanwise")

    def __init__(
        self,
        plan_id: str,
        number: int,
        table: PrefixTable,
        lines: tuple[CompiledLine, ...],
        zone: ZoneInfo | None,
        remembered: Remembered,
        spanwise: bool = False,
    ) -> None:
        self.plan_id = plan_id
        self.spanwise = spanwise
        self._number = number
        self._table = table
        self._lines = lines
        self._zone = zone
        self._remembered = remembered

    def match(self, number: str, activation_ns: int) -> tuple[str, Period] | None:
        """Find the longest prefix that begins ``number`` (digits only), and the period that prices it.

        Shorter prefixes join in only where the longer ones leave moments without a price.
        """
        table = self._table
        kinds = self._remembered.kinds
        length, plus = 0, False
        chain: list[int] = []
        node = table.find(number)
        while True:
            group = table.group(node) if node else ANYWHERE
            kind = kinds.get(self._key(group))
            if kind is None:
                kind = self._kind(group)
            if kind:
                if not chain:
                    length, plus = table.length(node), bool(kind & _PLUS)
                chain.append(group)
                if kind & _COVERS:
                    break
            if not node:
                break
            node = table.parent(node)
        if not chain:
            return None
        shown = ("+" if plus else "") + number[:length] if length else ANY
        return shown, self._period(activation_ns, tuple(chain))

    def prefixes(self, listed: Iterable[tuple[str, int]]) -> Iterator[str]:
        """Pick the prefixes that it prices from those of the table, listed with their groups."""
        priced: dict[int, int] = {}
        for prefix, group in listed:
            kind = priced.get(group)
            if kind is None:
                kind = priced[group] = self._kind(group)
            if kind:
                yield prefix

    def _key(self, group: int) -> int:
        return self._number << 32 | (group & _GROUPS)

    def _kind(self, group: int) -> int:
        """Tell what the plan has for a group, and remember it."""
        found = self._found(group)
        kind = 0
        if found:
            covers = Schedule(self._parts((group,))).covers_always()
            kind = _HAS | (_COVERS if covers else 0) | (_PLUS if found[0][1] else 0)
        keep(self._remembered.kinds, self._key(group), kind)
        return kind

    def _found(self, group: int) -> list[tuple[Candidate, bool]]:
        """List the candidates for a group as written, and whether each has the prefix with a plus."""
        members = self._table.members(group) if group != ANYWHERE else [(ANYWHERE, False)]
        found: list[tuple[Candidate, bool]] = []
        for line in self._lines:
            placed = [
                (number, candidate, plus)
                for place, plus in members
                for number, candidate in line.get(place, ())
            ]
            if len(members) > 1:
                placed.sort(key=itemgetter(0))
            found += [(candidate, plus) for _, candidate, plus in placed]
        return found

    def _period(self, activation_ns: int, chain: Chain) -> Period:
        key = (self._number, activation_ns, chain)
        period = self._remembered.periods.get(key)
        if period is None:
            parts = self._parts(chain)
            rates = tuple(rate for part in parts for rate in part.ladder)
            period = Period(
                activation_ns, Schedule(parts), rates, self._zone, self.plan_id, self.spanwise, chain
            )
            keep(self._remembered.periods, key, period)
        return period

    def _parts(self, chain: Chain) -> list[DayPart]:
        """List the parts of a chain of groups (longest prefix first), what wins first."""
        ranked: list[Candidate] = []
        for group in chain:
            found = (candidate for candidate, _ in self._found(group))
            ranked += sorted(found, key=lambda c: (-c.weight, -c.start_s, c.ladder[0].shown.price))
        end_ns = clock_ns(DAY_SECONDS)
        return [DayPart(c.days, clock_ns(c.start_s), end_ns, c.ladder) for c in ranked]
