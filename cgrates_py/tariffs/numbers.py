"""Which numbers: the pieces that prefixes leave each other, and the shortest way to write them.

Numbers are in the order of their texts, a shorter one before those that it begins. So the numbers that begin
with a prefix are one stretch, from the prefix itself to ``end_of`` it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rater.tariff import ANY

NEIGHBOURS_MIN = 3
"""Prefixes that follow each other are told as ``from-to`` from so many on."""

END = ":"
"""Behind every number."""


class Piece(NamedTuple):
    """Numbers from ``start`` to before ``end`` whose longest prefix is ``owner``.

    None: numbers that are only the beginning of longer prefixes, as 49 is where there is 490. Nobody dials
    those, so they may be counted to either side.
    """

    start: str
    end: str
    owner: str | None


def end_of(prefix: str) -> str:
    """Tell the first number behind those that begin with a prefix (digits only)."""
    head = prefix.rstrip("9")
    return head[:-1] + chr(ord(head[-1]) + 1) if head else END


def pieces(prefixes: Sequence[str]) -> Iterator[Piece]:
    """Cut all numbers by sorted prefixes, the empty one first among them, in order and without a gap."""
    open_: list[tuple[str, str]] = []
    cursor = ""
    for prefix in prefixes:
        while open_ and not prefix.startswith(open_[-1][0]):
            owner, end = open_.pop()
            if cursor < end:
                yield Piece(cursor, end, owner)
                cursor = end
        # between 49 and 490 are only beginnings of 490
        dialled = prefix.rstrip("0")
        if cursor < dialled:
            yield Piece(cursor, dialled, open_[-1][0])
            cursor = dialled
        if cursor < prefix:
            yield Piece(cursor, prefix, None)
            cursor = prefix
        open_.append((prefix, end_of(prefix)))
    while open_:
        owner, end = open_.pop()
        if cursor < end:
            yield Piece(cursor, end, owner)
            cursor = end


def written(start: str, end: str) -> Iterator[str]:
    """Write the numbers from ``start`` to before ``end`` as the fewest prefixes; an empty one is them all."""
    while start < end:
        after = end_of(start)
        if after <= end:
            yield start
            start = after
        else:
            start += "0"


def numbers_of(prefixes: Iterable[str]) -> tuple[str, ...]:
    """Give the fewest prefixes (digits only) for the numbers that any of these begin, sorted."""
    found: list[str] = []
    start = end = ""
    for prefix in sorted(set(prefixes)):
        # 490 to 499 are 49: nobody dials the 49 alone that lies before them
        first = prefix.rstrip("0")
        if first > end:
            found += written(start, end)
            start = first
        elif start == end:
            start = first
        end = max(end, end_of(prefix))
    return (*found, *written(start, end))


def shortened(prefixes: Iterable[str]) -> list[str]:
    """Write sorted prefixes with neighbours as ``4915-4918``, and the empty one as ``*any``."""
    runs: list[list[str]] = []
    for prefix in prefixes:
        last = runs[-1][-1] if runs else ""
        if last and _follows(prefix, last):
            runs[-1].append(prefix)
        else:
            runs.append([prefix])
    said: list[str] = []
    for run in runs:
        said += [f"{run[0]}-{run[-1]}"] if len(run) >= NEIGHBOURS_MIN else [each or ANY for each in run]
    return said


def _follows(prefix: str, before: str) -> bool:
    """Tell whether a prefix is the next one of as many digits."""
    if prefix[-1:] != "0":
        return prefix[:-1] == before[:-1] and ord(prefix[-1]) == ord(before[-1]) + 1
    return len(prefix) == len(before) and int(prefix) == int(before) + 1
