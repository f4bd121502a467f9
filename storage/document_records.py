"""What stands in the store beside accounts, byte for byte: catalogue values, integration errors, events.

Every record is the number of its format and a msgpack map by the names of the fields (of a named tuple: an
array): a field that a later version adds has a default, and in a tuple the last place, so what was written
before stays readable. Nothing is ever read by guess: what
does not decode to exactly its type is StoreCorruptError.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from rater.metering.catalogue import Application, Provider, Service, ServiceToken, UserKey
from rater.usage.scrooge_setup import ScroogeSetup
from storage.cyclops_state import CyclopsState
from storage.documents import DocumentKey, DocumentValue, ErrorRecord, EventRecord, Replacement, key_of
from storage.store import StoreCorruptError

FORMAT = 1
"""The format of every record that this version writes, and the only one it reads."""

_FORMAT = bytes((FORMAT,))
_encode = msgspec.msgpack.Encoder(order="sorted").encode

_DOCUMENTS: dict[str, msgspec.msgpack.Decoder[Any]] = {
    "provider": msgspec.msgpack.Decoder(Provider),
    "service": msgspec.msgpack.Decoder(Service),
    "application": msgspec.msgpack.Decoder(Application),
    "user_key": msgspec.msgpack.Decoder(UserKey),
    "token": msgspec.msgpack.Decoder(ServiceToken),
    "cyclops": msgspec.msgpack.Decoder(CyclopsState),
    "scrooge": msgspec.msgpack.Decoder(ScroogeSetup),
}
KINDS = tuple(_DOCUMENTS)
"""The kinds of documents."""

_EventContent = tuple[str, int, dict[str, str | int]]
_ERROR = msgspec.msgpack.Decoder(ErrorRecord)
_EVENT = msgspec.msgpack.Decoder(_EventContent)


def encode_document(value: DocumentValue) -> bytes:
    """Write a catalogue value. Raises ValueError for a number beyond 64 bits."""
    return _written(value, f"document {':'.join(key_of(value))}")


def decode_document(key: DocumentKey, blob: bytes) -> DocumentValue:
    """Read the document of a key. Raises StoreCorruptError, also for the document of another key."""
    name = f"document {':'.join(key)}"
    value: DocumentValue = _read(_DOCUMENTS[key[0]], blob, name)
    if key_of(value) != key:
        raise StoreCorruptError(f"{name} is that of {':'.join(key_of(value))}")
    return value


def encode_error(error: ErrorRecord) -> bytes:
    """Write an integration error. Raises ValueError for a number beyond 64 bits."""
    return _written(error, f"integration error {error.code}")


def decode_error(blob: bytes) -> ErrorRecord:
    """Read an integration error. Raises StoreCorruptError."""
    error: ErrorRecord = _read(_ERROR, blob, "integration error")
    return error


def encode_event(content: _EventContent) -> bytes:
    """Write an event without its id; the same content makes the same bytes. Raises ValueError."""
    return _written(content, f"event {content[0]}")


def decode_event(event_id: int, blob: bytes) -> EventRecord:
    """Read the event of an id. Raises StoreCorruptError."""
    return EventRecord(event_id, *_read(_EVENT, blob, f"event {event_id}"))


def check_changes(changes: Sequence[Replacement]) -> None:
    """Refuse changes that contradict each other or themselves. Raises ValueError."""
    if len({each.key for each in changes}) < len(changes):
        raise ValueError("one document twice in a change")
    for each in changes:
        for value in (each.before, each.after):
            if value is not None and key_of(value) != each.key:
                raise ValueError(f"document {':'.join(key_of(value))} under another key")


def _written(value: object, name: str) -> bytes:
    try:
        return _FORMAT + _encode(value)
    except OverflowError as error:
        raise ValueError(f"{name}: {error}") from None


def _read(decoder: msgspec.msgpack.Decoder[Any], blob: bytes, name: str) -> Any:
    if blob[:1] != _FORMAT:
        raise StoreCorruptError(f"{name} begins {blob[:1]!r}, expected format {FORMAT}")
    try:
        return decoder.decode(memoryview(blob)[1:])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreCorruptError(f"{name}: {error}") from None
