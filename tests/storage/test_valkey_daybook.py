"""Books of records on a real server: their keys, damage, and what an append costs."""

import asyncio
import os
import signal
import threading
from contextlib import suppress

import msgspec
import pytest
import redis

from rater.usage.records import DayEntry, Drop, Row
from storage import keys, valkey_daybook
from storage.day_records import FORMAT, SEQ_BYTES, decode_entry, encode_entry
from storage.daybook import Appended, KnownReceipt, Mark, MarkMoved, Receipt
from storage.embedded import EmbeddedStore
from storage.store import StoreCorruptError, StoreUnavailableError
from storage.valkey import ValkeyStore

pytestmark = pytest.mark.asyncio(loop_scope="session")

DAY = 16_131
ROWS = tuple(Row(f"venture-{n % 50}", f"metric-{n % 10}", str(n), DAY, DAY + 1) for n in range(1000))
ENTRY = DayEntry(7, "push", ROWS[:2], (Drop("gb", ("shop",)),))
RECEIPT = Receipt("id", b"digest", b"body", 60)
MARK = Mark("upto", None, b"1")


async def test_keys_of_a_daybook_are_those_on_the_page(valkey: ValkeyStore, admin: redis.Redis) -> None:
    await valkey.append("scrooge", [(DAY, ENTRY)], RECEIPT, [MARK])
    expected = {
        b"cgr:d:{daybook}",
        b"cgr:d:{daybook}:marks",
        b"cgr:d:{daybook}:b:scrooge",
        b"cgr:d:{daybook}:b:scrooge:16131",
        b"cgr:d:{daybook}:r:id",
    }
    assert set(admin.keys("*")) == expected
    assert 59_000 < admin.pttl(b"cgr:d:{daybook}:r:id") <= 60_000
    assert admin.get(b"cgr:d:{daybook}") == b"2"


async def test_an_append_is_one_round_trip(valkey: ValkeyStore) -> None:
    before = valkey.counters.round_trips
    await valkey.append("scrooge", [(DAY + n, ENTRY) for n in range(5)], RECEIPT, [MARK])
    assert valkey.counters.round_trips == before + 1


@pytest.mark.parametrize(("pushes", "beside"), [(1, False), (3, True)])
async def test_many_rows_are_encoded_beside_the_loop(
    valkey: ValkeyStore, monkeypatch: pytest.MonkeyPatch, pushes: int, beside: bool
) -> None:
    threads = list[int]()

    def encoded(entry: DayEntry) -> bytes:
        threads.append(threading.get_ident())
        return encode_entry(entry)

    monkeypatch.setattr(valkey_daybook, "encode_entry", encoded)
    entries = [(DAY + n, DayEntry(7, "push", ROWS)) for n in range(pushes)]
    assert await valkey.append("scrooge", entries) == Appended(1)
    assert [each != threading.get_ident() for each in threads] == [beside] * pushes
    found = await valkey.read_days("scrooge", [day for day, _ in entries])
    assert [[(seq, len(entry.rows)) for seq, entry in day] for day in found] == [
        [(1 + 1000 * n, 1000)] for n in range(pushes)
    ]


async def test_an_append_without_a_receipt_leaves_none(valkey: ValkeyStore, admin: redis.Redis) -> None:
    await valkey.append("scrooge", [(DAY, ENTRY)])
    assert admin.keys("cgr:d:{daybook}:r:*") == []
    admin.set(keys.append_receipt(""), b"of somebody else")
    assert await valkey.append("scrooge", [(DAY, ENTRY)]) == Appended(3)


@pytest.mark.parametrize(
    "name",
    [
        keys.LAST_ROW,
        keys.MARKS,
        keys.book("scrooge"),
        keys.day("scrooge", DAY + 1),
        keys.append_receipt("id"),
    ],
)
async def test_an_append_that_meets_a_key_of_another_type_changes_nothing(
    valkey: ValkeyStore, admin: redis.Redis, name: bytes
) -> None:
    admin.sadd(name, b"x")
    with pytest.raises(StoreCorruptError):
        await valkey.append("scrooge", [(DAY, ENTRY), (DAY + 1, ENTRY)], RECEIPT, [MARK])
    assert admin.keys("*") == [name]
    assert admin.smembers(name) == {b"x"}


async def test_an_append_that_cannot_count_changes_nothing(valkey: ValkeyStore, admin: redis.Redis) -> None:
    admin.set(keys.LAST_ROW, b"1x")
    with pytest.raises(StoreCorruptError):
        await valkey.append("scrooge", [(DAY, ENTRY)], RECEIPT, [MARK])
    assert admin.keys("*") == [keys.LAST_ROW]


@pytest.mark.parametrize("damage", ["short", "format", "bytes", "type", "days"])
async def test_damaged_books_are_corrupt_when_they_are_read(
    valkey: ValkeyStore, admin: redis.Redis, damage: str
) -> None:
    name = keys.day("scrooge", DAY)
    whole = bytes(SEQ_BYTES) + encode_entry(ENTRY)
    damaged = {"short": whole[:-1], "format": b"\x02" * 20, "bytes": whole[:9] + b"\xc1"}
    if damage == "type":
        admin.set(name, b"x")
    elif damage == "days":
        admin.zadd(keys.book("scrooge"), {"monday": 1})
    else:
        admin.rpush(name, whole, damaged[damage])
    with pytest.raises(StoreCorruptError):
        await (valkey.days("scrooge") if damage == "days" else valkey.read_days("scrooge", [DAY]))


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (3, 3),  # rows
        (4, [["a"], [0, 1]]),
        (4, [["a"], [0, -1]]),
        (4, [["a", "b"], [0]]),
        (4, [["a", "b", "c"], []]),
        (4, [[], []]),
        (4, [[1, 2], []]),
        (7, [["a"], []]),
        (12, "one more"),
    ],
)
async def test_columns_that_are_not_those_of_all_rows_are_corrupt(column: int, value: object) -> None:
    members = msgspec.msgpack.decode(encode_entry(ENTRY)[1:])
    members[column : column + 1] = [value]
    with pytest.raises(StoreCorruptError):
        decode_entry(bytes(SEQ_BYTES) + bytes((FORMAT,)) + msgspec.msgpack.encode(members))


async def test_every_row_is_there_once_whenever_the_store_is_killed(own_store: EmbeddedStore) -> None:
    """Who has no answer asks again under the same request id; the store is killed three times meanwhile."""
    pushes, days = 600, 3
    left = iter(range(pushes))
    answered: list[int] = []

    async def push_all(store: ValkeyStore) -> None:
        for number in left:
            rows = ROWS[: number % 7 + 1]
            entries = [(DAY + day, DayEntry(number, "push", rows)) for day in range(days)]
            receipt = Receipt(str(number), b"", b"", 600)
            outcome: Appended | KnownReceipt | MarkMoved | None = None
            while outcome is None:
                with suppress(StoreUnavailableError):
                    outcome = await store.append("scrooge", entries, receipt)
                await asyncio.sleep(0)
            answered.append(number)

    async with ValkeyStore(own_store.url) as store:
        pushing = [asyncio.create_task(push_all(store)) for _ in range(8)]
        for goal in (100, 200, 300):
            while len(answered) < goal:  # noqa: ASYNC110 -- amid the appends, not after one
                await asyncio.sleep(0)
            assert own_store.pid is not None
            os.kill(own_store.pid, signal.SIGKILL)
            await own_store.exited
            await own_store.start()
        await asyncio.gather(*pushing)
        assert store.counters.reconnects == 3
        found = await store.read_days("scrooge", [DAY + day for day in range(days)])
    numbers: list[int] = []
    for entries in found:
        assert sorted(entry.written_ns for _, entry in entries) == list(range(pushes))
        numbers += [seq for first, entry in entries for seq in range(first, first + len(entry.rows))]
    assert sorted(numbers) == list(range(1, len(numbers) + 1))


async def test_a_push_of_a_thousand_rows_is_small(valkey: ValkeyStore) -> None:
    assert len(encode_entry(DayEntry(7, "push", ROWS))) < 8_000
