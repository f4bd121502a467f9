"""What can go wrong between us and a real server, and how the server is used."""

import asyncio
import os
import signal
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import redis

from rater.account import Account
from rater.tariff import Tariff
from storage import keys, records
from storage.embedded import EmbeddedStore
from storage.limits import StoreLimits
from storage.store import (
    AccountKey,
    Commit,
    Committed,
    Conflict,
    StoreCorruptError,
    Stored,
    StoreUnavailableError,
)
from storage.tariffs import Swap
from storage.valkey import ValkeyStore
from tests.storage.accounts import KEY, TEN, answer, create, debit
from tests.storage.conftest import Heard

pytestmark = pytest.mark.asyncio(loop_scope="session")

ONE = 1_000_000_000
NINE = replace(TEN, credit=9 * ONE)
SOON = StoreLimits(deadline_s=0.4, connect_s=0.2)


def info(admin: redis.Redis, section: str, name: str) -> Any:
    return admin.info(section)[name]


async def test_all_calls_of_a_turn_share_one_round_trip(valkey: ValkeyStore) -> None:
    accounts = [Account("a", str(number)) for number in range(100)]
    before = valkey.counters.round_trips
    await asyncio.gather(*[valkey.commit(create(each)) for each in accounts])
    assert valkey.counters.round_trips == before + 1
    await asyncio.gather(*[valkey.read(("a", each.subject)) for each in accounts])
    assert valkey.counters.round_trips == before + 2
    assert valkey.counters.conflicts == 0


async def test_keys_of_an_account_are_those_on_the_page(valkey: ValkeyStore, admin: redis.Redis) -> None:
    await valkey.commit(create())
    await valkey.commit(debit(1, TEN, ONE, "a}b"))
    tag = b"{vdf/49151123456}"
    assert {b"cgr:a:" + tag, b"cgr:j:" + tag, b"cgr:r:" + tag + b":a}b"} == set(admin.keys("*"))


async def test_an_answer_expires_and_nothing_else_does(valkey: ValkeyStore, admin: redis.Redis) -> None:
    await valkey.commit(create())
    await valkey.commit(Commit(KEY, 1, NINE, answers=[answer("a", ttl_s=86_400)]))
    left_ms = admin.pttl(b"cgr:r:{vdf/49151123456}:a")
    assert 86_390_000 < left_ms <= 86_400_000
    assert info(admin, "keyspace", "db0")["expires"] == 1


async def test_a_version_check_writes_nothing(valkey: ValkeyStore, admin: redis.Redis) -> None:
    await valkey.commit(create())
    written = info(admin, "persistence", "aof_current_size")
    assert await valkey.commit(Commit(KEY, 1)) == Committed(1)
    assert await valkey.commit(Commit(KEY, 9)) == Conflict(Stored(1, TEN))
    assert written == info(admin, "persistence", "aof_current_size")


async def test_the_server_remembers_accounts_for_us_but_not_request_ids(
    valkey: ValkeyStore, admin: redis.Redis
) -> None:
    """Two keys: the account and the current tariff. Ids would fill its table for a day each."""
    await valkey.read_tariff()
    await valkey.commit(create())
    await valkey.commit(debit(1, TEN, 1, "a", "b", "c"))
    assert isinstance(await valkey.commit(debit(1, TEN, 1, "a", "d")), Conflict)
    assert info(admin, "stats", "tracking_total_keys") == 2


async def test_no_more_tariffs_are_kept_than_the_limit_says(valkey: ValkeyStore, admin: redis.Redis) -> None:
    tariff = (await valkey.read_tariff())[1]
    valkey.tariffs_kept = 5
    for version in range(7):
        await valkey.publish_tariff(tariff, version)
    kept = {keys.tariff(version) for version in (3, 4, 5, 6, 7)}
    assert kept | {keys.TARIFF_CURRENT, keys.TARIFF_VERSIONS} == set(admin.keys("*"))


async def test_a_store_of_before_there_were_timelines_is_read_and_goes_on(
    valkey: ValkeyStore, admin: redis.Redis
) -> None:
    """It has the number of its version, and the last five snapshots."""
    tariffs = {version: Tariff(destinations={"NAT": (str(version),)}) for version in range(4, 10)}
    for version in range(4, 9):
        admin.set(keys.tariff(version), records.encode_tariff(tariffs[version]))
    admin.set(keys.TARIFF_CURRENT, b"8")
    assert await valkey.read_tariff() == (8, tariffs[8])
    assert [each.version for each in await valkey.versions()] == [4, 5, 6, 7, 8]
    assert await valkey.publish_tariff(tariffs[9], 8) == 9
    assert await valkey.read_tariff() == (9, tariffs[9])
    timeline = await valkey.timeline()
    assert await valkey.swap_timeline(Swap(timeline, timeline.rolled_back()))
    assert await valkey.read_tariff() == (8, tariffs[8])
    assert [(each.version, each.at_ns > 0) for each in await valkey.versions()][-2:] == [
        (8, False),
        (9, True),
    ]


async def test_a_server_that_lost_its_functions_gets_them_again(
    valkey: ValkeyStore, admin: redis.Redis
) -> None:
    admin.function_flush("SYNC")
    commits = [valkey.commit(create(Account("a", str(number)))) for number in range(3)]
    assert await asyncio.gather(*commits) == [Committed(1)] * 3


async def test_an_emptied_server_is_heard_of(valkey: ValkeyStore, admin: redis.Redis) -> None:
    heard = Heard()
    valkey.on_change(heard)
    await valkey.commit(create())
    admin.flushall()
    assert await heard.next() is None
    assert await valkey.commit(create()) == Committed(1)


async def test_a_server_out_of_memory_is_unavailable_and_nothing_is_done(
    valkey: ValkeyStore, admin: redis.Redis
) -> None:
    await valkey.commit(create())
    admin.config_set("maxmemory", 1)
    try:
        with pytest.raises(StoreUnavailableError, match="the store is out of memory"):
            await valkey.commit(debit(1, TEN, ONE, "a"))
    finally:
        admin.config_set("maxmemory", 0)
    assert await valkey.commit(debit(1, TEN, ONE, "a")) == Committed(2)


def _journal_lost_an_element(admin: redis.Redis, names: keys.AccountNames) -> None:
    admin.ltrim(names.journal, 1, -1)


def _journal_element_changed(admin: redis.Redis, names: keys.AccountNames) -> None:
    element: Any = admin.lindex(names.journal, 1)
    admin.lset(names.journal, 1, element.replace(b"DebitBalance", b"DebitSeconds"))


def _last_journal_element_changed(admin: redis.Redis, names: keys.AccountNames) -> None:
    element: Any = admin.lindex(names.journal, -1)
    admin.lset(names.journal, -1, element.replace(b"DebitBalance", b"DebitSeconds"))


def _record_changed(admin: redis.Redis, names: keys.AccountNames) -> None:
    record: Any = admin.get(names.account)
    admin.set(names.account, record[:-1] + b"\xc3")


def _record_cut(admin: redis.Redis, names: keys.AccountNames) -> None:
    admin.set(names.account, b"\x01")


def _record_of_a_later_format(admin: redis.Redis, names: keys.AccountNames) -> None:
    admin.setrange(names.account, 0, b"\x02")


def _journal_of_another_type(admin: redis.Redis, names: keys.AccountNames) -> None:
    admin.set(names.journal, b"text")


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (_journal_lost_an_element, "record of version 3 with 2 journal elements"),
        (_journal_element_changed, "broken before version 3"),
        (_last_journal_element_changed, "last element is not the one that the record names"),
        (_record_changed, "by the journal, "),
        (_record_cut, "1 bytes"),
        (_record_of_a_later_format, "format 2"),
        (_journal_of_another_type, "WRONGTYPE"),
    ],
)
async def test_what_was_changed_behind_our_back_shows(
    valkey: ValkeyStore,
    admin: redis.Redis,
    damage: Callable[[redis.Redis, keys.AccountNames], None],
    message: str,
) -> None:
    await valkey.commit(create())
    await valkey.commit(debit(1, TEN, ONE, "a"))
    await valkey.commit(debit(2, NINE, ONE, "b"))
    damage(admin, keys.of_account(KEY))
    with pytest.raises(StoreCorruptError, match=message):
        await valkey.verify(KEY)


async def test_a_journal_that_cannot_be_written_keeps_the_account_from_changing(
    valkey: ValkeyStore, admin: redis.Redis
) -> None:
    await valkey.commit(create())
    _journal_of_another_type(admin, keys.of_account(KEY))
    with pytest.raises(StoreCorruptError, match="WRONGTYPE"):
        await valkey.commit(debit(1, TEN, ONE, "a"))
    assert await valkey.read(KEY) == Stored(1, TEN)


async def test_another_history_that_reached_the_same_version_is_a_conflict(
    valkey: ValkeyStore, embedded: EmbeddedStore, admin: redis.Redis
) -> None:
    """A store set back to a backup must not take a commit decided before."""
    await valkey.commit(create())
    heard = Heard()
    valkey.on_change(heard)
    admin.delete(*keys.of_account(KEY)[:2])
    await heard.next()
    async with ValkeyStore(embedded.url) as other:
        await other.commit(create(NINE))
    assert await valkey.commit(debit(1, TEN, ONE, "a")) == Conflict(Stored(1, NINE))


async def test_a_store_that_does_not_answer_is_unavailable_within_the_deadline(
    own_store: EmbeddedStore,
) -> None:
    async with ValkeyStore(own_store.url, SOON) as store:
        await store.commit(create())
        assert own_store.pid is not None
        os.kill(own_store.pid, signal.SIGSTOP)
        try:
            async with asyncio.timeout(5):
                with pytest.raises(StoreUnavailableError, match="did not answer within"):
                    await store.commit(debit(1, TEN, ONE, "a"))
                with pytest.raises(StoreUnavailableError, match="cannot reach the store"):
                    await store.commit(debit(1, TEN, ONE, "a"))
        finally:
            os.kill(own_store.pid, signal.SIGCONT)
    async with ValkeyStore(own_store.url) as store:
        outcome = await store.commit(debit(1, TEN, ONE, "a"))
        assert outcome == Committed(2) or (isinstance(outcome, Conflict) and "a" in outcome.answers)
        assert await store.verify(KEY) == Stored(2, NINE)


async def test_more_calls_than_may_wait_are_refused_at_once(embedded: EmbeddedStore) -> None:
    async with ValkeyStore(embedded.url, StoreLimits(outstanding_max=10)) as store:
        reads = [store.read(("a", str(number))) for number in range(11)]
        results = await asyncio.gather(*reads, return_exceptions=True)
        assert results[:10] == [None] * 10
        assert str(results[10]) == "10 calls wait for the store already"


@pytest.mark.parametrize("url", ["unix:///nowhere/store.sock", "redis://127.0.0.1:1"])
async def test_a_store_that_is_not_there_is_unavailable(url: str) -> None:
    with pytest.raises(StoreUnavailableError, match="cannot reach the store"):
        await ValkeyStore(url, SOON).open()


async def test_a_password_is_given_and_a_wrong_one_is_told(own_store: EmbeddedStore) -> None:
    with redis.Redis.from_url(own_store.url) as admin:
        admin.config_set("requirepass", "s3cret word")
    with pytest.raises(StoreUnavailableError, match=r"NOAUTH|WRONGPASS"):
        await ValkeyStore(own_store.url, SOON).open()
    async with ValkeyStore(own_store.url + "?password=s3cret%20word&db=0") as store:
        assert await store.commit(create()) == Committed(1)
        assert [key async for key in store.accounts()] == [KEY]


async def test_closing_fails_what_waits_and_later_calls(embedded: EmbeddedStore) -> None:
    store = ValkeyStore(embedded.url, SOON)
    await store.open()
    waiting = asyncio.create_task(store.read(KEY))
    await asyncio.sleep(0)
    await store.close()
    with pytest.raises(StoreUnavailableError):
        await waiting
    with pytest.raises(StoreUnavailableError):
        await store.read(KEY)


async def _charge(store: ValkeyStore, key: AccountKey, stop: asyncio.Event) -> int:
    """Debit until stopped, asking again the same whenever the outcome is unknown; count the charges."""
    blank = Account(*key)
    while await _settled(store, create(blank)) is None:
        pass
    version, account, charged = 1, blank, 0
    while not stop.is_set():
        commit = debit(version, account, 1, f"{charged}")
        outcome = await _settled(store, commit)
        if outcome is None:
            continue
        if isinstance(outcome, Conflict):  # the connection broke after the write: our own id tells
            assert f"{charged}" in outcome.answers
        assert commit.account is not None
        version, account, charged = version + 1, commit.account, charged + 1
    return charged


async def _settled(store: ValkeyStore, commit: Commit) -> Committed | Conflict | None:
    try:
        return await store.commit(commit)
    except StoreUnavailableError:
        return None


async def _under_load(store: ValkeyStore) -> None:
    """Wait until two thousand more calls were sent: the next instant is in the middle of some."""
    goal = store.counters.commands + 2_000
    while store.counters.commands < goal:
        await store.read(("kill", "0"))


async def test_nothing_acknowledged_is_missing_and_nothing_is_done_twice_after_kills(
    own_store: EmbeddedStore,
) -> None:
    """Fifty accounts are charged while the server is killed three times."""
    accounts = [("kill", str(number)) for number in range(50)]
    stop, heard = asyncio.Event(), Heard()
    async with ValkeyStore(own_store.url) as store:
        store.on_change(heard)
        chargers = [asyncio.create_task(_charge(store, key, stop)) for key in accounts]
        for _ in range(3):
            await _under_load(store)
            assert own_store.pid is not None
            os.kill(own_store.pid, signal.SIGKILL)
            await own_store.exited
            await own_store.start()
            assert await heard.next() is None
        stop.set()
        charged = await asyncio.gather(*chargers)
        assert store.counters.reconnects == 3
        left = [await store.verify(key) for key in accounts]
    assert [-count for count in charged] == [each.account.credit for each in left if each]
    assert min(charged) > 0


async def test_a_store_tells_whether_it_is_connected_now(own_store: EmbeddedStore) -> None:
    store = ValkeyStore(own_store.url)
    before = store.connected
    async with store:
        up = store.connected
        assert own_store.pid is not None
        os.kill(own_store.pid, signal.SIGKILL)
        while store.connected:  # noqa: ASYNC110 -- the end of a connection announces itself to nobody here
            await asyncio.sleep(0)

    assert (before, up) == (False, True)
