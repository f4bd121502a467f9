"""The catalogue and the lists of the store in memory: same promises and bytes as ``valkey_documents``."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rater.instant import SECOND
from storage.document_records import (
    check_changes,
    decode_document,
    decode_error,
    decode_event,
    encode_document,
    encode_error,
    encode_event,
)
from storage.documents import (
    ERRORS_MAX,
    EVENTS_MAX,
    DocumentKey,
    DocumentValue,
    ErrorRecord,
    EventRecord,
    KnownBatch,
    Replacement,
)


@dataclass(slots=True)
class DocumentData:
    """What all handles of one store in memory share; ``clock`` tells the nanoseconds since the epoch."""

    clock: Callable[[], int]
    documents: dict[DocumentKey, bytes] = field(default_factory=dict)
    errors: dict[str, list[bytes]] = field(default_factory=dict)
    events: dict[bytes, int] = field(default_factory=dict)
    last_event_id: int = 0
    batches: dict[str, bytes] = field(default_factory=dict)
    receipts: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    handles: list["MemoryDocuments"] = field(default_factory=list)


class MemoryDocuments:
    """One connection to the catalogue, integration errors, events and batches; see ``storage.documents``."""

    def _attach_documents(self, data: DocumentData) -> None:
        self._shared = data
        self._documents_read: set[DocumentKey] = set()
        self._document_listeners: list[Callable[[DocumentKey | None], None]] = []
        data.handles.append(self)

    def _detach_documents(self) -> None:
        if self in self._shared.handles:
            self._shared.handles.remove(self)

    def on_document(self, listener: Callable[[DocumentKey | None], None]) -> None:
        """Call ``listener`` with every document read here that another connection changed."""
        self._document_listeners.append(listener)

    async def documents(self, keys: Sequence[DocumentKey]) -> list[DocumentValue | None]:
        """Read documents; None for one that there is not."""
        self._documents_read.update(keys)
        return [self._document(key) for key in keys]

    async def replace(self, changes: Sequence[Replacement]) -> bool:
        """Do all of the changes or nothing of them; False if a document is not what ``before`` says.

        Raises ValueError for changes that contradict each other.
        """
        check_changes(changes)
        documents = self._shared.documents
        blobs = {each.key: None if each.after is None else encode_document(each.after) for each in changes}
        self._documents_read.update(blobs)
        if any(self._document(each.key) != each.before for each in changes):
            return False
        for key, blob in blobs.items():
            if documents.get(key) == blob:
                continue
            if blob is None:
                del documents[key]
            else:
                documents[key] = blob
            self._announce_document(key)
        return True

    async def list_documents(self, kind: str) -> list[DocumentValue]:
        """Read all documents of a kind, by name."""
        documents = self._shared.documents
        return [decode_document(key, documents[key]) for key in sorted(documents) if key[0] == kind]

    async def refresh(self) -> None:
        """Return once ``on_document`` was told of every change that was made before the call."""
        await asyncio.sleep(0)

    async def add_error(self, service_id: str, error: ErrorRecord) -> None:
        """Keep an integration error of a service."""
        kept = self._shared.errors.setdefault(service_id, [])
        kept.insert(0, encode_error(error))
        del kept[ERRORS_MAX:]

    async def errors(self, service_id: str, start: int, count: int) -> tuple[int, list[ErrorRecord]]:
        """Tell how many there are, and ``count`` of them from place ``start`` on, newest first."""
        kept = self._shared.errors.get(service_id, [])
        return len(kept), [decode_error(blob) for blob in kept[start : start + count]]

    async def delete_errors(self, service_id: str) -> None:
        """Forget the integration errors of a service."""
        self._shared.errors.pop(service_id, None)

    async def add_events(self, events: Sequence[tuple[str, int, dict[str, str | int]]]) -> None:
        """Keep events (type, at_ns, members), each once: one with the same content is kept already."""
        data = self._shared
        for blob in [encode_event(each) for each in events]:
            if blob not in data.events:
                data.last_event_id += 1
                data.events[blob] = data.last_event_id
        for blob in list(data.events)[: max(len(data.events) - EVENTS_MAX, 0)]:
            del data.events[blob]

    async def events(self) -> list[EventRecord]:
        """List all events, oldest first."""
        return [decode_event(event_id, blob) for blob, event_id in self._shared.events.items()]

    async def delete_events(self, upto_id: int) -> int:
        """Forget the events up to an id, it included; tell how many."""
        return self._forget(range(upto_id + 1))

    async def delete_event(self, event_id: int) -> bool:
        """Forget one event; tell whether there was one."""
        return bool(self._forget(range(event_id, event_id + 1)))

    async def open_batch(self, batch_id: str, batch: bytes) -> KnownBatch | None:
        """Keep a report for several accounts; None, or what is known of that id already."""
        data = self._shared
        expires_ns, receipt = data.receipts.get(batch_id, (0, b""))
        if expires_ns > data.clock():
            return KnownBatch(None, receipt)
        if batch_id in data.batches:
            return KnownBatch(data.batches[batch_id])
        data.batches[batch_id] = batch
        return None

    async def close_batch(self, batch_id: str, receipt: bytes, ttl_s: int) -> None:
        """Forget a report that is booked on all its accounts, but for a receipt that is kept so long."""
        self._shared.receipts[batch_id] = (self._shared.clock() + ttl_s * SECOND, receipt)
        self._shared.batches.pop(batch_id, None)

    async def open_batches(self) -> list[tuple[str, bytes]]:
        """List the reports that are kept: those under way, and those that nobody finished."""
        return sorted(self._shared.batches.items())

    def _document(self, key: DocumentKey) -> DocumentValue | None:
        blob = self._shared.documents.get(key)
        return None if blob is None else decode_document(key, blob)

    def _forget(self, ids: range) -> int:
        events = self._shared.events
        gone = [blob for blob, event_id in events.items() if event_id in ids]
        for blob in gone:
            del events[blob]
        return len(gone)

    def _announce_document(self, key: DocumentKey) -> None:
        loop = asyncio.get_running_loop()
        for handle in self._shared.handles:
            if handle is not self and key in handle._documents_read:
                handle._documents_read.discard(key)
                for listener in handle._document_listeners:
                    loop.call_soon(listener, key)
