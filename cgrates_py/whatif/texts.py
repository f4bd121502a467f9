"""The columns of amounts that the tables on the terminal and on the page have: before, after, change."""

from collections.abc import Iterable, Iterator, Sequence

from cgrates_py.whatif.amounts import aligned, decimals_of
from cgrates_py.whatif.changes import Change
from cgrates_py.whatif.sums import Sums

NO_PRICE = "-"
"""Stands for the amount of a call without a price."""

Amounts = Sequence[tuple[int | None, int | None]]


def sum_texts(sums: Iterable[Sums]) -> Iterator[list[str]]:
    """Print what sums are before and after, and the change."""
    return _texts([(each.before, each.after) for each in sums])


def change_texts(changes: Iterable[Change]) -> Iterator[list[str]]:
    """Print what calls cost before and after, and the change."""
    return _texts([(each.before.total, each.after.total) for each in changes])


def _texts(amounts: Amounts) -> Iterator[list[str]]:
    decimals = decimals_of(amount for both in amounts for amount in both if amount is not None)
    for side in (0, 1):
        texts = aligned([both[side] or 0 for both in amounts], decimals=decimals)
        yield [NO_PRICE if both[side] is None else text for both, text in zip(amounts, texts, strict=True)]
    yield aligned([(after or 0) - (before or 0) for before, after in amounts], sign=True, decimals=decimals)
