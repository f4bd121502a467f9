"""Questions about day rules: can these days ever come, and which moments of a week are not covered?"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import product

from rater.tariff import DAY_SECONDS

_MONTH_DAYS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_DAY_NAMES = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")


@dataclass(frozen=True, slots=True)
class Slot:
    """The clock ``[start_s, end_s)`` on the days that the lists allow (empty: any)."""

    years: tuple[int, ...]
    months: tuple[int, ...]
    month_days: tuple[int, ...]
    week_days: tuple[int, ...]
    start_s: int
    end_s: int = DAY_SECONDS


def matches_sometime(
    years: Sequence[int], months: Sequence[int], month_days: Sequence[int], week_days: Sequence[int]
) -> bool:
    """Tell whether some date satisfies all four lists (empty: any). Without years, any year may come."""
    pairs = [
        (month, day)
        for month, day in product(months or range(1, 13), month_days or range(1, 32))
        if day <= _MONTH_DAYS[month - 1]
    ]
    if not years:
        return bool(pairs)
    return any(
        not week_days or _week_day(year, month, day) in week_days
        for year, (month, day) in product(years, pairs)
        if month != 2 or day < 29 or _leap(year)
    )


def hole(slots: Iterable[Slot]) -> str | None:
    """Describe the moments of a week that no slot covers, the first of each day; None if there are none.

    Days that all slots treat alike are looked at once: the named years, months and days, and one other.
    """
    rules = tuple(slots)
    years = _representatives((rule.years for rule in rules), range(1970, 2262))
    months = _representatives((rule.months for rule in rules), range(1, 13))
    month_days = _representatives((rule.month_days for rule in rules), range(1, 32))
    gaps: dict[tuple[int, int], list[int]] = {}
    for week_day, month, day, year in product(range(7), months, month_days, years):
        if day > _MONTH_DAYS[month - 1]:
            continue
        clocks = [
            (rule.start_s, rule.end_s)
            for rule in rules
            if (not rule.week_days or week_day in rule.week_days)
            and (not rule.months or month in rule.months)
            and (not rule.month_days or day in rule.month_days)
            and (not rule.years or year in rule.years)
        ]
        if (gap := _first_gap(clocks)) is not None and week_day not in gaps.setdefault(gap, []):
            gaps[gap].append(week_day)
    if not gaps:
        return None
    ordered = sorted(gaps.items(), key=lambda item: (item[1], item[0]))
    return "nothing " + "; ".join(_gap_text(clock, days) for clock, days in ordered)


def _gap_text(clock: tuple[int, int], days: list[int]) -> str:
    names = "any day" if len(days) == 7 else ", ".join(_DAY_NAMES[day] for day in days)
    return f"from {_clock(clock[0])} to {_clock(clock[1])} on {names}"


def _representatives(lists: Iterable[tuple[int, ...]], universe: range) -> list[int]:
    named = {value for values in lists for value in values}
    other = next((value for value in universe if value not in named), None)
    return sorted(named if other is None else named | {other})


def _first_gap(clocks: list[tuple[int, int]]) -> tuple[int, int] | None:
    covered_s = 0
    for start_s, end_s in sorted(clocks):
        if start_s > covered_s:
            return covered_s, start_s
        covered_s = max(covered_s, end_s)
    return (covered_s, DAY_SECONDS) if covered_s < DAY_SECONDS else None


def _clock(second: int) -> str:
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _week_day(year: int, month: int, day: int) -> int:
    return date(year, month, day).isoweekday() % 7
