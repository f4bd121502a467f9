"""Answers requests about metered usage: checks them against the catalogue, and charges them in lanes.

What is in memory is answered without waiting; what is not is read first, and the request begins again then.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from functools import partial
from hashlib import blake2b
from typing import Protocol, cast

import msgspec
import structlog

from cgrates_py.lane import Operation, Shop
from cgrates_py.metering.administration import Administration
from cgrates_py.metering.answers import ACCEPTED, error_bytes, report_text, status_bytes
from cgrates_py.metering.cache import Announcing, Catalogue, UnreadError
from cgrates_py.metering.credentials import (
    KnownServiceError,
    MeteringError,
    service_of,
    subscription_of,
    verdict_of,
)
from cgrates_py.metering.news import News, Telling
from cgrates_py.metering.reports import Batches, Part
from cgrates_py.metering.requests import amounts_of, check_names, transactions_of
from protocol.descriptor import REQUEST_ID_LENGTH_MAX
from protocol.dispatch import Sink, StaleRequestError, Status
from protocol.errors import Code
from protocol.metering import AdministerRequest, MeteringRequest
from protocol.methods import Method
from rater.charging import Answer, Request
from rater.charging import Operation as Kind
from rater.metering.counting import Transaction
from rater.metering.metering import Metering, MeteringStatus, Mode
from rater.metering.product import Product
from rater.rating import Call
from storage.documents import DocumentStore, ListStore
from storage.store import AccountStore, StoreError, StoreUnavailableError

_log = structlog.get_logger(__name__)

_decode = msgspec.json.Decoder(MeteringRequest).decode
_decode_administer = msgspec.json.Decoder(AdministerRequest).decode
_encode = msgspec.json.Encoder().encode

_FAILED = f"{Code.INTERNAL}: the request failed; the log has the details".encode()
_STALE = f"{Code.STORE_UNAVAILABLE}: the request waited too long for its rater".encode()
_MODES = {Method.METERING_AUTHORIZE: Mode.AUTHORIZE, Method.METERING_AUTHREP: Mode.AUTHREP}
_KINDS = {Mode.AUTHORIZE: Kind.METERING_AUTHORIZE, Mode.AUTHREP: Kind.METERING_AUTHREP}


class MeteringStore(AccountStore, DocumentStore, ListStore, Protocol):
    """What metering asks of a store."""


class _Job:
    """One request on its way: what was asked, since when, until when."""

    __slots__ = ("asked", "deadline", "method", "now_ns", "sink", "token")

    def __init__(
        self, sink: Sink, token: object, method: int, asked: MeteringRequest, now_ns: int, deadline: float
    ) -> None:
        self.sink = sink
        self.token = token
        self.method = method
        self.asked = asked
        self.now_ns = now_ns
        self.deadline = deadline

    def answer(self, body: bytes) -> None:
        """Answer the caller."""
        self.sink.answer(self.token, Status.OK, body)

    def refuse(self, body: bytes) -> None:
        """Answer with an error of the machinery, ``CODE: sentence``."""
        self.sink.answer(self.token, Status.REFUSED, body)


class MeteringResponder:
    """The metering methods of a rater.

    ``resolve`` hands an operation to its account's lane. ``deadline_s`` is how long a request may take.
    """

    def __init__(
        self, shop: Shop, store: MeteringStore, resolve: Callable[[Operation], None], deadline_s: float
    ) -> None:
        self._shop = shop
        self._store = store
        self._resolve = resolve
        self._deadline_s = deadline_s
        self._loop = asyncio.get_running_loop()
        self._catalogue = Catalogue(store)
        own = cast(MeteringStore, Announcing(store, self._catalogue))
        self._administration = Administration(own, store, shop.clock)
        self._news = News(store)
        self._batches = Batches(shop, store, self._catalogue, resolve, self._news, deadline_s)
        self._epoch = 0

    async def run(self) -> None:
        """Finish reports that nobody finished, for ever."""
        await self._batches.run()

    def submit(self, sink: Sink, token: object, method: int, descriptor: bytes) -> None:
        """Take one request; see ``protocol.dispatch``."""
        self._shop.counters.requests += 1
        try:
            if method == Method.METERING_ADMINISTER:
                self._shop.run(self._administer(sink, token, _decode_administer(descriptor)))
                return
            asked = _decode(descriptor)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            sink.answer(token, Status.REFUSED, f"{Code.INVALID_PARAMS}: {error}".encode())
            return
        if asked.RequestId is not None and not 1 <= len(asked.RequestId) <= REQUEST_ID_LENGTH_MAX:
            sentence = f"RequestId: expected 1 to {REQUEST_ID_LENGTH_MAX} characters"
            sink.answer(token, Status.REFUSED, f"{Code.INVALID_PARAMS}: {sentence}".encode())
            return
        deadline = self._loop.time() + self._deadline_s
        job = _Job(sink, token, method, asked, self._shop.clock.now_ns(), deadline)
        if asked.Epoch > self._epoch:
            self._shop.run(self._after_refresh(job))
        else:
            self._try(job)

    def _try(self, job: _Job) -> None:
        try:
            self._start(job)
        except UnreadError as unread:
            self._shop.run(self._after_reading(job, unread))
        except KnownServiceError as known:
            self._tell(job, known, error_bytes(known.code, known.message))
        except MeteringError as error:
            job.answer(error_bytes(error.code, error.message))
        except StaleRequestError:
            job.refuse(_STALE)
        except Exception:
            _log.exception("request failed", method=job.method)
            job.refuse(_FAILED)

    def _tell(self, job: _Job, error: KnownServiceError, body: bytes) -> None:
        """Keep an integration error, then answer."""
        self._shop.run(self._news.error_then(error, job.asked, job.now_ns, partial(job.answer, body)))

    def _start(self, job: _Job) -> None:
        product = service_of(self._catalogue, job.asked)
        if job.method == Method.METERING_REPORT:
            self._report(job, product)
        else:
            self._authorize(job, product, _MODES[Method(job.method)])

    def _authorize(self, job: _Job, product: Product, mode: Mode) -> None:
        asked = job.asked
        subscription = subscription_of(self._catalogue, product, asked)
        usage = asked.Usage or []
        if asked.NoBody:
            check_names(product, usage)
        verdict = verdict_of(subscription, asked)
        amounts = () if verdict else amounts_of(product, usage)
        if verdict:
            mode = Mode.AUTHORIZE  # nothing is booked, and nothing kept for repeats: the caller may mend it
        transaction = Transaction(subscription, job.now_ns, amounts, asked.Code or "", asked.FlatUsage)
        metering = Metering(mode, job.now_ns, (transaction,), verdict, named=bool(usage))
        sink = Telling(job.sink, self._news, self._shop)
        encode = partial(_status_text, asked)
        operation = self._operation(job, sink, subscription.application.account_key, metering, encode)
        if mode is Mode.AUTHREP:
            self._identify(operation, job, (transaction,))
        self._resolve(operation)

    def _report(self, job: _Job, product: Product) -> None:
        asked = job.asked
        try:
            transactions = transactions_of(
                self._catalogue, product, asked.Transactions or [], job.now_ns, asked.FlatUsage
            )
        except KnownServiceError as error:
            if error.at_once:
                raise
            self._tell(job, error, ACCEPTED)
            return
        parts: dict[tuple[str, str], list[Transaction]] = {}
        for each in transactions:
            parts.setdefault(each.subscription.application.account_key, []).append(each)
        if not parts:
            job.answer(ACCEPTED)
            return
        if len(parts) > 1:
            self._report_parts(job, product, parts)
            return
        ((key, ours),) = parts.items()
        metering = Metering(Mode.REPORT, job.now_ns, tuple(ours))
        sink = Telling(job.sink, self._news, self._shop)
        operation = self._operation(job, sink, key, metering, report_text)
        self._identify(operation, job, metering.transactions)
        self._resolve(operation)

    def _report_parts(
        self, job: _Job, product: Product, parts: dict[tuple[str, str], list[Transaction]]
    ) -> None:
        asked = job.asked
        own = asked.RequestId or asked.RetryId or job.sink.request_id(job.token)
        batch_id = f"{product.service.service_id}/{bool(asked.RequestId):d}/{own}"
        booked = [Part(key, tuple(each)) for key, each in parts.items()]
        if product.service.rates and (refusal := self._batches.refusal(job.now_ns, booked)) is not None:
            job.refuse(str(refusal).encode())
            return
        self._shop.run(
            self._batches.book(
                batch_id,
                _digest(asked),
                job.now_ns,
                booked,
                job.deadline,
                lambda status, body: job.sink.answer(job.token, status, body),
            )
        )

    def _operation(
        self,
        job: _Job,
        sink: Sink,
        key: tuple[str, str],
        metering: Metering,
        encode: Callable[[Answer, int], bytes],
    ) -> Operation:
        kind = Kind.METERING_REPORT if metering.mode is Mode.REPORT else _KINDS[metering.mode]
        call = Call(key[0], key[1], "", "", 0, 0, 0)
        return Operation(sink, job.token, Request(kind, call, 0, metering), encode, job.deadline)

    def _identify(self, operation: Operation, job: _Job, transactions: Sequence[Transaction]) -> None:
        """Have the answer kept: under the caller's id, else under one that stands for sending again.

        A caller's id is the application's, or the service's of a report about several: others that the same
        account pays for have ids of their own.
        """
        asked = job.asked
        if asked.RequestId:
            first = transactions[0].subscription.application
            several = any(each.subscription.application.app_id != first.app_id for each in transactions)
            whose = first.service_id if several else f"{first.service_id}/{first.app_id}"
            operation.request_id = f"{whose}/{asked.RequestId}"
        else:
            operation.request_id = asked.RetryId or job.sink.request_id(job.token)
        operation.digest = _digest(asked)

    async def _after_reading(self, job: _Job, unread: UnreadError) -> None:
        try:
            async with asyncio.timeout_at(job.deadline):
                await self._catalogue.read(unread.keys)
        except (StoreError, TimeoutError) as failure:
            job.refuse(_unavailable(failure))
            return
        except Exception:
            _log.exception("catalogue cannot be read")
            job.refuse(_FAILED)
            return
        self._try(job)

    async def _after_refresh(self, job: _Job) -> None:
        """Wait until every change of the catalogue is known that was answered before the request."""
        epoch = min(job.asked.Epoch, time.time_ns())  # what is still to come is not known with it
        try:
            async with asyncio.timeout_at(job.deadline):
                await self._store.refresh()
        except (StoreError, TimeoutError) as failure:
            job.refuse(_unavailable(failure))
            return
        self._epoch = max(self._epoch, epoch)
        self._try(job)

    async def _administer(self, sink: Sink, token: object, asked: AdministerRequest) -> None:
        try:
            async with asyncio.timeout(self._deadline_s):
                answer = await self._administration.answer(asked)
        except (StoreError, TimeoutError) as failure:
            sink.answer(token, Status.REFUSED, _unavailable(failure))
            return
        except Exception:
            _log.exception("administration failed", path="/".join(asked.Path)[:200])
            sink.answer(token, Status.REFUSED, _FAILED)
            return
        sink.answer(token, Status.OK, _encode(answer))


def _status_text(asked: MeteringRequest, answer: Answer, version: int) -> bytes:
    assert isinstance(answer, MeteringStatus)  # noqa: S101 -- what was asked for
    return status_bytes(answer, asked)


def _digest(asked: MeteringRequest) -> bytes:
    """Tell apart what is used under a caller's id, by its words; nothing for a request without an id."""
    if not asked.RequestId:
        return b""
    content = (asked.AppId, asked.UserKey, asked.Usage, asked.Code, asked.FlatUsage, asked.Transactions)
    return blake2b(_encode(content), digest_size=16).digest()


def _unavailable(failure: Exception) -> bytes:
    reason = (
        str(failure) if isinstance(failure, StoreUnavailableError) else "the store did not answer in time"
    )
    return f"{Code.STORE_UNAVAILABLE}: {reason}".encode()
