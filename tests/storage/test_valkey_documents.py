"""The catalogue on a real server: its keys, what others do to them, and slots that move."""

import asyncio

import msgspec
import pytest
import redis
from redis.crc import key_slot

from cgrates_py import failpoints
from storage import keys
from storage.documents import ErrorRecord, Replacement, key_of
from storage.embedded import EmbeddedStore
from storage.store import StoreCorruptError
from storage.valkey import ValkeyStore
from tests.storage.clusters import ValkeyCluster, until
from tests.storage.conftest import Heard
from tests.storage.documents import APPLICATION, PROVIDER, SERVICE

pytestmark = pytest.mark.asyncio(loop_scope="session")

MADE = [Replacement(key_of(SERVICE), None, SERVICE)]
MARKER = key_of(PROVIDER)
GONE = [Replacement(key_of(SERVICE), SERVICE, None)]


async def test_keys_beside_accounts_are_those_on_the_page(valkey: ValkeyStore, admin: redis.Redis) -> None:
    await valkey.replace([*MADE, Replacement(key_of(APPLICATION), None, APPLICATION)])
    await valkey.add_error("10:01", ErrorRecord("code", "", 1, {}))
    await valkey.add_events([("alert", 1, {})])
    await valkey.open_batch("b", b"")
    await valkey.open_batch("c", b"")
    await valkey.close_batch("c", b"receipt", 60)
    expected = {
        b"cgr:c:{catalogue}:service:1001",
        b"cgr:c:{catalogue}:application:1001:a1",
        b"cgr:x:{10:01}",
        b"cgr:e:{events}",
        b"cgr:e:{events}:last",
        b"cgr:b:{batches}",
        b"cgr:b:{batches}:c",
    }
    assert expected == set(admin.keys("*"))
    assert 59_000 < admin.pttl(b"cgr:b:{batches}:c") <= 60_000


async def test_documents_of_a_turn_share_one_round_trip(valkey: ValkeyStore) -> None:
    before = valkey.counters.round_trips
    await valkey.documents([key_of(each) for each in (SERVICE, APPLICATION, PROVIDER)])
    assert valkey.counters.round_trips == before + 1
    await valkey.replace([*MADE, Replacement(key_of(PROVIDER), None, PROVIDER)])
    assert valkey.counters.round_trips == before + 2


async def test_who_reads_a_document_has_it_before_hearing_that_it_changed(valkey: ValkeyStore) -> None:
    """Also if both come in one piece: else a cache would keep what is out of date."""
    events: list[object] = []
    valkey.on_document(events.append)
    link = valkey._route.link_of(b"")
    assert link is not None

    async def read() -> None:
        events.append(await valkey.documents([key_of(SERVICE), MARKER]))

    reading = asyncio.create_task(read())
    await asyncio.sleep(0)
    link._unsent.clear()  # the test answers, not the server
    name = keys.document(key_of(SERVICE))
    push = b">2\r\n+invalidate\r\n*1\r\n$%d\r\n%b\r\n" % (len(name), name)
    link.data_received(b"*2\r\n_\r\n_\r\n" + push)
    await reading
    await valkey.refresh()
    assert events == [[None, None], key_of(SERVICE)]


async def test_a_document_that_an_earlier_version_wrote_can_be_changed(
    valkey: ValkeyStore, admin: redis.Redis
) -> None:
    """It means the same in other bytes: without the fields that came later."""
    blob = b"\x01" + msgspec.msgpack.encode({"key": "pk"})
    admin.set(keys.document(("provider", "pk")), blob)
    (found,) = await valkey.documents([("provider", "pk")])
    assert await valkey.replace([*MADE, Replacement(("provider", "pk"), found, PROVIDER)]) is True
    assert await valkey.documents([key_of(PROVIDER), key_of(SERVICE)]) == [PROVIDER, SERVICE]


@pytest.mark.parametrize("damage", ["bytes", "type"])
async def test_a_damaged_document_is_corrupt_however_it_is_met(
    valkey: ValkeyStore, admin: redis.Redis, damage: str
) -> None:
    name = keys.document(key_of(SERVICE))
    if damage == "bytes":
        admin.set(name, b"no record")
    else:
        admin.lpush(name, b"no record")
    for meet in (
        valkey.documents([key_of(SERVICE)]),
        valkey.replace(GONE),
        valkey.list_documents("service"),
    ):
        with pytest.raises(StoreCorruptError):
            await meet


async def test_a_document_that_someone_else_removed_is_heard_of(
    valkey: ValkeyStore, admin: redis.Redis
) -> None:
    heard = Heard()
    valkey.on_document(heard)
    await valkey.replace(MADE)
    admin.delete(keys.document(key_of(SERVICE)))
    assert await heard.next() == key_of(SERVICE)
    admin.flushall()
    assert await heard.next() is None


async def test_any_document_may_have_changed_while_the_server_was_away(own_store: EmbeddedStore) -> None:
    async with ValkeyStore(own_store.url) as store:
        heard = Heard()
        store.on_document(heard)
        with redis.Redis.from_url(own_store.url) as client:
            client.client_kill_filter(_type="normal", skipme=True)
        assert await heard.next() is None
        await store.refresh()


async def test_functions_that_were_lost_come_back_with_a_change_of_documents(
    valkey: ValkeyStore, admin: redis.Redis
) -> None:
    admin.function_flush("SYNC")
    assert await valkey.replace(MADE) is True


async def test_events_that_are_kept_already_leave_no_gap_and_nothing_to_be_told(
    valkey: ValkeyStore, admin: redis.Redis
) -> None:
    for _ in range(3):
        await valkey.add_events([("alert", 1, {}), ("alert", 2, {})])
    assert admin.get(keys.LAST_EVENT) == b"2"
    assert admin.info("stats")["tracking_total_keys"] == 1, "the tariff's version alone"


async def test_a_store_with_points_to_die_at_keeps_documents(
    valkey: ValkeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(failpoints.FAILPOINTS, f"{failpoints.AFTER_COMMIT}:1")
    store = failpoints.store_of(valkey)
    assert store is not valkey
    heard = Heard()
    store.on_document(heard)
    assert await store.replace(MADE) is True
    await store.refresh()
    assert await store.documents([key_of(SERVICE)]) == [SERVICE]
    assert await store.open_batch("b", b"") is None
    assert await store.open_batches() == [("b", b"")]


async def test_the_catalogue_is_followed_to_where_its_slot_moved(cluster: ValkeyCluster) -> None:
    """Who asks for what changed before finds out that another master has the catalogue now."""
    until(cluster.is_whole)
    cluster.flush()
    slot = int(key_slot(keys.CATALOGUE))
    async with ValkeyStore(cluster.url) as store, ValkeyStore(cluster.url) as other:
        await store.replace(MADE)
        heard: list[object] = []
        store.on_document(heard.append)
        target = next(node for node in cluster.nodes if node is not cluster.owner(slot))
        await asyncio.to_thread(cluster.move, slot, target)
        await other.replace(GONE)
        await store.refresh()
        assert heard
        assert set(heard) <= {None, key_of(SERVICE)}
        assert await store.documents([key_of(SERVICE)]) == [None]
        assert await store.list_documents("service") == []
