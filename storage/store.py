"""What a store promises, whichever one it is: read an account, commit a decision, all or nothing.

A commit compares the version it was decided on, and the request ids, in one atomic step with the write.
That is what makes a debit happen once and a stale rater harmless. The values are msgspec structs: a debit
makes five of them, each in a tenth of a microsecond where a frozen dataclass takes one.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import msgspec

from rater.account import Account
from rater.rating import Call
from rater.tariff import Tariff

AccountKey = tuple[str, str]
"""(customer, subject); an empty customer is the account that serves every customer."""


class StoreError(Exception):
    """Root of what a store raises. Never raised itself."""


class StoreUnavailableError(StoreError):
    """The store did not answer. What was asked may or may not have happened: ask again the same."""


class StoreCorruptError(StoreError):
    """A record cannot be read: another version's, or damaged. Our fault or the disk's."""


class Stored(msgspec.Struct, frozen=True):
    """An account as the store has it. Its version grows by one with every commit that changes it."""

    version: int
    account: Account


class Entry(msgspec.Struct, frozen=True):
    """One line of an account's journal: who changed what when, for which call and by which tariff."""

    at_ns: int
    method: str
    request_id: str
    amount: int
    before: Account
    after: Account
    call: Call | None = None
    """The call that was asked about, whose account this is (None: there was none)."""
    tariff_version: int = 0
    """The tariff that it was decided by; 0: by none, or by one without a version."""


class Answer(msgspec.Struct, frozen=True):
    """The answer to one request id, kept ``ttl_s`` seconds. ``digest`` tells its content."""

    request_id: str
    digest: bytes
    body: bytes
    ttl_s: int


class KnownAnswer(msgspec.Struct, frozen=True):
    """An answer that an earlier commit stored."""

    digest: bytes
    body: bytes


class Commit(msgspec.Struct, frozen=True):
    """What to do in one atomic step if the account still has ``version`` (0: does not exist).

    ``account`` None leaves the account as it is: with no answers either, this only checks the version.
    """

    key: AccountKey
    version: int
    account: Account | None = None
    entries: Sequence[Entry] = ()
    answers: Sequence[Answer] = ()


class Committed(msgspec.Struct, frozen=True):
    """Done and on disk."""

    version: int


class Conflict(msgspec.Struct, frozen=True):
    """Nothing was done: the version differs, or some request ids are known (then ``answers`` has them)."""

    stored: Stored | None
    answers: Mapping[str, KnownAnswer] = msgspec.field(default_factory=dict)


def check_commit(commit: Commit) -> None:
    """Refuse a commit that contradicts itself. Raises ValueError."""
    answers = commit.answers
    if commit.account is None and commit.entries:
        raise ValueError("journal entries without an account")
    if len(answers) > 1 and len({each.request_id for each in answers}) < len(answers):
        raise ValueError("one request id twice in a commit")
    for each in answers:
        if each.ttl_s < 1:  # the store would refuse it half-way
            raise ValueError("an answer must be kept at least a second")


Outcome = Committed | Conflict | StoreError
"""How a posted commit ended; a StoreError is one that ``commit`` would have raised."""


async def report(committing: Awaitable[Committed | Conflict], done: Callable[[Outcome], None]) -> None:
    """Await a commit and hand over how it ended."""
    outcome: Outcome
    try:
        outcome = await committing
    except StoreError as error:
        outcome = error
    except Exception as error:
        outcome = StoreCorruptError(f"the commit failed: {error}")
        done(outcome)
        raise
    done(outcome)


class AccountStore(Protocol):
    """The accounts. Calls of one event-loop turn share one round trip to the store."""

    async def read(self, key: AccountKey) -> Stored | None:
        """Read an account; None if there is none. Later changes by others reach ``on_change``."""

    async def commit(self, commit: Commit) -> Committed | Conflict:
        """Do all of the commit or nothing of it; durable when it returns Committed.

        Raises StoreUnavailableError when the outcome is unknown; the same commit may then be sent again.
        """

    def post(self, commit: Commit, done: Callable[[Outcome], None]) -> None:
        """Commit without waiting: ``done`` gets the outcome, or what ``commit`` would raise.

        It is called once, later in this loop. Raises ValueError for a commit that contradicts itself.
        """

    def on_change(self, listener: Callable[[AccountKey | None], None]) -> None:
        """Call ``listener`` with every key this connection read that another changed (None: any may have)."""


class TariffStore(Protocol):
    """The tariff: immutable snapshots, one of them current."""

    async def read_tariff(self) -> tuple[int, Tariff]:
        """Read the current snapshot and its version (0 and an empty tariff when nothing was loaded)."""

    async def publish_tariff(self, tariff: Tariff, expected_version: int) -> int | None:
        """Make ``tariff`` the next version; None if ``expected_version`` is no longer the current one."""

    def on_tariff(self, listener: Callable[[], None]) -> None:
        """Call ``listener`` whenever another version became current."""
