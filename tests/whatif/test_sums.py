"""Sums are exact however large they are, and the keys that they are told by are bounded."""

import random

import numpy as np
import pytest

from cgrates_py.bulk.calls import Words
from cgrates_py.whatif.amounts import aligned, minutes, percent, percent_shown, rounded
from cgrates_py.whatif.sums import EXACT_MAX, Columns, Sums, Tally, grouped, pairs
from rater.quantity import AMOUNT_MAX, SCALE


@pytest.mark.parametrize("largest", [10, EXACT_MAX // 50, EXACT_MAX + 1, AMOUNT_MAX, (1 << 63) - 1])
def test_groups_are_added_up_to_the_last_digit(largest: int) -> None:
    dice = random.Random(largest)
    values = [dice.choice([-1, 1]) * (largest - dice.randrange(5)) for _ in range(300)]
    codes = [dice.randrange(7) for _ in values]

    found = grouped(np.array(codes, np.int32), np.array(values, np.int64), 8)

    assert [sum(v for c, v in zip(codes, values, strict=True) if c == n) for n in range(8)] == found


def test_sums_of_the_largest_amounts_go_beyond_64_bits() -> None:
    column = np.full(100, AMOUNT_MAX, np.int64)
    tally: Tally[str] = Tally()

    for _ in range(3):
        tally.add(["all"], np.zeros(100, np.int8), Columns(column, column, column))

    assert Sums(300, 300 * AMOUNT_MAX, 300 * AMOUNT_MAX, 300 * AMOUNT_MAX) == tally.sums["all"]


def test_keys_that_come_too_late_stand_together_and_the_others_have_all_that_is_theirs() -> None:
    tally: Tally[str] = Tally(2)
    ones = np.ones(3, np.int64)

    for names in (["a", "b", "c"], ["c", "d", "a"]):
        tally.add(names, np.arange(3, dtype=np.int32), Columns(ones, ones, ones))

    assert {"a": Sums(2, 2, 2, 2), "b": Sums(1, 1, 1, 1)} == tally.sums
    assert Sums(3, 3, 3, 3) == tally.rest


@pytest.mark.parametrize("size", [1, 3, 2_000])
def test_pairs_of_words_are_those_of_the_rows(size: int) -> None:
    dice = random.Random(size)
    left, right = (Words.of(str(dice.randrange(size)) for _ in range(3_000)) for _ in range(2))

    keys, codes = pairs(left, right)

    assert list(zip(left.texts(), right.texts(), strict=True)) == [keys[code] for code in codes.tolist()]


def test_amounts_are_printed_exactly_with_points_in_line() -> None:
    assert aligned([1_234_500_000_000, -125_000_000, 0]) == ["1,234.500", "-0.125", "0.000"]
    assert aligned([SCALE, 0], sign=True) == ["+1.00", "0.00"]
    assert aligned([-1]) == ["-0.000000001"]
    assert rounded([1_234_567_000_000, -5_100_000], sign=True) == ["+1,234.57", "-0.01"]
    assert rounded([123_456_789]) == ["0.1235"]
    assert rounded([7]) == ["0.000000007"]


def test_percents_have_two_decimals_and_none_is_told_where_there_was_nothing() -> None:
    assert [percent(1, 3), percent(-2, 3), percent(5, 0)] == ["33.33", "-66.67", None]
    assert [percent_shown(1, 3), percent_shown(0, 0)] == ["+33.33 %", ""]
    assert percent(10_000 * AMOUNT_MAX, 1) == f"{10_000 * AMOUNT_MAX * 100}.00"
    assert minutes(90 * SCALE) == "1.5"
