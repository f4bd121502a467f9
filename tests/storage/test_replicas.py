"""Replicas: a change is answered when they have it; a replica itself takes none."""

import asyncio
import os
import re
import signal
from collections.abc import Iterator
from typing import Any

import pytest

from rater.account import Account
from rater.metering.catalogue import ServiceToken
from rater.usage.records import DayEntry, Row
from storage import acked
from storage.daybook import Appended, Mark, Receipt
from storage.documents import Replacement, key_of
from storage.limits import StoreLimits
from storage.link import Counters, pack
from storage.store import Commit, Committed, Conflict, Stored, StoreUnavailableError
from storage.valkey import ValkeyStore
from tests.storage.accounts import KEY, TEN, create, debit
from tests.storage.clusters import Node, free_ports, until
from tests.storage.test_valkey import NINE, ONE, SOON

pytestmark = pytest.mark.asyncio(loop_scope="session")

ACKED = StoreLimits(replicas=1, replicas_s=0.2)


class Pair:
    """A master and its replica."""

    def __init__(self, master: Node, replica: Node) -> None:
        self.master, self.replica = master, replica
        self.url = f"redis://127.0.0.1:{master.port}"
        self.replica_url = f"redis://127.0.0.1:{replica.port}"

    def follows(self) -> bool:
        return bool(self.replica.admin.info("replication")["master_link_status"] == "up")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    directory = tmp_path_factory.mktemp("pair")
    ports = free_ports(4)
    plain = ("--cluster-enabled", "no")
    master = Node(directory / "master", ports[0], ports[1], *plain)
    following = ("--replicaof", f"127.0.0.1 {master.port}")
    replica = Node(directory / "replica", ports[2], ports[3], *plain, *following)
    yield Pair(master, replica)
    master.close()
    replica.close()


@pytest.fixture
def pair(running: Pair) -> Pair:
    """Both of them up and empty."""
    until(running.follows)
    running.master.admin.flushall()
    return running


class Stopped:
    """Stops a process for the length of a block."""

    def __init__(self, node: Node) -> None:
        self._pid = node.process.pid

    def __enter__(self) -> None:
        os.kill(self._pid, signal.SIGSTOP)

    def __exit__(self, *_: object) -> None:
        os.kill(self._pid, signal.SIGCONT)


async def persistently(store: ValkeyStore, commit: Commit) -> Committed | Conflict:
    """Commit as a lane does: again while the store says that it cannot."""
    async with asyncio.timeout(30):
        while True:
            try:
                return await store.commit(commit)
            except StoreUnavailableError:
                await asyncio.sleep(0.02)


async def test_reads_go_on_while_changes_wait_for_replicas_in_vain(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(acked, "PAUSES", 10_000)
    async with ValkeyStore(pair.url, ACKED) as store:
        await store.commit(create())
        with Stopped(pair.replica):
            with pytest.raises(StoreUnavailableError, match="0 of 1 replicas acknowledged"):
                await store.commit(debit(1, TEN, ONE, "a"))
            sent = store.counters.commands
            with pytest.raises(StoreUnavailableError, match="0 of 1 replicas acknowledged"):
                await store.commit(debit(1, TEN, ONE, "a"))
            assert store.counters.commands == sent  # refused unsent
            assert await store.read(KEY) == Stored(2, NINE)
        link = store._route.link_of(b"")
        assert isinstance(link, acked.AckedLink)
        link._pause_until_s = 0.0
        outcome = await persistently(store, debit(1, TEN, ONE, "a"))
        assert isinstance(outcome, Conflict)
        assert list(outcome.answers) == ["a"]


async def test_a_change_is_on_the_replica_when_it_is_answered(pair: Pair) -> None:
    async with ValkeyStore(pair.url, ACKED) as store:
        for number in range(20):
            key = ("vdf", str(number))
            account = Account(*key)
            assert await store.commit(create(account)) == Committed(1)
            async with ValkeyStore(pair.replica_url) as other:
                assert await other.read(key) == Stored(1, account)


async def test_a_document_and_a_batch_are_on_the_replica_when_they_are_answered(pair: Pair) -> None:
    async with ValkeyStore(pair.url, ACKED) as store, ValkeyStore(pair.replica_url) as other:
        token = ServiceToken("t", "1001")
        for number in range(10):
            assert await store.replace([Replacement(key_of(token), None, token)]) is True
            assert await other.documents([key_of(token)]) == [token]
            assert await store.replace([Replacement(key_of(token), token, None)]) is True
            assert await other.documents([key_of(token)]) == [None]
            assert await store.open_batch(str(number), b"batch") is None
            assert len(await other.open_batches()) == number + 1
        with Stopped(pair.replica):
            with pytest.raises(StoreUnavailableError, match="0 of 1 replicas acknowledged"):
                await store.open_batch("0", b"batch")
            assert await store.documents([key_of(token)]) == [None]


async def test_an_append_is_on_the_replica_when_it_is_answered_also_to_who_asks_again(pair: Pair) -> None:
    entry = DayEntry(1, "push", (Row("shop", "gb", "1", 0, 1),))
    receipt, mark = Receipt("id", b"", b"body", 60), Mark("upto", None, b"1")
    async with ValkeyStore(pair.url, ACKED) as store, ValkeyStore(pair.replica_url) as other:
        assert await store.append("scrooge", [(3, entry)], receipt, [mark]) == Appended(1)
        assert await other.read_days("scrooge", [3]) == [[(1, entry)]]
        assert await other.marks(["upto"]) == [b"1"]
        known: tuple[Receipt | None, list[Mark]]
        for known in ((receipt, []), (None, [mark])):
            link = store._route.link_of(b"")
            assert isinstance(link, acked.AckedLink)
            with Stopped(pair.replica):
                link._missing = ""
                with pytest.raises(StoreUnavailableError, match="0 of 1 replicas acknowledged"):
                    await store.append("scrooge", [(3, entry)], *known)


async def test_without_a_replica_in_time_the_outcome_is_unknown_and_told_when_it_is_back(pair: Pair) -> None:
    async with ValkeyStore(pair.url, ACKED) as store, ValkeyStore(pair.url, ACKED) as other:
        await store.commit(create())
        with Stopped(pair.replica):
            with pytest.raises(StoreUnavailableError, match="0 of 1 replicas acknowledged"):
                await store.commit(debit(1, TEN, ONE, "a"))
            # it is done at the master; who asks again there, is not told so either
            with pytest.raises(StoreUnavailableError, match="0 of 1 replicas acknowledged"):
                await other.commit(debit(1, TEN, ONE, "a"))
            assert await other.read(KEY) == Stored(2, NINE)
        outcome = await persistently(other, debit(1, TEN, ONE, "a"))
        assert isinstance(outcome, Conflict)
        assert list(outcome.answers) == ["a"]
        assert await store.verify(KEY) == Stored(2, NINE)


async def test_changes_and_reads_of_one_turn_share_one_wait(pair: Pair) -> None:
    async with ValkeyStore(pair.url, ACKED) as store:
        before = store.counters.round_trips
        accounts = [Account("turn", str(number)) for number in range(50)]
        calls = [store.commit(create(each)) for each in accounts]
        assert await asyncio.gather(*calls) == [Committed(1)] * 50
        assert store.counters.round_trips == before + 1
        waits = pair.master.admin.info("commandstats")["cmdstat_wait"]["calls"]
        await asyncio.gather(*[store.read(("turn", str(number))) for number in range(50)])
        assert waits == pair.master.admin.info("commandstats")["cmdstat_wait"]["calls"]


CHANGE = pack("FCALL", "f", 0)


class Scripted(asyncio.Transport):
    """A store that answers when the test says so; ``waits`` are the milliseconds of each WAIT."""

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[int] = []
        self.link = acked.AckedLink(asyncio.get_running_loop(), Counters(), 100, 1, 1.0)
        self.link.connection_made(self)

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.waits += [int(each) for each in re.findall(rb"WAIT\r\n.*?\r\n.*?\r\n.*?\r\n(\d+)", bytes(data))]

    async def send(self, command: bytes) -> "asyncio.Future[Any]":
        """Send a command in a turn of its own."""
        future = self.link.send(command)
        await asyncio.sleep(0)
        return future

    def abort(self) -> None:
        """There is nothing to close."""

    def reply(self, *numbers: int) -> None:
        self.link.data_received(b"".join(b":%d\r\n" % each for each in numbers))


async def test_a_replica_that_is_far_away_is_waited_for_until_it_acknowledges_again() -> None:
    store = Scripted()

    async def change(acknowledged: int) -> BaseException | None:
        store.link._pause_until_s = 0.0
        change = await store.send(CHANGE)
        store.reply(1, acknowledged)
        return change.exception()

    for _ in range(6):
        assert isinstance(await change(0), StoreUnavailableError)
    assert store.waits == [1000, 50, 100, 200, 250, 250]
    assert await change(1) is None
    assert isinstance(await change(0), StoreUnavailableError)
    assert await change(1) is None
    assert store.waits[-2:] == [1000, 50]


async def test_what_is_sent_while_replicas_are_waited_for_is_waited_for_together() -> None:
    store = Scripted()
    one, two, three = [await store.send(CHANGE) for _ in range(3)]
    assert store.waits == [1000]
    store.reply(1, 1, 1, 1)
    assert (one.done(), two.done(), three.done()) == (True, False, False)
    assert store.waits == [1000, 1000]
    read = await store.send(pack("PING"))
    store.reply(1, 7)
    assert [each.result() for each in (one, two, three, read)] == [1, 1, 1, 7]
    four = store.link.send(CHANGE)
    await asyncio.sleep(0)
    store.reply(1, 1)
    assert (four.result(), len(store.waits)) == (1, 3)


async def test_replicas_that_are_missing_hold_reads_up_twice_however_many_changes_were_sent() -> None:
    store = Scripted()
    changes = [await store.send(CHANGE) for _ in range(50)]
    store.reply(1, 0)
    assert store.waits == [1000, 50]
    store.link._pause_until_s = 0.0
    with pytest.raises(StoreUnavailableError, match="0 of 1 replicas acknowledged"):
        store.link.send(CHANGE)  # while another is tried
    store.reply(*[1] * 49, 0)
    assert all(isinstance(each.exception(), StoreUnavailableError) for each in changes)
    assert store.waits == [1000, 50]


async def test_a_turn_that_is_not_over_when_replicas_acknowledge_is_waited_for_at_its_end() -> None:
    store = Scripted()
    one, two = [await store.send(CHANGE) for _ in range(2)]
    three = store.link.send(CHANGE)
    store.reply(1, 1, 1)
    assert store.waits == [1000]
    await asyncio.sleep(0)
    assert store.waits == [1000, 1000]
    store.reply(1, 1)
    assert [each.result() for each in (one, two, three)] == [1, 1, 1]


async def test_what_has_no_wait_yet_fails_with_the_connection() -> None:
    store = Scripted()
    changes = [await store.send(CHANGE) for _ in range(3)]
    store.reply(1)
    store.link.abort("enough")
    assert [str(each.exception()) for each in changes] == ["enough"] * 3


async def test_a_connection_that_ends_before_anything_was_sent_fails_what_was_to_be(pair: Pair) -> None:
    async with ValkeyStore(pair.url, ACKED) as store:
        await store.read(KEY)
        link = store._route.link_of(b"")
        assert link is not None
        waiting = [link.send(pack("FCALL", "f", 0)), link.send(pack("PING"))]
        link.abort("enough")
        assert [str(each.exception()) for each in waiting] == ["enough", "enough"]


async def test_a_connection_that_breaks_while_it_waits_fails_what_waited(pair: Pair) -> None:
    async with ValkeyStore(pair.url, StoreLimits(replicas=1, replicas_s=30)) as store:
        with Stopped(pair.replica):
            waiting = asyncio.create_task(store.commit(create()))
            while not pair.master.admin.info("clients")["blocked_clients"]:  # noqa: ASYNC110 -- another process
                await asyncio.sleep(0)
            pair.master.admin.client_kill_filter(_type="normal", skipme=True)
            with pytest.raises(StoreUnavailableError, match="connection to the store lost"):
                await waiting


async def test_a_read_only_replica_reads_and_says_why_it_takes_no_change(pair: Pair) -> None:
    async with ValkeyStore(pair.url) as store:
        await store.commit(create())
    until(lambda: pair.replica.admin.exists("cgr:a:{vdf/49151123456}") == 1)
    async with ValkeyStore(pair.replica_url, SOON) as store:
        assert await store.read(KEY) == Stored(1, TEN)
        assert await store.verify(KEY) == Stored(1, TEN)
        with pytest.raises(StoreUnavailableError, match="the store is a read-only replica"):
            await store.commit(debit(1, TEN, ONE, "a"))
        with pytest.raises(StoreUnavailableError, match="the store is a read-only replica"):
            await store.put_access_key("id", b"record")


async def test_a_replica_that_is_promoted_takes_changes(pair: Pair) -> None:
    async with ValkeyStore(pair.url) as store:
        await store.commit(create())
    async with ValkeyStore(pair.replica_url, SOON) as store:
        pair.replica.admin.replicaof("NO", "ONE")
        try:
            assert await store.commit(debit(1, TEN, ONE, "a")) == Committed(2)
        finally:
            pair.replica.admin.replicaof("127.0.0.1", pair.master.port)
