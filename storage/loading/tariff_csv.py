"""The price files of a CSV folder: destinations, timings, rates, rating plans and profiles.

The files are read in the order in which they refer to each other, so every name is checked where it stands,
whatever the order of lines. Names may also be those of the tariff that the folder is loaded over.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import TypeVar

from rater.quantity import SCALE
from rater.tariff import (
    ANY,
    DestinationRate,
    MaxCostStrategy,
    PlanLine,
    ProfileActivation,
    RateGroup,
    Rounding,
    Tariff,
    Timing,
)
from storage.loading import values
from storage.loading.calendar import Slot, hole, matches_sometime
from storage.loading.folder import Folder
from storage.loading.sheet import Row, rows
from storage.loading.tables import Table

BUILT_IN_TIMINGS = frozenset({ANY, "*always", "*asap"})
"""Timings that exist without being written: every moment. A tariff keeps all three as ``*any``."""

DECIMALS_MAX = 20
"""RoundingDecimals seen in the wild; from 9 on there is nothing left to round."""

NOW_WORDS = frozenset({"*now", "*asap"})
_START_WORDS = frozenset({"", ANY, "*asap"})

ProfileKey = tuple[str, str, str]
Key = TypeVar("Key")
Line = TypeVar("Line")


class TariffSheets:
    """What the price files of a folder say, read over a base tariff."""

    def __init__(self, folder: Folder, base: Tariff, timezone: str | None, now_ns: int) -> None:
        self._folder = folder
        self._base = base
        self._timezone = timezone
        self._now_ns = now_ns
        self._destinations: dict[str, set[str]] = {}
        self._timings: Table[str, Timing] = Table()
        self._groups: Table[tuple[str, int], RateGroup] = Table()
        self._destination_rates: Table[tuple[str, str], DestinationRate] = Table()
        self._plan_lines: Table[tuple[str, str, str], PlanLine] = Table()
        self._spanwise: Table[str, bool] = Table()
        self._profiles: Table[tuple[ProfileKey, int], ProfileActivation] = Table()
        self.known_destinations = {ANY, *base.destinations}
        self.asap_timings = {"*asap"}
        self._known_timings = {*BUILT_IN_TIMINGS, *base.timings}
        self._known_rates = set(base.rate_groups)
        self._known_destination_rates = set(base.destination_rates)
        self._known_plans = set(base.rating_plans)

    def read(self) -> Tariff:
        """Read all six files; the result has only what this folder says."""
        for row in rows(self._folder, "Destinations.csv"):
            self._destination(row)
        for row in rows(self._folder, "Timings.csv"):
            self._timing(row)
        for row in rows(self._folder, "Rates.csv"):
            self._rate(row)
        self._note_first_groups()
        for row in rows(self._folder, "DestinationRates.csv"):
            self._destination_rate(row)
        for row in rows(self._folder, "RatingPlans.csv"):
            self._plan_line(row)
        for row in rows(self._folder, "RatingProfiles.csv"):
            self._profile(row)
        return self._tariff()

    def _destination(self, row: Row) -> None:
        prefix = row.read(1, values.prefix, "", required=True)
        name = row.text(0)
        known = self._destinations.get(name)
        if known is None:
            self.known_destinations.add(name)
            if row.destination(0) == ANY:
                row.bad(0, f"another Id than {ANY}, which is every number")
            known = self._destinations.setdefault(name, set())
        if row.sound:
            known.add(prefix)

    def _timing(self, row: Row) -> None:
        name = row.name(0)
        years, months = row.numbers(1, 1970, 2261), row.numbers(2, 1, 12)
        month_days, week_days = row.numbers(3, 1, 31), _week_days(row.numbers(4, 0, 7))
        start_s = 0 if row.text(5) in _START_WORDS else row.read(5, values.clock_s, 0)
        timezone = row.read(6, values.zone, None)
        if row.text(5) == "*asap":
            self.asap_timings.add(name)
        if name in BUILT_IN_TIMINGS:
            if years or months or month_days or week_days or start_s or timezone:
                row.bad(0, f"another Id than {name}, which is every moment")
            return
        self._known_timings.add(name)
        if row.sound and not matches_sometime(years, months, month_days, week_days):
            row.bad(3, "a day that comes at some time", "none")
        timing = Timing(name, years, months, month_days, week_days, start_s, timezone or self._timezone)
        row.put(self._timings, name, timing)

    def _rate(self, row: Row) -> None:
        name = row.name(0)
        self._known_rates.add(name)
        rate = row.price(2, required=True)
        unit = values.positive_duration_ns if rate else _any_unit_ns
        group = RateGroup(
            connect_fee=row.fee(1),
            rate=rate,
            unit_ns=row.read(3, unit, SCALE, required=True),
            increment_ns=row.read(4, values.positive_duration_ns, 1, required=True),
            group_start_ns=row.read(5, values.duration_ns, 0),
        )
        row.put(self._groups, (name, group.group_start_ns), group)

    def _note_first_groups(self) -> None:
        """Usage starts at zero: a rate whose first group starts later is noted."""
        first: dict[str, tuple[int, str]] = {}
        for name, start_ns in self._groups.values:
            found = (start_ns, self._groups.places[name, start_ns])
            first[name] = min(first.get(name, found), found)
        for start_ns, line in first.values():
            if start_ns:
                expected = "a group of this Id from 0s on (the first one is used from there)"
                self._folder.report.notice("Rates.csv", f"{line}:6", expected, "none")

    def _destination_rate(self, row: Row) -> None:
        name = row.name(0)
        self._known_destination_rates.add(name)
        max_cost = row.fee(5)
        line = DestinationRate(
            destination_id=row.one_of(1, self.known_destinations, "the Id of a destination"),
            rates_id=row.one_of(2, self._known_rates, "the Id of a rate"),
            rounding=row.read(3, _rounding, Rounding.MIDDLE),
            decimals=row.read(4, _rounded_to, 9),
            max_cost=max_cost or None,
            max_cost_strategy=row.read(6, _strategy, MaxCostStrategy.NONE),
        )
        row.put(self._destination_rates, (name, line.destination_id), line)

    def _plan_line(self, row: Row) -> None:
        name = row.name(0)
        self._known_plans.add(name)
        rates_id = row.one_of(1, self._known_destination_rates, "the Id of destination rates")
        timing = row.one_of(2, self._known_timings, "the Id of a timing")
        timing = ANY if timing in BUILT_IN_TIMINGS else timing
        row.put(self._plan_lines, (name, rates_id, timing), PlanLine(rates_id, timing, row.weight(3)))
        if row.text(4):
            spanwise = row.read(4, values.at_activation, False)
            if row.sound and (first := self._spanwise.put(name, spanwise, str(row.line))) is not None:
                row.bad(4, f"the same as line {first} says of plan {name}")

    def _profile(self, row: Row) -> None:
        key = (row.name(0), row.name(1), row.name(2))
        when = row.text(3)
        if not when:
            activation_ns = values.EARLIEST_NS
        elif when in NOW_WORDS:
            activation_ns = self._now_ns
        else:
            activation_ns = row.read(3, values.instant_ns, 0)
        plan_id = row.one_of(4, self._known_plans, "the Id of a rating plan")
        line = ProfileActivation(activation_ns, plan_id, row.names(5))
        row.put(self._profiles, (key, activation_ns), line)

    def _tariff(self) -> Tariff:
        groups = _grouped((name, group) for (name, _), group in self._groups.items())
        lines = _grouped((name, line) for (name, _), line in self._destination_rates.items())
        spanwise = {name for name, is_so in self._spanwise.items() if is_so}
        plans = _grouped(
            (name, replace(line, spanwise=name in spanwise))
            for (name, _, _), line in self._plan_lines.items()
        )
        profiles = _grouped((key, line) for (key, _), line in self._profiles.items())
        return Tariff(
            destinations={name: tuple(sorted(found)) for name, found in self._destinations.items()},
            timings=dict(self._timings.values),
            rate_groups={name: _from_zero(found) for name, found in groups.items()},
            destination_rates=_sorted(lines, lambda line: line.destination_id),
            rating_plans=_sorted(plans, lambda line: (line.destination_rates_id, line.timing_id)),
            profiles=_sorted(profiles, lambda line: line.activation_ns),
        )

    def check_plans(self, merged: Tariff) -> None:
        """Check what only shows in whole plans: one time zone, a price at every moment, known fallbacks."""
        holes: dict[frozenset[str], str | None] = {}
        first_lines: dict[str, str] = {}
        for (name, _, _), place in self._plan_lines.places.items():
            first_lines.setdefault(name, place)
        for name, lines in merged.rating_plans.items():
            zones = {
                timing.timezone
                for line in lines
                if (timing := merged.timings.get(line.timing_id)) is not None and timing.timezone
            }
            place = f"{first_lines[name]}:3" if name in first_lines else ""
            if len(zones) > 1:
                got = ", ".join(sorted(zones))
                expected = f"timings of one time zone in plan {name}"
                self._folder.report.problem("RatingPlans.csv", place, expected, got)
            if place and not self._folder.report.problems.count:
                self._note_hole(name, place, lines, merged, holes)
        for ((tenant, category, _), _), activation in self._profiles.items():
            for fallback in activation.fallback_subjects:
                if (tenant, category, fallback) not in merged.profiles:
                    expected = f"a profile of every fallback subject (tenant {tenant}, category {category})"
                    self._folder.report.notice("RatingProfiles.csv", "", expected, f"none of {fallback}")

    def _note_hole(
        self,
        name: str,
        place: str,
        lines: Iterable[PlanLine],
        merged: Tariff,
        holes: dict[frozenset[str], str | None],
    ) -> None:
        """Note once per plan that some destination has no price at some moment of its own."""
        timings: dict[str, set[str]] = {}
        for line in lines:
            for rate in merged.destination_rates[line.destination_rates_id]:
                timings.setdefault(rate.destination_id, set()).add(line.timing_id)
        for destination, names in sorted(timings.items()):
            key = frozenset(names)
            if key not in holes:
                slots = [_slot(merged.timings[timing]) for timing in sorted(key - {ANY})]
                holes[key] = None if ANY in key else hole(slots)
            if (gap := holes[key]) is not None:
                expected = f"a price for {destination} at every moment of plan {name}, or of a shorter prefix"
                self._folder.report.notice("RatingPlans.csv", place, expected, gap)
                return


def _slot(timing: Timing) -> Slot:
    return Slot(timing.years, timing.months, timing.month_days, timing.week_days, timing.start_s)


def _grouped(pairs: Iterable[tuple[Key, Line]]) -> dict[Key, list[Line]]:
    groups: dict[Key, list[Line]] = {}
    for key, line in pairs:
        groups.setdefault(key, []).append(line)
    return groups


def _sorted(
    groups: Mapping[Key, list[Line]], order: Callable[[Line], int | str | tuple[str, str]]
) -> dict[Key, tuple[Line, ...]]:
    """Order the lines of each Id, so that their order in the file does not show."""
    return {key: tuple(sorted(lines, key=order)) for key, lines in groups.items()}


@lru_cache(maxsize=32)
def _rounded_to(text: str) -> int:
    return values.whole(values.number(text), 0, DECIMALS_MAX)


def _from_zero(groups: list[RateGroup]) -> tuple[RateGroup, ...]:
    """Order the groups of a rate; the first one begins with the call."""
    first, *others = sorted(groups, key=lambda group: group.group_start_ns)
    return (replace(first, group_start_ns=0), *others)


def _any_unit_ns(text: str) -> int:
    """Read the unit of a rate of 0, where it says nothing: 0 is found in use."""
    return values.duration_ns(text) or SCALE


def _week_days(days: tuple[int, ...]) -> tuple[int, ...]:
    """Sunday is 0 here, and may be written 7."""
    return tuple(sorted({day % 7 for day in days}))


def _rounding(text: str) -> Rounding:
    try:
        return Rounding(text)
    except ValueError:
        raise values.Expected("*up, *middle or *down") from None


def _strategy(text: str) -> MaxCostStrategy:
    try:
        return MaxCostStrategy(text)
    except ValueError:
        raise values.Expected("*free, *disconnect or nothing") from None
