"""What many explanations share: a version of the tariff is read and compiled once for all of them."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import pytest

from cgrates_py.explain.opinion import Oracle
from rater.explain.nearest import _near
from rater.explain.pricing import explain
from rater.explain.values import Known
from rater.tariff import Tariff
from tests.rater.chains import NOON, call, chain, flat
from tests.rater.tables import SECOND


class Versions:
    """A store of two versions that counts what is read."""

    def __init__(self) -> None:
        self.read: list[int] = []

    async def read_version(self, version: int) -> Tariff | None:
        self.read.append(version)
        await asyncio.sleep(0)
        return Tariff() if version < 3 else None


async def test_explanations_that_come_together_share_one_book_of_an_earlier_version() -> None:
    versions = Versions()
    with ThreadPoolExecutor(1) as aside:
        oracle = Oracle(versions, aside)
        books = await asyncio.gather(*(oracle.book(2) for _ in range(5)))
        assert len({id(book) for book in books}) == 1
        assert versions.read == [2]
        other = await oracle.book(1)
        assert other is not None
        assert other is not books[0]
        assert other.version == 1
        assert await oracle.book(3) is None


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("4912", Known((), "491", ("4915", "491777"))),
        ("42", Known((), "4", ("48", "4915", "491777"))),
        ("7", Known()),
        ("", Known()),
        ("491777123", Known((), "491777", ("491777",))),
    ],
)
def test_the_nearest_prefixes_are_those_that_share_most_of_the_number(number: str, expected: Known) -> None:
    prefixes = ["", "48", "491777", "4915", "5", "4915"]
    assert _near(number, prefixes) == _near(number, reversed(prefixes)) == expected


class Stored:
    """A store of some versions."""

    def __init__(self, *tariffs: Tariff) -> None:
        self.tariffs = tariffs

    async def read_version(self, version: int) -> Tariff | None:
        await asyncio.sleep(0)
        return self.tariffs[version - 1] if version <= len(self.tariffs) else None


@pytest.mark.parametrize(
    ("stored", "agrees", "note"),
    [
        ((flat("1", spanwise=True), flat("2")), True, ""),
        ((flat("1", spanwise=True), flat("3")), False, "the oracle comes to 4"),
        ((flat("1"), flat("2")), False, "the oracle comes to 2"),
        ((flat("1", spanwise=True),), None, "version 2 of the tariff is no longer kept"),
    ],
    ids=["as explained", "another price", "not cut", "gone"],
)
async def test_a_call_that_two_versions_share_is_recomputed_from_both(
    stored: tuple[Tariff, ...], agrees: bool | None, note: str
) -> None:
    book = chain(flat("1", spanwise=True), (NOON, flat("2")))
    told = explain(book, call(NOON - SECOND, 2), None)
    assert told.cost == 3 * SECOND
    with ThreadPoolExecutor(1) as aside:
        opinion = await Oracle(Stored(*stored), aside).opinion(told, book)
    assert (opinion.agrees, opinion.note) == (agrees, note)
