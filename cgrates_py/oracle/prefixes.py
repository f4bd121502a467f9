"""Prefixes by definition: the longest of all that begin a number."""

from collections.abc import Iterable


def bare(text: str) -> str:
    """Strip the plus that counts for nothing."""
    return text.removeprefix("+")


def begins(prefix: str, number: str) -> bool:
    """Tell whether a prefix begins a number."""
    return bare(number).startswith(bare(prefix))


def longest(prefixes: Iterable[str], number: str) -> str | None:
    """Tell the longest of the prefixes that begin a number; None: none does."""
    fitting = [prefix for prefix in prefixes if begins(prefix, number)]
    return max(fitting, key=lambda prefix: len(bare(prefix)), default=None)
