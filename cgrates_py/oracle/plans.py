"""What rating plans rule at an instant, fallbacks included."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from cgrates_py.oracle.clocks import clock_instants, day_and_clock
from cgrates_py.oracle.prefixes import bare, longest
from cgrates_py.oracle.values import FALLBACK_DEPTH, SECOND, Ask, Line, Ruling
from rater.tariff import ANY, DestinationRate, PlanLine, ProfileActivation, RateGroup, Tariff, Timing

TIMELESS = Timing(ANY)


def timing_of(tariff: Tariff, name: str) -> Timing:
    """Find a timing; a name that nobody wrote holds always."""
    return tariff.timings.get(name, TIMELESS)


def plan_zone(tariff: Tariff, plan_id: str) -> str | None:
    """The zone that a timing of the plan names: it holds for the whole plan."""
    zones = [timing_of(tariff, line.timing_id).timezone for line in tariff.rating_plans.get(plan_id, ())]
    return next((zone for zone in zones if zone), None)


def timing_matches(timing: Timing, zone: str | None, ask: Ask, t: int) -> bool:
    """Tell whether a timing holds at ``t``."""
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
    """Tell the longest prefix of a destination that begins the number; None: it has none."""
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
    """Tell which line of a profile is in force at ``t``; None before the first."""
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
    """Tell the rate group that a usage of so long has reached."""
    begun = [group for group in groups if group.group_start_ns <= usage_ns]
    return max(begun, key=lambda group: group.group_start_ns, default=None)


def plan_ruling(tariff: Tariff, ask: Ask, subject: str, t: int, used_since_ns: int) -> Ruling | None:
    """The ruling at ``t`` of a usage that began at ``used_since_ns``; None where no plan knows the number."""
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
        group = group_at(groups, t - used_since_ns)
        fitting.append((order, Line(prefix, plan_line, rate, index, timing, group)))
    period = plan_id, chain[-1][1].activation_ns
    if not fitting:
        return Ruling(("hole", *period))
    rank, line = min(fitting, key=lambda pair: pair[0])
    return Ruling((*period, rank[-1], line.group), line=line)


def plan_changes(tariff: Tariff, ask: Ask, used_since_ns: int) -> set[int]:
    """List every instant at which another line, group or profile could rule."""
    changes: set[int] = set()
    clocks = {0, *(timing.start_s for timing in tariff.timings.values())}
    for zone in {None, *(timing.timezone for timing in tariff.timings.values())}:
        changes |= clock_instants(zone, ask.offset_ns, clocks, ask.start_ns, ask.end_ns)
    changes |= {each.activation_ns for profile in tariff.profiles.values() for each in profile}
    changes |= {
        used_since_ns + group.group_start_ns for groups in tariff.rate_groups.values() for group in groups
    }
    return changes
