"""What activation periods and intervals rule at an instant."""

from datetime import date

from cgrates_py.oracle.clocks import clock_instants, day_and_clock
from cgrates_py.oracle.values import SECOND, Ask, Ruling
from rater.tariff import Interval, PrefixRate


def covers(interval: Interval, day: date, clock: int) -> bool:
    """Tell whether an interval holds at this clock of this day."""
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
    """List every instant at which another interval or period could rule."""
    edges = {0}
    for period in rate.periods:
        for interval in period.intervals:
            edges |= {interval.start_s, interval.end_s}
    changes = clock_instants(rate.timezone, ask.offset_ns, edges, ask.start_ns, ask.end_ns)
    return changes | {period.activation_ns for period in rate.periods}
