"""A slow, plain second opinion on the price of a call.

It knows the value classes of a tariff and nothing else of the product. It collects every instant at which
anything could change (midnights, clock edges, activations, rate groups, shifts of the zone), asks at each
of them which rate rules there, joins equal neighbours, and adds up exact fractions.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import ceil, floor
from zoneinfo import ZoneInfo

from rater.account import Account, MinuteBucket
from rater.tariff import (
    ANY,
    ActivationPeriod,
    DestinationRate,
    Interval,
    MaxCostStrategy,
    PlanLine,
    PrefixRate,
    ProfileActivation,
    RateGroup,
    Rounding,
    Tariff,
    Timing,
)

SECOND = 10**9
DAY = 86_400 * SECOND
FALLBACK_DEPTH = 4
AMOUNT_MAX = 9_000_000_000 * SECOND
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NoRate(Exception):  # noqa: N818 -- an answer of the oracle, not a fault
    """There is no price; ``args[0]`` is the code that the answer begins with."""


@dataclass(frozen=True)
class Ask:
    """The call to price: ``[start_ns, end_ns)``, in a zone ``offset_ns`` east of Greenwich."""

    customer: str
    subject: str
    category: str
    number: str
    start_ns: int
    end_ns: int
    offset_ns: int = 0


@dataclass(frozen=True)
class Line:
    """What a rating plan says at one instant: which line, in which timing, at which rate group."""

    prefix: str
    plan_line: PlanLine
    rate: DestinationRate
    index: int
    timing: Timing
    group: RateGroup | None

    @property
    def identity(self) -> tuple[str, int]:
        return self.plan_line.destination_rates_id, self.index


@dataclass(frozen=True)
class Ruling:
    """What rules at one instant. Neighbours of equal ``key`` are one span."""

    key: tuple[object, ...]
    period: ActivationPeriod | None = None
    interval: Interval | None = None
    line: Line | None = None


@dataclass(frozen=True)
class Stretch:
    """One span of the answer: on minutes, under a ruling, or (neither) in a hole."""

    start_ns: int
    end_ns: int
    bucket: MinuteBucket | None = None
    ruling: Ruling | None = None


@dataclass(frozen=True)
class Price:
    """The answer. ``lines`` holds the exact, discounted sum of each destination rate before any cap."""

    cost: int
    connect_fee: int
    prefix: str
    stretches: tuple[Stretch, ...]
    exact: Fraction
    lines: tuple[tuple[DestinationRate, Fraction], ...]


# --- clocks -------------------------------------------------------------------------------------------


def offset_at(zone: str | None, fixed_ns: int, t: int) -> int:
    if zone is None:
        return fixed_ns
    moment = (EPOCH + timedelta(seconds=t // SECOND)).astimezone(ZoneInfo(zone))
    shift = moment.utcoffset()
    assert shift is not None
    return round(shift.total_seconds()) * SECOND


def day_and_clock(zone: str | None, fixed_ns: int, t: int) -> tuple[date, int]:
    """The local calendar day, and the nanoseconds since its midnight on the wall clock."""
    days, clock = divmod(t + offset_at(zone, fixed_ns, t), DAY)
    return date(1970, 1, 1) + timedelta(days=days), clock


def shifts(zone: str | None, start: int, end: int) -> Iterator[int]:
    """Every instant of (start, end) at which the zone's offset changes, found by trying."""
    if zone is None:
        return
    step = 6 * 3600 * SECOND
    left = start
    while left < end:
        right = min(left + step, end)
        if offset_at(zone, 0, left) != offset_at(zone, 0, right):
            low, high = left, right
            while high - low > 1:
                middle = (low + high) // 2
                if offset_at(zone, 0, middle) == offset_at(zone, 0, left):
                    low = middle
                else:
                    high = middle
            yield high
        left = right


def clock_instants(
    zone: str | None, fixed_ns: int, clocks_s: Iterable[int], start: int, end: int
) -> set[int]:
    """Every instant of (start, end) at which the wall clock shows one of the clocks, or the zone shifts."""
    found = set(shifts(zone, start, end))
    edges = [start, *sorted(found), end]
    for left, right in pairwise(edges):
        offset = offset_at(zone, fixed_ns, left)
        for day in range((left + offset) // DAY - 1, (right + offset) // DAY + 2):
            for clock in clocks_s:
                t = day * DAY + clock * SECOND - offset
                if left <= t <= right:
                    found.add(t)
    return {t for t in found if start < t < end}


# --- prefixes -----------------------------------------------------------------------------------------


def bare(text: str) -> str:
    return text.removeprefix("+")


def begins(prefix: str, number: str) -> bool:
    return bare(number).startswith(bare(prefix))


def longest(prefixes: Iterable[str], number: str) -> str | None:
    fitting = [prefix for prefix in prefixes if begins(prefix, number)]
    return max(fitting, key=lambda prefix: len(bare(prefix)), default=None)


# --- activation periods and intervals -----------------------------------------------------------------


def covers(interval: Interval, day: date, clock: int) -> bool:
    week_day = (day.weekday() + 1) % 7  # Sunday is 0
    return (
        (not interval.months or day.month in interval.months)
        and (not interval.month_days or day.day in interval.month_days)
        and (not interval.week_days or week_day in interval.week_days)
        and interval.start_s * SECOND <= clock < interval.end_s * SECOND
    )


def interval_ruling(rate: PrefixRate, ask: Ask, t: int) -> Ruling | None:
    """The ruling at ``t``; None before the first activation."""
    begun = [period for period in rate.periods if period.activation_ns <= t]
    if not begun:
        return None
    period = max(begun, key=lambda each: each.activation_ns)
    day, clock = day_and_clock(rate.timezone, ask.offset_ns, t)
    fitting = [(n, each) for n, each in enumerate(period.intervals) if covers(each, day, clock)]
    if not fitting:
        return Ruling(("hole", period.activation_ns), period)
    n, interval = min(fitting, key=lambda pair: (-pair[1].weight, pair[1].price, pair[0]))
    return Ruling((period.activation_ns, n), period, interval)


def interval_changes(rate: PrefixRate, ask: Ask) -> set[int]:
    edges = {0}
    for period in rate.periods:
        for interval in period.intervals:
            edges |= {interval.start_s, interval.end_s}
    changes = clock_instants(rate.timezone, ask.offset_ns, edges, ask.start_ns, ask.end_ns)
    return changes | {period.activation_ns for period in rate.periods}


# --- rating plans -------------------------------------------------------------------------------------

TIMELESS = Timing(ANY)


def timing_of(tariff: Tariff, name: str) -> Timing:
    return tariff.timings.get(name, TIMELESS)


def plan_zone(tariff: Tariff, plan_id: str) -> str | None:
    """The zone that a timing of the plan names: it holds for the whole plan."""
    zones = [timing_of(tariff, line.timing_id).timezone for line in tariff.rating_plans.get(plan_id, ())]
    return next((zone for zone in zones if zone), None)


def timing_matches(timing: Timing, zone: str | None, ask: Ask, t: int) -> bool:
    day, clock = day_and_clock(zone, ask.offset_ns, t)
    week_day = (day.weekday() + 1) % 7
    return (
        (not timing.years or day.year in timing.years)
        and (not timing.months or day.month in timing.months)
        and (not timing.month_days or day.day in timing.month_days)
        and (not timing.week_days or week_day in timing.week_days)
        and timing.start_s * SECOND <= clock
    )


def matching_prefix(tariff: Tariff, destination_id: str, number: str) -> str | None:
    if destination_id == ANY:
        return ""
    return longest(tariff.destinations.get(destination_id, ()), number)


Known = tuple[str, PlanLine, DestinationRate, int]
"""A prefix that begins the number, the plan's line that has it, and which of its destination rates."""


def plan_lines(tariff: Tariff, plan_id: str, number: str) -> Iterator[Known]:
    """Every line of the plan whose destination begins the number, whatever the time, as listed."""
    for plan_line in tariff.rating_plans.get(plan_id, ()):
        for index, rate in enumerate(tariff.destination_rates[plan_line.destination_rates_id]):
            prefix = matching_prefix(tariff, rate.destination_id, number)
            if prefix is not None:
                yield prefix, plan_line, rate, index


def profile_at(profile: Iterable[ProfileActivation], t: int) -> ProfileActivation | None:
    begun = [each for each in profile if each.activation_ns <= t]
    return max(begun, key=lambda each: each.activation_ns, default=None)


Chain = tuple[tuple[str, ProfileActivation], ...]


def selling(tariff: Tariff, ask: Ask, subject: str, t: int, depth: int = 0) -> Chain | None:
    """The fallbacks that lead to the first plan that knows the number; its own profile stands last."""
    profile = profile_at(tariff.profiles.get((ask.customer, ask.category, subject), ()), t)
    if profile is None:
        return None
    step = ((subject, profile),)
    if any(True for _ in plan_lines(tariff, profile.rating_plan_id, ask.number)):
        return step
    if depth == FALLBACK_DEPTH:
        return None
    for fallback in profile.fallback_subjects:
        rest = selling(tariff, ask, fallback, t, depth + 1)
        if rest is not None:
            return step + rest
    return None


def group_at(groups: Iterable[RateGroup], usage_ns: int) -> RateGroup | None:
    begun = [group for group in groups if group.group_start_ns <= usage_ns]
    return max(begun, key=lambda group: group.group_start_ns, default=None)


def plan_ruling(tariff: Tariff, ask: Ask, subject: str, t: int) -> Ruling | None:
    """The ruling at ``t``; None where no plan knows the number."""
    chain = selling(tariff, ask, subject, t)
    if chain is None:
        return None
    plan_id = chain[-1][1].rating_plan_id
    zone = plan_zone(tariff, plan_id)
    fitting: list[tuple[tuple[int, Decimal, int, Decimal, int], Line]] = []
    for n, (prefix, plan_line, rate, index) in enumerate(plan_lines(tariff, plan_id, ask.number)):
        timing = timing_of(tariff, plan_line.timing_id)
        if not timing_matches(timing, zone, ask, t):
            continue
        groups = tariff.rate_groups[rate.rates_id]
        first = min(groups, key=lambda group: group.group_start_ns)
        order = (-len(bare(prefix)), -plan_line.weight, -timing.start_s, first.rate, n)
        group = group_at(groups, t - ask.start_ns)
        fitting.append((order, Line(prefix, plan_line, rate, index, timing, group)))
    period = plan_id, chain[-1][1].activation_ns
    if not fitting:
        return Ruling(("hole", *period))
    rank, line = min(fitting, key=lambda pair: pair[0])
    return Ruling((*period, rank[-1], line.group), line=line)


def plan_changes(tariff: Tariff, ask: Ask) -> set[int]:
    changes: set[int] = set()
    clocks = {0, *(timing.start_s for timing in tariff.timings.values())}
    for zone in {None, *(timing.timezone for timing in tariff.timings.values())}:
        changes |= clock_instants(zone, ask.offset_ns, clocks, ask.start_ns, ask.end_ns)
    changes |= {each.activation_ns for profile in tariff.profiles.values() for each in profile}
    changes |= {
        ask.start_ns + group.group_start_ns for groups in tariff.rate_groups.values() for group in groups
    }
    return changes


# --- minute buckets -----------------------------------------------------------------------------------


def buckets_for(tariff: Tariff, account: Account, number: str) -> list[tuple[int, MinuteBucket]]:
    """(stored position, bucket) of every bucket whose destination begins the number, in order of use."""
    found = []
    for n, bucket in enumerate(account.buckets):
        prefix = longest(tariff.destinations.get(bucket.destination_id, ()), number)
        everywhere = bucket.destination_id == ANY
        if everywhere or (prefix is not None and bare(prefix)):
            length = 0 if prefix is None else len(bare(prefix))
            found.append(((-bucket.priority, -length, bucket.price, n), bucket))
    return [(key[-1], bucket) for key, bucket in sorted(found, key=lambda pair: pair[0])]


def usable_buckets(tariff: Tariff, account: Account, number: str) -> list[tuple[int, MinuteBucket]]:
    return [(n, bucket) for n, bucket in buckets_for(tariff, account, number) if bucket.seconds_ns > 0]


# --- the price ----------------------------------------------------------------------------------------


def seconds(length_ns: int) -> Fraction:
    return Fraction(length_ns, SECOND)


def nano(value: Fraction) -> int:
    """Nanounits, rounded half-even (what ``round`` of a fraction does)."""
    return round(value * SECOND)


def line_rounded(value: Fraction, rate: DestinationRate) -> Fraction:
    scale = 10**rate.decimals
    scaled = value * scale
    if rate.rounding == Rounding.UP:
        return Fraction(ceil(scaled), scale)
    if rate.rounding == Rounding.DOWN:
        return Fraction(floor(scaled), scale)
    return Fraction(floor(scaled + Fraction(1, 2)), scale)


def discount(tariff: Tariff, account: Account | None) -> Fraction:
    """The share that is left to pay of the spans that are not on minutes."""
    plan = tariff.plans.get(account.plan_id) if account else None
    if account is None or plan is None:
        return Fraction(1)
    reached = [each for each in plan.discounts if each.volume_ns <= account.volume_discount_ns]
    percent = max(reached, key=lambda each: each.volume_ns).percent if reached else Decimal(0)
    return 1 - Fraction(percent) / 100


def stretch_cost(stretch: Stretch) -> Fraction:
    length = stretch.end_ns - stretch.start_ns
    if stretch.bucket is not None:
        return seconds(length) * Fraction(stretch.bucket.price)
    ruling = stretch.ruling
    if ruling is None:
        return Fraction(0)
    if ruling.interval is not None:
        unit = Fraction(ruling.interval.billing_unit) or Fraction(1)
        return seconds(length) / unit * Fraction(ruling.interval.price)
    if ruling.line is not None and ruling.line.group is not None:
        group = ruling.line.group
        begun = -(-length // group.increment_ns)
        return begun * Fraction(group.rate) * group.increment_ns / group.unit_ns
    return Fraction(0)


def fee_of(stretch: Stretch) -> Decimal:
    ruling = stretch.ruling
    if ruling is None:
        return Decimal(0)
    if ruling.interval is not None:
        return ruling.interval.connect_fee
    if ruling.line is not None and ruling.line.group is not None:
        return ruling.line.group.connect_fee
    return Decimal(0)


def price(tariff: Tariff, ask: Ask, account: Account | None = None) -> Price:
    """Price the call by definition, or raise NoRate with the code of the refusal."""
    rates = tariff.rates.get((ask.customer, ask.subject), {})
    prefix = longest(rates, ask.number)
    if prefix is not None:
        rate = rates[prefix]
        if interval_ruling(rate, ask, ask.start_ns) is None:
            raise NoRate("RATE_NOT_ACTIVE")
        rulings = {t: interval_ruling(rate, ask, t) for t in inside(ask, interval_changes(rate, ask))}
    else:
        subject = profile_subject(tariff, ask)
        if subject is None:
            raise NoRate("RATE_NOT_FOUND")
        if profile_at(tariff.profiles[ask.customer, ask.category, subject], ask.start_ns) is None:
            raise NoRate("RATE_NOT_ACTIVE")
        rulings = {t: plan_ruling(tariff, ask, subject, t) for t in inside(ask, plan_changes(tariff, ask))}
        chain = selling(tariff, ask, subject, ask.start_ns)
        if chain is None or None in rulings.values():
            raise NoRate("RATE_NOT_FOUND")  # also when only a part of the call has no rate
        known = [each for each, *_ in plan_lines(tariff, chain[-1][1].rating_plan_id, ask.number)]
        prefix = max(known, key=lambda each: len(bare(each)))
    on_minutes, paid_from = minutes(tariff, ask, account)
    stretches = on_minutes + joined(rulings, paid_from, ask.end_ns, zero=not on_minutes)
    return total(tariff, account, prefix, tuple(stretches))


def profile_subject(tariff: Tariff, ask: Ask) -> str | None:
    for subject in (ask.subject, ANY):
        if tariff.profiles.get((ask.customer, ask.category, subject)):
            return subject
    return None


def inside(ask: Ask, changes: set[int]) -> list[int]:
    return sorted({ask.start_ns, *(t for t in changes if ask.start_ns < t < ask.end_ns)})


def minutes(tariff: Tariff, ask: Ask, account: Account | None) -> tuple[list[Stretch], int]:
    """The stretches on minute buckets, and the instant from which the rest is paid."""
    found = []
    t = ask.start_ns
    if account is not None:
        for _, bucket in usable_buckets(tariff, account, ask.number):
            taken = min(ask.end_ns - t, bucket.seconds_ns)
            if taken > 0:
                found.append(Stretch(t, t + taken, bucket=bucket))
                t += taken
    return found, t


def joined(rulings: dict[int, Ruling | None], start: int, end: int, *, zero: bool) -> list[Stretch]:
    """The rulings from ``start`` on, equal neighbours joined; nothing of no length unless ``zero``."""
    instants = sorted(rulings)
    found: list[Stretch] = []
    for t, after in zip(instants, [*instants[1:], end], strict=True):
        left, right, ruling = max(t, start), after, rulings[t]
        if left >= right and not (zero and start == end):
            continue
        previous = found[-1] if found else None
        if previous and key_of(previous.ruling) == key_of(ruling):
            found[-1] = Stretch(previous.start_ns, right, ruling=previous.ruling)
        else:
            found.append(Stretch(left, right, ruling=ruling))
    return found


def key_of(ruling: Ruling | None) -> tuple[object, ...] | None:
    return ruling.key if ruling else None


def total(tariff: Tariff, account: Account | None, prefix: str, stretches: tuple[Stretch, ...]) -> Price:
    left_to_pay = discount(tariff, account)
    exact = Fraction(0)
    sums: dict[tuple[str, int], tuple[DestinationRate, Fraction]] = {}
    for stretch in stretches:
        cost = stretch_cost(stretch)
        line = stretch.ruling.line if stretch.ruling else None
        if stretch.bucket is not None:
            exact += cost
        elif line is None:
            exact += cost * left_to_pay
        else:
            so_far = sums.get(line.identity, (line.rate, Fraction(0)))[1]
            sums[line.identity] = line.rate, so_far + cost * left_to_pay
    for rate, value in sums.values():
        capped = value
        if rate.max_cost is not None and rate.max_cost_strategy == MaxCostStrategy.FREE:
            capped = min(value, Fraction(rate.max_cost))
        exact += line_rounded(capped, rate)
    fee = nano(Fraction(fee_of(stretches[0])))
    if nano(exact) > AMOUNT_MAX:
        raise NoRate("AMOUNT_OUT_OF_RANGE")
    return Price(nano(exact), fee, prefix, stretches, exact, tuple(sums.values()))
