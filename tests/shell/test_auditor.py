"""The running check of a rater: one per store, and what was tampered with shows until it is whole again."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
import redis

from cgrates_py import accounts, auditor
from cgrates_py.auditor import Auditor
from cgrates_py.http.metrics import server_text
from rater.account import Account
from storage import journal_archive, keys, records
from storage.embedded import EmbeddedStore
from storage.store import StoreUnavailableError
from storage.valkey import ValkeyStore

RIF = ("vdf", "rif")


class Desk:
    """Two auditors of one store with two accounts, and a plain client of it."""

    def __init__(self, store: ValkeyStore, one: Auditor, two: Auditor, admin: redis.Redis) -> None:
        self.store, self.one, self.two, self.admin = store, one, two, admin

    def enrich(self, credit: int) -> None:
        name = keys.of_account(RIF).account
        record = self.admin.get(name)
        assert isinstance(record, bytes)
        account = records.encode_account(Account(*RIF, credit=credit))
        self.admin.set(name, record[: records.HEAD_BYTES] + account)


@asynccontextmanager
async def desk(data_dir: Path) -> AsyncIterator[Desk]:
    embedded = EmbeddedStore(data_dir)
    url = await embedded.start()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(embedded.stop)
        store, other = [
            await stack.enter_async_context(ValkeyStore(url, archive=data_dir / "archive")) for _ in range(2)
        ]
        for subject in ("rif", "minu"):
            await accounts.create(store, Account("vdf", subject, credit=5), 1)
        admin = stack.enter_context(redis.Redis.from_url(url))
        yield Desk(store, Auditor(store, "one"), Auditor(other, "two"), admin)


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Desk]:
    async with desk(tmp_path) as made:
        yield made


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 -- figures for /metrics announce nothing
        await asyncio.sleep(0)


async def test_tampering_with_a_record_raises_the_gauge_until_it_is_undone(two: Desk) -> None:
    await two.one.round()
    assert (two.one.difference, two.one.checked) == (0, 2)
    two.enrich(6)
    await two.one.round()
    assert two.one.difference == 1
    assert two.one.findings == 1
    two.enrich(5)
    await two.one.round()
    assert (two.one.difference, two.one.findings) == (0, 1)


async def test_a_change_upon_a_tampered_record_stays_a_difference(two: Desk) -> None:
    await two.one.round()
    two.enrich(6)
    await accounts.topup(two.store, RIF, Account(*RIF, credit=1), 2, None, 60)
    for _ in range(3):
        await two.one.round()
        assert two.one.difference == 1


async def test_a_journal_without_its_record_is_a_difference(two: Desk) -> None:
    two.admin.delete(keys.of_account(RIF).account)
    await two.one.round()
    assert two.one.difference == 1


async def test_an_account_that_vanished_or_went_back_stays_a_difference_and_is_told_once(
    two: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    names, told = keys.of_account(RIF), list[str]()

    class Log:
        def error(self, event: str, account: str, reason: str) -> None:
            told.append(f"{account}: {reason}")

    monkeypatch.setattr(auditor, "_log", Log())
    record = two.admin.get(names.account)
    assert isinstance(record, bytes)
    await accounts.topup(two.store, RIF, Account(*RIF, credit=1), 2, None, 60)
    await two.one.round()
    two.admin.set(names.account, record)
    two.admin.ltrim(names.journal, 0, 0)
    for _ in range(4):
        await two.one.round()
        assert two.one.difference == 1
    two.admin.delete(names.account, names.journal)
    await accounts.create(two.store, Account("vdf", "new", credit=5), 3)
    other = keys.of_account(("vdf", "minu"))
    two.admin.delete(other.account, other.journal)
    for _ in range(4):
        await two.one.round()
    assert (two.one.difference, two.one.findings) == (2, 2)
    assert told == [
        "vdf:rif: version 2 was proven, and another account of 1 is there",
        "vdf:minu: version 1 was proven, and nothing is there",
    ]


async def test_a_long_journal_is_followed_over_many_rounds(
    two: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditor, "ELEMENTS_AT_ONCE", 2)
    for number in range(9):
        await accounts.topup(two.store, RIF, Account(*RIF, credit=1), number, None, 60)
    seen = []
    for _ in range(5):
        await two.one.round()
        seen.append(two.one.checked)
    # the other account is found whole in every round; this one in the fifth, its ten elements two by two
    assert seen == [1, 2, 3, 4, 6]
    assert two.one.difference == 0


async def test_one_rater_audits_and_another_follows_when_it_leaves(two: Desk) -> None:
    store = two.store
    assert await store.be_auditor("one", 60_000)
    assert await store.be_auditor("one", 60_000)
    assert not await store.be_auditor("two", 60_000)
    assert not await store.be_auditor("two", 0)
    assert await store.be_auditor("one", 0)
    assert await store.be_auditor("two", 60_000)


async def test_the_auditor_leaves_its_lease_when_it_is_stopped(two: Desk) -> None:
    running = asyncio.create_task(two.one.run())
    await _until(lambda: two.one.checked > 0)
    assert two.admin.get(keys.AUDITOR) == b"one"
    running.cancel()
    await asyncio.wait({running})
    assert two.admin.get(keys.AUDITOR) is None


async def test_who_does_not_audit_any_more_reports_no_difference(
    two: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auditor, "ROUND_S", 0)
    two.enrich(6)
    running = asyncio.create_task(two.one.run())
    await _until(lambda: two.one.difference > 0 and two.one.checked > 0)
    checked = two.one.checked
    two.admin.set(keys.AUDITOR, "two")
    await _until(lambda: two.one.difference == 0)
    assert two.one.checked >= checked > 0
    assert two.one.findings == 1
    running.cancel()
    await asyncio.wait({running})


async def test_a_store_that_is_away_is_told_once_until_it_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(auditor, "ROUND_S", 0)
    answers, told = iter("xxx.xx."), list[str]()
    done = asyncio.Event()

    class Log:
        def info(self, event: str, **_: object) -> None:
            told.append(event)

    class Away(ValkeyStore):
        async def be_auditor(self, name: str, for_ms: int) -> bool:
            answer = next(answers, None)
            if answer is None:
                done.set()
            if answer == "x":
                raise StoreUnavailableError("away")
            return False

    monkeypatch.setattr(auditor, "_log", Log())
    running = asyncio.create_task(Auditor(Away("unix:///nowhere"), "one").run())
    await done.wait()
    running.cancel()
    await asyncio.wait({running})
    assert told == ["accounts are not checked while the store is away"] * 2


def test_the_page_of_metrics_sums_what_the_raters_report() -> None:
    raters = [
        {
            "name": "a",
            "counters": {"conservation_difference": 2, "conservation_checked": 5, "conservation_findings": 4},
        },
        {"name": "b", "counters": {"conservation_difference": 0, "conservation_checked": 3}},
    ]
    page = server_text({"raters": raters}).decode()
    assert "\ncgrates_conservation_difference 2.0\n" in page
    assert "\ncgrates_conservation_checked_total 8.0\n" in page
    assert "\ncgrates_conservation_findings_total 4.0\n" in page
    assert "cgrates_rater_conservation" not in page


async def archived(two: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Archive all of an account but its last change."""
    monkeypatch.setattr(journal_archive, "LEAST", 1)
    for number in range(9):
        await accounts.topup(two.store, RIF, Account(*RIF, credit=1), number, None, 60)
    assert (await two.store.archive_journals(1)).elements == 9


async def test_a_check_begins_where_the_archive_ends(
    two: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await archived(two, monkeypatch)
    for file in (tmp_path / "archive").iterdir():
        file.unlink()
    await two.one.round()
    assert (two.one.difference, two.one.checked) == (0, 2)
    two.enrich(15)
    await two.one.round()
    assert two.one.difference == 1


@pytest.mark.parametrize("lost", [False, True])
async def test_what_was_archived_before_this_check_came_to_it_is_read_from_there(
    two: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lost: bool
) -> None:
    await two.one.round()
    await archived(two, monkeypatch)
    (file,) = (tmp_path / "archive").iterdir()
    if lost:
        file.rename(tmp_path / "elsewhere")
    await two.one.round()
    assert (two.one.difference, two.one.checked) == ((1, 3) if lost else (0, 4))
    if lost:
        (tmp_path / "elsewhere").rename(file)
    await two.one.round()
    assert two.one.difference == 0
