"""Why a call costs something else by another tariff, in a few words."""

from enum import IntEnum

import numpy as np
import numpy.typing as npt

from cgrates_py.bulk.calls import Words
from cgrates_py.whatif.sides import Flags, Side


class Cause(IntEnum):
    """What became of a call, the first of these that holds."""

    NO_PRICE = 0
    BECOMES_UNRATED = 1
    BECOMES_RATED = 2
    SAME = 3
    OTHER_PLAN = 4
    OTHER_PREFIX = 5
    OTHER_FEE = 6
    OTHER_PRICE = 7

    @property
    def words(self) -> str:
        """Say it."""
        return _WORDS[self]


_WORDS = {
    Cause.NO_PRICE: "no price in either",
    Cause.BECOMES_UNRATED: "no price any more",
    Cause.BECOMES_RATED: "a price now",
    Cause.SAME: "costs the same",
    Cause.OTHER_PLAN: "other plan",
    Cause.OTHER_PREFIX: "other prefix",
    Cause.OTHER_FEE: "other connect fee",
    Cause.OTHER_PRICE: "other price",
}

Causes = npt.NDArray[np.int8]


def causes_of(before: Side, after: Side) -> Causes:
    """Tell of each call what became of it."""
    found = np.full(len(before.total), Cause.OTHER_PRICE, np.int8)
    found[before.total - before.connect_fee == after.total - after.connect_fee] = Cause.OTHER_FEE
    found[~alike(before.prefix, after.prefix, sign="+")] = Cause.OTHER_PREFIX
    found[~alike(before.plan, after.plan)] = Cause.OTHER_PLAN
    found[before.total == after.total] = Cause.SAME
    found[after.rated & ~before.rated] = Cause.BECOMES_RATED
    found[before.rated & ~after.rated] = Cause.BECOMES_UNRATED
    found[~before.rated & ~after.rated] = Cause.NO_PRICE
    return found


def alike(one: Words, other: Words, sign: str = "") -> Flags:
    """Tell in which rows two columns say the same, but for ``sign`` before it."""
    known: dict[str, int] = {}
    left, right = (
        np.array([known.setdefault(name.removeprefix(sign), len(known)) for name in words.names], np.int32)
        for words in (one, other)
    )
    same: Flags = left[one.codes] == right[other.codes]
    return same
