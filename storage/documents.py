"""What a store promises about the catalogue, and about what is listed beside accounts.

A document is one value of ``rater.metering.catalogue``; changes of several are one atomic step. Readers keep
what they read and are told when another changed it.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from rater.metering.catalogue import Application, CatalogueValue, Provider, Service, ServiceToken, UserKey
from rater.usage.scrooge_setup import ScroogeSetup
from storage.cyclops_state import CyclopsState

DocumentValue = CatalogueValue | CyclopsState | ScroogeSetup
"""Everything that can be a document."""

DocumentKey = tuple[str, ...]
"""A document's kind (``provider``, ``service``, ``application``, ``user_key``, ``token``, ``cyclops``), and
its names."""

CYCLOPS: DocumentKey = ("cyclops", "state")
"""The document of Cyclops RC: there is one."""

SCROOGE: DocumentKey = ("scrooge", "set-up")
"""The document of all that Scrooge is set up with."""


def provider_key(key: str) -> DocumentKey:
    """Name the document of a provider."""
    return ("provider", key)


def service_key(service_id: str) -> DocumentKey:
    """Name the document of a service."""
    return ("service", service_id)


def application_key(service_id: str, app_id: str) -> DocumentKey:
    """Name the document of an application."""
    return ("application", service_id, app_id)


def user_key_key(service_id: str, user_key: str) -> DocumentKey:
    """Name the document that tells whose a user key is."""
    return ("user_key", service_id, user_key)


def token_key(token: str, service_id: str) -> DocumentKey:
    """Name the document of a service token."""
    return ("token", token, service_id)


def key_of(value: DocumentValue) -> DocumentKey:
    """Name the document that a value belongs in."""
    match value:
        case Provider():
            return provider_key(value.key)
        case Service():
            return service_key(value.service_id)
        case Application():
            return application_key(value.service_id, value.app_id)
        case UserKey():
            return user_key_key(value.service_id, value.user_key)
        case ServiceToken():
            return token_key(value.token, value.service_id)
        case CyclopsState():
            return CYCLOPS
        case ScroogeSetup():
            return SCROOGE


class Replacement(NamedTuple):
    """Change a document from ``before`` to ``after``; None stands for no document."""

    key: DocumentKey
    before: DocumentValue | None
    after: DocumentValue | None


class DocumentStore(Protocol):
    """The catalogue. Raises StoreUnavailableError and StoreCorruptError like the rest of a store."""

    async def documents(self, keys: Sequence[DocumentKey]) -> list[DocumentValue | None]:
        """Read documents; later changes by others reach ``on_document``."""

    async def replace(self, changes: Sequence[Replacement]) -> bool:
        """Do all of the changes or nothing of them; False if a document is not what ``before`` says."""

    async def list_documents(self, kind: str) -> list[DocumentValue]:
        """Read all documents of a kind, by name. Slow: for people."""

    async def refresh(self) -> None:
        """Return once ``on_document`` was told of every change that was made before the call."""

    def on_document(self, listener: Callable[[DocumentKey | None], None]) -> None:
        """Call ``listener`` with every document read here that another changed (None: any may have)."""


class ErrorRecord(NamedTuple):
    """A request that a service's own data made impossible: an integration error."""

    code: str
    message: str
    at_ns: int
    context: dict[str, str]


class EventRecord(NamedTuple):
    """Something that a booking led to. ``event_id`` counts from 1 and orders them."""

    event_id: int
    type: str
    at_ns: int
    members: dict[str, str | int]


ERRORS_MAX = 1000
"""Integration errors kept for each service, the newest."""
EVENTS_MAX = 100_000
"""Events kept until they are taken, the newest."""


class KnownBatch(NamedTuple):
    """A report that came before: as it is kept while it is open, or the receipt of one that is closed."""

    batch: bytes | None
    receipt: bytes = b""


class ListStore(Protocol):
    """Integration errors, events, and reports under way."""

    async def add_error(self, service_id: str, error: ErrorRecord) -> None:
        """Keep an integration error of a service."""

    async def errors(self, service_id: str, start: int, count: int) -> tuple[int, list[ErrorRecord]]:
        """Tell how many there are, and ``count`` of them from place ``start`` on, newest first."""

    async def delete_errors(self, service_id: str) -> None:
        """Forget the integration errors of a service."""

    async def add_events(self, events: Sequence[tuple[str, int, dict[str, str | int]]]) -> None:
        """Keep events (type, at_ns, members), each once: one with the same content is kept already."""

    async def events(self) -> list[EventRecord]:
        """List all events, oldest first."""

    async def delete_events(self, upto_id: int) -> int:
        """Forget the events up to an id, it included; tell how many."""

    async def delete_event(self, event_id: int) -> bool:
        """Forget one event; tell whether there was one."""

    async def open_batch(self, batch_id: str, batch: bytes) -> KnownBatch | None:
        """Keep durably a report for several accounts; None, or what is known of that id already."""

    async def close_batch(self, batch_id: str, receipt: bytes, ttl_s: int) -> None:
        """Forget a report that is booked on all its accounts, but for a receipt that is kept so long."""

    async def open_batches(self) -> list[tuple[str, bytes]]:
        """List the reports that are kept: those under way, and those that nobody finished."""
