"""Compiles a tariff into a Book: every name resolved, every price a ratio, every prefix one entry.

This module stays plain Python where the others of the core are compiled to C: a rater compiles a new
tariff in a thread beside its calls, and only plain Python lets go of the interpreter inside a loop.
"""

from collections.abc import Mapping
from decimal import Decimal
from zoneinfo import ZoneInfo

from rater.book import Book, Dated, SubjectRates
from rater.e164 import PrefixSet, digits
from rater.plan import Candidate, CompiledPlan, Period
from rater.quantity import from_decimal
from rater.rate import Rate, Terms
from rater.tariff import (
    ANY,
    ActivationPeriod,
    DestinationRate,
    Interval,
    PlanLine,
    PrefixRate,
    RateGroup,
    Tariff,
    Timing,
)
from rater.timing import DayPart, Days, Schedule, clock_ns

ALWAYS = Timing("*any")
"""The timing that exists without being written, under three names."""

ALWAYS_NAMES = frozenset({"*any", "*always", "*asap"})


def compile_tariff(tariff: Tariff) -> Book:
    """Compile a tariff for look-up. Every name in it has to resolve: the loaders see to that."""
    prices = _compile_prices(tariff)
    terms: dict[tuple[str, int], Terms] = {}
    return Book(
        {key: SubjectRates(rates, prices) for key, rates in tariff.rates.items()},
        {plan_id: _compile_plan(tariff, plan_id, terms) for plan_id in tariff.rating_plans},
        {
            key: tuple(sorted(profile, key=lambda line: line.activation_ns))
            for key, profile in tariff.profiles.items()
        },
        {name: PrefixSet.of(prefixes) for name, prefixes in tariff.destinations.items()},
        dict(tariff.plans),
    )


def _compile_prices(tariff: Tariff) -> dict[int, Dated]:
    """Compile each different price once, by the identity of its value: thousands of prefixes share one."""
    distinct = {id(rate): rate for rates in tariff.rates.values() for rate in rates.values()}
    return {number: _compile_prefix(rate) for number, rate in distinct.items()}


def _compile_prefix(rate: PrefixRate) -> Dated:
    zone = ZoneInfo(rate.timezone) if rate.timezone else None
    ordered = sorted(rate.periods, key=lambda period: period.activation_ns)
    return Dated([_compile_period(period, zone, rate.spanwise) for period in ordered])


def _compile_period(period: ActivationPeriod, zone: ZoneInfo | None, spanwise: bool) -> Period:
    rates = tuple(Rate(interval) for interval in period.intervals)
    ranked = sorted(rates, key=lambda rate: (-rate.shown.weight, rate.shown.price))
    parts: list[DayPart] = [
        DayPart(
            Days.of(
                months=rate.shown.months, month_days=rate.shown.month_days, week_days=rate.shown.week_days
            ),
            clock_ns(rate.shown.start_s),
            clock_ns(rate.shown.end_s),
            (rate,),
        )
        for rate in ranked
    ]
    return Period(period.activation_ns, Schedule(parts), rates, zone, "", spanwise)


def _compile_plan(tariff: Tariff, plan_id: str, terms: dict[tuple[str, int], Terms]) -> CompiledPlan:
    """Compile one rating plan of a tariff.

    ``terms`` are those of the destination rates compiled so far: a call that several plans price through
    one destination rate is capped and rounded once.
    """
    candidates: list[Candidate] = []
    sold: dict[str, list[int]] = {}  # the numbers of the candidates of each destination
    zone: str | None = None
    for line in tariff.rating_plans[plan_id]:
        timing = ALWAYS if line.timing_id in ALWAYS_NAMES else tariff.timings[line.timing_id]
        zone = zone or timing.timezone
        for index, priced in enumerate(tariff.destination_rates[line.destination_rates_id]):
            place = (line.destination_rates_id, index)
            if place not in terms:
                terms[place] = _terms(priced)
            sold.setdefault(priced.destination_id, []).append(len(candidates))
            candidates.append(_candidate(line, timing, tariff.rate_groups[priced.rates_id], terms[place]))
    table, combinations = _table(tariff, sold)
    spanwise = any(line.spanwise for line in tariff.rating_plans[plan_id])
    return CompiledPlan(plan_id, table, combinations, candidates, ZoneInfo(zone) if zone else None, spanwise)


def _table(tariff: Tariff, sold: Mapping[str, list[int]]) -> tuple[dict[str, int], list[tuple[int, ...]]]:
    """Number the combinations of candidates that prefixes have, and tell the number of each prefix.

    The lowest bit of a number remembers that the prefix was written with a plus.
    """
    table: dict[str, int] = {}
    combinations: list[tuple[int, ...]] = [()]
    numbers: dict[tuple[int, ...], int] = {(): 0}
    for destination_id, candidates in sold.items():
        joined: dict[int, int] = {}  # by the combination that the prefixes had from other destinations
        for prefix in _prefixes(tariff, destination_id):
            bare = digits(prefix)
            known = table.get(bare)
            before = 0 if known is None else known >> 1
            combination = joined.get(before)
            if combination is None:
                both = tuple(sorted((*combinations[before], *candidates)))
                combination = joined[before] = numbers.setdefault(both, len(combinations))
                if combination == len(combinations):
                    combinations.append(both)
            table[bare] = combination << 1 | (known & 1 if known is not None else bare != prefix)
    return table, combinations


def _prefixes(tariff: Tariff, destination_id: str) -> tuple[str, ...]:
    return ("",) if destination_id == ANY else tariff.destinations[destination_id]


def _terms(priced: DestinationRate) -> Terms:
    max_cost = None if priced.max_cost is None else from_decimal(priced.max_cost)
    return Terms(priced.rounding, priced.decimals, max_cost, priced.max_cost_strategy)


def _candidate(line: PlanLine, timing: Timing, groups: tuple[RateGroup, ...], terms: Terms) -> Candidate:
    ordered = sorted(groups, key=lambda group: group.group_start_ns)
    ladder = tuple(_rate(group, line, timing, terms) for group in ordered)
    days = Days.of(
        years=timing.years, months=timing.months, month_days=timing.month_days, week_days=timing.week_days
    )
    return Candidate(days, timing.start_s, line.weight, ladder)


def _rate(group: RateGroup, line: PlanLine, timing: Timing, terms: Terms) -> Rate:
    clock = timing.start_s
    shown = Interval(
        price=group.rate,
        billing_unit=Decimal(group.unit_ns).scaleb(-9),
        connect_fee=group.connect_fee,
        weight=line.weight,
        months=timing.months,
        month_days=timing.month_days,
        week_days=timing.week_days,
        start_s=clock,
        start_text=f"{clock // 3600:02d}:{clock // 60 % 60:02d}:{clock % 60:02d}" if clock else "",
    )
    return Rate(shown, increment_ns=group.increment_ns, group_start_ns=group.group_start_ns, terms=terms)
