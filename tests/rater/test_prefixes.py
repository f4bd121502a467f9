"""The table of prefixes against the plain rule: every prefix that begins a number, the longest first."""

import random

import pytest

from rater.prefixes import NOBODY, PrefixTable, build

DIGITS = "0149"
LENGTHS = (1, 2, 3, 4, 17, 18, 19, 21)
"""Around the width of the table, too."""


def drawn(chance: random.Random, length: int) -> str:
    return "".join(chance.choice(DIGITS) for _ in range(length))


def destinations(chance: random.Random) -> dict[str, tuple[str, ...]]:
    pool = [drawn(chance, chance.choice(LENGTHS)) for _ in range(12)]
    written = [("+" if chance.random() < 0.3 else "") + prefix for prefix in pool]
    return {name: tuple(set(chance.sample(written, chance.randrange(6)))) for name in "ABCDE"}


def beginning(table: PrefixTable, number: str) -> dict[str, set[tuple[int, bool]]]:
    found = {}
    node = table.find(number)
    while node != NOBODY:
        found[number[: table.length(node)]] = set(table.members(table.group(node)))
        node = table.parent(node)
    return found


def expected(said: dict[str, tuple[str, ...]], number: str) -> dict[str, set[tuple[int, bool]]]:
    found: dict[str, set[tuple[int, bool]]] = {}
    for place, name in enumerate(sorted(said)):
        for prefix in said[name]:
            bare = prefix.lstrip("+")
            if number.startswith(bare):
                found.setdefault(bare, set()).add((place, prefix != bare))
    longest_first = sorted(found.items(), key=lambda each: -len(each[0]))
    return {
        prefix: {(place, False) for place, _ in members if (place, True) not in members}
        | {member for member in members if member[1]}
        for prefix, members in longest_first
    }


@pytest.mark.parametrize("seed", range(40))
def test_a_number_has_the_prefixes_that_begin_it_the_longest_first(seed: int) -> None:
    chance = random.Random(seed)
    said = {
        name: tuple({prefix.lstrip("+"): prefix for prefix in written}.values())
        for name, written in destinations(chance).items()
    }
    table = PrefixTable(bytes(build(said).block))
    every = {prefix.lstrip("+") for written in said.values() for prefix in written}
    for _ in range(60):
        number = drawn(chance, chance.randrange(23))
        if every and chance.random() < 0.5:
            number = chance.choice(sorted(every)) + number
        if chance.random() < 0.1:
            number += "x12"
        found = beginning(table, number)
        assert list(found.items()) == list(expected(said, number).items()), number


@pytest.mark.parametrize("seed", range(10))
def test_every_prefix_is_listed_once(seed: int) -> None:
    said = destinations(random.Random(seed))
    table = build(said)
    listed = [prefix for prefix, _ in table.prefixes()]
    assert sorted(listed) == sorted({prefix.lstrip("+") for each in said.values() for prefix in each})
    assert len(table) == len(listed)


@pytest.mark.parametrize("block", [b"", b"cgrpfx00" + bytes(56), build({"A": ("1",)}).block[:-1]])
def test_another_block_is_refused(block: bytes) -> None:
    with pytest.raises(ValueError, match="table of prefixes"):
        PrefixTable(block)


def test_a_number_is_not_filled_up_to_a_prefix() -> None:
    table = build({"A": ("49", "4900")})
    assert table.length(table.find("49")) == 2
    assert table.length(table.find("4900")) == 4
    assert table.find("4") == NOBODY
