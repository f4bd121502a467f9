"""Old days of books: in Parquet files, and read as if they were in the store."""

import asyncio
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import redis

from rater.usage.records import DayEntry, Drop, Row
from storage import keys
from storage.archive import Archive, head_of
from storage.embedded import EmbeddedStore
from storage.store import StoreCorruptError, StoreUnavailableError
from storage.valkey import ValkeyStore
from tests.storage.clusters import ValkeyCluster
from tests.storage.test_daybook import DROPS, FULL, ONE, TWO

pytestmark = pytest.mark.asyncio(loop_scope="session")

DAY = 16_131
BOOK = "charges"
EMPTY = DayEntry(1, "", ())
EVERY = [(1, ONE), (3, FULL), (6, EMPTY), (6, TWO), (7, DROPS)]


def files(directory: Path) -> list[Path]:
    return list(directory.iterdir())


async def fill(store: ValkeyStore) -> None:
    await store.append(BOOK, [(DAY, entry) for _, entry in EVERY])


async def test_a_file_has_the_entries_as_they_were(tmp_path: Path) -> None:
    archive = Archive(tmp_path / "not" / "there")
    head = archive.write(BOOK, DAY, EVERY)
    assert archive.read(head) == EVERY
    rows = [each for _, entry in archive.read(head) for each in (*entry.rows, *entry.drops)]
    assert {type(each) for each in rows} == {Row, Drop}
    assert head_of(head.text()) == head
    assert [each.name for each in files(tmp_path / "not" / "there")] == [head.file]
    table = pq.read_table(tmp_path / "not" / "there" / head.file)
    assert table.column("value").to_pylist()[:2] == ["12.5", "900"]


@pytest.mark.parametrize("start", range(7))
@pytest.mark.parametrize("page", [1, 2, 256])
async def test_a_day_is_read_the_same_wherever_its_entries_are(
    embedded: EmbeddedStore,
    admin: redis.Redis,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    start: int,
    page: int,
) -> None:
    monkeypatch.setattr("storage.valkey_daybook._PAGE_ENTRIES", page)
    async with ValkeyStore(embedded.url, archive=tmp_path) as store:
        await fill(store)
        assert await store.archive_day(BOOK, DAY) == 5
        assert admin.exists(keys.day(BOOK, DAY)) == 0
        assert await store.read_days(BOOK, [DAY, DAY + 1], start) == [EVERY[start:], []]
        assert await store.days(BOOK) == [DAY]
        await store.append(BOOK, [(DAY, ONE), (DAY, TWO)])
        later = [*EVERY, (7, ONE), (9, TWO)]
        assert await store.read_days(BOOK, [DAY], start) == [later[start:]]
        assert await store.archive_day(BOOK, DAY) == 2
        assert await store.read_days(BOOK, [DAY], start) == [later[start:]]
        assert await store.archive_day(BOOK, DAY) == 0
        assert await store.archive_day("cyclops", DAY) == 0
    assert len(files(tmp_path)) == 2


async def test_what_is_appended_while_a_day_moves_stays(
    embedded: EmbeddedStore, admin: redis.Redis, tmp_path: Path
) -> None:
    async with (
        ValkeyStore(embedded.url, archive=tmp_path) as store,
        ValkeyStore(embedded.url, archive=tmp_path) as other,
    ):
        await fill(store)
        write = store._archive.write  # type: ignore[union-attr]  # -- it has one

        def write_late(book: str, day: int, entries: list[tuple[int, DayEntry]]) -> object:
            admin.rpush(keys.day(BOOK, DAY), *admin.lrange(keys.day(BOOK, DAY), 0, 0))
            return write(book, day, entries)

        store._archive.write = write_late  # type: ignore[union-attr, method-assign]  # -- the worst moment
        assert await store.archive_day(BOOK, DAY) == 5
        assert await other.read_days(BOOK, [DAY]) == [[*EVERY, (1, ONE)]]


async def test_of_two_that_archive_a_day_one_does(
    embedded: EmbeddedStore, admin: redis.Redis, tmp_path: Path
) -> None:
    async with (
        ValkeyStore(embedded.url, archive=tmp_path) as store,
        ValkeyStore(embedded.url, archive=tmp_path) as other,
    ):
        await fill(store)
        moved = await asyncio.gather(store.archive_day(BOOK, DAY), other.archive_day(BOOK, DAY))
        assert sorted(moved) == [0, 5]
        assert len(files(tmp_path)) == 1
        assert await store.read_days(BOOK, [DAY]) == [EVERY]


async def test_a_file_that_cannot_be_written_leaves_the_day_in_the_store(
    embedded: EmbeddedStore, admin: redis.Redis, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    async with ValkeyStore(embedded.url, archive=tmp_path / "file") as store:
        await fill(store)
        with pytest.raises(OSError, match="file"):
            await store.archive_day(BOOK, DAY)
        assert await store.read_days(BOOK, [DAY]) == [EVERY]
        assert admin.exists(keys.ARCHIVED) == 0


async def test_days_of_a_cluster_are_archived(cluster: ValkeyCluster, tmp_path: Path) -> None:
    cluster.flush()
    async with ValkeyStore(cluster.url, archive=tmp_path) as store:
        await fill(store)
        assert await store.archive_day(BOOK, DAY) == 5
        assert await store.read_days(BOOK, [DAY]) == [EVERY]


@pytest.mark.parametrize("damage", ["no directory", "no file", "bytes", "fewer", "columns", "head"])
async def test_an_archive_that_cannot_be_read_is_no_day_without_entries(
    embedded: EmbeddedStore, admin: redis.Redis, tmp_path: Path, damage: str
) -> None:
    async with ValkeyStore(embedded.url, archive=tmp_path) as store:
        await fill(store)
        await store.archive_day(BOOK, DAY)
        (file,) = files(tmp_path)
        expected: type[Exception] = StoreCorruptError
        if damage == "no directory":
            store._archive, expected = None, StoreUnavailableError
        elif damage == "no file":
            expected = StoreUnavailableError
            file.unlink()
        elif damage == "bytes":
            file.write_bytes(b"PAR1 and no more")
        elif damage == "fewer":
            (tmp_path / Archive(tmp_path).write(BOOK, DAY, EVERY[:4]).file).replace(file)
        elif damage == "columns":
            pq.write_table(pq.read_table(file).drop_columns(["drops"]), file)
        else:
            admin.hset(keys.ARCHIVED, f"{BOOK}:{DAY}", "5:../../etc/passwd")
        with pytest.raises(expected):
            await store.read_days(BOOK, [DAY])
