"""Answers requests: decodes a call descriptor, finds the account, prices or charges, encodes the answer.

A quote (GetCost) is answered at once from memory: the account as last seen, which the store's notifications
keep fresh. Everything else goes through the account's lane, which checks the version with the store.
"""

import asyncio
from collections.abc import Callable
from functools import partial
from hashlib import blake2b
from json.encoder import encode_basestring_ascii
from typing import Literal

import structlog

from cgrates_py.answers import AnswerTooLongError, CallCostEncoder, account_bytes
from cgrates_py.directory import Directory
from cgrates_py.lane import Lane, Operation, Shop
from cgrates_py.leisure import Leisure
from protocol.descriptor import ZERO_TIME, CallDescriptor, DescriptorError, decode
from protocol.dispatch import Sink, StaleRequestError, Status
from protocol.errors import Code
from protocol.methods import Method
from rater import instant, quantity
from rater.account import Account
from rater.book import Book
from rater.charging import Answer, Request
from rater.charging import Operation as Kind
from rater.rating import Call, CallCost, price_call
from rater.refusal import Refusal
from storage.store import StoreUnavailableError

_log = structlog.get_logger(__name__)

DEADLINE_S = 3.9
"""A request that the store has not let through by then is refused. Below the store's own deadline, so that no
second attempt begins at the end of a first that took all of it: the answer comes inside five seconds."""

CALL_LENGTH_MAX_NS = 366 * instant.DAY
"""The longest call: a leap year."""

LONG_QUOTE_NS = 7 * instant.DAY
"""A quote of a longer call is worked off at leisure. A week takes 20 µs with two prices a day and less than a
millisecond with a hundred; a year takes a millisecond, and 400 KiB of answer."""

LONG_QUOTES_NS_MAX = 256 * 365 * instant.DAY
"""Length of the calls whose quotes wait together: half a second of work, in half of the time. More would only
wait until its deadline."""

CATEGORIES = {0: "call", 1: "sms", 2: "data", 3: "generic"}
"""What the numbers of TOR stand for in rating profiles."""

KINDS: dict[int, Kind] = {
    Method.GET_COST: Kind.GET_COST,
    Method.DEBIT_BALANCE: Kind.DEBIT_BALANCE,
    Method.DEBIT_SMS: Kind.DEBIT_SMS,
    Method.DEBIT_SECONDS: Kind.DEBIT_SECONDS,
    Method.GET_MAX_SESSION_TIME: Kind.GET_MAX_SESSION_TIME,
    Method.ADD_VOLUME_DISCOUNT_SECONDS: Kind.ADD_VOLUME_DISCOUNT_SECONDS,
    Method.RESET_VOLUME_DISCOUNT_SECONDS: Kind.RESET_VOLUME_DISCOUNT_SECONDS,
    Method.ADD_RECIEVED_CALL_SECONDS: Kind.ADD_RECIEVED_CALL_SECONDS,
    Method.RESET_USER_BUDGET: Kind.RESET_USER_BUDGET,
    Method.DEBIT: Kind.DEBIT,
    Method.GET_ACCOUNT: Kind.GET_ACCOUNT,
}

_FAILED = f"{Code.INTERNAL}: the request failed".encode()
_STALE = f"{Code.STORE_UNAVAILABLE}: the request waited too long for its rater".encode()
_TOO_MANY_LONG = f"{Code.OVERLOADED}: too many quotes of calls longer than a week wait here".encode()

_PLAIN_TIME_LENGTH = len("2012-02-02T17:30:00Z")

_TIMED = frozenset({Kind.GET_COST, Kind.DEBIT})
_CHANGING = frozenset(kind for kind in Kind if kind.changes)


class Responder:
    """The dispatcher of a rater."""

    def __init__(
        self,
        shop: Shop,
        unknown_account: Literal["refuse", "postpaid"] = "refuse",
        directory: Directory | None = None,
    ) -> None:
        self._shop = shop
        self._directory = Directory(shop) if directory is None else directory
        self._postpaid = unknown_account == "postpaid"
        self._encoder = CallCostEncoder()
        self._loop = asyncio.get_running_loop()
        self._leisure = Leisure(LONG_QUOTES_NS_MAX)

    @property
    def accounts_remembered(self) -> int:
        """Tell how many accounts this rater has in memory."""
        return self._directory.size

    def swap(self, book: Book) -> None:
        """Price everything that is decided from now on by another tariff, or a chain of them."""
        self._shop.book = book
        self._encoder = CallCostEncoder()

    def submit(self, sink: Sink, token: object, method: int, descriptor: bytes) -> None:
        """Take one request; see ``protocol.dispatch``."""
        self._shop.counters.requests += 1
        try:
            kind = KINDS[method]
            asked = decode(descriptor)
            if kind is Kind.GET_COST:
                self._quote(sink, token, asked)
            else:
                self._charge(sink, token, kind, asked)
        except DescriptorError as error:
            status = Status.MALFORMED if error.code is Code.PARSE_ERROR else Status.REFUSED
            sink.answer(token, status, str(error).encode())
        except StaleRequestError:
            sink.answer(token, Status.REFUSED, _STALE)
        except Exception:
            _log.exception("request failed", method=method)
            sink.answer(token, Status.REFUSED, _FAILED)

    def _quote(self, sink: Sink, token: object, asked: CallDescriptor) -> None:
        if bytes(asked.Amount) != b"0":
            amount_of(asked)  # a quote has no use for it, but a number beyond range is malformed anywhere
        call = timed_call(asked)
        length_ns = call.end_ns - call.start_ns
        if length_ns <= LONG_QUOTE_NS:
            self._quote_known(sink, token, asked, call, 0.0)
            return
        deadline = self._loop.time() + DEADLINE_S
        if not self._leisure.take(length_ns, partial(self._quote_long, sink, token, asked, call, deadline)):
            sink.answer(token, Status.REFUSED, _TOO_MANY_LONG)

    def _quote_long(
        self, sink: Sink, token: object, asked: CallDescriptor, call: Call, deadline: float
    ) -> None:
        """Answer a quote that had to wait for its turn."""
        try:
            if self._loop.time() > deadline:
                sink.answer(token, Status.REFUSED, _TOO_MANY_LONG)
            else:
                self._quote_known(sink, token, asked, call, deadline)
        except Exception:
            _log.exception("request failed", method=Method.GET_COST)
            sink.answer(token, Status.REFUSED, _FAILED)

    def _quote_known(
        self, sink: Sink, token: object, asked: CallDescriptor, call: Call, deadline: float
    ) -> None:
        """Answer from memory, or go to the store until ``deadline`` (0: it begins now)."""
        known = self._directory.find((call.customer, call.subject))
        if known is None:
            encode = partial(self._encode, asked)
            until = deadline or self._loop.time() + DEADLINE_S
            self.resolve(Operation(sink, token, Request(Kind.GET_COST, call), encode, until))
            return
        account = known.stored.account if isinstance(known, Lane) and known.stored is not None else None
        self._quote_at_once(sink, token, partial(self._encode, asked), call, account)

    def _quote_at_once(
        self,
        sink: Sink,
        token: object,
        encode: Callable[[Answer, int], bytes],
        call: Call,
        account: Account | None,
    ) -> None:
        priced = price_call(self._shop.book, call, account)
        if isinstance(priced, Refusal):
            sink.answer(token, Status.REFUSED, str(priced).encode())
            return
        try:
            sink.answer(token, Status.OK, encode(priced, 0))
        except AnswerTooLongError as error:
            sink.answer(token, Status.REFUSED, error.body)

    def _charge(self, sink: Sink, token: object, kind: Kind, asked: CallDescriptor) -> None:
        amount = amount_of(asked)
        if kind in _TIMED:
            call = timed_call(asked)
        else:
            call = session_call(asked, kind, amount, self._shop.clock.now_ns)
        operation = Operation(
            sink,
            token,
            Request(kind, call, amount),
            partial(self._encode, asked),
            self._loop.time() + DEADLINE_S,
        )
        if kind in _CHANGING:
            if asked.RequestId:
                operation.request_id = asked.RequestId
                operation.digest = digest_of(asked, kind, call, amount)
            else:
                operation.request_id = sink.request_id(token)
        self.resolve(operation)

    def resolve(self, operation: Operation) -> None:
        """Hand an operation to its account's lane; look the account up first if it is not known."""
        call = operation.request.call
        key = (call.customer, call.subject)
        known = self._directory.find_stale(key)
        if isinstance(known, Lane):
            known.submit(operation)
        elif known is not None:
            self._without_account(operation)
        else:
            self._directory.look_up(key, operation, self._found)

    def _found(self, operation: Operation, found: "Lane | Exception | None") -> None:
        if isinstance(found, Lane):
            found.submit(operation)
        elif found is None:
            self._without_account(operation)
        elif isinstance(found, StoreUnavailableError):
            operation.refuse(Code.STORE_UNAVAILABLE, str(found))
        else:
            operation.refuse(Code.INTERNAL, "the account cannot be looked up; the log has the details")

    def _without_account(self, operation: Operation) -> None:
        request = operation.request
        if request.operation is Kind.GET_COST:
            self._quote_at_once(operation.sink, operation.token, operation.encode, request.call, None)
        elif request.operation is Kind.GET_MAX_SESSION_TIME and self._postpaid:
            operation.answer(Status.OK, quantity.text(request.amount).encode())
        else:
            operation.refuse(Code.ACCOUNT_NOT_FOUND, f"no account of subject {request.call.subject!r}")

    def _encode(self, asked: CallDescriptor, answer: Answer, version: int) -> bytes:
        if isinstance(answer, int):
            return quantity.text(answer).encode()
        if isinstance(answer, CallCost):
            call = answer.call
            return self._encoder.encode(
                answer,
                tor_text(asked.TOR),
                _echo(asked.TimeStart, call.start_ns, call.offset_ns),
                _echo(asked.TimeEnd, call.end_ns, call.offset_ns),
            )
        assert isinstance(answer, Account)  # noqa: S101 -- usage is answered by who asks about it
        return account_bytes(answer, version)


def _echo(given: str | None, instant_ns: int, offset_ns: int) -> str:
    """Print a time as it came if that is how we print it, else anew."""
    if given is not None and len(given) == _PLAIN_TIME_LENGTH and given[10] == "T" and given[19] == "Z":
        return given
    return instant.text(instant_ns, offset_ns)


def tor_text(tor: int | str | None) -> str:
    """Print TOR as it is echoed: JSON text."""
    return encode_basestring_ascii(tor) if isinstance(tor, str) else str(tor or 0)


def category_of(tor: int | str | None) -> str:
    """Tell the category that TOR names, by number or by name."""
    if isinstance(tor, str) and not tor.isdecimal():
        return tor
    number = int(tor or 0)
    return CATEGORIES.get(number, str(number))


def amount_of(asked: CallDescriptor) -> int:
    """Read Amount, exactly. Raises DescriptorError."""
    literal = bytes(asked.Amount).decode("utf-8", "replace")
    if literal == "null":
        return 0
    try:
        amount = quantity.parse(literal)
    except quantity.QuantityRangeError as beyond:
        raise DescriptorError(Code.PARSE_ERROR, f"Amount: {beyond}") from None
    except quantity.QuantityError as error:
        raise DescriptorError(Code.INVALID_PARAMS, f"Amount: {error}") from None
    if not -quantity.AMOUNT_MAX <= amount <= quantity.AMOUNT_MAX:
        raise DescriptorError(
            Code.AMOUNT_OUT_OF_RANGE, f"Amount: expected at most ±9000000000, got {literal[:40]}"
        )
    return amount


def _instant(name: str, text: str | None) -> tuple[int, int] | None:
    if not text or text == ZERO_TIME:
        return None
    try:
        return instant.parse(text)
    except instant.InstantError as error:
        raise DescriptorError(Code.INVALID_PARAMS, f"{name}: {error}") from None


def timed_call(asked: CallDescriptor) -> Call:
    """Make the call to be priced; both times are needed. Raises DescriptorError."""
    start = _instant("TimeStart", asked.TimeStart)
    end = _instant("TimeEnd", asked.TimeEnd)
    if start is None or end is None:
        missing = "TimeStart" if start is None else "TimeEnd"
        raise DescriptorError(
            Code.INVALID_PARAMS, f"{missing}: expected an RFC 3339 time with a zone, got none"
        )
    length = end[0] - start[0]
    if length < 0:
        raise DescriptorError(Code.INVALID_PARAMS, "TimeEnd: expected a time at or after TimeStart")
    if length > CALL_LENGTH_MAX_NS:
        raise DescriptorError(Code.INVALID_PARAMS, "TimeEnd: expected a call of at most 366 days")
    return _call(asked, start[0], end[0], start[1])


def session_call(asked: CallDescriptor, kind: Kind, amount: int, now_ns: Callable[[], int]) -> Call:
    """Make the call of an operation without an end: a session that is to begin, or just a number."""
    start = _instant("TimeStart", asked.TimeStart)
    _instant("TimeEnd", asked.TimeEnd)
    if kind is not Kind.GET_MAX_SESSION_TIME:
        return _call(asked, 0, 0, 0)
    if amount < 0:
        raise DescriptorError(
            Code.INVALID_PARAMS, "Amount: expected the seconds asked for, got a negative number"
        )
    if amount > CALL_LENGTH_MAX_NS:
        raise DescriptorError(Code.INVALID_PARAMS, "Amount: expected a session of at most 366 days")
    start_ns, offset_ns = start or (now_ns(), 0)
    return _call(asked, start_ns, start_ns, offset_ns)


def _call(asked: CallDescriptor, start_ns: int, end_ns: int, offset_ns: int) -> Call:
    return Call(
        asked.CstmId or "",
        asked.Subject or "",
        category_of(asked.TOR),
        asked.DestinationPrefix or "",
        start_ns,
        end_ns,
        offset_ns,
    )


def _times(asked: CallDescriptor) -> tuple[object, object]:
    return _instant("TimeStart", asked.TimeStart), _instant("TimeEnd", asked.TimeEnd)


def digest_of(asked: CallDescriptor, kind: Kind, call: Call, amount: int) -> bytes:
    """Tell requests of one RequestId apart by content: what they mean, not how they are spelt."""
    content = repr((kind.value, tuple(call), amount, _times(asked)))
    return blake2b(content.encode("utf-8", "surrogatepass"), digest_size=16).digest()
