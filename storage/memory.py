"""The store's twin in memory, for tests and simulation: same promises, same bytes, no disk."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from storage import journal, records
from storage.limits import StoreLimits
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
from storage.tariffs import LISTED_MAX, Made, Swap, Tariffs
from storage.timeline import Timeline

_SECOND = 1_000_000_000


@dataclass(slots=True)
class _Data:
    clock: Callable[[], int]
    records: dict[AccountKey, bytes] = field(default_factory=dict)
    journals: dict[AccountKey, list[bytes]] = field(default_factory=dict)
    answers: dict[tuple[AccountKey, str], tuple[int, bytes]] = field(default_factory=dict)
    timeline: Timeline = field(default_factory=Timeline)
    tariffs: dict[int, bytes] = field(default_factory=dict)
    versions: dict[int, Made] = field(default_factory=dict)
    handles: list["MemoryStore"] = field(default_factory=list)
    beside: DocumentData = field(init=False)
    daybook: DaybookData = field(init=False)

    def __post_init__(self) -> None:
        self.beside = DocumentData(self.clock)
        self.daybook = DaybookData(self.clock)


class MemoryStore(Tariffs, MemoryDocuments, MemoryDaybook):
    """One connection to everything of a store, in memory; ``connect`` gives another to the same.

    ``clock`` tells the nanoseconds since the epoch, for the expiry of answers.
    """

    tariffs_kept = StoreLimits().tariffs_kept

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
        """Call ``listener`` whenever the timeline of tariffs became another."""
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

    async def timeline(self) -> Timeline:
        """Read the timeline."""
        return self._data.timeline

    async def snapshot(self, version: int) -> bytes | None:
        """Read the snapshot of a version; None if it is not kept."""
        return self._data.tariffs.get(version)

    async def noted_versions(self) -> dict[int, Made]:
        """Read what is known of versions."""
        return dict(self._data.versions)

    async def swap_timeline(self, swap: Swap) -> bool:
        """Do all of a change, if the timeline is still as it was."""
        data = self._data
        if data.timeline != swap.before:
            return False
        data.timeline = swap.after
        if swap.made is not None:
            data.tariffs[swap.made.version] = swap.snapshot
            data.versions[swap.made.version] = swap.made
            data.versions.pop(swap.made.version - LISTED_MAX, None)
        for version in swap.dropped:
            data.tariffs.pop(version, None)
        loop = asyncio.get_running_loop()
        for handle in data.handles:
            for listener in handle._tariff_listeners:
                loop.call_soon(listener)
        return True

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
