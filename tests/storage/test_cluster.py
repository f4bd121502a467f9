"""A Valkey Cluster: slots that move, masters that die, and what callers notice of it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from redis.crc import key_slot

from rater.account import Account
from storage import keys
from storage.cluster import redirect_of, target_of
from storage.limits import StoreLimits
from storage.store import AccountKey, Committed, Stored, StoreUnavailableError
from storage.valkey import ValkeyStore
from tests.storage.accounts import KEY, TEN, create, debit
from tests.storage.clusters import Node, ValkeyCluster, until
from tests.storage.conftest import Heard
from tests.storage.test_valkey import NINE, ONE, _charge, _settled

pytestmark = pytest.mark.asyncio(loop_scope="session")

SOON = StoreLimits(deadline_s=0.5, connect_s=0.3)


@pytest.fixture
def whole(cluster: ValkeyCluster) -> ValkeyCluster:
    """The cluster, all of it up and empty."""
    until(cluster.is_whole)
    cluster.flush()
    return cluster


@pytest_asyncio.fixture(loop_scope="session")
async def store(whole: ValkeyCluster) -> AsyncIterator[ValkeyStore]:
    async with ValkeyStore(whole.url) as opened:
        yield opened


def slot_of(key: AccountKey) -> int:
    return int(key_slot(keys.of_account(key).account))


def on_node(cluster: ValkeyCluster, node: Node) -> AccountKey:
    """An account that a node has."""
    subjects = (("cluster", str(number)) for number in range(1000))
    return next(key for key in subjects if cluster.owner(slot_of(key)) is node)


def elsewhere(cluster: ValkeyCluster, slot: int) -> Node:
    owner = cluster.owner(slot)
    return next(node for node in cluster.nodes if node is not owner)


async def test_accounts_are_spread_over_all_masters_and_listed_from_all(
    store: ValkeyStore, whole: ValkeyCluster
) -> None:
    wanted = [on_node(whole, node) for node in whole.nodes]
    assert (
        await asyncio.gather(*[store.commit(create(Account(*key))) for key in wanted]) == [Committed(1)] * 3
    )
    assert sorted(wanted) == sorted([key async for key in store.accounts()])
    assert [len(node.admin.keys("cgr:a:*")) for node in whole.nodes] == [1, 1, 1]
    for key in wanted:
        assert await store.verify(key) == Stored(1, Account(*key))


async def test_any_node_will_do_to_begin_with(whole: ValkeyCluster) -> None:
    for node in whole.nodes:
        async with ValkeyStore(f"redis://127.0.0.1:{node.port}") as store:
            await store.commit(create())
            assert await store.read(KEY) == Stored(1, TEN)


async def test_an_account_is_followed_to_where_its_slot_moved(
    store: ValkeyStore, whole: ValkeyCluster
) -> None:
    await store.commit(create())
    heard = Heard()
    store.on_change(heard)
    await asyncio.to_thread(whole.move, slot_of(KEY), elsewhere(whole, slot_of(KEY)))
    assert await store.commit(debit(1, TEN, ONE, "a")) == Committed(2)
    while await heard.next() is not None:
        pass
    assert await store.verify(KEY) == Stored(2, NINE)
    assert [line.request_id for line in await store.journal(KEY)] == ["", "a"]


async def test_a_change_is_heard_from_where_the_slot_moved(store: ValkeyStore, whole: ValkeyCluster) -> None:
    await store.commit(create())
    await asyncio.to_thread(whole.move, slot_of(KEY), elsewhere(whole, slot_of(KEY)))
    await store.read(KEY)
    heard = Heard()
    store.on_change(heard)
    async with ValkeyStore(whole.url) as other:
        await other.commit(debit(1, TEN, ONE, "a"))
    while await heard.next() != KEY:
        pass


async def test_nothing_is_lost_or_done_twice_while_slots_move(
    store: ValkeyStore, whole: ValkeyCluster
) -> None:
    accounts = [("move", str(number)) for number in range(12)]
    stop = asyncio.Event()
    chargers = [asyncio.create_task(_charge(store, key, stop)) for key in accounts]
    for key in accounts[:6]:
        slot = slot_of(key)
        await asyncio.to_thread(whole.move, slot, elsewhere(whole, slot))
    stop.set()
    charged = await asyncio.gather(*chargers)
    left = [await store.verify(key) for key in accounts]
    assert [-count for count in charged] == [each.account.credit for each in left if each]
    assert min(charged) > 0


async def test_a_dead_master_takes_its_own_accounts_along_and_no_others(whole: ValkeyCluster) -> None:
    dying = whole.nodes[2]
    lost, kept = on_node(whole, dying), on_node(whole, whole.nodes[0])
    async with ValkeyStore(whole.url, SOON) as store:
        for key in (lost, kept):
            await store.commit(create(Account(*key, credit=ONE)))
        dying.kill()
        try:
            with pytest.raises(StoreUnavailableError):
                await store.commit(debit(1, Account(*lost, credit=ONE), 1, "a"))
            assert await store.commit(debit(1, Account(*kept, credit=ONE), 1, "a")) == Committed(2)
        finally:
            dying.start()
        await asyncio.to_thread(until, whole.is_whole)
    async with ValkeyStore(whole.url) as store:
        assert await store.commit(debit(1, Account(*lost, credit=ONE), 1, "a")) == Committed(2)


async def test_a_dead_master_that_is_back_is_found_by_the_stores_that_are_open(whole: ValkeyCluster) -> None:
    """Also when it was the node that the URL names."""
    dying = whole.nodes[0]
    lost = on_node(whole, dying)
    async with ValkeyStore(whole.url) as store:
        await store.commit(create(Account(*lost, credit=ONE)))
        heard = Heard()
        store.on_change(heard)
        dying.kill()
        await asyncio.to_thread(dying.start)
        assert await heard.next() is None
        outcome = None
        while outcome is None:  # it refuses for a moment, until the others have seen it
            outcome = await _settled(store, debit(1, Account(*lost, credit=ONE), 1, "a"))
        assert outcome == Committed(2)


async def test_a_master_that_lost_its_functions_gets_them_again(
    store: ValkeyStore, whole: ValkeyCluster
) -> None:
    for node in whole.nodes:
        node.admin.function_flush("SYNC")
    accounts = [on_node(whole, node) for node in whole.nodes]
    commits = [store.commit(create(Account(*key))) for key in accounts]
    assert await asyncio.gather(*commits) == [Committed(1)] * 3


@pytest.mark.parametrize(
    ("refusal", "word"),
    [
        ("MOVED 3999 127.0.0.1:6381", "MOVED"),
        ("ASK 3999 127.0.0.1:6381", "ASK"),
        ("TRYAGAIN Multiple keys request during rehashing of slot", "TRYAGAIN"),
        ("CLUSTERDOWN Hash slot not served", "CLUSTERDOWN"),
        ("READONLY You can't write against a read only replica.", "READONLY"),
        ("OOM command not allowed", ""),
        ("ERR Function not found", ""),
    ],
)
async def test_refusals_of_a_cluster_are_told_from_others(refusal: str, word: str) -> None:
    assert word == redirect_of(refusal)


@pytest.mark.parametrize(
    ("refusal", "address"),
    [
        ("MOVED 1 10.0.0.1:6381", ("10.0.0.1", 6381)),
        ("MOVED 1 [::1]:6381", ("::1", 6381)),
        ("MOVED 1 ::1:6381", ("::1", 6381)),
        ("ASK 1 :6381", ("asked", 6381)),
    ],
)
async def test_where_a_refusal_points_to(refusal: str, address: tuple[str, int]) -> None:
    assert address == target_of(refusal, "asked")
