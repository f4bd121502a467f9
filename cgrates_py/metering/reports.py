"""Reports for several accounts: kept whole first, then booked account by account, each part once.

One account's part is one commit under a request id of the report, so a part that was booked is known. Who
finds a report that is kept, the rater that took it, another that got the request again, or the sweep,
books what is missing of it. So all of it is counted or, if it was never kept, none.
"""

import asyncio
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import msgspec
import structlog

from cgrates_py.lane import Operation, Shop
from cgrates_py.metering.answers import ACCEPTED, report_text
from cgrates_py.metering.cache import Catalogue
from cgrates_py.metering.news import News
from protocol.dispatch import Status
from protocol.errors import Code
from rater.account import Account
from rater.charging import Operation as Kind
from rater.charging import Request, decide
from rater.instant import SECOND
from rater.metering.catalogue import Application, Service
from rater.metering.counting import Transaction
from rater.metering.metering import Metering, Mode
from rater.metering.value import Amount
from rater.rating import Call
from rater.refusal import Refusal
from storage.documents import ListStore, application_key, service_key
from storage.store import AccountKey, StoreError, StoreUnavailableError

_log = structlog.get_logger(__name__)

SWEEP_S = 5.0
"""How often reports are looked for that nobody finished."""
LEFT_S = 10.0
"""A report that is kept for so long was left: whoever took it answers within five seconds."""

OLD_S = 600
"""A report is left alone so long before the first id of its parts may be forgotten."""

_TOO_OLD = f"{Code.INTERNAL}: the report was left for too long to tell which parts are booked".encode()
_REUSED = f"{Code.REQUEST_ID_REUSED}: the request id was used before with other content".encode()

Told = Callable[[int, bytes], None]
"""Takes the answer: status and body."""


class Part(NamedTuple):
    """What a report books on one account."""

    key: AccountKey
    transactions: tuple[Transaction, ...]


class _KeptTransaction(msgspec.Struct, array_like=True):
    app_id: str
    generation: str
    at_ns: int
    amounts: list[Amount]
    code: str
    flat: bool


class _KeptBatch(msgspec.Struct, array_like=True):
    """A report as it is kept, by names: whoever finishes it may be another process."""

    digest: bytes
    now_ns: int
    service_id: str
    parts: list[tuple[AccountKey, list[_KeptTransaction]]]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_KeptBatch).decode


class Batches:
    """Books reports for several accounts."""

    def __init__(
        self,
        shop: Shop,
        store: ListStore,
        catalogue: Catalogue,
        resolve: Callable[[Operation], None],
        news: News,
        deadline_s: float,
    ) -> None:
        self._shop = shop
        self._store = store
        self._catalogue = catalogue
        self._resolve = resolve
        self._news = news
        self._deadline_s = deadline_s
        self._loop = asyncio.get_running_loop()

    async def book(
        self,
        batch_id: str,
        digest: bytes,
        now_ns: int,
        parts: Sequence[Part],
        deadline: float,
        told: Told,
    ) -> None:
        """Keep a report, book it and answer; under an id that is known, go on with what is kept."""
        try:
            service_id = parts[0].transactions[0].subscription.application.service_id
            batch = _KeptBatch(digest, now_ns, service_id, [_kept(part) for part in parts])
            async with asyncio.timeout_at(deadline):
                known = await self._store.open_batch(batch_id, _encode(batch))
                if known is not None and known.batch is not None:
                    batch = _decode(known.batch)
                if (batch.digest if known is None or known.batch else known.receipt) != digest:
                    told(Status.REFUSED, _REUSED)
                    return
                if known is not None and known.batch is None:
                    told(Status.OK, ACCEPTED)
                    return
                if known is not None:
                    if self._is_too_old(batch):
                        told(Status.REFUSED, _TOO_OLD)
                        return
                    parts = await self._restored(batch_id, batch)
            failure = await self._book_parts(batch_id, batch, parts, deadline)
            told(*((Status.OK, ACCEPTED) if failure is None else (Status.REFUSED, failure)))
        except (StoreError, TimeoutError) as error:
            reason = str(error) if isinstance(error, StoreUnavailableError) else "the store did not answer"
            told(Status.REFUSED, f"{Code.STORE_UNAVAILABLE}: {reason}".encode())
        except Exception:
            _log.exception("report failed", batch=batch_id)
            told(Status.REFUSED, f"{Code.INTERNAL}: the report failed; the log has the details".encode())

    async def run(self) -> None:
        """Finish what was left, for ever."""
        seen: dict[str, float] = {}
        while True:
            await asyncio.sleep(SWEEP_S)
            try:
                seen = await self.sweep(seen)
            except StoreError as error:
                _log.info("no look at reports until the store is back", reason=str(error))
            except Exception:
                _log.exception("reports cannot be looked at")

    async def sweep(self, seen: Mapping[str, float]) -> dict[str, float]:
        """Go on with reports that were left; tell since when each is, as ``seen`` does. Raises StoreError."""
        open_now = dict(await self._store.open_batches())
        now = self._loop.time()
        since = {batch_id: seen.get(batch_id, now) for batch_id in open_now}
        for batch_id, kept in open_now.items():
            if now - since[batch_id] >= LEFT_S:
                since[batch_id] = await self._finish(batch_id, kept)
        return since

    async def _finish(self, batch_id: str, kept: bytes) -> float:
        """Book what is missing of a report that was left; tell since when it is left again.

        One that cannot be finished keeps no other from it. Raises StoreError.
        """
        try:
            batch = _decode(kept)
            if self._is_too_old(batch):
                _log.error("a report is left for too long to tell which parts are booked", batch=batch_id)
                return math.inf
            parts = await self._restored(batch_id, batch)
            failure = await self._book_parts(batch_id, batch, parts, self._loop.time() + self._deadline_s)
            _log.info("went on with a report", batch=batch_id, failure=(failure or b"").decode())
        except StoreError:
            raise
        except Exception:
            _log.exception("a report cannot be finished", batch=batch_id)
        return self._loop.time()

    def _is_too_old(self, batch: _KeptBatch) -> bool:
        """Tell whether ids of parts that are booked may be forgotten: those would be booked again."""
        left_s = (self._shop.clock.now_ns() - batch.now_ns) // SECOND
        return left_s > self._shop.settings.request_id_ttl_s - OLD_S

    async def _book_parts(
        self, batch_id: str, batch: _KeptBatch, parts: Sequence[Part], deadline: float
    ) -> bytes | None:
        """Book every part that is not booked; return the error if one could not be."""
        waiting = [self._submit(batch_id, batch.now_ns, part, deadline) for part in parts]
        answers = await asyncio.gather(*waiting)
        failure = next((body for status, body in answers if status != Status.OK), None)
        await self._news.events(body for status, body in answers if status == Status.OK)
        for status, body in answers:
            if status == Status.REFUSED:
                self._news.refused(body)
        if failure is not None and failure.startswith(Code.AMOUNT_OUT_OF_RANGE.encode()):
            _log.error("a part of a report is beyond what an account can hold", batch=batch_id)
            failure = None
        if failure is None:
            await self._store.close_batch(batch_id, batch.digest, self._ttl_s(batch))
        return failure

    def refusal(self, now_ns: int, parts: Iterable[Part]) -> Refusal | None:
        """Tell why a part cannot be booked on any account: it costs more than one can hold."""
        for part in parts:
            answer = decide(self._shop.book, Account(*part.key), _request(now_ns, part)).answer
            if isinstance(answer, Refusal):
                return answer
        return None

    def _submit(
        self, batch_id: str, now_ns: int, part: Part, deadline: float
    ) -> asyncio.Future[tuple[int, bytes]]:
        answered: asyncio.Future[tuple[int, bytes]] = self._loop.create_future()
        operation = Operation(_Answered(answered), None, _request(now_ns, part), report_text, deadline)
        operation.request_id = f"#report-{batch_id}"
        operation.digest = b"report"
        self._resolve(operation)
        return answered

    def _ttl_s(self, batch: _KeptBatch) -> int:
        """Tell how long a repeat is known: a caller's for as long as promised, one of ours for a minute."""
        settings = self._shop.settings
        return settings.request_id_ttl_s if batch.digest else settings.retry_ttl_s

    async def _restored(self, batch_id: str, batch: _KeptBatch) -> list[Part]:
        """Find what a kept report names. What is no longer in the catalogue is left out, and logged."""
        names = {each.app_id for _, transactions in batch.parts for each in transactions}
        keys = [service_key(batch.service_id), *(application_key(batch.service_id, name) for name in names)]
        while unread := self._catalogue.unread(keys):
            await self._catalogue.read(unread)
        service = self._catalogue.get(keys[0], Service)
        parts = []
        for key, transactions in batch.parts:
            restored = []
            for each in transactions:
                name = application_key(batch.service_id, each.app_id)
                application = self._catalogue.get(name, Application)
                if service is None or application is None or application.generation != each.generation:
                    _log.error("a report is about what is gone", batch=batch_id, application=each.app_id)
                    continue
                subscription = self._catalogue.subscription(application, self._catalogue.product(service))
                amounts = tuple(a for a in each.amounts if a.metric_id in subscription.series)
                restored.append(Transaction(subscription, each.at_ns, amounts, each.code, each.flat))
            parts.append(Part(key, tuple(restored)))
        return parts


def _request(now_ns: int, part: Part) -> Request:
    call = Call(part.key[0], part.key[1], "", "", 0, 0, 0)
    return Request(Kind.METERING_REPORT, call, 0, Metering(Mode.REPORT, now_ns, part.transactions))


def _kept(part: Part) -> tuple[AccountKey, list[_KeptTransaction]]:
    return part.key, [
        _KeptTransaction(
            each.subscription.application.app_id,
            each.subscription.application.generation,
            each.at_ns,
            list(each.amounts),
            each.code,
            each.flat,
        )
        for each in part.transactions
    ]


class _Answered:
    """The sink of one part."""

    __slots__ = ("_future",)

    def __init__(self, future: asyncio.Future[tuple[int, bytes]]) -> None:
        self._future = future

    def answer(self, token: object, status: int, body: bytes) -> None:
        """Take the answer (Sink)."""
        if not self._future.done():
            self._future.set_result((status, body))

    def request_id(self, token: object) -> str:
        """Name the request (Sink); the parts have ids of their own."""
        return ""
