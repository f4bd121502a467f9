"""Prints exact amounts as decimals: the only place where costs and counts are ever rounded."""

from fractions import Fraction

COST_PLACES = 2
COUNT_PLACES = 6
"""Places of a count that has no end, such as a third; others are printed whole."""


def rounded(value: Fraction, places: int) -> str:
    """Print with so many decimal places, rounded half to even; what rounds to zero has no sign."""
    numerator, denominator = value.numerator, value.denominator
    scaled, rest = divmod(abs(numerator) * 10**places, denominator)
    if 2 * rest > denominator or (2 * rest == denominator and scaled % 2):
        scaled += 1
    sign = "-" if numerator < 0 and scaled else ""
    digits = str(scaled).zfill(places + 1)
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else sign + digits


def cost_text(value: Fraction) -> str:
    """Print a cost."""
    return rounded(value, COST_PLACES)


def count_text(value: Fraction) -> str:
    """Print a count with all its digits."""
    left, twos, fives = value.denominator, 0, 0
    if left == 1:
        return str(value.numerator)
    while left % 2 == 0:
        left //= 2
        twos += 1
    while left % 5 == 0:
        left //= 5
        fives += 1
    return rounded(value, max(twos, fives) if left == 1 else COUNT_PLACES)
