"""Which days a rater moves to the archive, and when it does nothing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from cgrates_py.usage import archivist
from cgrates_py.usage.archivist import Archivist, archive_before
from rater.account import Account
from rater.usage.records import DayEntry, Row
from storage import keys
from storage.journal_archive import Moved
from storage.opening import open_store
from storage.store import AccountKey, Commit, Committed, Entry, StoreUnavailableError
from storage.valkey import ValkeyStore

DAY_NS = 86_400_000_000_000
ENTRY = DayEntry(1, "run", (Row("u1", "cpu", "1", 0, 1),))


class At:
    """A clock that stands."""

    def __init__(self, day: int) -> None:
        self._day = day

    def now_ns(self) -> int:
        return self._day * DAY_NS + DAY_NS - 1


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[ValkeyStore]:
    async with open_store(tmp_path / "data", archive=tmp_path / "archive") as opened:
        for book in ("charges", "cyclops.rates"):
            await opened.append(book, [(day, ENTRY) for day in (1, 2, 3)])
        yield opened


def archived(tmp_path: Path) -> set[str]:
    return {each.name.rsplit(".", 2)[0] for each in (tmp_path / "archive").glob("*")}


async def test_days_of_all_books_before_one_are_archived(store: ValkeyStore, tmp_path: Path) -> None:
    assert await archive_before(store, 1) == (0, 0, 0)
    assert await archive_before(store, 3) == (4, 0, 0)
    assert await archive_before(store, 3) == (0, 0, 0)
    assert archived(tmp_path) == {"charges.1", "charges.2", "cyclops.rates.1", "cyclops.rates.2"}


async def run_rounds(worker: Archivist, monkeypatch: pytest.MonkeyPatch, pauses: int) -> None:
    """Run until it paused so many times."""
    left = [pauses]
    sleep = asyncio.sleep

    async def pause(seconds: float) -> None:
        if seconds == archivist.ACCOUNTS_PAUSE_S:
            seconds = 0
        if seconds in (archivist.ROUND_S, archivist.PAUSE_S):
            left[0] -= 1
            if not left[0]:
                raise asyncio.CancelledError
            seconds = 0
        await sleep(seconds)

    monkeypatch.setattr(asyncio, "sleep", pause)
    with suppress(asyncio.CancelledError):
        await worker.run()
    monkeypatch.setattr(asyncio, "sleep", sleep)


async def test_a_day_is_archived_when_it_is_older_than_told(
    store: ValkeyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await run_rounds(Archivist(store, At(12), "a", 10), monkeypatch, 4)
    assert archived(tmp_path) == {"charges.1", "cyclops.rates.1"}


async def test_without_the_setting_or_the_lease_nothing_is_archived(
    store: ValkeyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await Archivist(store, At(99), "a", 0).run()
    assert await store.be_archivist("another", 60_000)
    await run_rounds(Archivist(store, At(99), "a", 10), monkeypatch, 2)
    assert archived(tmp_path) == set()


async def test_a_store_or_a_disk_that_refuses_is_tried_again(
    store: ValkeyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusals: list[Exception] = [OSError("disk full"), StoreUnavailableError("away")]
    whole = store.archive_day

    async def refusing(book: str, day: int, written_before_ns: int | None) -> int:
        if refusals:
            raise refusals.pop()
        return await whole(book, day, written_before_ns)

    monkeypatch.setattr(store, "archive_day", refusing)
    await run_rounds(Archivist(store, At(12), "a", 10), monkeypatch, 6)
    assert not refusals
    assert archived(tmp_path) == {"charges.1", "cyclops.rates.1"}


async def test_a_day_that_is_written_to_stays_until_it_is_left_alone(
    store: ValkeyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store.append("charges", [(1, ENTRY._replace(written_ns=12 * DAY_NS))])
    await run_rounds(Archivist(store, At(12), "a", 10), monkeypatch, 3)
    assert archived(tmp_path) == {"cyclops.rates.1"}
    await run_rounds(Archivist(store, At(13), "a", 11), monkeypatch, 3)
    assert archived(tmp_path) == {"charges.1", "cyclops.rates.1"}


async def debited(store: ValkeyStore, key: AccountKey, days: int) -> None:
    """Take something from an account on each of the first days."""
    account = Account(*key, credit=1_000)
    for day in range(days):
        entry = Entry(day * DAY_NS, "DebitBalance", "", 1, account, account)
        assert await store.commit(Commit(key, day, account, [entry])) == Committed(day + 1)


async def test_old_changes_of_accounts_move_by_age_once_a_day(
    store: ValkeyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await debited(store, ("vdf", "rif"), 100)
    worker = Archivist(store, At(99), "a", 20)
    await run_rounds(worker, monkeypatch, 8)
    assert "journals.79" in archived(tmp_path)
    assert len((await store.elements((("vdf", "rif"), 79, 100)))[0]) == 21
    names = await store._cold.call(b"", "LLEN", keys.of_account(("vdf", "rif")).journal)
    assert names == 21
    looked: list[int] = []

    async def look(first_day: int, *_: object) -> Moved:
        looked.append(first_day)
        return Moved()

    monkeypatch.setattr(store, "archive_journals", look)
    await run_rounds(worker, monkeypatch, 2)
    assert looked == []
    await run_rounds(Archivist(store, At(100), "a", 20), monkeypatch, 2)
    assert looked == [80]
    found = await store.examine(("vdf", "rif"))
    assert found is not None
    assert found.problem == ""


async def test_without_pyarrow_everything_stays_and_one_line_tells_how_to_have_it(
    store: ValkeyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []

    class Log:
        def info(self, event: str) -> None:
            told.append(event)

    monkeypatch.setattr(archivist, "_log", Log())
    monkeypatch.setattr(archivist, "find_spec", lambda _: None)
    await Archivist(store, At(99), "a", 10).run()
    assert told == ['what is old stays in the store: to archive it, pip install "cgrates-py[parquet]"']
    assert archived(tmp_path) == set()
