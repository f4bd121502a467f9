"""Costs that no usage explains, day by day: they accrue evenly."""

from calendar import monthrange
from collections.abc import Iterable
from datetime import date, timedelta
from fractions import Fraction

from rater.usage.costs import ExtraCost
from rater.usage.costs_usage import Window

_EPOCH = date(1970, 1, 1)


def accrued(extra: ExtraCost, window: Window, forecast: bool = False) -> Fraction:
    """Tell how much of an extra cost falls on a window.

    A monthly one falls in equal parts on the days of each calendar month, any other on all of its days.
    """
    common = window.common(extra.start, extra.end)
    if common is None:
        return Fraction()
    cost = Fraction(extra.forecast_cost if forecast else extra.cost)
    if not extra.monthly:
        return cost * common.days / (extra.end - extra.start + 1)
    return sum((cost * days / of_month for days, of_month in _months(common)), Fraction())


def accrued_by(extras: Iterable[ExtraCost], window: Window, forecast: bool) -> dict[str, Fraction]:
    """Tell how much falls on a window for each account."""
    costs: dict[str, Fraction] = {}
    for extra in extras:
        cost = accrued(extra, window, forecast)
        if cost:
            costs[extra.account] = costs.get(extra.account, Fraction()) + cost
    return costs


def _months(window: Window) -> Iterable[tuple[int, int]]:
    """Cut a window at months: how many days are in it, how many the month has."""
    day = window.start
    while day <= window.end:
        first = _EPOCH + timedelta(days=day)
        of_month = monthrange(first.year, first.month)[1]
        days = min(of_month - first.day, window.end - day) + 1
        yield days, of_month
        day += days
