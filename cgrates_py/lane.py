"""A lane serves one account: its operations in order, one store round trip at a time.

Operations that wait when a round trip ends go out together in the next one, however many they are: so one
hot account is limited by what a core can decide, not by round trips. A lane decides on the record in memory;
the commit compares its version, so what another rater did meanwhile shows as a conflict and is decided again.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import partial

import structlog

from cgrates_py.answers import AnswerTooLongError
from cgrates_py.clock import Clock
from cgrates_py.counters import RaterCounters
from protocol.dispatch import Sink, Status
from protocol.errors import Code
from rater.account import Account
from rater.book import Book
from rater.charging import BY_NOW, Request, decide
from rater.charging import Answer as DomainAnswer
from rater.charging import Operation as Kind
from rater.refusal import Refusal
from storage.store import (
    AccountKey,
    AccountStore,
    Answer,
    Commit,
    Committed,
    Conflict,
    Entry,
    KnownAnswer,
    Outcome,
    Stored,
    StoreError,
    StoreUnavailableError,
)

_log = structlog.get_logger(__name__)

COMMIT_OPERATIONS_MAX = 512
"""Operations in one commit: more would save nothing, and a journal element has to stay small."""

TURN_S = 0.02
"""How long one lane, and all of them together, decide before everything else has its turn: a full commit of
usual operations takes half of that, one of calls of a year would take half a second."""

STORE_RETRY_S = 0.02
"""Pause before the next attempt when the store failed; it paces itself while it is down."""


_BY_TARIFF = frozenset(
    {Kind.DEBIT, Kind.DEBIT_SECONDS, Kind.ADD_RECIEVED_CALL_SECONDS, Kind.RESET_USER_BUDGET}
)
"""What comes out otherwise under another tariff."""


class Operation:
    """One request on its way through a lane.

    ``request_id`` is the caller's, or one that names the request when it is sent again (then ``digest`` is
    empty: what comes again under it is the same request). ``encode`` prints the domain's answer.
    """

    __slots__ = ("deadline", "digest", "encode", "request", "request_id", "sink", "token")

    def __init__(
        self,
        sink: Sink,
        token: object,
        request: Request,
        encode: Callable[[DomainAnswer, int], bytes],
        deadline: float,
    ) -> None:
        self.sink = sink
        self.token = token
        self.request = request
        self.encode = encode
        self.deadline = deadline
        self.request_id = ""
        self.digest = b""

    def answer(self, status: int, body: bytes) -> None:
        """Answer the caller."""
        self.sink.answer(self.token, status, body)

    def refuse(self, code: Code, sentence: str) -> None:
        """Answer with an error."""
        self.sink.answer(self.token, Status.REFUSED, f"{code}: {sentence}".encode())


_FAILED = f"{Code.INTERNAL}: the operation failed; the log has the details".encode()


@dataclass(frozen=True, slots=True)
class LaneSettings:
    """How long answers are kept for repeats, in seconds: of callers' own ids, and of ids of ours."""

    request_id_ttl_s: int
    retry_ttl_s: int


class Shop:
    """What all lanes of a rater share: the store, the tariff in force, the clock, the counters.

    Lanes take their turn after the rest of an event-loop turn: its operations are all in one batch. What
    takes longer than TURN_S goes on in the next one.
    """

    __slots__ = ("_loop", "_tasks", "_waking", "book", "clock", "counters", "settings", "store", "time")

    def __init__(
        self, store: AccountStore, book: Book, clock: Clock, counters: RaterCounters, settings: LaneSettings
    ) -> None:
        self.store = store
        self.book = book
        self.clock = clock
        self.counters = counters
        self.settings = settings
        self._loop = asyncio.get_running_loop()
        self.time: Callable[[], float] = self._loop.time
        self._waking: list[Lane] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def at_end_of_turn(self, lane: "Lane") -> None:
        """Have a lane take its turn when this event-loop turn is over."""
        if not self._waking:
            self._loop.call_soon(self._wake)
        self._waking.append(lane)

    def run(self, work: Coroutine[None, None, None]) -> None:
        """Run what has to wait, beside everything else."""
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _wake(self) -> None:
        waking, self._waking = self._waking, []
        until = self.time() + TURN_S
        for place, lane in enumerate(waking, 1):
            lane.take_turn()
            if place < len(waking) and self.time() > until:
                if not self._waking:
                    self._loop.call_soon(self._wake)
                self._waking[:0] = waking[place:]
                return


class _Batch:
    """The decisions of one commit: what to write, and what to answer once it is written.

    ``quotes`` need no commit: like those from memory, they are about the account as last seen.
    """

    __slots__ = ("account", "answers", "entries", "outcomes", "quotes", "seen")

    def __init__(self, account: Account) -> None:
        self.account = account
        self.entries: list[Entry] = []
        self.answers: list[Answer] = []
        self.outcomes: list[tuple[Operation, int, bytes]] = []
        self.quotes: list[tuple[Operation, int, bytes]] = []
        self.seen: dict[str, KnownAnswer] = {}


def pack_answer(status: int, body: bytes) -> bytes:
    """Pack an answer for the store: what a repeat of the request id will get, byte for byte."""
    return bytes((status,)) + body


class Lane:
    """The operations of one account. What can wait here is bounded by the in-flight limit of who listens.

    A lane is idle, or it waits for its turn, or one batch of it is under way at the store.
    """

    __slots__ = ("_changes", "_pending", "_shop", "gone", "idle", "key", "stored")

    def __init__(self, shop: Shop, key: AccountKey, stored: Stored) -> None:
        self.key = key
        self.stored: Stored | None = stored
        """The record as last seen; None when another may have changed it since."""
        self.gone = False
        """The account turned out not to exist any more; the lane is to be thrown away."""
        self.idle = True
        """Nothing waits here."""
        self._shop = shop
        self._changes = 0
        self._pending: list[Operation] = []

    def forget(self) -> None:
        """Note that another changed the account."""
        self.stored = None
        self._changes += 1

    def submit(self, operation: Operation) -> None:
        """Take an operation; it is answered exactly once."""
        self._pending.append(operation)
        if self.idle:
            self.idle = False
            self._shop.at_end_of_turn(self)

    def take_turn(self) -> None:
        """Send what waits to the store as one batch, or become idle."""
        batch = self._pending[:COMMIT_OPERATIONS_MAX]
        del self._pending[:COMMIT_OPERATIONS_MAX]
        # a rater that was stopped or busy for long must not try what its callers gave up
        if not self._attempt(self._in_time(batch, "the rater was stopped or busy for too long")):
            self._go_on([])

    def _attempt(self, batch: list[Operation]) -> bool:
        """Decide a batch and post it; tell whether anything is under way now."""
        if not batch:
            return False
        if self.stored is None:
            self._shop.run(self._refresh(batch))
            return True
        try:
            decided = self._decide(batch, self.stored)
            count = len(decided.outcomes) + len(decided.quotes)
            if count < len(batch):
                self._pending[:0] = batch[count:]
                batch = batch[:count]
            if decided.outcomes:
                account = None if decided.account is self.stored.account else decided.account
                commit = Commit(self.key, self.stored.version, account, decided.entries, decided.answers)
                sent = [operation for operation, _, _ in decided.outcomes] if decided.quotes else batch
                self._shop.store.post(commit, partial(self._finished, sent, decided, self._changes))
        except Exception:
            self._fail(batch)
            return False
        for operation, status, body in decided.quotes:
            operation.answer(status, body)
        return bool(decided.outcomes)

    def _finished(self, batch: list[Operation], decided: _Batch, changes: int, outcome: Outcome) -> None:
        try:
            rest = self._settle(batch, decided, changes, outcome)
        except Exception:
            self._fail(batch)
            rest = []
        if rest and isinstance(outcome, StoreError):
            self._shop.run(self._try_later(rest))
        elif not self._attempt(rest):
            self._go_on([])

    def _go_on(self, batch: list[Operation]) -> None:
        """Have a batch, and what came meanwhile, decided when it is this lane's turn."""
        if batch:
            self._pending[:0] = batch
        if self._pending:
            self._shop.at_end_of_turn(self)
        else:
            self.idle = True

    async def _try_later(self, batch: list[Operation]) -> None:
        """Give a store that refused a moment; what was sent may have happened: the same ids go again."""
        await asyncio.sleep(STORE_RETRY_S)
        self._go_on(self._in_time(batch, "the store refused"))

    def _settle(
        self, batch: list[Operation], decided: _Batch, changes: int, outcome: Outcome
    ) -> list[Operation]:
        """Answer a batch as its commit ended; return the operations that are to be decided again."""
        counters = self._shop.counters
        if isinstance(outcome, Committed):
            counters.commits += 1
            counters.committed_operations += len(batch)
            self._keep(Stored(outcome.version, decided.account), changes)
            for operation, status, body in decided.outcomes:
                operation.answer(status, body)
            return []
        if isinstance(outcome, Conflict):
            counters.conflicts += 1
            self._keep(outcome.stored, changes)
            rest = self._repeated(batch, outcome.answers)
            if outcome.stored is None:
                return self._absent(rest)
            return self._in_time(rest, "other raters kept changing the account")
        self.stored = None
        return self._refused_by_store(batch, outcome)

    async def _refresh(self, batch: list[Operation]) -> None:
        """Read the record, then decide the batch, in what time it has left."""
        changes = self._changes
        stored: Stored | None = None
        error: StoreError | None = None
        try:
            async with asyncio.timeout_at(min(operation.deadline for operation in batch)):
                stored = await self._shop.store.read(self.key)
        except StoreError as failure:
            error = failure
        except TimeoutError:
            error = StoreUnavailableError("no answer in time")
        except Exception:  # a fault of ours: nobody may wait here for ever
            self._fail(batch)
            self._go_on([])
            return
        if error is not None:
            # waited for in the except clause, errors would hang on one another for as long as a store is away
            await self._try_later(self._refused_by_store(batch, error))
            return
        self._keep(stored, changes)
        rest = self._in_time(batch, "the store answered late") if stored is not None else self._absent(batch)
        self._go_on(rest)

    def _refused_by_store(self, batch: list[Operation], error: StoreError) -> list[Operation]:
        """Keep what has time left, refuse the rest."""
        self._shop.counters.store_failures += 1
        if isinstance(error, StoreUnavailableError):
            return self._in_time(batch, str(error))
        _log.error("account cannot be read", account=self.key, reason=str(error))
        for operation in batch:
            operation.refuse(Code.INTERNAL, "the account's record cannot be read")
        return []

    def _fail(self, batch: list[Operation]) -> None:
        """Answer a batch that met a fault of ours."""
        _log.exception("lane failed", account=self.key)
        self.stored = None
        for operation in batch:
            operation.answer(Status.REFUSED, _FAILED)

    def _keep(self, stored: Stored | None, changes: int) -> None:
        """Remember a record, unless news came while it was under way: then the news may be newer."""
        self.stored = stored if changes == self._changes else None

    def _decide(self, batch: list[Operation], stored: Stored) -> _Batch:
        """Decide operations one after the other, each on what the one before left.

        For TURN_S at most, but at least one: the decisions may be fewer than the operations.
        """
        now_ns = self._shop.clock.now_ns()
        decided = _Batch(stored.account)
        until = self._shop.time() + TURN_S
        for operation in batch:
            if self._shop.time() > until and (decided.outcomes or decided.quotes):
                break
            if operation.request.operation is Kind.GET_COST:
                decided.quotes.append((operation, *self._quote(operation, stored, now_ns)))
                continue
            earlier = decided.seen.get(operation.request_id) if operation.request_id else None
            if earlier is not None:
                decided.outcomes.append((operation, *repeat(operation, earlier)))
                continue
            try:
                status, body = self._decide_one(operation, decided, stored.version, now_ns)
            except Exception:
                _log.exception("operation failed", account=self.key, operation=operation.request.operation)
                decided.outcomes.append((operation, int(Status.REFUSED), _FAILED))
                continue
            decided.outcomes.append((operation, status, body))
            if operation.request_id:
                self._remember(operation, decided, pack_answer(status, body))
        return decided

    def _quote(self, operation: Operation, stored: Stored, now_ns: int) -> tuple[int, bytes]:
        """Price a call for the account as last seen."""
        try:
            return self._decide_one(operation, _Batch(stored.account), stored.version, now_ns)
        except Exception:
            _log.exception("operation failed", account=self.key, operation=operation.request.operation)
            return int(Status.REFUSED), _FAILED

    def _decide_one(
        self, operation: Operation, decided: _Batch, version: int, now_ns: int
    ) -> tuple[int, bytes]:
        request = operation.request
        book = self._shop.book
        if book.later is not None:
            book = book.at(now_ns if request.operation in BY_NOW else request.call.start_ns)
        decision = decide(book, decided.account, request)
        if isinstance(decision.answer, Refusal):
            return int(Status.REFUSED), str(decision.answer).encode()
        changed = decision.account is not decided.account
        try:
            body = operation.encode(decision.answer, version + bool(decided.entries or changed))
        except AnswerTooLongError as error:
            return int(Status.REFUSED), error.body  # and nothing is charged
        if changed:
            call = request.call
            decided.entries.append(
                Entry(
                    now_ns,
                    request.operation.value,
                    operation.request_id,
                    request.amount,
                    decided.account,
                    decision.account,
                    call if call.number or call.end_ns else None,
                    book.version if request.operation in _BY_TARIFF else 0,
                )
            )
            decided.account = decision.account
        return int(Status.OK), body

    def _remember(self, operation: Operation, decided: _Batch, packed: bytes) -> None:
        """Have the answer stored with the change: a refusal too, or a request sent again after it was charged
        would be decided on what it left."""
        settings = self._shop.settings
        ttl_s = settings.request_id_ttl_s if operation.digest else settings.retry_ttl_s
        decided.answers.append(Answer(operation.request_id, operation.digest, packed, ttl_s))
        decided.seen[operation.request_id] = KnownAnswer(operation.digest, packed)

    def _repeated(self, batch: list[Operation], known: Mapping[str, KnownAnswer]) -> list[Operation]:
        """Answer the operations whose request ids are known; return the others."""
        if not known:
            return batch
        rest = []
        for operation in batch:
            earlier = known.get(operation.request_id) if operation.request_id else None
            if earlier is None:
                rest.append(operation)
            else:
                operation.answer(*repeat(operation, earlier))
        return rest

    def _absent(self, batch: list[Operation]) -> list[Operation]:
        self.gone = True
        for operation in batch:
            operation.refuse(Code.ACCOUNT_NOT_FOUND, f"no account of subject {self.key[1]!r}")
        return []

    def _in_time(self, batch: list[Operation], reason: str) -> list[Operation]:
        """Refuse what has waited too long; a later attempt could outlive the memory of its request id."""
        now = asyncio.get_running_loop().time()
        rest = []
        for operation in batch:
            if operation.deadline > now:
                rest.append(operation)
            else:
                operation.refuse(Code.STORE_UNAVAILABLE, reason)
        return rest


def repeat(operation: Operation, earlier: KnownAnswer) -> tuple[int, bytes]:
    """Give a repeated request its first answer, or refuse a request id used with other content."""
    if operation.digest != earlier.digest:
        sentence = f"RequestId {operation.request_id!r} was used before with other content"
        return int(Status.REFUSED), f"{Code.REQUEST_ID_REUSED}: {sentence}".encode()
    return earlier.body[0], earlier.body[1:]
