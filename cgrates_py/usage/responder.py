"""Answers requests about records of usage: hands each to its dialect."""

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Protocol

import msgspec
import structlog

from cgrates_py.lane import Shop
from cgrates_py.usage.records import NEXT_CURSOR
from protocol.dispatch import Sink, StaleRequestError, Status
from protocol.errors import Code
from protocol.methods import Method
from protocol.usage import ChargesPage, ChargesRequest, DialectAnswer, DialectRequest
from storage.store import StoreError, StoreUnavailableError

_log = structlog.get_logger(__name__)

_decode = msgspec.json.Decoder(DialectRequest).decode
_decode_charges = msgspec.json.Decoder(ChargesRequest).decode
_encode = msgspec.json.Encoder().encode
_DIALECTS: dict[int, frozenset[str]] = {
    Method.USAGE_ASK: frozenset({"scrooge", "cyclops"}),
    Method.USAGE_READ: frozenset({"records"}),
    Method.USAGE_ADMINISTER: frozenset({"administration"}),
    Method.CHARGES_LIST: frozenset({"records"}),
}
"""What each method may ask: methods need different rights."""

_STALE = f"{Code.STORE_UNAVAILABLE}: the request waited too long for its rater".encode()
_LATE = f"{Code.STORE_UNAVAILABLE}: the store did not answer in time".encode()
_FAILED = f"{Code.INTERNAL}: the request failed; the log has the details".encode()


class Dialect(Protocol):
    """One way of asking about records."""

    async def answer(self, request: DialectRequest) -> DialectAnswer:
        """Do what a request asks, or tell why not. Raises StoreError."""


_Told = Callable[[DialectAnswer], tuple[Status, bytes]]
"""Makes the answer of a method from that of a dialect."""


def _told(answer: DialectAnswer) -> tuple[Status, bytes]:
    return Status.OK, _encode(answer)


def _read_charges(descriptor: bytes) -> DialectRequest:
    """Read the argument of Charges.List as the request over HTTP that it is short for."""
    asked = msgspec.structs.asdict(_decode_charges(descriptor))
    query = [(name.lower(), str(value)) for name, value in asked.items() if value is not None]
    return DialectRequest("GET", "/charges", "records", Query=query)


def _charges_told(answer: DialectAnswer) -> tuple[Status, bytes]:
    if answer.Status != HTTPStatus.OK:
        reason = msgspec.json.decode(answer.Body, type=dict[str, str])["Error"]
        return Status.REFUSED, f"{Code.INVALID_PARAMS}: {reason}".encode()
    return Status.OK, _encode(ChargesPage(msgspec.Raw(answer.Body.encode()), answer.Headers.get(NEXT_CURSOR)))


class UsageResponder:
    """The methods of a rater about records of usage."""

    def __init__(self, shop: Shop, dialects: Mapping[str, Dialect], deadline_s: float) -> None:
        self._shop = shop
        self._dialects = dialects
        self._deadline_s = deadline_s

    def submit(self, sink: Sink, token: object, method: int, descriptor: bytes) -> None:
        """Take one request; see ``protocol.dispatch``."""
        self._shop.counters.requests += 1
        try:
            asked = _read_charges(descriptor) if method == Method.CHARGES_LIST else _decode(descriptor)
            dialect = self._dialect(method, asked.Dialect)
            if asked.RetryId is None:
                asked.RetryId = sink.request_id(token)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, KeyError) as error:
            sink.answer(token, Status.REFUSED, f"{Code.INVALID_PARAMS}: {error}".encode())
            return
        except StaleRequestError:
            sink.answer(token, Status.REFUSED, _STALE)
            return
        told = _charges_told if method == Method.CHARGES_LIST else _told
        self._shop.run(self._answer(sink, token, dialect, asked, told))

    def _dialect(self, method: int, name: str) -> Dialect:
        if name not in _DIALECTS[method]:
            raise KeyError(name)
        return self._dialects[name]

    async def _answer(
        self, sink: Sink, token: object, dialect: Dialect, asked: DialectRequest, told: _Told
    ) -> None:
        try:
            async with asyncio.timeout(self._deadline_s):
                answer = await dialect.answer(asked)
        except StoreUnavailableError as failure:
            sink.answer(token, Status.REFUSED, f"{Code.STORE_UNAVAILABLE}: {failure}".encode())
        except TimeoutError:
            sink.answer(token, Status.REFUSED, _LATE)
        except StoreError as damage:  # asked again it would be the same
            _log.error("records cannot be read", dialect=asked.Dialect, reason=str(damage))
            sink.answer(token, Status.REFUSED, _FAILED)
        except Exception:
            _log.exception("request failed", dialect=asked.Dialect)
            sink.answer(token, Status.REFUSED, _FAILED)
        else:
            sink.answer(token, *told(answer))
