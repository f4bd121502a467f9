"""A lane serves one account: its operations in order, one store round trip at a time.

Operations that wait when a round trip ends go out together in the next one, however many they are: so one
hot account is limited by what a core can decide, not by round trips. A lane decides on the record in memory;
the commit compares its version, so what another rater did meanwhile shows as a conflict and is decided again.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from cgrates_py.clock import Clock
from cgrates_py.counters import RaterCounters
from protocol.dispatch import Sink, Status
from protocol.errors import Code
from rater.account import Account
from rater.book import Book
from rater.charging import Answer as DomainAnswer
from rater.charging import Request, decide
from rater.refusal import Refusal
from storage.store import (
    AccountKey,
    AccountStore,
    Answer,
    Commit,
    Committed,
    Entry,
    KnownAnswer,
    StoreCorruptError,
    Stored,
    StoreUnavailableError,
)

_log = structlog.get_logger(__name__)

COMMIT_OPERATIONS_MAX = 512
"""Operations in one commit: more would save nothing, and a journal element has to stay small."""


@dataclass(slots=True)
class Operation:
    """One request on its way through a lane.

    ``request_id`` is the caller's, or one that names the request when it is sent again (then ``digest`` is
    empty: what comes again under it is the same request). ``encode`` prints the domain's answer.
    """

    sink: Sink
    token: object
    request: Request
    encode: Callable[[DomainAnswer, int], bytes]
    deadline: float
    request_id: str = ""
    digest: bytes = b""

    def answer(self, status: int, body: bytes) -> None:
        """Answer the caller."""
        self.sink.answer(self.token, status, body)

    def refuse(self, code: Code, sentence: str) -> None:
        """Answer with an error."""
        self.sink.answer(self.token, Status.REFUSED, f"{code}: {sentence}".encode())


@dataclass(frozen=True, slots=True)
class LaneSettings:
    """How long answers are kept for repeats, in seconds: of callers' own ids, and of ids of ours."""

    request_id_ttl_s: int
    retry_ttl_s: int


class Shop:
    """What all lanes of a rater share: the store, the tariff in force, the clock, the counters."""

    __slots__ = ("book", "clock", "counters", "settings", "store")

    def __init__(
        self, store: AccountStore, book: Book, clock: Clock, counters: RaterCounters, settings: LaneSettings
    ) -> None:
        self.store = store
        self.book = book
        self.clock = clock
        self.counters = counters
        self.settings = settings


class _Batch:
    """The decisions of one commit: what to write, and what to answer once it is written."""

    __slots__ = ("account", "answers", "entries", "outcomes", "seen", "unchanged")

    def __init__(self, account: Account) -> None:
        self.account = account
        self.unchanged = account
        self.entries: list[Entry] = []
        self.answers: list[Answer] = []
        self.outcomes: list[tuple[Operation, int, bytes]] = []
        self.seen: dict[str, KnownAnswer] = {}


def pack_answer(status: int, body: bytes) -> bytes:
    """Pack an answer for the store: what a repeat of the request id will get, byte for byte."""
    return bytes((status,)) + body


class Lane:
    """The operations of one account. Bound: the balancer's in-flight limit bounds what can wait here."""

    __slots__ = ("_changes", "_pending", "_shop", "_task", "gone", "key", "stored")

    def __init__(self, shop: Shop, key: AccountKey, stored: Stored) -> None:
        self.key = key
        self.stored: Stored | None = stored
        """The record as last seen; None when another may have changed it since."""
        self.gone = False
        """The account turned out not to exist any more; the lane is to be thrown away."""
        self._shop = shop
        self._changes = 0
        self._pending: list[Operation] = []
        self._task: asyncio.Task[None] | None = None

    @property
    def idle(self) -> bool:
        """Tell whether nothing waits here."""
        return self._task is None

    def forget(self) -> None:
        """Note that another changed the account."""
        self.stored = None
        self._changes += 1

    def submit(self, operation: Operation) -> None:
        """Take an operation; it is answered exactly once."""
        self._pending.append(operation)
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    async def _run(self) -> None:
        # the task starts after the rest of this event-loop turn, so all of the turn's operations are here
        batch: list[Operation] = []
        try:
            while self._pending:
                batch, self._pending = (
                    self._pending[:COMMIT_OPERATIONS_MAX],
                    self._pending[COMMIT_OPERATIONS_MAX:],
                )
                # a rater that was stopped for long must not try what its callers gave up
                batch = self._in_time(batch, "the rater was stopped for too long")
                while batch:
                    batch = await self._round(batch)
        except Exception:
            _log.exception("lane failed", account=self.key)
            for operation in (*batch, *self._pending):
                operation.refuse(Code.INTERNAL, "the operation failed; the log has the details")
            self._pending.clear()
            self.stored = None
        finally:
            self._task = None

    async def _round(self, batch: list[Operation]) -> list[Operation]:
        """Decide and commit a batch; return the operations that are to be decided again."""
        changes = self._changes
        try:
            stored = self.stored or await self._shop.store.read(self.key)
            if stored is None:
                return self._absent(batch)
            decided = self._decide(batch, stored)
            result = await self._shop.store.commit(
                Commit(
                    self.key,
                    stored.version,
                    None if decided.account is decided.unchanged else decided.account,
                    decided.entries,
                    decided.answers,
                )
            )
        except StoreUnavailableError as error:
            self.stored = None
            return await self._later(batch, str(error))
        except StoreCorruptError as error:
            self.stored = None
            _log.error("account cannot be read", account=self.key, reason=str(error))
            for operation in batch:
                operation.refuse(Code.INTERNAL, "the account's record cannot be read")
            return []
        counters = self._shop.counters
        if isinstance(result, Committed):
            counters.commits += 1
            counters.committed_operations += len(batch)
            self._keep(Stored(result.version, decided.account), changes)
            for operation, status, body in decided.outcomes:
                operation.answer(status, body)
            return []
        counters.conflicts += 1
        self._keep(result.stored, changes)
        rest = self._repeated(batch, result.answers)
        if result.stored is None:
            return self._absent(rest)
        return self._in_time(rest, "other raters kept changing the account")

    def _keep(self, stored: Stored | None, changes: int) -> None:
        """Remember a record, unless news came while it was under way: then the news may be newer."""
        self.stored = stored if changes == self._changes else None

    def _decide(self, batch: list[Operation], stored: Stored) -> _Batch:
        """Decide operations one after the other, each on what the one before left."""
        book, settings = self._shop.book, self._shop.settings
        now_ns = self._shop.clock.now_ns()
        decided = _Batch(stored.account)
        for operation in batch:
            request = operation.request
            if operation.request_id and (earlier := decided.seen.get(operation.request_id)) is not None:
                status, body = repeat(operation, earlier)
                decided.outcomes.append((operation, status, body))
                continue
            decision = decide(book, decided.account, request)
            if isinstance(decision.answer, Refusal):
                status, body = int(Status.REFUSED), str(decision.answer).encode()
            else:
                status, body = (
                    int(Status.OK),
                    operation.encode(decision.answer, stored.version + bool(decided.entries)),
                )
            decided.outcomes.append((operation, status, body))
            changed = decision.account is not decided.account
            if changed:
                decided.entries.append(
                    Entry(
                        now_ns,
                        request.operation.value,
                        operation.request_id,
                        request.amount,
                        decided.account,
                        decision.account,
                    )
                )
                decided.account = decision.account
            if operation.digest or changed:
                packed = pack_answer(status, body)
                ttl_s = settings.request_id_ttl_s if operation.digest else settings.retry_ttl_s
                decided.answers.append(Answer(operation.request_id, operation.digest, packed, ttl_s))
                decided.seen[operation.request_id] = KnownAnswer(operation.digest, packed)
        return decided

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

    async def _later(self, batch: list[Operation], reason: str) -> list[Operation]:
        """Wait for the store: what was sent may have happened, so the same ids go out again."""
        self._shop.counters.store_failures += 1
        await asyncio.sleep(_STORE_RETRY_S)
        return self._in_time(batch, reason)

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


_STORE_RETRY_S = 0.02
"""Pause before the next attempt when the store failed; it paces itself while it is down."""


def repeat(operation: Operation, earlier: KnownAnswer) -> tuple[int, bytes]:
    """Give a repeated request its first answer, or refuse a request id used with other content."""
    if operation.digest != earlier.digest:
        sentence = f"RequestId {operation.request_id!r} was used before with other content"
        return int(Status.REFUSED), f"{Code.REQUEST_ID_REUSED}: {sentence}".encode()
    return earlier.body[0], earlier.body[1:]
