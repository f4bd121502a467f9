"""Quantities in words: how long, when, how much, on which days."""

from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from rater.instant import DAY, SECOND
from rater.instant import text as instant_text
from rater.quantity import SCALE, decimal_text, round_half_even, text
from rater.rate import Rate
from rater.tariff import DAY_SECONDS, Interval, MaxCostStrategy, Rounding

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))
_WEEK_DAYS = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HOW = {Rounding.UP: "up", Rounding.MIDDLE: "to the nearest", Rounding.DOWN: "down"}


def duration(length_ns: int) -> str:
    """Tell a duration: ``2 min 30 s``, ``1 h``, ``0.5 s``."""
    seconds, fraction = divmod(length_ns, SECOND)
    parts = []
    for size, name in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count} {name}")
    rest = seconds * SECOND + fraction
    if rest or not parts:
        parts.append(f"{text(rest)} s")
    return " ".join(parts)


def when(instant_ns: int, offset_ns: int = 0) -> str:
    """Tell an instant, a midnight in UTC as its date."""
    if instant_ns % DAY == 0 and not offset_ns:
        return instant_text(instant_ns)[:-10]
    return instant_text(instant_ns, offset_ns)


def money(exact: Fraction) -> str:
    """Tell an amount (nanounits): as it is with nine decimals, else the nearest and that it is about."""
    shown = text(round_half_even(exact.numerator, exact.denominator))
    return shown if exact.denominator == 1 else f"about {shown}"


def ratio(exact: Fraction) -> str:
    """Print an exact amount (nanounits) as a fraction of units, ``9/20``; other programs read it as such."""
    units = exact / SCALE
    return f"{units.numerator}/{units.denominator}"


def percent(share: Fraction) -> str:
    """Tell a share in percent: ``12.5 %``."""
    return f"{money(share * 100 * SCALE)} %"


def price(rate: Rate) -> str:
    """Tell a price as written: ``0.2 per 60 s``."""
    unit = decimal_text(rate.shown.billing_unit or Decimal(1))
    each = "a second" if unit == "1" else f"per {unit} s"
    return f"{decimal_text(rate.shown.price)} {each}"


def clock(shown: Interval) -> str:
    """Tell when an interval holds: ``Mon to Fri from 08:00 to 18:00``; empty: always."""
    days = []
    if shown.months:
        days.append(_listed([month - 1 for month in shown.months], _MONTHS))
    if shown.month_days:
        days.append("day " + ", ".join(map(str, shown.month_days)))
    if shown.week_days:
        days.append(_listed([day % 7 for day in shown.week_days], _WEEK_DAYS))
    if shown.start_s:
        days.append(f"from {_time(shown.start_s)}")
    if shown.end_s != DAY_SECONDS:
        days.append(f"until {_time(shown.end_s)}")
    return " ".join(days)


def rounding(how: Rounding, decimals: int) -> str:
    """Tell how a destination rate rounds: ``up to 2 decimals``."""
    return f"{_HOW[how]} {'' if how is Rounding.MIDDLE else 'to '}{decimals} decimals".replace("  ", " ")


def cap(strategy: MaxCostStrategy, max_cost: int) -> str:
    """Tell what a maximum cost does."""
    if strategy is MaxCostStrategy.FREE:
        return f"nothing more is charged beyond {text(max_cost)}"
    return f"a session ends at {text(max_cost)}"


def _time(seconds: int) -> str:
    hours, minutes, rest = seconds // 3600, seconds // 60 % 60, seconds % 60
    return f"{hours:02d}:{minutes:02d}" + (f":{rest:02d}" if rest else "")


def _listed(numbers: list[int], names: tuple[str, ...]) -> str:
    """List names, three or more neighbours as ``Mon to Fri``."""
    if len(numbers) > 2 and all(after - before == 1 for before, after in pairwise(numbers)):
        return f"{names[numbers[0]]} to {names[numbers[-1]]}"
    return ", ".join(names[number] for number in numbers)
