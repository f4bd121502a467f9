"""Stretches of numbers, against the plain rule over all numbers of a few digits."""

import random
from itertools import product

import pytest

from cgrates_py.tariffs.numbers import END, numbers_of, pieces, written

DIALLED = ["".join(digits) for digits in product("0489", repeat=5)]


def drawn(seed: int) -> list[str]:
    chance = random.Random(seed)
    return ["".join(chance.choice("0489") for _ in range(chance.randrange(1, 4))) for _ in range(9)]


@pytest.mark.parametrize("seed", range(30))
def test_each_number_is_in_the_piece_of_its_longest_prefix(seed: int) -> None:
    known = sorted({"", *drawn(seed)})
    cut = list(pieces(known))
    assert [cut[0].start, cut[-1].end] == ["", END]
    assert [piece.end for piece in cut[:-1]] == [piece.start for piece in cut[1:]]
    for number in DIALLED:
        (piece,) = (each for each in cut if each.start <= number < each.end)
        assert piece.owner == max((each for each in known if number.startswith(each)), key=len)


@pytest.mark.parametrize("seed", range(30))
def test_numbers_are_written_as_the_fewest_prefixes(seed: int) -> None:
    known = drawn(seed)
    said = numbers_of(known)
    for number in DIALLED:
        begun = [each for each in said if number.startswith(each)]
        assert len(begun) == any(number.startswith(each) for each in known)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("", END, [""]),
        ("49", "5", ["49"]),
        ("4", "45", ["40", "41", "42", "43", "44"]),
        ("499", END, ["499", "5", "6", "7", "8", "9"]),
        ("9" * 25, END, ["9" * 25]),
        ("7", "7", []),
    ],
)
def test_a_stretch_is_written_from_its_start_to_before_its_end(
    start: str, end: str, expected: list[str]
) -> None:
    assert list(written(start, end)) == expected


def test_ten_neighbours_are_the_prefix_that_they_share() -> None:
    assert numbers_of([f"49{digit}" for digit in range(10)]) == ("49",)
