"""The charges of all accounts in one list: the books, then every journal, in pages that miss nothing."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from cgrates_py.usage import every_charge, journals, lists, roster
from cgrates_py.usage.charges import Charges
from cgrates_py.usage.every_charge import EveryCharge
from cgrates_py.usage.lists import CHARGES, Lists, Selection
from cgrates_py.usage.records import Records
from cgrates_py.usage.rows import charge_members
from rater.instant import DAY
from rater.usage.records import DayEntry, Row
from storage.journal import JournalLine
from storage.memory import MemoryStore
from storage.store import AccountKey
from tests.usage.test_charges import ask, read, write

KEYS: list[AccountKey] = [
    ("", "x"),
    ("", "y:z"),
    ("acme", "böse"),
    ("acme", "office"),
    ("b", ""),
    ("b", "\0"),
]
NAMES = ["x", ":y:z", "acme:böse", "acme:office", "b:", "b:\0"]


@pytest.fixture
async def many() -> MemoryStore:
    """Rows of the books on two days, and six accounts, the last of them made first."""
    store = MemoryStore()
    for day in (1, 3):
        row = Row("x", "cpu", "1", day * DAY, day * DAY, "1", link="cyclops:1")
        await store.append("charges", [(day, DayEntry(1, "run", (row,)))])
    for key in reversed(KEYS):
        await write(store, key, [(0, "Load", -10)], [(DAY, "Debit", 1), (DAY, "Debit", 0)], [(0, "Debit", 2)])
    return store


ALL = [("x", "cyclops"), ("x", "cyclops")] + [
    (name, source) for name in NAMES for source in ("calls:2", "calls:3")
]


def place_of(row: dict[str, Any]) -> tuple[str, str]:
    return row["account"], row["source"]


async def pages(listing: Records, path: str) -> AsyncIterator[list[tuple[str, str]]]:
    cursor: str | None = ""
    while cursor is not None:
        answer = await ask(listing, f"{path}&cursor={cursor}")
        yield [place_of(row) for row in read(answer)]
        cursor = answer.Headers.get("X-Next-Cursor")
        assert cursor is None or cursor.isascii()


@pytest.mark.parametrize("limit", [*range(1, 16), 1000])
@pytest.mark.parametrize(
    ("elements", "lines", "rows", "accounts", "part"),
    [(25, 5_000, 99, 500, 5_000), (1, 1, 1, 1, 1), (2, 3, 99, 2, 3), (25, 5_000, 99, 500, 2)],
)
async def test_pages_have_every_charge_of_every_account_once_and_in_order(
    many: MemoryStore,
    monkeypatch: pytest.MonkeyPatch,
    limit: int,
    elements: int,
    lines: int,
    rows: int,
    accounts: int,
    part: int,
) -> None:
    monkeypatch.setattr(journals, "PAGE_ELEMENTS", elements)
    monkeypatch.setattr(every_charge, "LOOKED_AT_MAX", lines)
    monkeypatch.setattr(lists, "LOOKED_AT_MAX", rows)
    monkeypatch.setattr(every_charge, "ACCOUNTS_MAX", accounts)
    monkeypatch.setattr(roster, "PART_MAX", part)
    found = [page async for page in pages(Records(many), f"/charges?limit={limit}")]
    assert max(map(len, found)) <= limit
    assert [place for page in found for place in page] == ALL


async def test_one_page_has_them_all_if_there_is_room(many: MemoryStore) -> None:
    (found,) = [page async for page in pages(Records(many), f"/charges?limit={len(ALL)}")]
    assert found == ALL


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("metric=cpu", ALL[:2]),
        ("metric=call", ALL[2:]),
        ("date=1970-01-02", [ALL[0], *ALL[2::2]]),
        ("to=1970-01-01", ALL[3::2]),
    ],
)
async def test_charges_of_all_accounts_are_chosen_by_time_and_metric(
    many: MemoryStore, query: str, expected: list[tuple[str, str]]
) -> None:
    (found,) = [page async for page in pages(Records(many), f"/charges?{query}")]
    assert found == expected


async def test_accounts_that_are_made_meanwhile_disturb_no_page_and_are_in_the_next_list(
    many: MemoryStore,
) -> None:
    listing = Records(many)
    found: list[tuple[str, str]] = []
    async for page in pages(listing, "/charges?limit=3"):
        found += page
        for name in ("a", "zz"):
            key = (name, f"{len(found)}")
            await write(many, key, [(0, "Debit", 1)])
    assert [place for place in found if place[0] in ["x", *NAMES]] == ALL
    listed = [place async for page in pages(listing, "/charges?limit=3") for place in page]
    made = {f"{name}:{number}" for name in ("a", "zz") for number in range(3, len(ALL) + 1, 3)}
    assert made <= {account for account, _ in listed}


async def test_an_account_that_was_charged_just_now_is_listed(many: MemoryStore) -> None:
    listing = Records(many)
    for number in range(3):
        await write(many, ("new", str(number)), [(0, "Debit", 1)])
        found = [place async for page in pages(listing, "/charges?limit=5") for place in page]
        assert found == ALL + [(f"new:{made}", "calls:1") for made in range(number + 1)]


@pytest.mark.parametrize(("rows", "accounts"), [(10_000, 200_000), (1, 1), (1, 4), (2, 6)])
async def test_an_export_goes_through_every_charge(
    many: MemoryStore, monkeypatch: pytest.MonkeyPatch, rows: int, accounts: int
) -> None:
    monkeypatch.setattr(every_charge, "EXPORTED_AT_ONCE", rows)
    monkeypatch.setattr(every_charge, "PART_MAX", accounts)
    parts = EveryCharge(many, Lists(many)).all(Selection(CHARGES))
    found = [place_of(charge_members(row)) async for part in parts for row in part]
    assert found == ALL


@pytest.mark.parametrize("account", [None, "long:1"])
async def test_an_export_reads_a_journal_in_long_pages(
    monkeypatch: pytest.MonkeyPatch, account: str | None
) -> None:
    store = MemoryStore()
    await write(store, ("long", "1"), *[[(number, "Debit", 1)] for number in range(120)])
    reads: list[int] = []
    journal = store.journal

    async def counted(key: AccountKey, start: int = 0, stop: int = -1) -> list[JournalLine]:
        reads.append(start)
        return await journal(key, start, stop)

    monkeypatch.setattr(store, "journal", counted)
    chosen, listed = Selection(CHARGES, account=account), Lists(store)
    everyone = EveryCharge(store, listed).all(chosen)
    parts = everyone if account is None else Charges(store, listed).all(account, chosen)
    assert sum([len(part) async for part in parts]) == 120
    assert reads == [0]
