"""Which numbers: the pieces that prefixes leave each other, and the shortest way to write them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from rater.ranges import WIDTH, code, end_of, first_number
from rater.tariff import ANY

NEIGHBOURS_MIN = 3
"""Prefixes that follow each other are told as ``from-to`` from so many on."""


class Piece(NamedTuple):
    """Numbers from a code (``rater.ranges``) on whose longest prefix is ``owner``.

    None: numbers that are only the beginning of longer prefixes, as 49 is where there is 490. Nobody dials
    those, so they may be counted to either side.
    """

    start: int
    end: int
    owner: str | None


def width_of(prefixes: Iterable[str]) -> int:
    """Tell how wide codes have to be for these prefixes."""
    return max(max(map(len, prefixes), default=0) + 1, WIDTH)


def pieces(prefixes: Sequence[str], width: int) -> Iterator[Piece]:
    """Cut all numbers by sorted prefixes, the empty one first among them, in order and without a gap."""
    open_: list[tuple[str, int]] = []
    cursor = 0
    for prefix in prefixes:
        while open_ and not prefix.startswith(open_[-1][0]):
            owner, end = open_.pop()
            if cursor < end:
                yield Piece(cursor, end, owner)
                cursor = end
        start = code(prefix, width)
        # between 49 and 490 are only beginnings of 490
        dialled = code(prefix.rstrip("0"), width) if prefix[-1:] == "0" else start
        if cursor < dialled:
            yield Piece(cursor, dialled, open_[-1][0])
            cursor = dialled
        if cursor < start:
            yield Piece(cursor, start, None)
            cursor = start
        open_.append((prefix, end_of(prefix, width)))
    while open_:
        owner, end = open_.pop()
        if cursor < end:
            yield Piece(cursor, end, owner)
            cursor = end


def written(start: int, end: int, width: int) -> Iterator[str]:
    """Write the numbers of codes ``[start, end)`` as the fewest prefixes; an empty one is every number."""
    while start < end:
        number = first_number(start, width)
        after = end_of(number, width)
        if after <= end:
            yield number
            start = after
        else:
            start = code(number + "0", width)


def numbers_of(prefixes: Iterable[str]) -> tuple[str, ...]:
    """Give the fewest prefixes (digits only) for the numbers that any of these begin, sorted."""
    known = sorted(set(prefixes))
    width = width_of(known)
    found: list[str] = []
    start = end = 0
    for prefix in known:
        # 490 to 499 are 49: nobody dials the 49 alone that lies before them
        first = code(prefix.rstrip("0"), width)
        if first > end:
            found += written(start, end, width)
            start = first
        elif start == end:
            start = first
        end = max(end, end_of(prefix, width))
    return (*found, *written(start, end, width))


def shortened(prefixes: Iterable[str]) -> list[str]:
    """Write sorted prefixes with neighbours as ``4915-4918``, and the empty one as ``*any``."""
    runs: list[list[str]] = []
    for prefix in prefixes:
        last = runs[-1][-1] if runs else ""
        if last and len(prefix) == len(last) and int(prefix) == int(last) + 1:
            runs[-1].append(prefix)
        else:
            runs.append([prefix])
    said: list[str] = []
    for run in runs:
        said += [f"{run[0]}-{run[-1]}"] if len(run) >= NEIGHBOURS_MIN else [each or ANY for each in run]
    return said
