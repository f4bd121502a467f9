"""What a booking led to and what could not be booked: kept in the store before the caller is answered."""

from collections.abc import Callable, Iterable

import msgspec
import structlog

from cgrates_py.lane import Shop
from cgrates_py.metering.credentials import KnownServiceError
from protocol.dispatch import Sink, Status
from protocol.errors import Code
from protocol.metering import Event, MeteringRequest
from rater.instant import SECOND
from storage.documents import ErrorRecord, ListStore
from storage.store import StoreError

_log = structlog.get_logger(__name__)

_MARK = b'{"Events":'
_GONE = Code.ACCOUNT_NOT_FOUND.encode()
_GONE_MAX = 1_000
"""Accounts whose loss is remembered; more than these are not told, and memory stays bounded."""


class _WithEvents(msgspec.Struct):
    Events: list[Event] = []


_decode = msgspec.json.Decoder(_WithEvents).decode


class News:
    """Keeps integration errors and events. Neither is money: a store that refuses them stops no call."""

    def __init__(self, store: ListStore) -> None:
        self._store = store
        self._gone: set[bytes] = set()

    async def error_then(
        self, error: KnownServiceError, asked: MeteringRequest, now_ns: int, done: Callable[[], None]
    ) -> None:
        """Keep an integration error, and go on."""
        named = {"app_id": asked.AppId, "user_key": asked.UserKey}
        context = {name: text[:255] for name, text in named.items() if text}
        try:
            record = ErrorRecord(error.code, error.message, now_ns, context)
            await self._store.add_error(error.service_id, record)
        except StoreError as failure:
            _log.warning("integration error not kept", reason=str(failure))
        except Exception:
            _log.exception("integration error not kept")
        done()

    async def events(self, bodies: Iterable[bytes]) -> None:
        """Keep the events that answers tell, each once."""
        try:
            told = [event for body in bodies if self.has_events(body) for event in _decode(body).Events]
            await self._store.add_events(
                [(each.type, int(each.members["timestamp"]) * SECOND, each.members) for each in told]
            )
        except StoreError as failure:
            _log.warning("events not kept", reason=str(failure))
        except Exception:
            _log.exception("events not kept")

    async def events_then(self, body: bytes, done: Callable[[], None]) -> None:
        """Keep the events that an answer tells, and go on."""
        await self.events((body,))
        done()

    def refused(self, body: bytes) -> None:
        """Log once that an account is gone: calls fail until somebody makes it again."""
        if body.startswith(_GONE) and body not in self._gone and len(self._gone) < _GONE_MAX:
            self._gone.add(body)
            _log.error("the account of an application is gone", reason=body.decode())

    def has_events(self, body: bytes) -> bool:
        """Tell whether an answer tells of events."""
        return body.startswith(_MARK)


class Telling:
    """The sink of a booking: keeps the events that its answer tells before the caller has it.

    A repeat gets the first answer with the same events: so they are kept also when the first rater died.
    """

    __slots__ = ("_news", "_shop", "_sink")

    def __init__(self, sink: Sink, news: News, shop: Shop) -> None:
        self._sink = sink
        self._news = news
        self._shop = shop

    def answer(self, token: object, status: int, body: bytes) -> None:
        """Take the answer (Sink)."""
        if status == Status.OK and self._news.has_events(body):
            self._shop.run(self._news.events_then(body, lambda: self._sink.answer(token, status, body)))
        else:
            if status == Status.REFUSED:
                self._news.refused(body)
            self._sink.answer(token, status, body)

    def request_id(self, token: object) -> str:
        """Name the request (Sink)."""
        return self._sink.request_id(token)
