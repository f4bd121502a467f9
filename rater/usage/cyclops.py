"""How Cyclops RC rates and charges: windows of time, rates and usage in them, exact prices. Pure.

Usage of a window costs its quantity times the arithmetic mean of the rates of that window. Where a window has
no rate the latest one before it counts, and where there is none at all nothing is charged: the usage waits.
"""

import re
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal
from fractions import Fraction
from typing import NamedTuple

from rater.usage.records import Row

WINDOWS_MAX = 288
"""Missed windows caught up with one by one, a day of five minutes each; what is older joins the first."""

METERS_MAX = 1_000
"""Meters of a server: all of them are one document."""
RATES_MAX = 1_000
"""Static rates, likewise."""
NAME_CHARACTERS_MAX = 256
"""Of a meter, a resource, an account."""

EXPONENT_MAX = 100
"""Numbers are below 10¹⁰⁰ and have at most as many decimals: products stay within a double."""
LITERAL_CHARACTERS_MAX = 120

DIGITS = 34
"""Significant digits kept of an amount that does not end; one that ends is kept whole."""

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_ROUND = Context(prec=DIGITS, rounding=ROUND_HALF_EVEN)
_WIDE = Context(prec=2_000)


class Window(NamedTuple):
    """A stretch of time, in nanoseconds since the epoch: after ``from_ns``, until ``upto_ns`` included."""

    from_ns: int
    upto_ns: int


class RatePoint(NamedTuple):
    """What a unit costs from an instant on."""

    at_ns: int
    rate: Fraction


class Rate(NamedTuple):
    """What a unit costs in a window: the mean of so many ``points``."""

    mean: Fraction
    points: int


class Bill(NamedTuple):
    """What one account owes for its usage of a window: ``price`` = ``usage`` × ``rate``, exactly."""

    account: str
    window: Window
    usage: Fraction
    rate: Rate
    first_seq: int
    last_seq: int

    @property
    def price(self) -> Fraction:
        """The exact price."""
        return self.usage * self.rate.mean


def number(text: str) -> Decimal:
    """Read a decimal number as it is, ``.5`` and ``4e-05`` too. Raises ValueError, for huge ones too."""
    if len(text) > LITERAL_CHARACTERS_MAX or _NUMBER.fullmatch(text) is None:
        raise ValueError("expected a number")
    value = Decimal(text)
    exponent = value.as_tuple().exponent
    if value.adjusted() >= EXPONENT_MAX or not isinstance(exponent, int) or exponent < -EXPONENT_MAX:
        raise ValueError(f"expected a number below 1e{EXPONENT_MAX} with at most {EXPONENT_MAX} decimals")
    return value


def decimal_text(value: Fraction) -> str:
    """Print a number in decimal: whole if it ends, else to ``DIGITS`` significant digits, half to even."""
    rest = value.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    context = _WIDE if rest == 1 else _ROUND
    return f"{context.divide(Decimal(value.numerator), Decimal(value.denominator)).normalize(context):f}"


def due(now_ns: int, last_ns: int | None, started_ns: int, frequency_ns: int) -> list[Window]:
    """List the windows that a scheduler has yet to run at ``now_ns``, oldest first.

    It began at ``started_ns``, with a run at once; ``last_ns`` is where its last window ended. Windows follow
    each other every ``frequency_ns``, also those that nobody was there to run. A clock that was set back
    makes none. Of many the first one reaches back over what there is no room to list.
    """
    if last_ns is None or last_ns < started_ns:
        first_ns = started_ns
        from_ns = started_ns - frequency_ns
    else:
        first_ns, from_ns = last_ns + frequency_ns, last_ns
    if now_ns < first_ns:
        return []
    count = (now_ns - first_ns) // frequency_ns + 1
    skipped = max(count - WINDOWS_MAX, 0)
    ends = [first_ns + number * frequency_ns for number in range(skipped, count)]
    return [Window(before, end) for before, end in zip([from_ns, *ends[:-1]], ends, strict=True)]


def mean_rate(points: Iterable[RatePoint], window: Window) -> Rate | None:
    """Tell what a unit costs in a window: the mean of its rates, else the latest rate before it.

    Of several at one instant before it the one that comes last in ``points``.
    """
    inside: list[Fraction] = []
    before: RatePoint | None = None
    for point in points:
        if window.from_ns < point.at_ns <= window.upto_ns:
            inside.append(point.rate)
        elif point.at_ns <= window.from_ns and (before is None or point.at_ns >= before.at_ns):
            before = point
    if inside:
        return Rate(sum(inside, Fraction(0)) / len(inside), len(inside))
    return None if before is None else Rate(before.rate, 1)


def aggregate(meter_type: str, values: Iterable[Decimal]) -> Fraction:
    """Make one usage of the values of a window: of a gauge their mean, of everything else their sum."""
    total, count = Decimal(0), 0
    for value in values:
        total = _WIDE.add(total, value)
        count += 1
    return Fraction(total) / count if meter_type == "gauge" else Fraction(total)


class _Sum:
    """What one account used in one window, as far as it was seen."""

    __slots__ = ("count", "first_seq", "last_seq", "total")

    def __init__(self, seq: int) -> None:
        self.total = Decimal(0)
        self.count = 0
        self.first_seq = seq
        self.last_seq = seq


class Tally:
    """Adds up the usage of one meter that is not charged yet: one bill for an account and window.

    A row belongs to the first window that ends at its time or later: what came late to the first one. What is
    ahead of the clock belongs to the last. Usage of a window without a rate is charged in the next that has
    one; if none has there are no bills. It takes memory by accounts and windows, not by rows.
    """

    def __init__(self, meter_type: str, windows: Sequence[Window], points: Sequence[RatePoint]) -> None:
        self.empty = True
        """No row was seen."""
        self._gauge = meter_type == "gauge"
        self._windows = windows
        self._ends = [window.upto_ns for window in windows]
        self._rates = [mean_rate(points, window) for window in windows]
        self._first_rated = next((place for place, rate in enumerate(self._rates) if rate is not None), None)
        self._sums: dict[tuple[int, str], _Sum] = {}

    def add(self, seq: int, row: Row) -> None:
        """Take a row, in the order of their numbers."""
        self.empty = False
        if self._first_rated is None:
            return
        place = max(min(bisect_left(self._ends, row.at_ns), len(self._ends) - 1), self._first_rated)
        found = self._sums.get((place, row.account))
        if found is None:
            found = self._sums[place, row.account] = _Sum(seq)
        found.total = _WIDE.add(found.total, Decimal(row.value))
        found.count += 1
        found.last_seq = seq

    def bills(self) -> list[Bill]:
        """Make the bills, by window and account."""
        made = []
        for place, account in sorted(self._sums):
            found, rate = self._sums[place, account], self._rates[place]
            assert rate is not None  # noqa: S101 -- where one window has a rate, all later ones have
            usage = Fraction(found.total) / found.count if self._gauge else Fraction(found.total)
            window = self._windows[place]
            made.append(Bill(account, window, usage, rate, found.first_seq, found.last_seq))
        return made
