"""Old changes of accounts: in Parquet files, and read and proven as if they were in the store."""

import asyncio
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import redis

from rater.account import Account
from rater.instant import DAY, SECOND
from rater.rating import Call
from rater.usage.records import DayEntry, Row
from storage import journal_archive, journal_files, keys, records, valkey_journals
from storage.archive_files import NoFileError
from storage.embedded import EmbeddedStore
from storage.journal import Called
from storage.journal_archive import Moved
from storage.proof import Finding
from storage.store import AccountKey, Commit, Committed, Entry, StoreCorruptError, StoreUnavailableError
from storage.valkey import ValkeyStore
from tests.storage.accounts import KEY
from tests.storage.clusters import ValkeyCluster
from tests.storage.objects import object_server

pytestmark = pytest.mark.asyncio(loop_scope="session")

OTHER = ("", "49 {weird}%/\x00é")


async def live(store: ValkeyStore, key: AccountKey, days: Sequence[int], version: int = 0) -> None:
    """Take a unit from an account on each of these days; the first commit makes it."""
    stored = await store.read(key)
    account = stored.account if stored else Account(*key, credit=1_000)
    for number, day in enumerate(days, version):
        after = replace(account, credit=account.credit - 1)
        entry = Entry(day * DAY + number, "DebitBalance", f"r{number}", 1, account, after)
        assert await store.commit(Commit(key, number, after, [entry])) == Committed(number + 1)
        account = after


def at(store: EmbeddedStore, tmp_path: Path) -> ValkeyStore:
    return ValkeyStore(store.url, archive=tmp_path / "archive")


def files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "archive").glob("*"))


def kept(admin: redis.Redis, key: AccountKey = KEY) -> int:
    found = admin.llen(keys.of_account(key).journal)
    assert isinstance(found, int)
    return found


async def problem_of(store: ValkeyStore, key: AccountKey = KEY) -> str:
    found = await store.examine(key)
    assert found is not None
    return found.problem


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds so small that every way is gone with few elements."""
    monkeypatch.setattr(journal_archive, "LEAST", 3)
    monkeypatch.setattr(journal_archive, "SEGMENT_ELEMENTS", 7)
    monkeypatch.setattr(journal_archive, "_PAGE_ELEMENTS", 4)
    monkeypatch.setattr(journal_files, "GROUP_ROWS", 5)
    monkeypatch.setattr(valkey_journals, "PAGE_ELEMENTS", 6)


async def test_a_journal_is_read_and_proven_the_same_wherever_its_elements_are(
    embedded: EmbeddedStore, admin: redis.Redis, tmp_path: Path
) -> None:
    async with at(embedded, tmp_path) as store:
        for key in (KEY, OTHER, ("vdf", "short")):
            await live(store, key, range(2 if key[1] == "short" else 20))
        before = {key: await store.journal(key) for key in (KEY, OTHER)}
        steps = [step async for step in store.steps(KEY)]
        whole = await store.examine(KEY)
        assert await store.archive_journals(0) == Moved()
        assert files(tmp_path) == []

        assert await store.archive_journals(11) == Moved(4, 22)

        assert (kept(admin), kept(admin, OTHER), kept(admin, ("vdf", "short"))) == (9, 9, 2)
        assert await store.archive_journals(11) == Moved()
        for key, lines in before.items():
            assert await store.journal(key) == lines
            for start in range(-21, 22):
                for stop in range(-21, 22):
                    first = max(20 + start, 0) if start < 0 else start
                    end = 20 + stop + 1 if stop < 0 else stop + 1
                    assert await store.journal(key, start, stop) == lines[first : max(end, 0)]
        assert [step async for step in store.steps(KEY)] == steps
        assert await store.examine(KEY) == whole
        assert whole == Finding(KEY, 20, 20, 980, 980, "")
        assert (await store.verify(KEY)) == (await store.read(KEY))

        await live(store, KEY, range(20, 30), version=20)
        assert await store.archive_journals(99) == Moved(4, 18 + 7)
        assert (kept(admin), kept(admin, OTHER), kept(admin, ("vdf", "short"))) == (1, 2, 2)
        assert [line.version for line in await store.journal(KEY)] == [*range(1, 31)]
        assert (await problem_of(store), await problem_of(store, OTHER)) == ("", "")


@pytest.mark.parametrize(("room", "written"), [(journal_archive.FILE_BYTES, 1), (1_000, 2), (1, 5)])
async def test_parts_of_a_long_journal_are_in_one_file_as_far_as_it_has_room(
    embedded: EmbeddedStore,
    admin: redis.Redis,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    room: int,
    written: int,
) -> None:
    monkeypatch.setattr(journal_archive, "FILE_BYTES", room)
    async with at(embedded, tmp_path) as store:
        await live(store, KEY, range(32))
        before = await store.journal(KEY)
        assert await store.archive_journals(99) == Moved(5, 31)
        assert (len(files(tmp_path)), kept(admin)) == (written, 1)
        assert await store.journal(KEY) == before
        assert await problem_of(store) == ""


async def test_a_file_is_sorted_by_account_and_can_be_read_by_anyone(
    embedded: EmbeddedStore, admin: redis.Redis, tmp_path: Path
) -> None:
    async with at(embedded, tmp_path) as store:
        await live(store, KEY, range(5))
        await live(store, OTHER, [-1, 0, 1, 99])
        await store.archive_journals(3)
        (file,) = files(tmp_path)
        assert file.name.startswith("journals.3.")
        rows = rows_of(file)
        assert [(row["customer"], row["subject"], row["version"]) for row in rows] == [
            *((*OTHER, version) for version in (1, 2, 3)),
            *((*KEY, version) for version in (1, 2, 3)),
        ]
        last = rows[-1]
        assert (str(last["amount"]), last["method"], last["request_id"]) == ("1E-9", "DebitBalance", "r2")
        assert last["entry_at"] == datetime(1970, 1, 3, tzinfo=UTC)
        assert last["element"] == (await store.elements((KEY, 2, 3)))[0][0]


async def test_a_file_tells_of_calls_which_they_were(
    embedded: EmbeddedStore, admin: redis.Redis, tmp_path: Path
) -> None:
    async with at(embedded, tmp_path) as store:
        account = Account(*KEY)
        begin, end = 10 * SECOND + 1_999, 1 << 70
        call = Call(*KEY, "0", "+49 30", begin, end, 3600)
        for version in range(4):
            asked = call if version else None
            entry = Entry(0, "Debit", "", -5_000_000_000, account, account, asked, 7 * version)
            assert isinstance(await store.commit(Commit(KEY, version, account, [entry])), Committed)
        assert await store.archive_journals(1) == Moved(1, 3)
        plain, called, _ = rows_of(files(tmp_path)[0])
        names = ("category", "number", "call_start", "call_end", "tariff_version", "entry_at", "amount")
        assert [plain[name] for name in names] == [None] * 6 + [Decimal(-5)]
        start = datetime(1970, 1, 1, 0, 0, 10, 1, tzinfo=UTC)
        assert [called[name] for name in names] == ["0", "+49 30", start, None, 7, None, Decimal(-5)]
        assert (await store.journal(KEY))[1].call == Called("0", "+49 30", begin, end, 3600)


async def test_an_account_is_moved_up_to_its_last_change_that_is_old(
    embedded: EmbeddedStore, admin: redis.Redis, tmp_path: Path
) -> None:
    """A clock that went wrong for a while does not keep what is behind in the store."""
    async with at(embedded, tmp_path) as store:
        await live(store, KEY, [1, 1, 9, 9])
        assert await store.archive_journals(5) == Moved()
        assert files(tmp_path) == []
        await live(store, OTHER, [1, 1, 9, 1, 9, 9])
        assert await store.archive_journals(5) == Moved(1, 4)
        assert (kept(admin, OTHER), await problem_of(store, OTHER)) == (2, "")
        await live(store, ("vdf", "late"), [1, 9, 9, 9, 9, 1])  # for longer than a page
        assert await store.archive_journals(5) == Moved()


@pytest.mark.parametrize("named", [False, True])
async def test_whoever_stops_before_it_heard_of_the_last_step_loses_nothing(
    embedded: EmbeddedStore, admin: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: bool
) -> None:
    async with at(embedded, tmp_path) as store, at(embedded, tmp_path) as other:
        await live(store, KEY, range(20))
        before = await store.journal(KEY)
        call = store._call

        async def cut(name: bytes, packed: bytes) -> object:
            if named:
                await call(name, packed)
            raise StoreUnavailableError("lost")

        monkeypatch.setattr(store, "_call", cut)
        with pytest.raises(StoreUnavailableError):
            await store.archive_journals(99)
        assert len(files(tmp_path)) == 1
        assert kept(admin) == (13 if named else 20)
        assert (await other.journal(KEY), await problem_of(other)) == (before, "")
        assert (await other.archive_journals(99)).elements == (12 if named else 19)
        assert (await other.journal(KEY), await problem_of(other), kept(admin)) == (before, "", 1)


_KILLED = """
import asyncio, os, signal, sys
from storage import journal_archive, journal_files
from storage.valkey import ValkeyStore
journal_archive.LEAST = 3
put = journal_files.JournalFiles.put
def put_and_die(*given):
    put(*given)
    os.kill(os.getpid(), signal.SIGKILL)
journal_files.JournalFiles.put = put_and_die
async def main():
    async with ValkeyStore(sys.argv[1], archive=sys.argv[2]) as store:
        await store.archive_journals(99)
asyncio.run(main())
"""


async def test_a_process_killed_between_the_file_and_the_store_loses_nothing(
    embedded: EmbeddedStore, admin: redis.Redis, tmp_path: Path
) -> None:
    async with at(embedded, tmp_path) as store:
        await live(store, KEY, range(8))
        before = await store.journal(KEY)
        place = str(tmp_path / "archive")
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", _KILLED, embedded.url, place)
        assert await process.wait() == -signal.SIGKILL
        assert (len(files(tmp_path)), kept(admin), await store.journal(KEY)) == (1, 8, before)
        assert await store.archive_journals(99) == Moved(1, 7)
        assert (len(files(tmp_path)), kept(admin), await store.journal(KEY)) == (2, 1, before)
        assert await problem_of(store) == ""


async def test_of_two_that_archive_at_once_one_names_each_part(
    embedded: EmbeddedStore, admin: redis.Redis, tmp_path: Path
) -> None:
    async with at(embedded, tmp_path) as store, at(embedded, tmp_path) as other:
        for number in range(5):
            await live(store, ("vdf", str(number)), range(8))
        moved = await asyncio.gather(store.archive_journals(99), other.archive_journals(99))
        assert sum(each.elements for each in moved) == 35
        for number in range(5):
            assert await problem_of(store, ("vdf", str(number))) == ""
            assert kept(admin, ("vdf", str(number))) == 1
        assert sum(pq.read_metadata(each).num_rows for each in files(tmp_path)) >= 35


async def test_a_file_of_which_nothing_was_named_is_removed(
    embedded: EmbeddedStore, admin: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at(embedded, tmp_path) as store, at(embedded, tmp_path) as other:
        await live(store, KEY, range(8))
        name = store._name

        async def late(named: journal_archive._Named) -> bool:
            await other.archive_journals(99)
            return await name(named)

        monkeypatch.setattr(store, "_name", late)
        assert await store.archive_journals(99) == Moved()
        assert (len(files(tmp_path)), kept(admin), await problem_of(store)) == (1, 1, "")


async def test_what_moves_is_what_was_written_even_if_the_journal_is_another_by_then(
    embedded: EmbeddedStore, admin: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at(embedded, tmp_path) as store:
        await live(store, KEY, range(8))
        name = store._name

        async def late(named: journal_archive._Named) -> bool:
            admin.flushall()
            async with at(embedded, tmp_path) as other:
                await live(other, KEY, range(1, 9))
            return await name(named)

        monkeypatch.setattr(store, "_name", late)
        assert await store.archive_journals(99) == Moved()
        assert (kept(admin), await problem_of(store)) == (8, "")


async def test_debits_go_on_while_their_journal_moves(
    embedded: EmbeddedStore, admin: redis.Redis, tmp_path: Path
) -> None:
    async with at(embedded, tmp_path) as store, at(embedded, tmp_path) as other:
        await live(store, KEY, range(10))
        done = asyncio.create_task(live(store, KEY, range(10, 200), version=10))
        moved = checked = 0
        while not done.done():
            moved += (await other.archive_journals(999)).elements
            checked += await problem_of(other) == ""
            assert [line.version for line in await other.journal(KEY, 3, 30)][:7] == [*range(4, 11)]
        await done
        moved += (await other.archive_journals(999)).elements
        assert moved + kept(admin) == 200
        assert 1 <= kept(admin) <= journal_archive.LEAST
        assert checked
        assert await problem_of(store) == ""
        stored = await store.read(KEY)
        assert stored is not None
        assert stored.account.credit == 800


async def test_the_store_keeps_the_same_of_a_history_of_any_length(
    embedded: EmbeddedStore, admin: redis.Redis, tmp_path: Path
) -> None:
    async with at(embedded, tmp_path) as store:
        sizes = []
        for month in range(6):
            await live(store, KEY, range(month * 30, month * 30 + 30), version=month * 30)
            await store.archive_journals(month * 30 + 26)
            sizes.append(kept(admin))
        assert sizes == [4, 6] * 3  # the last four days, and fewer than are worth a part
        assert await problem_of(store) == ""
        assert len(await store.journal(KEY)) == 180


async def test_journals_of_a_cluster_are_archived(cluster: ValkeyCluster, tmp_path: Path) -> None:
    cluster.flush()
    async with ValkeyStore(cluster.url, archive=tmp_path / "archive") as store:
        accounts = [("vdf", str(number)) for number in range(6)]
        for key in accounts:
            await live(store, key, range(9))
        before = [await store.journal(key) for key in accounts]
        assert await store.archive_journals(6) == Moved(6, 36)
        assert [await store.journal(key) for key in accounts] == before
        assert [await problem_of(store, key) for key in accounts] == [""] * 6


async def test_a_journal_that_proves_nothing_stays_in_the_store(
    embedded: EmbeddedStore, admin: redis.Redis, tmp_path: Path
) -> None:
    async with at(embedded, tmp_path) as store:
        await live(store, KEY, range(8))
        await live(store, OTHER, range(8))
        elements = admin.lrange(keys.of_account(KEY).journal, 0, -1)
        assert isinstance(elements, list)
        admin.lset(keys.of_account(KEY).journal, 2, elements[1])  # type: ignore[arg-type]  # -- bytes are fine
        assert await store.archive_journals(99) == Moved(1, 7, 1)
        assert (kept(admin), kept(admin, OTHER)) == (8, 1)


def rows_of(file: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(file).to_pylist()
    return rows


def _rewritten(file: Path, change: Callable[[list[dict[str, Any]]], object]) -> None:
    rows, schema = rows_of(file), pq.read_schema(file)
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), file)


_DAMAGE = {
    "no place": "no place is told",
    "no file": "there is no archive",
    "bytes": "Parquet",
    "a row": "lacks version 4",
    "an element": "the journal is broken before version 5",
    "columns": "element",
    "another account": "lacks version 1",
    "the name": "the archive of a journal is",
    "no name": "version 1 of vdf/49151123456 is archived, and not told where",
    "what was proven": "what is kept of the archived journal: credit: 0.000000994 by the journal",
    "nothing proven": "account record of 3 bytes",
}


@pytest.mark.parametrize("damage", _DAMAGE)
async def test_an_archive_that_cannot_be_read_or_proves_nothing_is_a_finding(
    embedded: EmbeddedStore, admin: redis.Redis, tmp_path: Path, damage: str
) -> None:
    async with at(embedded, tmp_path) as store:
        await live(store, KEY, range(9))
        await live(store, OTHER, range(5))
        await store.archive_journals(6)
        (file,) = files(tmp_path)
        name = keys.archived_journal(KEY)
        if damage == "no file":
            file.unlink()
        elif damage == "bytes":
            file.write_bytes(b"PAR1 and no more")
        elif damage == "a row":
            _rewritten(file, lambda rows: rows.pop(4 + 3))
        elif damage == "an element":
            _rewritten(file, lambda rows: _change(rows[4 + 3]))
        elif damage == "columns":
            pq.write_table(pq.read_table(file).drop_columns(["element"]), file)
        elif damage == "another account":
            admin.hset(name, "1", f"6:0:{file.name}")
        elif damage == "the name":
            admin.hset(name, "1", "6:4:../../etc/passwd")
        elif damage == "no name":
            admin.hdel(name, "1")
        elif damage == "what was proven":
            record = admin.hget(name, "proven")
            assert isinstance(record, bytes)
            richer = records.encode_account(Account(*KEY, credit=2_000))
            admin.hset(name, "proven", record[: records.HEAD_BYTES] + richer)
        elif damage == "nothing proven":
            admin.hset(name, "proven", b"abc")
    async with ValkeyStore(
        embedded.url, archive=None if damage == "no place" else tmp_path / "archive"
    ) as store:
        problem = await problem_of(store)
        assert _DAMAGE[damage] in problem
        with pytest.raises((StoreCorruptError, NoFileError)):
            await store.verify(KEY)
        stored = await store.read(KEY)
        assert stored is not None
        assert stored.account.credit == 991


def _change(row: dict[str, Any]) -> None:
    row["element"] = row["element"].replace(b"r3", b"r9")


async def test_an_account_that_is_gone_but_for_its_archive_is_found(
    embedded: EmbeddedStore, admin: redis.Redis, tmp_path: Path
) -> None:
    async with at(embedded, tmp_path) as store:
        await live(store, KEY, range(9))
        await store.archive_journals(6)
        admin.delete(*keys.of_account(KEY)[:2])
        assert {KEY} in [page async for page in store.traces()]
        assert await problem_of(store) == "journal of 6 elements without a record"


async def test_an_account_with_nothing_but_an_archived_journal_is_not_whole(
    embedded: EmbeddedStore, admin: redis.Redis, tmp_path: Path
) -> None:
    """The newest element never moves: without it, something took it away."""
    async with at(embedded, tmp_path) as store:
        await live(store, KEY, range(9))
        await store.archive_journals(99)
        admin.delete(keys.of_account(KEY).journal)
        head = admin.hget(keys.archived_journal(KEY), "proven")  # of version 7: the eighth cannot move alone
        assert isinstance(head, bytes)
        admin.set(keys.of_account(KEY).account, head)
        assert await problem_of(store) == "record of version 7 without a journal"


async def test_a_file_that_cannot_be_written_leaves_the_journal_in_the_store(
    embedded: EmbeddedStore, admin: redis.Redis, tmp_path: Path
) -> None:
    (tmp_path / "archive").write_text("")
    async with at(embedded, tmp_path) as store:
        await live(store, KEY, range(9))
        with pytest.raises(OSError, match="archive"):
            await store.archive_journals(6)
        assert (kept(admin), admin.exists(keys.archived_journal(KEY))) == (9, 0)


async def test_an_archive_in_object_storage_is_read_like_one_in_a_directory(
    embedded: EmbeddedStore, admin: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the client of pyarrow, to a server of S3 objects."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with object_server() as (url, objects):
        async with ValkeyStore(embedded.url, archive=url) as store:
            await live(store, KEY, range(30))
            await store.append("charges", [(5, DayEntry(1, "run", (Row("u1", "cpu", "1", 0, 1),)))])
            before = await store.journal(KEY), await store.read_days("charges", [5])
            assert await store.archive_journals(99) == Moved(4, 28)
            assert await store.archive_day("charges", 5) == 1
            assert {name.rsplit(".", 2)[0] for name in objects} == {
                "old/days/journals.99",
                "old/days/charges.5",
            }
            assert (await store.journal(KEY), await store.read_days("charges", [5])) == before
            assert await problem_of(store) == ""
            assert store._journal_files is not None
            store._journal_files.remove("not.there")
        objects.clear()
        async with ValkeyStore(embedded.url, archive=url) as store:
            problem = await problem_of(store)
            assert problem.startswith("there is no archive s3://bucket/old/days/journals.99.")
            assert "endpoint" not in problem


async def test_a_store_at_its_maxmemory_archives_and_has_room_again(
    embedded: EmbeddedStore, admin: redis.Redis, tmp_path: Path
) -> None:
    async with at(embedded, tmp_path) as store:
        await live(store, KEY, range(20))
        await store.append("usage", [(3, DayEntry(5, "test", (Row("u1", "cpu", "1", 0, 1),)))])
        admin.config_set("maxmemory", "1")
        try:
            with pytest.raises(StoreUnavailableError, match="out of memory"):
                await live(store, KEY, [21], version=20)
            assert await store.be_archivist("rater-1", 1_000)
            assert (await store.archive_journals(11)).elements == 11
            assert await store.archive_day("usage", 3) == 1
        finally:
            admin.config_set("maxmemory", "0")
        await live(store, KEY, [21], version=20)
        assert await problem_of(store) == ""
