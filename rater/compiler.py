"""Compiles a tariff into a Book: every name resolved, every price a ratio, every prefix one entry.

This module stays plain Python where the others of the core are compiled to C: a rater compiles a new
tariff in a thread beside its calls, and only plain Python lets go of the interpreter inside a loop.
"""

from collections.abc import Iterable
from decimal import Decimal
from zoneinfo import ZoneInfo

from rater.book import Book, Dated, SubjectRates
from rater.plan import ANYWHERE, Candidate, CompiledLine, CompiledPlan, Period, Remembered
from rater.prefixes import PrefixTable, build
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


def compile_tariff(tariff: Tariff, table: PrefixTable | None = None) -> Book:
    """Compile a tariff for look-up. Every name in it has to resolve: the loaders see to that.

    ``table`` is what ``build`` makes of its destinations, where that is at hand.
    """
    prices = _compile_prices(tariff)
    if table is None:
        table = build(tariff.destinations)
    return Book(
        {key: SubjectRates(rates, prices) for key, rates in tariff.rates.items()},
        _compile_plans(tariff, table),
        {
            key: tuple(sorted(profile, key=lambda line: line.activation_ns))
            for key, profile in tariff.profiles.items()
        },
        table,
        tuple(sorted(tariff.destinations)),
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


def _compile_plans(tariff: Tariff, table: PrefixTable) -> dict[str, CompiledPlan]:
    remembered = Remembered()
    lines = _Lines(tariff)
    return {
        plan_id: CompiledPlan(
            plan_id,
            number,
            table,
            tuple(map(lines.compiled, said)),
            lines.zone(said),
            remembered,
            any(line.spanwise for line in said),
        )
        for number, (plan_id, said) in enumerate(tariff.rating_plans.items())
    }


class _Lines:
    """The lines of rating plans, each compiled once however many plans say it.

    A call that several plans price through one destination rate is capped and rounded once: ``_terms``.
    """

    def __init__(self, tariff: Tariff) -> None:
        self._tariff = tariff
        self._places = {name: place for place, name in enumerate(sorted(tariff.destinations))}
        self._places[ANY] = ANYWHERE
        self._terms: dict[tuple[str, int], Terms] = {}
        self._known: dict[PlanLine, CompiledLine] = {}
        self._prices: dict[tuple[str, str, Decimal], list[tuple[RateGroup, Interval]]] = {}

    def compiled(self, line: PlanLine) -> CompiledLine:
        """Compile a line."""
        known = self._known.get(line)
        if known is None:
            known = self._known[line] = self._compile(line)
        return known

    def zone(self, said: Iterable[PlanLine]) -> ZoneInfo | None:
        """Tell the zone of a plan: the first that its timings name."""
        zones = (self._timing(line).timezone for line in said)
        zone = next(filter(None, zones), None)
        return ZoneInfo(zone) if zone else None

    def _timing(self, line: PlanLine) -> Timing:
        return ALWAYS if line.timing_id in ALWAYS_NAMES else self._tariff.timings[line.timing_id]

    def _compile(self, line: PlanLine) -> CompiledLine:
        timing = self._timing(line)
        days = Days.of(
            years=timing.years,
            months=timing.months,
            month_days=timing.month_days,
            week_days=timing.week_days,
        )
        found: dict[int, list[tuple[int, Candidate]]] = {}
        for number, priced in enumerate(self._tariff.destination_rates[line.destination_rates_id]):
            key = (line.destination_rates_id, number)
            terms = self._terms.get(key)
            if terms is None:
                terms = self._terms[key] = _terms(priced)
            ladder = tuple(
                Rate(shown, increment_ns=group.increment_ns, group_start_ns=group.group_start_ns, terms=terms)
                for group, shown in self._shown(priced.rates_id, timing, line.weight)
            )
            candidate = Candidate(days, timing.start_s, line.weight, ladder)
            found.setdefault(self._places[priced.destination_id], []).append((number, candidate))
        return {place: tuple(candidates) for place, candidates in found.items()}

    def _shown(self, rates_id: str, timing: Timing, weight: Decimal) -> list[tuple[RateGroup, Interval]]:
        """Put the groups of a rate in order of usage, each as it is shown; destinations share them."""
        key = (rates_id, timing.timing_id, weight)
        known = self._prices.get(key)
        if known is None:
            groups = sorted(self._tariff.rate_groups[rates_id], key=lambda group: group.group_start_ns)
            known = self._prices[key] = [(group, _interval(group, timing, weight)) for group in groups]
        return known


def _terms(priced: DestinationRate) -> Terms:
    max_cost = None if priced.max_cost is None else from_decimal(priced.max_cost)
    return Terms(priced.rounding, priced.decimals, max_cost, priced.max_cost_strategy)


def _interval(group: RateGroup, timing: Timing, weight: Decimal) -> Interval:
    clock = timing.start_s
    return Interval(
        price=group.rate,
        billing_unit=Decimal(group.unit_ns).scaleb(-9),
        connect_fee=group.connect_fee,
        weight=weight,
        months=timing.months,
        month_days=timing.month_days,
        week_days=timing.week_days,
        start_s=clock,
        start_text=f"{clock // 3600:02d}:{clock // 60 % 60:02d}:{clock % 60:02d}" if clock else "",
    )
