"""The store's twin in memory, for tests and simulation: same promises, same bytes, no disk."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from rater.tariff import Tariff
from storage import journal, keys, records
from storage.memory_daybook import DaybookData, MemoryDaybook
from storage.memory_documents import DocumentData, MemoryDocuments
from storage.store import (
    AccountKey,
    Commit,
    Committed,
    Conflict,
    KnownAnswer,
    Outcome,
    Stored,
    check_commit,
    report,
)

_SECOND = 1_000_000_000


@dataclass(slots=True)
class _Data:
    clock: Callable[[], int]
    records: dict[AccountKey, bytes] = field(default_factory=dict)
    journals: dict[AccountKey, list[bytes]] = field(default_factory=dict)
    answers: dict[tuple[AccountKey, str], tuple[int, bytes]] = field(default_factory=dict)
    tariff_version: int = 0
    tariffs: dict[int, bytes] = field(default_factory=dict)
    handles: list["MemoryStore"] = field(default_factory=list)
    beside: DocumentData = field(init=False)
    daybook: DaybookData = field(init=False)

    def __post_init__(self) -> None:
        self.beside = DocumentData(self.clock)
        self.daybook = DaybookData(self.clock)


class MemoryStore(MemoryDocuments, MemoryDaybook):
    """One connection to everything of a store, in memory; ``connect`` gives another to the same.

    ``clock`` tells the nanoseconds since the epoch, for the expiry of answers.
    """

    def __init__(self, clock: Callable[[], int] = time.time_ns) -> None:
        self._data = _Data(clock)
        self._attach()

    def _attach(self) -> None:
        self._read: set[AccountKey] = set()
        self._account_listeners: list[Callable[[AccountKey | None], None]] = []
        self._tariff_listeners: list[Callable[[], None]] = []
        self._posting: set[asyncio.Task[None]] = set()
        self._data.handles.append(self)
        self._attach_documents(self._data.beside)
        self._daybook = self._data.daybook

    def connect(self) -> "MemoryStore":
        """Open another connection to the same data."""
        handle = MemoryStore.__new__(MemoryStore)
        handle._data = self._data
        handle._attach()
        return handle

    async def open(self) -> None:
        """Do nothing: there is nothing to connect to."""

    async def close(self) -> None:
        """Hear of no more changes."""
        if self in self._data.handles:
            self._data.handles.remove(self)
        self._detach_documents()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def on_change(self, listener: Callable[[AccountKey | None], None]) -> None:
        """Call ``listener`` with every account read here that another connection changed."""
        self._account_listeners.append(listener)

    def on_tariff(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` whenever another tariff version became current."""
        self._tariff_listeners.append(listener)

    async def read(self, key: AccountKey) -> Stored | None:
        """Read an account; None if there is none."""
        self._read.add(key)
        record = self._data.records.get(key)
        return None if record is None else records.decode_record(record)

    async def commit(self, commit: Commit) -> Committed | Conflict:
        """Do all of the commit or nothing of it. Raises ValueError for one that contradicts itself."""
        check_commit(commit)
        data, key, account = self._data, commit.key, commit.account
        self._read.add(key)
        record = data.records.get(key)
        version, chain = records.split_head(record) if record else (0, records.NO_CHAIN)
        known = {
            each.request_id: answer
            for each in commit.answers
            if (answer := self._answer(key, each.request_id)) is not None
        }
        if known or version != commit.version:
            return Conflict(records.decode_record(record) if record else None, known)
        if account is not None:
            element = journal.encode_element(chain, version, account, commit.entries)
            version += 1
            head = records.head(version, journal.chain_of(element))
            data.records[key] = head + records.encode_account(account)
            data.journals.setdefault(key, []).append(element)
            self._announce(key)
        for each in commit.answers:
            expires_ns = data.clock() + each.ttl_s * _SECOND
            value = records.encode_answer(each.digest, each.body)
            data.answers[key, each.request_id] = (expires_ns, value)
        return Committed(version)

    def post(self, commit: Commit, done: Callable[[Outcome], None]) -> None:
        """Commit without waiting; see ``AccountStore``."""
        task = asyncio.get_running_loop().create_task(report(self.commit(commit), done))
        self._posting.add(task)
        task.add_done_callback(self._posting.discard)

    async def read_tariff(self) -> tuple[int, Tariff]:
        """Read the current snapshot and its version (0 and an empty tariff when nothing was loaded)."""
        version = self._data.tariff_version
        return version, records.decode_tariff(self._data.tariffs[version]) if version else Tariff()

    async def publish_tariff(self, tariff: Tariff, expected_version: int) -> int | None:
        """Make ``tariff`` the next version; None if ``expected_version`` is no longer the current one."""
        data = self._data
        if data.tariff_version != expected_version:
            return None
        version = expected_version + 1
        data.tariffs[version] = records.encode_tariff(tariff)
        data.tariffs.pop(version - keys.TARIFFS_KEPT, None)
        data.tariff_version = version
        loop = asyncio.get_running_loop()
        for handle in data.handles:
            for listener in handle._tariff_listeners:
                loop.call_soon(listener)
        return version

    async def accounts(self) -> AsyncIterator[AccountKey]:
        """Go through the keys of all accounts."""
        for key in list(self._data.records):
            yield key

    async def traces(self) -> AsyncIterator[set[AccountKey]]:
        """Go through all accounts of which there is a record or a journal, by pages."""
        yield {*self._data.records, *self._data.journals}

    async def journal(self, key: AccountKey, start: int = 0, stop: int = -1) -> list[journal.JournalLine]:
        """Read lines of an account's journal: commits ``start`` to ``stop``, both included, -1 the last."""
        elements = self._data.journals.get(key, [])
        first = max(len(elements) + start, 0) if start < 0 else start
        end = len(elements) + stop + 1 if stop < 0 else stop + 1
        return list(journal.lines(elements[first:end], first + 1))

    async def verify(self, key: AccountKey) -> Stored | None:
        """Prove an account from its journal; None if there is none. Raises StoreCorruptError."""
        record = self._data.records.get(key)
        return None if record is None else journal.verify(key, record, self._data.journals.get(key, []))

    def _answer(self, key: AccountKey, request_id: str) -> KnownAnswer | None:
        kept = self._data.answers.get((key, request_id))
        if kept is None:
            return None
        if kept[0] <= self._data.clock():
            del self._data.answers[key, request_id]
            return None
        return records.decode_answer(kept[1])

    def _announce(self, key: AccountKey) -> None:
        loop = asyncio.get_running_loop()
        for handle in self._data.handles:
            if handle is not self and key in handle._read:
                handle._read.discard(key)
                for listener in handle._account_listeners:
                    loop.call_soon(listener, key)
