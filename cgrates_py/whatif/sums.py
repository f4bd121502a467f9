"""Adds up columns by groups, exactly, and keeps the sums as Python's integers, which have no bounds."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from cgrates_py.bulk.calls import Int64s, Words

Key = TypeVar("Key", bound=Hashable)

Codes = npt.NDArray[np.integer]

EXACT_MAX = 1 << 53
"""Up to here doubles are whole numbers without a gap, and so are sums of them in any order."""

_LIMB = 32
_BLOCK = 1 << 21
"""Rows whose limbs add up to no more than ``EXACT_MAX``."""

_DENSE_MAX = 1 << 20
"""Groups for which a table is laid out rather than rows sorted."""


@dataclass(slots=True)
class Sums:
    """What calls of one kind come to. Amounts are nanounits, ``talk_ns`` is how long they last."""

    calls: int = 0
    talk_ns: int = 0
    before: int = 0
    after: int = 0

    @property
    def delta(self) -> int:
        """What the change of the tariff brings."""
        return self.after - self.before

    def add(self, calls: int, talk_ns: int, before: int, after: int) -> None:
        """Add what more calls come to."""
        self.calls += calls
        self.talk_ns += talk_ns
        self.before += before
        self.after += after

    def take(self, other: "Sums") -> None:
        """Add other sums."""
        self.add(other.calls, other.talk_ns, other.before, other.after)


class Columns(NamedTuple):
    """What is added up: a row for each call. A call without a price has 0."""

    talk_ns: Int64s
    before: Int64s
    after: Int64s

    def by(self, codes: Codes, size: int) -> Iterable[tuple[int, int, int, int]]:
        """Add up by codes from 0 to below ``size``: (calls, talk, before, after) of each."""
        counts: list[int] = np.bincount(codes, minlength=size).tolist()
        return zip(counts, *(grouped(codes, each, size) for each in self), strict=True)


class Tally(Generic[Key]):
    """Sums by a key, of at most ``most`` keys: calls of keys that come later stand together in ``rest``.

    So what is told of a key is all that there is of it.
    """

    def __init__(self, most: int | None = None) -> None:
        self.sums: dict[Key, Sums] = {}
        self.rest = Sums()
        self._most = most

    def add(self, keys: Sequence[Key], codes: Codes, columns: Columns) -> None:
        """Add the calls of a chunk: row ``i`` has the key ``keys[codes[i]]``."""
        for key, (calls, talk_ns, before, after) in zip(keys, columns.by(codes, len(keys)), strict=True):
            if calls:
                self.of(key).add(calls, talk_ns, before, after)

    def of(self, key: Key) -> Sums:
        """Give the sums of a key, to be added to."""
        found = self.sums.get(key)
        if found is None:
            if self._most is not None and len(self.sums) >= self._most:
                return self.rest
            found = self.sums[key] = Sums()
        return found


def grouped(codes: Codes, values: Int64s, size: int) -> list[int]:
    """Add up values by codes from 0 to below ``size``, exactly.

    numpy counts with doubles. Those are exact where no sum can be beyond ``EXACT_MAX``; otherwise halves of
    32 bits are added up, block by block.
    """
    if not len(values):
        return [0] * size
    largest = max(int(values.max()), -int(values.min()))
    if largest * len(values) <= EXACT_MAX:
        return _counted(codes, values, size)
    found = [0] * size
    for low in range(0, len(values), _BLOCK):
        some, block = codes[low : low + _BLOCK], values[low : low + _BLOCK]
        highs = _counted(some, block >> _LIMB, size)
        lows = _counted(some, block & ((1 << _LIMB) - 1), size)
        for place, (high, rest) in enumerate(zip(highs, lows, strict=True)):
            found[place] += (high << _LIMB) + rest
    return found


def _counted(codes: Codes, values: Int64s, size: int) -> list[int]:
    sums: list[int] = np.bincount(codes, values, minlength=size).astype(np.int64).tolist()
    return sums


def pairs(left: Words, right: Words) -> tuple[list[tuple[str, str]], Codes]:
    """Number the pairs of two columns' words that there are."""
    if len(left.names) == 1:
        return [(left.names[0], name) for name in right.names], right.codes
    wide = len(right.names)
    both = left.codes.astype(np.int64) * wide + right.codes
    if len(left.names) * wide <= _DENSE_MAX:
        there = np.flatnonzero(np.bincount(both, minlength=len(left.names) * wide))
        place = np.zeros(len(left.names) * wide, np.int32)
        place[there] = np.arange(len(there), dtype=np.int32)
        codes: Codes = place[both]
    else:
        there, codes = np.unique(both, return_inverse=True)
    return [(left.names[each // wide], right.names[each % wide]) for each in there.tolist()], codes
