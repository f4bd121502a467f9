"""The store on a Valkey (≥ 8) or Redis (≥ 7) server.

Reads and commits take the fast link (``storage.link``); snapshots and administration take ``redis.asyncio``,
the successor of aioredis. The server tells the link of every key it read that another client changed
(client-side tracking), so callers may answer from memory.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any, Self

import hiredis
import structlog

from storage import journal, keys, records
from storage.archive import Archive
from storage.archive_files import Location
from storage.catalog import Catalog
from storage.cluster import Address, Cluster, redirect_of
from storage.cold import Cold
from storage.connector import Connector
from storage.inspection import Inspection
from storage.journal_archive import JournalArchive
from storage.library import COMMIT, COMMIT_ACKED, LIBRARY
from storage.limits import StoreLimits
from storage.link import Counters, Link, pack
from storage.packing import pack_commit
from storage.refusals import FUNCTION_MISSING, translated
from storage.store import (
    AccountKey,
    Commit,
    Committed,
    Conflict,
    Outcome,
    StoreCorruptError,
    Stored,
    StoreError,
    StoreUnavailableError,
    check_commit,
    report,
)
from storage.timeline import Timeline, decode_timeline
from storage.valkey_daybook import ValkeyDaybook
from storage.valkey_documents import ValkeyDocuments

_log = structlog.get_logger(__name__)

_HEADS_REMEMBERED = 200_000
"""Accounts whose record head is kept, about 250 bytes each; one more costs its next commit a read."""

_NO_LOAD = ("ERR Library", "READONLY", "OOM")
"""Why functions are not loaded: they are there already, come to a replica from its master, or find no memory
now; reads need none, and a commit that misses them loads them then."""


class ValkeyStore(JournalArchive, Inspection, Catalog, ValkeyDocuments, ValkeyDaybook):
    """Everything of a store on a server named by a redis-py URL (``unix://``, ``redis://``, ``rediss://``).

    ``archive`` is the place with the old days of its books and the old changes of its accounts.

    Use it as an async context manager, or ``open`` and ``close`` it. Every call raises StoreUnavailableError
    within ``limits.deadline_s`` if the server does not answer, and StoreCorruptError for unreadable records.
    """

    def __init__(self, url: str, limits: StoreLimits | None = None, archive: Location | None = None) -> None:
        limits = limits or StoreLimits()
        self._limits = limits
        self._commit_function = COMMIT_ACKED if limits.replicas else COMMIT
        self._url = url
        self._route: Connector | Cluster = Connector(url, limits, self._greet_first, self._pushed)
        cold = Cold(url, limits)
        Inspection.__init__(self, cold, archive)
        Catalog.__init__(self, cold, limits.tariffs_kept)
        ValkeyDocuments.__init__(self, cold)
        ValkeyDaybook.__init__(self, cold, None if archive is None else Archive(archive))
        self._heads: dict[AccountKey, bytes] = {}
        self._account_listeners: list[Callable[[AccountKey | None], None]] = []
        self._tariff_listeners: list[Callable[[], None]] = []
        self._tariff_revision: int | None = None
        self._tariff_check: asyncio.Task[None] | None = None
        self._posting: set[asyncio.Task[None]] = set()

    @property
    def counters(self) -> Counters:
        """What the connection did so far, for metrics."""
        return self._route.counters

    @property
    def connected(self) -> bool:
        """Whether there is a connection now; of a cluster, one to the master that has the tariff."""
        return self._route.link_of(keys.TARIFF_CURRENT) is not None

    async def open(self) -> None:
        """Connect, to every master if it is a cluster. Raises StoreUnavailableError after the deadline."""
        seed = self._route
        await seed.open()
        if isinstance(seed, Connector) and (link := seed.link_of()) is not None and link.in_cluster:
            self._route = Cluster(seed, self._connect, self._limits, self._tell_anything)
            self._cold.use(self._route)
            try:
                await self._route.open()
            except BaseException:
                await self.close()
                raise

    async def close(self) -> None:
        """Disconnect; calls that wait fail with StoreUnavailableError."""
        if self._tariff_check is not None:
            self._tariff_check.cancel()
        await self._route.close()
        await self._cold.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def on_change(self, listener: Callable[[AccountKey | None], None]) -> None:
        """Call ``listener`` with every account read here that another changed (None: any may have).

        It is called after the tasks whose replies came first went on, so what they keep is not newer.
        """
        self._account_listeners.append(listener)

    def on_tariff(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` whenever the timeline of tariffs became another."""
        self._tariff_listeners.append(listener)

    async def read(self, key: AccountKey) -> Stored | None:
        """Read an account; None if there is none."""
        name = keys.of_account(key).account
        record = await self._call(name, pack("GET", name))
        return self._learn(key, record)

    async def commit(self, commit: Commit) -> Committed | Conflict:
        """Do all of the commit or nothing of it; durable as the server is configured when it returns.

        Raises ValueError for a commit that contradicts itself.
        """
        if commit.account is None and not commit.answers:
            return await self._check(commit)
        check_commit(commit)
        head = self._known_head(commit)
        if head is None:
            head = await self._head(commit.key, commit.version)
        packed, next_head = self._packed(commit, head)
        return self._outcome(commit, next_head, await self._call(keys.of_account(commit.key).account, packed))

    def post(self, commit: Commit, done: Callable[[Outcome], None]) -> None:
        """Commit without waiting; see ``AccountStore``.

        No task and no future, unless the link is down or the record's head is not known.
        """
        name = keys.of_account(commit.key).account
        link, head = self._route.link_of(name), self._known_head(commit)
        if link is None or head is None:
            self._post_slowly(commit, done)
            return
        if commit.account is None and not commit.answers:
            packed = pack("GETRANGE", name, 0, records.HEAD_BYTES - 1)
            deliver = partial(self._checked, commit, head, done)
        else:
            check_commit(commit)
            packed, next_head = self._packed(commit, head)
            deliver = partial(self._posted, commit, next_head, done)
        try:
            link.post(packed, deliver)
        except StoreUnavailableError as error:
            asyncio.get_running_loop().call_soon(done, error)

    def _post_slowly(self, commit: Commit, done: Callable[[Outcome], None]) -> None:
        task = asyncio.get_running_loop().create_task(report(self.commit(commit), done))
        self._posting.add(task)
        task.add_done_callback(self._posting.discard)

    def _posted(self, commit: Commit, next_head: bytes, done: Callable[[Outcome], None], reply: Any) -> None:
        outcome: Outcome
        if isinstance(reply, StoreUnavailableError):
            outcome = reply
        elif type(reply) is not hiredis.ReplyError:
            try:
                outcome = self._outcome(commit, next_head, reply)
            except StoreCorruptError as error:
                outcome = error
        elif FUNCTION_MISSING in str(reply) or redirect_of(reply):
            self._post_slowly(commit, done)  # which loads the functions again, or follows what moved
            return
        else:
            outcome = translated(str(reply))
        done(outcome)

    def _checked(self, commit: Commit, head: bytes, done: Callable[[Outcome], None], reply: Any) -> None:
        """Compare the head of a record that nothing is to be written to; read it whole if it is another."""
        if reply == head:
            done(Committed(commit.version))
        elif isinstance(reply, StoreUnavailableError):
            done(reply)
        else:
            self._post_slowly(commit, done)

    def _known_head(self, commit: Commit) -> bytes | None:
        """Tell the head of the record that the commit was decided on; None if it has to be read."""
        if not commit.version:
            return b""
        head = self._heads.get(commit.key)
        return head if head is not None and records.version_of(head) == commit.version else None

    def _packed(self, commit: Commit, head: bytes) -> tuple[bytes, bytes]:
        """Write the command of a commit, and the head of the record that it makes."""
        account = commit.account
        names = keys.of_account(commit.key)
        record = element = next_head = b""
        if account is not None:
            chain = head[-records.CHAIN_BYTES :] if head else records.NO_CHAIN
            element = journal.encode_element(chain, commit.version, account, commit.entries)
            next_head = records.head(commit.version + 1, journal.chain_of(element))
            record = next_head + records.encode_account(account)
        state = (head, record, element)
        return pack_commit(self._commit_function, names, state, commit.answers), next_head

    def _outcome(self, commit: Commit, next_head: bytes, reply: Any) -> Committed | Conflict:
        """Read the reply of a commit's function. Raises StoreCorruptError."""
        if reply != 1:
            return self._conflict(commit, reply)
        if not next_head:
            return Committed(commit.version)
        self._remember(commit.key, next_head)
        return Committed(commit.version + 1)

    async def _check(self, commit: Commit) -> Committed | Conflict:
        return self._version_outcome(commit, await self.read(commit.key))

    def _version_outcome(self, commit: Commit, stored: Stored | None) -> Committed | Conflict:
        if (stored.version if stored else 0) == commit.version:
            return Committed(commit.version)
        self.counters.conflicts += 1
        return Conflict(stored)

    async def _head(self, key: AccountKey, version: int) -> bytes:
        """Read the record's head; where the version is another, one that never matches."""
        await self.read(key)
        head = self._heads.get(key, b"")
        if head and records.version_of(head) == version:
            return head
        return records.head(version, records.NO_CHAIN)

    def _conflict(self, commit: Commit, reply: list[Any]) -> Conflict:
        self.counters.conflicts += 1
        stored = self._learn(commit.key, reply[0])
        known = {
            commit.answers[number].request_id: records.decode_answer(value)
            for number, value in zip(reply[1::2], reply[2::2], strict=True)
        }
        return Conflict(stored, known)

    def _learn(self, key: AccountKey, record: bytes | None) -> Stored | None:
        if record is None:
            self._heads.pop(key, None)
            return None
        stored = records.decode_record(record)
        self._remember(key, record[: records.HEAD_BYTES])
        return stored

    def _remember(self, key: AccountKey, head: bytes) -> None:
        self._heads.pop(key, None)  # the newest stands last, so the first is the longest unused
        self._heads[key] = head
        if len(self._heads) > _HEADS_REMEMBERED:
            del self._heads[next(iter(self._heads))]

    async def _call(self, name: bytes, packed: bytes) -> Any:
        reply = await self._route.call(name, packed)
        if type(reply) is not hiredis.ReplyError:
            return reply
        if FUNCTION_MISSING in str(reply):  # a store that was emptied or failed over; nothing was done
            _accept(await self._route.call(name, pack("FUNCTION", "LOAD", "REPLACE", LIBRARY)))
            reply = await self._route.call(name, packed)
        return _accept(reply)

    def _connect(self, address: Address, counters: Counters, on_turn: Callable[[], None]) -> Connector:
        """Make the connector to a master of a cluster."""
        return Connector(
            self._url,
            self._limits,
            self._greet,
            self._pushed,
            address=address,
            counters=counters,
            on_turn=on_turn,
        )

    async def _greet_first(self, link: Link) -> None:
        """Greet a server that is all there is; in a cluster, each master is greeted for itself."""
        if not link.in_cluster:
            await self._greet(link)

    async def _greet(self, link: Link) -> None:
        """Load the functions, follow the tariff, and tell listeners that anything may have changed."""
        loaded = await link.send(pack("FUNCTION", "LOAD", LIBRARY))
        if not (isinstance(loaded, hiredis.ReplyError) and str(loaded).startswith(_NO_LOAD)):
            _accept(loaded)
        current = await link.send(pack("GET", keys.TARIFF_CURRENT))
        if self._tariff_revision is not None:
            self._tell_anything()
        if not (link.in_cluster and isinstance(current, hiredis.ReplyError) and redirect_of(current)):
            self._tariff_is(decode_timeline(_accept(current)))

    def _pushed(self, push: list[Any]) -> None:
        if push[0] != b"invalidate":
            return
        loop = asyncio.get_running_loop()
        if push[1] is None:
            self._heads.clear()
            loop.call_soon(self._tell_anything)
            self._check_tariff()
            return
        for name in push[1]:
            if name == keys.TARIFF_CURRENT:
                self._check_tariff()
            elif (key := keys.account_of(name)) is not None:
                loop.call_soon(self._tell, key)
            elif (document := keys.document_of(name)) is not None:
                loop.call_soon(self._tell_document, document)

    def _tell_anything(self) -> None:
        self._tell(None)
        self._tell_document(None)

    def _tell(self, key: AccountKey | None) -> None:
        for listener in self._account_listeners:
            listener(key)

    def _check_tariff(self) -> None:
        """Read the timeline, which also makes the server tell of the next change."""
        if self._tariff_check is None or self._tariff_check.done():
            self._tariff_check = asyncio.create_task(self._read_timeline())

    async def _read_timeline(self) -> None:
        try:
            self._tariff_is(await self.timeline())
        except StoreError as error:
            _log.info("timeline of tariffs unknown until the store is back", reason=str(error))

    def _tariff_is(self, timeline: Timeline) -> None:
        if self._tariff_revision not in (None, timeline.revision):
            for listener in self._tariff_listeners:
                listener()
        self._tariff_revision = timeline.revision


def _accept(reply: Any) -> Any:
    if isinstance(reply, StoreError):
        raise reply
    if isinstance(reply, hiredis.ReplyError):
        raise translated(str(reply))
    return reply
