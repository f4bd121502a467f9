"""A tariff compiled for look-up: prefix tables, dated periods, schedules of prices.

``compile_tariff`` turns the values of ``rater.tariff`` into a Book, and ``Book.route`` finds what prices a
call. Nothing here depends on the clock: instants are arguments.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from rater.e164 import PrefixSet, candidates, digits, lengths_descending
from rater.instant import text
from rater.plan import CompiledPlan, Period
from rater.rate import Rate
from rater.refusal import Reason, Refusal
from rater.tariff import ANY, ActivationPeriod, PrefixRate, ProfileActivation, Tariff, TariffPlan
from rater.timing import DayPart, Days, Schedule, clock_ns

FALLBACK_DEPTH_MAX = 4
"""How many subjects one look-up falls back through; a longer chain is a loop in somebody's tariff."""

FOREVER = 1 << 80
"""An instant after every call."""


@dataclass(frozen=True, slots=True)
class Route:
    """What prices a call: the prefix that matched, and the periods in force with their beginnings.

    The first beginning is not after the call's start; the last period holds to the call's end.
    """

    prefix: str
    periods: tuple[tuple[int, Period], ...]


@dataclass(frozen=True, slots=True)
class PrefixPeriods:
    """The dated prices of one prefix in order of activation."""

    prefix: str
    activations: tuple[int, ...]
    periods: tuple[Period, ...]
    routes: tuple[Route, ...]
    """The route of a call within each one period, ready made."""

    def route(self, start_ns: int, end_ns: int) -> Route | Refusal:
        """Choose the period in force at the start, and those that begin before the end."""
        first = bisect_right(self.activations, start_ns) - 1
        if first < 0:
            return not_active(self.prefix, self.activations[0])
        last = first + 1
        if last == len(self.activations) or self.activations[last] >= end_ns:
            return self.routes[first]
        while last < len(self.activations) and self.activations[last] < end_ns:
            last += 1
        return Route(
            self.prefix, tuple(zip(self.activations[first:last], self.periods[first:last], strict=True))
        )


@dataclass(frozen=True, slots=True)
class SubjectRates:
    """Every prefix of one subject."""

    table: dict[str, PrefixPeriods]
    lengths: tuple[int, ...]

    def find(self, number: str) -> PrefixPeriods | None:
        """Find the longest prefix that begins ``number`` (digits only)."""
        table = self.table
        for beginning in candidates(number, self.lengths):
            if (found := table.get(beginning)) is not None:
                return found
        return None


class Book:
    """A compiled tariff. Immutable but for what it remembers of look-ups, which is bounded."""

    def __init__(
        self,
        rates: dict[tuple[str, str], SubjectRates],
        plans: dict[str, CompiledPlan],
        profiles: dict[tuple[str, str, str], tuple[ProfileActivation, ...]],
        destinations: dict[str, PrefixSet],
        tariff_plans: dict[str, TariffPlan],
    ) -> None:
        self._rates = rates
        self._plans = plans
        self._profiles = profiles
        self._destinations = destinations
        self._tariff_plans = tariff_plans

    def tariff_plan(self, plan_id: str) -> TariffPlan | None:
        """Find what a subscriber's plan gives."""
        return self._tariff_plans.get(plan_id)

    def match_length(self, destination_id: str, number: str) -> int:
        """Tell how many digits of ``number`` (digits only) a destination's longest prefix matches.

        0: the destination does not match. ``*any`` matches every number but less than any prefix would.
        """
        if (prefixes := self._destinations.get(destination_id)) is not None:
            return prefixes.match_length(number)
        return 1 if destination_id == ANY and number else 0

    def route(
        self, customer: str, subject: str, category: str, number: str, start_ns: int, end_ns: int
    ) -> Route | Refusal:
        """Find what prices a call: the subject's own prefixes, else its rating profile.

        Refuses with RATE_NOT_FOUND or RATE_NOT_ACTIVE.
        """
        wanted = digits(number)
        own = self._rates.get((customer, subject))
        if own is not None and (found := own.find(wanted)) is not None:
            return found.route(start_ns, end_ns)
        return self._profile_route(customer, subject, category, wanted, start_ns, end_ns)

    def _profile_route(
        self, tenant: str, subject: str, category: str, number: str, start_ns: int, end_ns: int
    ) -> Route | Refusal:
        prefix = ""
        periods: list[tuple[int, Period]] = []
        at_ns = start_ns
        while True:
            found = self._period_at(tenant, category, subject, number, at_ns, 0)
            if isinstance(found, Refusal):
                return found
            shown, period, until_ns = found
            if not periods:
                prefix = shown
            periods.append((at_ns, period))
            if until_ns >= end_ns:
                return Route(prefix, tuple(periods))
            at_ns = until_ns

    def _period_at(
        self, tenant: str, category: str, subject: str, number: str, at_ns: int, depth: int
    ) -> tuple[str, Period, int] | Refusal:
        """Find (prefix, period, until when that holds) for one instant, falling back as the profile says."""
        profile = self._profiles.get((tenant, category, subject))
        if profile is None and not depth:
            profile = self._profiles.get((tenant, category, ANY))
        if profile is None:
            return Refusal(
                Reason.RATE_NOT_FOUND, f"no rate of subject {subject!r} (customer {tenant!r}) for {number!r}"
            )
        until_ns = next((a.activation_ns for a in profile if a.activation_ns > at_ns), FOREVER)
        active = next((a for a in reversed(profile) if a.activation_ns <= at_ns), None)
        if active is None:
            return not_active(subject, profile[0].activation_ns)
        plan = self._plans[active.rating_plan_id]
        if (match := plan.match(number, active.activation_ns)) is not None:
            return match[0], match[1], until_ns
        if depth < FALLBACK_DEPTH_MAX:
            for fallback in active.fallback_subjects:
                found = self._period_at(tenant, category, fallback, number, at_ns, depth + 1)
                if not isinstance(found, Refusal):
                    return found[0], found[1], min(found[2], until_ns)
        return Refusal(
            Reason.RATE_NOT_FOUND,
            f"rating plan {active.rating_plan_id!r} of subject {subject!r} has no rate for {number!r}",
        )


def not_active(what: str, activation_ns: int) -> Refusal:
    """Refuse a call that starts before the first activation."""
    return Refusal(
        Reason.RATE_NOT_ACTIVE,
        f"the call starts before {text(activation_ns)}, from when on the rate of {what!r} is active",
    )


def compile_tariff(tariff: Tariff) -> Book:
    """Compile a tariff for look-up. Every name in it has to resolve: the loaders see to that."""
    return Book(
        {key: _compile_subject(rates) for key, rates in tariff.rates.items()},
        {plan_id: CompiledPlan.of(tariff, plan_id) for plan_id in tariff.rating_plans},
        {
            key: tuple(sorted(profile, key=lambda line: line.activation_ns))
            for key, profile in tariff.profiles.items()
        },
        {name: PrefixSet.of(prefixes) for name, prefixes in tariff.destinations.items()},
        dict(tariff.plans),
    )


def _compile_subject(rates: Mapping[str, PrefixRate]) -> SubjectRates:
    table = {digits(prefix): _compile_prefix(prefix, rate) for prefix, rate in rates.items()}
    return SubjectRates(table, lengths_descending(table))


def _compile_prefix(prefix: str, rate: PrefixRate) -> PrefixPeriods:
    zone = ZoneInfo(rate.timezone) if rate.timezone else None
    dated = sorted(rate.periods, key=lambda period: period.activation_ns)
    periods = tuple(_compile_period(period, zone) for period in dated)
    activations = tuple(period.activation_ns for period in dated)
    return PrefixPeriods(
        prefix,
        activations,
        periods,
        tuple(Route(prefix, (dated,)) for dated in zip(activations, periods, strict=True)),
    )


def _compile_period(period: ActivationPeriod, zone: ZoneInfo | None) -> Period:
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
    return Period(period.activation_ns, Schedule(parts), rates, zone)
