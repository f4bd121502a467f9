"""Lint of rating plans: prefixes and lines that price nothing, holes, equal weights."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from itertools import combinations
from typing import NamedTuple

from cgrates_py.tariffs import words
from cgrates_py.tariffs.calendar import Calendar
from cgrates_py.tariffs.checks.findings import Code, Finding, some
from cgrates_py.tariffs.checks.tables import Filled, Filling, parent, unreachable
from cgrates_py.tariffs.meaning import Meanings
from cgrates_py.tariffs.numbers import shortened
from rater.book import Book, Route
from rater.compiler import ALWAYS, compile_tariff
from rater.e164 import digits
from rater.plan import Period
from rater.rate import Ladder
from rater.tariff import ANY, DestinationRate, PlanLine, ProfileActivation, Tariff, Timing
from rater.timing import Days

_FIRST_MARK = 10
"""Decimals beyond nine round nothing, so a number from here on can tell one destination rate from another."""


class Mark(NamedTuple):
    """One destination rate on one line of a plan."""

    line: int
    written: PlanLine
    rate: DestinationRate


class Plans:
    """The plans of a tariff, compiled a second time so that every ladder tells which line it comes from."""

    def __init__(self, tariff: Tariff, calendar: Calendar) -> None:
        self.tariff = tariff
        self.calendar = calendar
        self.marks: list[Mark] = []
        self.of_plan: dict[str, range] = {}
        rates: dict[str, tuple[DestinationRate, ...]] = {}
        plans = {}
        for plan_id, lines in tariff.rating_plans.items():
            first = len(self.marks)
            plans[plan_id] = tuple(
                self._marked(plan_id, place, line, rates) for place, line in enumerate(lines)
            )
            self.of_plan[plan_id] = range(first, len(self.marks))
        self._book = compile_tariff(
            replace(_alone(tariff), destination_rates=rates, rating_plans=plans, rates={})
        )
        self._plain = compile_tariff(replace(_alone(tariff), rates={}))
        self._filling = Filling(calendar)
        self._meanings = Meanings(calendar)

    def _marked(
        self, plan_id: str, place: int, line: PlanLine, rates: dict[str, tuple[DestinationRate, ...]]
    ) -> PlanLine:
        marked = []
        for rate in self.tariff.destination_rates[line.destination_rates_id]:
            marked.append(replace(rate, decimals=_FIRST_MARK + len(self.marks)))
            self.marks.append(Mark(place, line, rate))
        name = f"{plan_id}\0{place}"
        rates[name] = tuple(marked)
        return replace(line, destination_rates_id=name)

    def table(self, plan_id: str) -> dict[str, list[int]]:
        """List the marks of each prefix of a plan (digits only), sorted by prefix."""
        found: dict[str, list[int]] = {}
        for mark in self.of_plan[plan_id]:
            for prefix in self.prefixes(mark):
                found.setdefault(prefix, []).append(mark)
        return dict(sorted(found.items()))

    def prefixes(self, mark: int) -> list[str]:
        """List the prefixes of a mark's destination, digits only; ``*any`` is the empty one."""
        name = self.marks[mark].rate.destination_id
        return [""] if name == ANY else [digits(prefix) for prefix in self.tariff.destinations[name]]

    def filled(self, plan_id: str, number: str) -> tuple[frozenset[int], Filled]:
        """Tell which marks price some moment of a number, and what it leaves open."""
        filled = self._filling.of(_period(self._book, plan_id, number))
        return frozenset(_mark(ladder) for ladder in filled.ladders), filled

    def meaning(self, plan_id: str, number: str) -> int:
        """Number what a number costs by a plan."""
        return self._meanings.number(_period(self._plain, plan_id, number))

    def first_price(self, mark: int) -> Decimal:
        """Give the price as written of the first rate group, by which the core decides last."""
        groups = self.tariff.rate_groups[self.marks[mark].rate.rates_id]
        return min(groups, key=lambda group: group.group_start_ns).rate

    def timing(self, mark: int) -> Timing:
        """Give the timing of a mark's line."""
        return self.tariff.timings.get(self.marks[mark].written.timing_id, ALWAYS)


def _alone(tariff: Tariff) -> Tariff:
    """Give each plan a subject of its name."""
    return replace(
        tariff,
        profiles={("", "", plan_id): (ProfileActivation(0, plan_id),) for plan_id in tariff.rating_plans},
    )


def _period(book: Book, plan_id: str, number: str) -> Period:
    route = book.route("", plan_id, "", number, 0, 0)
    if isinstance(route, Route):
        return route.periods[0][1]
    raise LookupError(f"{number!r} is no prefix of plan {plan_id!r}")


def _mark(ladder: Ladder) -> int:
    terms = ladder[0].terms
    return -1 if terms is None else terms.decimals - _FIRST_MARK


def check(tariff: Tariff, calendar: Calendar) -> Iterator[Finding]:
    """Look at every rating plan."""
    plans = Plans(tariff, calendar)
    redundant: dict[str, set[str]] = {}
    for plan_id in tariff.rating_plans:
        table = plans.table(plan_id)
        filled = {prefix: plans.filled(plan_id, prefix) for prefix in table}
        covering = (
            prefix for prefix, (used, left) in filled.items() if not left.holes and used <= {*table[prefix]}
        )
        dead = unreachable(table, covering)
        alive = {prefix: each for prefix, each in filled.items() if prefix not in dead}
        yield from _dead(plan_id, plans, table, dead)
        yield from _unused(plan_id, plans, table, alive)
        yield from _holes(plan_id, calendar, alive)
        yield from _equal(plan_id, plans, table, alive)
        _redundant(plan_id, plans, table, redundant)
    for name, prefixes in redundant.items():
        if prefixes:
            yield Finding(
                Code.REDUNDANT,
                f"Destinations.csv {name}",
                f"{len(prefixes)} of {len(tariff.destinations[name])} prefixes cost what the shorter "
                f"ones do that begin them: {some(shortened(sorted(prefixes)))}",
                "leave them out, unless minutes are bound to this destination",
            )


def _dead(plan_id: str, plans: Plans, table: dict[str, list[int]], dead: set[str]) -> Iterator[Finding]:
    by_name: dict[str, list[str]] = {}
    for prefix in sorted(dead):
        for mark in table[prefix]:
            held = by_name.setdefault(plans.marks[mark].rate.destination_id, [])
            held += [prefix] if prefix not in held[-1:] else []
    for name, prefixes in by_name.items():
        whole = name != ANY and len(prefixes) == len({*map(digits, plans.tariff.destinations[name])})
        what = "all prefixes" if whole else some(prefix or ANY for prefix in prefixes)
        yield Finding(
            Code.UNREACHABLE,
            f"RatingPlans.csv {plan_id}, destination {name}",
            f"{what}: every number is priced by longer prefixes",
            "leave them out, or find out which of the longer prefixes is too many",
        )


def _unused(
    plan_id: str,
    plans: Plans,
    table: dict[str, list[int]],
    alive: dict[str, tuple[frozenset[int], Filled]],
) -> Iterator[Finding]:
    used = {mark for marks, _ in alive.values() for mark in marks}
    lines: dict[int, list[int]] = {}
    for mark in plans.of_plan[plan_id]:
        if mark not in used and any(prefix in alive for prefix in plans.prefixes(mark)):
            lines.setdefault(plans.marks[mark].line, []).append(mark)
    for marks in lines.values():
        first = plans.marks[marks[0]]
        line = first.written
        winners = {
            winner
            for mark in marks
            for prefix in plans.prefixes(mark)
            if prefix in alive
            for winner in alive[prefix][0]
        }
        others = sorted({_named(plans.marks[winner].written) for winner in winners})
        whole = len(marks) == sum(plans.marks[mark].line == first.line for mark in plans.of_plan[plan_id])
        which = "" if whole else f" for {some(plans.marks[mark].rate.destination_id for mark in marks)}"
        sentence = f"never prices a call{which}: at all of its moments {some(others)} wins"
        yield Finding(
            Code.NEVER,
            f"RatingPlans.csv {plan_id}, {_named(line)}",
            sentence,
            "leave it out, or give it a greater Weight or other days",
        )


def _named(line: PlanLine) -> str:
    return f"{line.destination_rates_id} at {line.timing_id} (Weight {line.weight})"


def _holes(
    plan_id: str, calendar: Calendar, alive: dict[str, tuple[frozenset[int], Filled]]
) -> Iterator[Finding]:
    by_window: dict[tuple[words.Window, ...], list[str]] = {}
    for prefix, (_, filled) in alive.items():
        if filled.holes:
            by_window.setdefault(filled.holes, []).append(prefix)
    for holes, prefixes in by_window.items():
        yield Finding(
            Code.HOLE,
            f"RatingPlans.csv {plan_id}",
            f"no price {words.windows(calendar, holes)} for {some(shortened(prefixes))}: calls are free then",
            "add a line with a timing that begins at 00:00:00 on those days",
        )


def _equal(
    plan_id: str,
    plans: Plans,
    table: dict[str, list[int]],
    alive: dict[str, tuple[frozenset[int], Filled]],
) -> Iterator[Finding]:
    """Find pairs of lines that only the price decides between."""
    known: dict[tuple[int, ...], list[tuple[int, int]]] = {}
    found: dict[tuple[str, str], list[str]] = {}
    for prefix, (used, _) in alive.items():
        marks = tuple(table[prefix])
        if marks not in known:
            known[marks] = [pair for pair in combinations(marks, 2) if _tied(plans, *pair)]
        for pair in known[marks]:
            if used & set(pair):
                ranked = sorted(pair, key=plans.first_price)
                names = [_named(plans.marks[mark].written) for mark in ranked]
                found.setdefault((names[0], names[1]), []).append(prefix)
    for (winner, other), prefixes in found.items():
        yield Finding(
            Code.EQUAL_WEIGHTS,
            f"RatingPlans.csv {plan_id}, {other}",
            f"equal in Weight and clock to {winner}, which wins by its lower price, "
            f"for {some(shortened(prefixes))}",
            "give one of them a greater Weight",
        )


def _tied(plans: Plans, one: int, other: int) -> bool:
    marks = plans.marks[one], plans.marks[other]
    timings = plans.timing(one), plans.timing(other)
    groups = [plans.tariff.rate_groups[mark.rate.rates_id] for mark in marks]
    masks = [
        plans.calendar.mask(
            Days.of(
                years=each.years, months=each.months, month_days=each.month_days, week_days=each.week_days
            )
        )
        for each in timings
    ]
    return (
        marks[0].written.weight == marks[1].written.weight
        and timings[0].start_s == timings[1].start_s
        and groups[0] != groups[1]
        and bool(masks[0] & masks[1])
    )


def _redundant(
    plan_id: str, plans: Plans, table: dict[str, list[int]], redundant: dict[str, set[str]]
) -> None:
    """Keep of each destination the prefixes that no plan so far needs."""
    spare = {
        prefix
        for prefix in table
        if (above := parent(prefix, table)) is not None
        and plans.meaning(plan_id, prefix) == plans.meaning(plan_id, above)
    }
    for mark in plans.of_plan[plan_id]:
        name = plans.marks[mark].rate.destination_id
        if name != ANY:
            listed = redundant[name] if name in redundant else set(plans.prefixes(mark))
            redundant[name] = listed & spare
