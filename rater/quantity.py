"""Exact quantities: every amount is an integer of one declared scale, 10⁻⁹.

One scale serves money (10⁻⁹ of the currency unit), seconds (nanoseconds) and units (SMS, traffic).
Prices are exact rationals, because a price per minute has no finite price per second.
"""

import re
from decimal import Decimal

SCALE = 1_000_000_000
"""Steps in one unit: one second is ``SCALE`` nanoseconds, one currency unit ``SCALE`` nanounits."""

AMOUNT_MAX = 9_000_000_000 * SCALE
"""The largest amount or balance either side of zero; keeps every record within 64 bits."""

_LITERAL = re.compile(r"(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?", re.ASCII)
_LITERAL_LENGTH_MAX = 330
_EXPONENT_MAX = 308


class QuantityError(ValueError):
    """The text is no decimal number, or one that no double and no amount of ours can hold."""


class QuantityRangeError(QuantityError):
    """The power of ten is beyond ±308, or there are more digits than a number within that needs."""


def parse(literal: str) -> int:
    """Read a JSON number as an amount, rounding half-even beyond nine decimals.

    Raises QuantityError for a text that is no number, QuantityRangeError for one beyond ±10³⁰⁸.
    The bound of ``AMOUNT_MAX`` is the caller's to check: it depends on what the amount is for.
    """
    if len(literal) < 10 and literal.isdigit() and literal.isascii():
        return int(literal) * SCALE
    match = _LITERAL.fullmatch(literal)
    if match is None:
        raise QuantityError(f"expected a number, got {literal[:40]!r}")
    sign, whole, fraction, exponent = match.groups()
    if len(literal) > _LITERAL_LENGTH_MAX or len(whole) > _EXPONENT_MAX:
        raise QuantityRangeError("number has too many digits")
    shift = int(exponent or 0)
    if abs(shift) > _EXPONENT_MAX:
        raise QuantityRangeError("the exponent is beyond that of a double")
    digits = int(whole + (fraction or ""))
    power = shift - len(fraction or "") + 9
    value = digits * 10**power if power >= 0 else round_half_even(digits, 10**-power)
    return -value if sign else value


def text(amount: int) -> str:
    """Print an amount as the shortest exact decimal: ``0.3``, ``540``, ``-0.000000001``."""
    if amount % SCALE == 0:
        return str(amount // SCALE)
    whole, fraction = divmod(abs(amount), SCALE)
    return f"{'-' if amount < 0 else ''}{whole}.{fraction:09d}".rstrip("0")


def decimal_text(value: Decimal) -> str:
    """Print an exact decimal in plain notation without trailing zeros: ``0.2``, ``10``."""
    plain = format(value, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain


def from_decimal(value: Decimal) -> int:
    """Convert an exact decimal to an amount, rounding half-even beyond nine decimals."""
    numerator, denominator = value.as_integer_ratio()
    return round_half_even(numerator * SCALE, denominator)


def round_half_even(numerator: int, denominator: int) -> int:
    """Round ``numerator / denominator`` (denominator > 0) to an integer, ties to the even one."""
    quotient, rest = divmod(numerator, denominator)
    twice = 2 * rest
    if twice > denominator or (twice == denominator and quotient & 1):
        return quotient + 1
    return quotient
