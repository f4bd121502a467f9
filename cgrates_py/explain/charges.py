"""A stored charge: the line of an account's journal, and the account before and after it."""

from collections.abc import AsyncIterator
from typing import NamedTuple, Protocol

from cgrates_py.explain.asked import Source
from protocol.errors import Code
from rater.account import Account
from rater.charging import Operation, Request
from rater.rating import Call
from storage.journal import JournalLine, Step
from storage.store import AccountKey, Stored

_PRICED = {Operation.DEBIT.value: Operation.DEBIT, Operation.DEBIT_SECONDS.value: Operation.DEBIT_SECONDS}
"""Methods whose charge a tariff decides."""


class ChargeError(Exception):
    """The charge cannot be explained; ``code`` and the text tell why."""

    def __init__(self, code: Code, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")


class Journals(Protocol):
    """A store that tells accounts and their journals. Calls raise StoreError."""

    async def read(self, key: AccountKey) -> Stored | None:
        """Read an account; None if there is none."""

    async def journal(self, key: AccountKey, start: int = 0, stop: int = -1) -> list[JournalLine]:
        """Read lines of an account's journal: commits ``start`` to ``stop``, both included."""

    def steps(self, key: AccountKey) -> AsyncIterator[Step]:
        """Follow an account from its beginning."""


class StoredCharge(NamedTuple):
    """What was taken when, on which request, and by which version of the tariff (0: it is not known)."""

    source: Source
    line: JournalLine
    request: Request
    before: Account
    after: Account


async def find_charge(journals: Journals | None, customer: str, subject: str, source: Source) -> StoredCharge:
    """Find a charge of the account that serves a subject. Raises ChargeError, StoreError."""
    key = await _key(journals, customer, subject)
    if journals is None or key is None:
        raise ChargeError(Code.ACCOUNT_NOT_FOUND, f"no account of subject {subject!r}")
    lines = await journals.journal(key, source.version - 1, source.version - 1)
    place = _place(lines, source)
    line = lines[place]
    operation = _PRICED.get(line.method)
    if operation is None:
        raise ChargeError(Code.INVALID_PARAMS, f"Source: {source} is {line.method}, which no tariff prices")
    called = line.call
    if called is None:
        sentence = f"Source: {source} was made by a version of the server that did not note the call"
        raise ChargeError(Code.INVALID_PARAMS, sentence)
    call = Call(customer, subject, *called)
    before, after = await _around(journals, key, source.version, place)
    return StoredCharge(source, line, Request(operation, call, line.amount), before, after)


async def _key(journals: Journals | None, customer: str, subject: str) -> AccountKey | None:
    """Tell which account serves a subject: the customer's, else the one of all customers."""
    if journals is not None:
        for key in ((customer, subject), ("", subject)):
            if await journals.read(key) is not None:
                return key
    return None


def _place(lines: list[JournalLine], source: Source) -> int:
    priced = [place for place, line in enumerate(lines) if line.method in _PRICED]
    if source.line is not None and source.line < len(lines):
        return source.line
    if not lines or source.line is not None:
        raise ChargeError(Code.INVALID_PARAMS, f"Source: the account has no change {source}")
    if len(priced) > 1:
        which = ", ".join(f"calls:{source.version}.{place}" for place in priced[:10])
        raise ChargeError(Code.INVALID_PARAMS, f"Source: {source} has {len(priced)} charges: ask for {which}")
    return priced[0] if priced else 0


async def _around(journals: Journals, key: AccountKey, version: int, place: int) -> tuple[Account, Account]:
    """Follow the journal to a line, and tell the account before and after it."""
    before = Account(*key)
    passed = 0
    async for step in journals.steps(key):
        if step.version == version:
            if passed == place:
                return before, step.account
            passed += 1
        before = step.account
    raise ChargeError(Code.INVALID_PARAMS, f"Source: the journal ends before version {version}")
