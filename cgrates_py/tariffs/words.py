"""Prices, clocks and durations as texts for people; every figure exact."""

from collections.abc import Iterable
from decimal import ROUND_HALF_EVEN, Context, Decimal, Inexact
from math import gcd

from cgrates_py.tariffs.calendar import EVERY_DAY, Calendar
from cgrates_py.tariffs.meaning import Price, Settlement, Step
from rater.instant import DAY, SECOND
from rater.quantity import decimal_text
from rater.quantity import text as amount
from rater.tariff import MaxCostStrategy

ALWAYS = "always"
NO_PRICE = "no price"

_EXACT = Context(prec=400, traps=[Inexact])
_NEAR = Context(prec=60)
_CENT = Decimal("0.01")


def exact(numerator: int, denominator: int) -> str:
    """Print a number exactly: as a decimal, or as a fraction in lowest terms where it has no end."""
    try:
        return decimal_text(_EXACT.divide(Decimal(numerator), Decimal(denominator)))
    except Inexact:
        common = gcd(numerator, denominator)
        return f"{numerator // common}/{denominator // common}"


def percent(before: int, after: int) -> str:
    """Tell by how many percent a number changed, to two decimals; empty where it was none."""
    if not before:
        return ""
    ratio = _NEAR.divide(Decimal((after - before) * 100), Decimal(before))
    rounded = ratio.quantize(_CENT, ROUND_HALF_EVEN, _NEAR)
    return f"{'+' if rounded > 0 else ''}{decimal_text(rounded)}"


def duration(nanoseconds: int) -> str:
    """Print a duration: ``60s``, ``0.5s``."""
    return f"{amount(nanoseconds)}s"


def unit_price(step: Step, unit: Decimal) -> str:
    """Print a price for one billing unit: ``0.2/60s``."""
    top, bottom = unit.as_integer_ratio()
    return f"{exact(step.numerator * top, step.denominator * bottom)}/{decimal_text(unit)}s"


def increment(step: Step) -> str:
    """Tell what is charged whole once it has begun."""
    return duration(step.increment_ns) if step.increment_ns else "none"


def settlement(settled: Settlement | None) -> str:
    """Tell how a call's sum is rounded."""
    return "none" if settled is None else f"{settled.rounding} {settled.decimals}"


def cap(settled: Settlement | None) -> str:
    """Tell the maximum cost, and what happens there."""
    if settled is None or settled.cap is None or settled.strategy is MaxCostStrategy.NONE:
        return "none"
    return f"{amount(settled.cap)} {settled.strategy}"


def steps(price: Price, unit: Decimal | None = None) -> str:
    """Tell the prices by usage, with their increments."""
    said = []
    held = None
    for step, written in zip(price.steps, price.units, strict=True):
        told = [f"from {duration(step.from_ns)} on"] if step.from_ns else []
        told += [unit_price(step, unit or written)] if (step.numerator, step.denominator) != held else []
        told += [f"by {duration(step.increment_ns)}"] if step.increment_ns else []
        said.append(" ".join(told))
        held = step.numerator, step.denominator
    return ", ".join(said)


def whole(price: Price | None) -> str:
    """Tell all of a price in one line."""
    if price is None:
        return NO_PRICE
    said = [steps(price)]
    if price.connect_fee:
        said.append(f"connect fee {amount(price.connect_fee)}")
    if price.settlement is not None:
        said.append(f"rounded {settlement(price.settlement)}")
        if price.settlement.cap is not None:
            said.append(f"at most {cap(price.settlement)}")
    return ", ".join(said)


def clock(nanoseconds: int) -> str:
    """Print a clock: ``08:00``, with seconds where it has some."""
    seconds = nanoseconds // SECOND
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}"
    return text + (f":{seconds % 60:02d}" if seconds % 60 else "")


Window = tuple[int, int, int]
"""(kind of day, start, end): nanoseconds of the clock."""


def windows(calendar: Calendar, held: Iterable[Window]) -> str:
    """Name the moments of a week or year: ``Mon–Fri 08:00–18:00; Sat, Sun``."""
    by_kind: dict[int, list[tuple[int, int]]] = {}
    for kind, start, end in held:
        stretches = by_kind.setdefault(kind, [])
        if stretches and stretches[-1][1] == start:
            stretches[-1] = (stretches[-1][0], end)
        else:
            stretches.append((start, end))
    alike: dict[tuple[tuple[int, int], ...], list[int]] = {}
    for kind, stretches in by_kind.items():
        alike.setdefault(tuple(stretches), []).append(kind)
    return "; ".join(_window(calendar.words(kinds), stretches) for stretches, kinds in alike.items())


def _window(days: str, stretches: tuple[tuple[int, int], ...]) -> str:
    if stretches == ((0, DAY),):
        return ALWAYS if days == EVERY_DAY else days
    return f"{days} {', '.join(f'{clock(start)}–{clock(end)}' for start, end in stretches)}"
