"""E.164 numbers and prefixes: the longest prefix that begins a number wins.

A leading ``+`` counts for nothing on either side; tables hold digits only.

One dictionary probe per length that occurs, longest first: for the prefixes of a real tariff (lengths 1 to
9) that is faster in Python than walking a trie, and takes less memory.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


def digits(number: str) -> str:
    """Strip the ``+`` that may lead a number or prefix."""
    return number[1:] if number[:1] == "+" else number


def lengths_descending(prefixes: Iterable[str]) -> tuple[int, ...]:
    """Tell which lengths occur among prefixes, the longest first."""
    return tuple(sorted({len(prefix) for prefix in prefixes}, reverse=True))


def candidates(number: str, lengths: tuple[int, ...]) -> Iterator[str]:
    """List the beginnings of ``number`` that have one of ``lengths``, in the order of ``lengths``."""
    size = len(number)
    return (number[:length] for length in lengths if length <= size)


@dataclass(frozen=True, slots=True)
class PrefixSet:
    """The prefixes of one destination, ready to be matched."""

    members: frozenset[str]
    lengths: tuple[int, ...]

    @classmethod
    def of(cls, prefixes: Iterable[str]) -> "PrefixSet":
        """Compile a destination's prefixes as written. An empty prefix matches nothing."""
        members = frozenset(digits(prefix) for prefix in prefixes) - {""}
        return cls(members, lengths_descending(members))

    def match_length(self, number: str) -> int:
        """Tell how many digits of ``number`` (digits only) the longest matching prefix has; 0 for none."""
        for beginning in candidates(number, self.lengths):
            if beginning in self.members:
                return len(beginning)
        return 0
