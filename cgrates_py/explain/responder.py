"""Answers Responder.Explain: finds the account or the stored charge, explains, and has it recomputed."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

import structlog

from cgrates_py.answers import ANSWER_BYTES_MAX, TOO_LONG
from cgrates_py.explain.asked import Asked, read_asked
from cgrates_py.explain.charges import ChargeError, Journals, StoredCharge, find_charge
from cgrates_py.explain.document import Document, described, described_charge, described_opinion, printed
from cgrates_py.explain.opinion import Opinion, Oracle, Versions
from cgrates_py.lane import Operation, Shop
from cgrates_py.responder import DEADLINE_S
from protocol.descriptor import DescriptorError
from protocol.dispatch import Sink, Status
from protocol.errors import Code, code_of
from rater.account import Account
from rater.book import Book
from rater.charging import Answer, Request
from rater.charging import Operation as Kind
from rater.explain.nearest import completed
from rater.explain.pricing import explain, explain_charge
from rater.explain.values import Explanation
from rater.rating import Call
from storage.store import StoreError, StoreUnavailableError

_log = structlog.get_logger(__name__)

EXPLAINING_MAX: Final = 64
"""Explanations under way in one rater: people ask for them, and all wait for one thread beside the calls."""

_FAILED = f"{Code.INTERNAL}: the request failed; the log has the details".encode()
_TOO_MANY = f"{Code.OVERLOADED}: {EXPLAINING_MAX} explanations are under way here".encode()
_LATE = f"{Code.OVERLOADED}: the explanation took too long".encode()

Resolve = Callable[[Operation], None]
"""Hands an operation to its account's lane."""


class _Refused(Exception):  # noqa: N818 -- an answer, not a fault
    """The request is refused; the argument is the answer's body."""


class _Waiting:
    """A sink for one question about an account: ``account`` is it, or None if there is none."""

    def __init__(self) -> None:
        self.account: asyncio.Future[Account | None] = asyncio.get_running_loop().create_future()

    def take(self, answer: Answer, version: int) -> bytes:
        """Take the account from the lane's answer."""
        if isinstance(answer, Account) and not self.account.done():
            self.account.set_result(answer)
        return b""

    def answer(self, token: object, status: int, body: bytes) -> None:
        """Take a refusal (Sink)."""
        if self.account.done():
            return
        if code_of(body.decode()) is Code.ACCOUNT_NOT_FOUND:
            self.account.set_result(None)
        else:
            self.account.set_exception(_Refused(body))

    def request_id(self, token: object) -> str:
        """Reading has no request id (Sink)."""
        return ""


class Explainer:
    """The dispatcher of explanations of a rater.

    ``journals`` and ``versions`` are the store's; None: there are no charges, and no tariff but the empty.
    """

    def __init__(
        self, shop: Shop, resolve: Resolve, journals: Journals | None, versions: Versions | None
    ) -> None:
        self._shop = shop
        self._resolve = resolve
        self._journals = journals
        self._aside = ThreadPoolExecutor(1, "explain")
        self._oracle = Oracle(versions, self._aside)
        self._under_way = 0
        self._reading = asyncio.Lock()
        """A charge is found by following the whole journal of its account: one at a time."""

    def submit(self, sink: Sink, token: object, method: int, descriptor: bytes) -> None:
        """Take one request; see ``protocol.dispatch``."""
        self._shop.counters.requests += 1
        if self._under_way >= EXPLAINING_MAX:
            sink.answer(token, Status.REFUSED, _TOO_MANY)
            return
        try:
            asked = read_asked(descriptor)
        except DescriptorError as error:
            status = Status.MALFORMED if error.code is Code.PARSE_ERROR else Status.REFUSED
            sink.answer(token, status, str(error).encode())
            return
        self._under_way += 1
        self._shop.run(self._answer(sink, token, asked))

    async def _answer(self, sink: Sink, token: object, asked: Asked) -> None:
        status, body = Status.REFUSED, _FAILED
        try:
            async with asyncio.timeout(DEADLINE_S):
                document = await (
                    self._charge(asked) if asked.call is None else self._call(asked.call, asked)
                )
            body = printed(document)
            status = Status.OK
            if len(body) > ANSWER_BYTES_MAX:
                status, body = Status.REFUSED, TOO_LONG
        except _Refused as refused:
            body = refused.args[0]
        except (ChargeError, DescriptorError) as error:
            body = str(error).encode()
        except TimeoutError:
            body = _LATE
        except StoreUnavailableError as error:
            body = f"{Code.STORE_UNAVAILABLE}: {error}".encode()
        except Exception:
            _log.exception("explanation failed")
        finally:
            self._under_way -= 1
            sink.answer(token, status, body)

    async def _call(self, call: Call, asked: Asked) -> Document:
        account = await self._account(call)
        book = self._shop.book
        told = partial(explain, book, call, account, asked.amount, self._shop.clock.now_ns())
        explained, document = await self._told(book, told)
        return document | await self._verified(explained, book, asked)

    async def _told(self, book: Book, told: Callable[[], Explanation]) -> tuple[Explanation, Document]:
        """Explain and describe beside the calls: a call of a year has a thousand spans."""
        return await asyncio.get_running_loop().run_in_executor(self._aside, _explained, book, told)

    async def _account(self, call: Call) -> Account | None:
        """Ask the account's lane, which asks the store. Raises _Refused."""
        waiting = _Waiting()
        deadline = asyncio.get_running_loop().time() + DEADLINE_S
        self._resolve(Operation(waiting, None, Request(Kind.GET_ACCOUNT, call), waiting.take, deadline))
        return await waiting.account

    async def _charge(self, asked: Asked) -> Document:
        """Explain a charge that was taken."""
        assert asked.source is not None  # noqa: S101 -- or it is about a call
        async with self._reading:
            charge = await find_charge(self._journals, asked.customer, asked.subject, asked.source)
        book = await self._book_of(charge)
        told, document = await self._told(book, partial(explain_charge, book, charge.request, charge.before))
        document |= described_charge(charge, told)
        if asked.verify and charge.line.method == Kind.DEBIT_SECONDS:
            opinion = Opinion(None, note="DebitSeconds has no call that the oracle could price")
            return document | {"Verified": described_opinion(opinion)}
        return document | await self._verified(told, book, asked)

    async def _book_of(self, charge: StoredCharge) -> Book:
        """Find the book that the charge was decided by. Raises ChargeError if it is no longer kept."""
        version = charge.line.tariff_version
        chain = self._shop.book
        # where the journal does not tell the version, that of the call's start is as good as any
        if version in {0, chain.at(charge.request.call.start_ns).version}:
            return chain
        book = await self._oracle.book(version)
        if book is None:
            sentence = f"version {version} of the tariff, which decided {charge.source}, is no longer kept"
            raise ChargeError(Code.TARIFF_PLAN_NOT_FOUND, sentence)
        return book

    async def _verified(self, told: Explanation, book: Book, asked: Asked) -> Document:
        if not asked.verify:
            return {}
        try:
            opinion = await self._oracle.opinion(told, book)
        except StoreUnavailableError:
            raise
        except StoreError as error:
            opinion = Opinion(None, note=str(error))
        return {"Verified": described_opinion(opinion)}


def _explained(book: Book, told: Callable[[], Explanation]) -> tuple[Explanation, Document]:
    explained = completed(book, told())
    return explained, described(explained)
