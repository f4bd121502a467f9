"""E.164 numbers and prefixes: the longest prefix that begins a number wins.

A leading ``+`` counts for nothing on either side; tables hold digits only.

Where a subject has prices of its own, one dictionary probe per length that occurs finds the longest; the
destinations of rating plans stand in one table (``rater.prefixes``).
"""

from collections.abc import Iterable


def digits(number: str) -> str:
    """Strip the ``+`` that may lead a number or prefix."""
    return number[1:] if number[:1] == "+" else number


def lengths_descending(prefixes: Iterable[str]) -> tuple[int, ...]:
    """Tell which lengths occur among prefixes, the longest first."""
    return tuple(sorted({len(prefix) for prefix in prefixes}, reverse=True))
