"""The catalogue, integration errors, events and open batches on a Valkey or Redis server.

What a request waits for takes the fast link, and changes go by functions, so that replicas are waited for.
What people list takes the plain connections.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from storage import keys
from storage.cold import Cold, Command
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
from storage.library import ADD_ERROR, ADD_EVENTS, CLOSE_BATCH, DOCUMENTS, OPEN_BATCH, REPLACE
from storage.link import pack
from storage.store import StoreError

_PAGE_DOCUMENTS = 1_000
"""Documents that a listing reads at once: some 300 KB of applications."""

_EVENTS = "return redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')"
"""By a script, because the versions of redis-py differ in how they give scores."""

_REPLACE_TRIES = 2
"""Once with the bytes that we would write, once with those of another version of us that mean the same."""


class ValkeyDocuments:
    """Catalogue and lists of a store; see ``storage.documents``. Calls raise StoreError."""

    def __init__(self, cold: Cold) -> None:
        self._cold = cold
        self._document_listeners: list[Callable[[DocumentKey | None], None]] = []

    async def _call(self, name: bytes, packed: bytes) -> Any:
        """Run one packed command on the fast link; what it reads is heard of when it changes."""
        raise NotImplementedError

    def on_document(self, listener: Callable[[DocumentKey | None], None]) -> None:
        """Call ``listener`` with every document read here that another changed (None: any may have).

        It is called after the tasks whose replies came first went on, so what they keep is not newer.
        """
        self._document_listeners.append(listener)

    def _tell_document(self, key: DocumentKey | None) -> None:
        for listener in self._document_listeners:
            listener(key)

    async def documents(self, wanted: Sequence[DocumentKey]) -> list[DocumentValue | None]:
        """Read documents as of one instant; None for one that there is not.

        One command, awaited without a task between: whoever awaits this directly has the documents before
        ``on_document`` tells that they changed, and keeps nothing that is out of date.
        """
        if not wanted:
            return []
        names = [keys.document(key) for key in wanted]
        blobs = await self._call(names[0], pack("FCALL_RO", DOCUMENTS, len(names), *names))
        return [_document(key, blob) for key, blob in zip(wanted, blobs, strict=True)]

    async def replace(self, changes: Sequence[Replacement]) -> bool:
        """Do all of the changes or nothing of them; False if a document is not what ``before`` says.

        Raises ValueError for changes that contradict each other.
        """
        check_changes(changes)
        names = [keys.document(each.key) for each in changes]
        before = [_blob(each.before) for each in changes]
        after = [_blob(each.after) for each in changes]
        for _ in range(_REPLACE_TRIES if changes else 0):
            pairs = [blob for pair in zip(before, after, strict=True) for blob in pair]
            there = await self._call(names[0], pack("FCALL", REPLACE, len(names), *names, *pairs))
            if there == 1:
                return True
            values = [_document(each.key, blob or None) for each, blob in zip(changes, there, strict=True)]
            if values != [each.before for each in changes]:
                return False
            before = there
        return not changes

    async def list_documents(self, kind: str) -> list[DocumentValue]:
        """Read all documents of a kind, by name: goes through all keys of the store."""
        found = set[DocumentKey]()
        async for page in self._cold.scan(keys.documents_pattern(kind)):
            found.update(key for name in page if (key := keys.document_of(name)) is not None)
        wanted = sorted(found)
        values: list[DocumentValue] = []
        for start in range(0, len(wanted), _PAGE_DOCUMENTS):
            part = wanted[start : start + _PAGE_DOCUMENTS]
            blobs = await self._read_all([(name, ("GET", name)) for name in map(keys.document, part)])
            values += [decode_document(key, blob) for key, blob in zip(part, blobs, strict=True) if blob]
        return values

    async def refresh(self) -> None:
        """Return once ``on_document`` was told of every change that was made before the call.

        The server writes what it tells before its next reply. That is asked of the documents' slot: if it
        moved to another master, this call finds out.
        """
        await self._call(keys.CATALOGUE, pack("EXISTS", keys.CATALOGUE))
        await asyncio.sleep(0)

    async def add_error(self, service_id: str, error: ErrorRecord) -> None:
        """Keep an integration error of a service."""
        name = keys.errors(service_id)
        await self._call(name, pack("FCALL", ADD_ERROR, 1, name, encode_error(error), ERRORS_MAX))

    async def errors(self, service_id: str, start: int, count: int) -> tuple[int, list[ErrorRecord]]:
        """Tell how many there are, and ``count`` of them from place ``start`` on, newest first."""
        name = keys.errors(service_id)
        commands: list[tuple[bytes, Command]] = [(name, ("LLEN", name))]
        if count > 0:
            commands.append((name, ("LRANGE", name, start, start + count - 1)))
        total, *pages = await self._read_all(commands)
        return total, [decode_error(blob) for page in pages for blob in page]

    async def delete_errors(self, service_id: str) -> None:
        """Forget the integration errors of a service."""
        name = keys.errors(service_id)
        await self._cold.call(name, "DEL", name)

    async def add_events(self, events: Sequence[tuple[str, int, dict[str, str | int]]]) -> None:
        """Keep events (type, at_ns, members), each once: one with the same content is kept already."""
        if not events:
            return
        blobs = [encode_event(each) for each in events]
        names = (keys.EVENTS, keys.LAST_EVENT)
        await self._call(keys.EVENTS, pack("FCALL", ADD_EVENTS, 2, *names, EVENTS_MAX, *blobs))

    async def events(self) -> list[EventRecord]:
        """List all events, oldest first."""
        flat = await self._cold.call(keys.EVENTS, "EVAL_RO", _EVENTS, 1, keys.EVENTS)
        return [decode_event(int(number), blob) for blob, number in zip(flat[::2], flat[1::2], strict=True)]

    async def delete_events(self, upto_id: int) -> int:
        """Forget the events up to an id, it included; tell how many."""
        return int(await self._cold.call(keys.EVENTS, "ZREMRANGEBYSCORE", keys.EVENTS, "-inf", upto_id))

    async def delete_event(self, event_id: int) -> bool:
        """Forget one event; tell whether there was one."""
        words = ("ZREMRANGEBYSCORE", keys.EVENTS, event_id, event_id)
        return bool(await self._cold.call(keys.EVENTS, *words))

    async def open_batch(self, batch_id: str, batch: bytes) -> KnownBatch | None:
        """Keep durably a report for several accounts; None, or what is known of that id already."""
        words = ("FCALL", OPEN_BATCH, 2, keys.BATCHES, keys.receipt(batch_id), batch_id, batch)
        known: bytes | list[bytes] | None = await self._call(keys.BATCHES, pack(*words))
        if isinstance(known, list):
            return KnownBatch(None, known[0])
        return None if known is None else KnownBatch(known)

    async def close_batch(self, batch_id: str, receipt: bytes, ttl_s: int) -> None:
        """Forget a report that is booked on all its accounts, but for a receipt that is kept so long."""
        words = ("FCALL", CLOSE_BATCH, 2, keys.BATCHES, keys.receipt(batch_id), batch_id, receipt)
        await self._call(keys.BATCHES, pack(*words, ttl_s * 1000))

    async def open_batches(self) -> list[tuple[str, bytes]]:
        """List the reports that are kept: those under way, and those that nobody finished."""
        found: dict[bytes, bytes] = await self._cold.call(keys.BATCHES, "HGETALL", keys.BATCHES)
        return sorted((name.decode(errors="replace"), batch) for name, batch in found.items())

    async def _read_all(self, commands: Sequence[tuple[bytes, Command]]) -> list[Any]:
        replies = await self._cold.calls(commands)
        for reply in replies:
            if isinstance(reply, StoreError):
                raise reply
        return replies


def _blob(value: DocumentValue | None) -> bytes:
    return b"" if value is None else encode_document(value)


def _document(key: DocumentKey, blob: bytes | None) -> DocumentValue | None:
    return None if blob is None else decode_document(key, blob)
