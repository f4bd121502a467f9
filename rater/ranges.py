"""Ranges of numbers that the same prefixes begin, in order: what rates, compares and draws whole tables.

A number is coded as its digits in base 11, a digit as itself plus one and the end of the number as zero, up
to ``width`` digits. So codes sort as numbers do, a shorter one before those that it begins, and the numbers
that begin with a prefix are one range of codes.
"""

from collections.abc import Iterable

WIDTH = 18
"""Digits of a code below 2**63. Longer prefixes need wider codes, which are integers all the same."""

BASE = 11


def code(digits: str, width: int = WIDTH) -> int:
    """Code a number or prefix (ASCII digits only); digits beyond ``width`` are dropped."""
    taken = digits[:width]
    value = 0
    for digit in taken:
        value = value * BASE + ord(digit) - 47
    return value * _power(width - len(taken))


def end_of(prefix: str, width: int = WIDTH) -> int:
    """Tell the first code behind the numbers that begin with ``prefix`` (up to ``width`` digits)."""
    return code(prefix, width) + _power(width - len(prefix))


def first_number(value: int, width: int = WIDTH) -> str:
    """Give the first number of a range that starts at a code; empty for the start of all."""
    digits = []
    for _ in range(width):
        value, digit = divmod(value, BASE)
        digits.append(chr(digit + 47))
    return "".join(reversed(digits)).rstrip("/")


def starts(prefixes: Iterable[str], width: int = WIDTH) -> list[int]:
    """List where the ranges begin whose numbers have the same prefixes among these (digits only).

    Ascending, the first is 0. The numbers of a range behave as ``first_number`` of its start does in every
    look-up by these prefixes. Prefixes longer than ``width`` are not told apart: choose it long enough.
    """
    found = {0}
    for prefix in prefixes:
        if prefix:
            found.add(code(prefix, width))
            found.add(end_of(prefix[:width], width))
    found.discard(_power(width))
    return sorted(found)


def _power(exponent: int) -> int:
    return int(BASE**exponent)
