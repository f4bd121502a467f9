"""An account's journal: one element per commit, chained by hashes from the first to the current record.

An element is the hash of the element before it (16 bytes), then msgpack ``[format, opening, entries]``.
``opening`` is the account before the entries, where the element before does not already tell: in the first
element, and in one without entries (then it is the account after). Each entry is ``[at_ns, method,
request_id, amount, changes]`` (``storage.changes``); where there was a call or a tariff, two more tell them:
``[category, number, start_ns, end_ns, offset_ns]`` or null, and the version of the tariff. An element's own
hash stands in the account record and in the next element, so one that was changed, moved or lost shows.
"""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from rater.account import Account
from storage.changes import Change, Written, changes_between, opened, read_changes, redone, spelt_out
from storage.difference import differences
from storage.records import (
    CHAIN_BYTES,
    FORMAT,
    NO_CHAIN,
    decode_account,
    decode_record,
    encode_account,
    head,
    split_head,
)
from storage.store import AccountKey, Entry, StoreCorruptError, Stored

OPENING = "opening"
"""The method of a journal line that only tells what an account held when it was made."""

_Time = int | str
"""Nanoseconds since the epoch; beyond 64 bits, after the year 2262, as text."""

_Line = (
    tuple[int, str, str, int, list[Written]]
    | tuple[int, str, str, int, list[Written], tuple[str, str, _Time, _Time, int] | None, int]
)
"""A line as it is written."""


class _Entry(msgspec.Struct, array_like=True, frozen=True):
    at_ns: int
    method: str
    request_id: str
    amount: int
    changes: list[Written]
    call: tuple[str, str, _Time, _Time, int] | None = None
    tariff_version: int = 0


class _Element(msgspec.Struct, array_like=True, frozen=True):
    format: int
    opening: bytes | None
    entries: list[_Entry]


_encode = msgspec.msgpack.Encoder().encode
_decode_element = msgspec.msgpack.Decoder(_Element).decode


class Called(NamedTuple):
    """A call as a journal tells it: ``[start_ns, end_ns)``, both 0 where no time was asked about."""

    category: str
    number: str
    start_ns: int
    end_ns: int
    offset_ns: int


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One line of an account's history: ``version`` is the one that the line's commit made.

    An account created without a line of its own has one with method ``opening`` and no time.
    """

    version: int
    at_ns: int
    method: str
    request_id: str
    amount: int
    changes: tuple[Change, ...]
    call: Called | None = None
    """The call that was asked about; None: there was none, or the line is of a version that did not tell."""
    tariff_version: int = 0
    """The tariff that it was decided by; 0: by none, or it is not known."""


def encode_element(chain: bytes, version: int, account: Account, entries: Sequence[Entry]) -> bytes:
    """Write the element of the commit that turned ``version`` into ``account``.

    Raises ValueError for an amount beyond 64 bits.
    """
    opening = None
    if not entries:
        opening = encode_account(account)
    elif not version:
        opening = encode_account(entries[0].before)
    try:
        return chain + _encode_lines(opening, [_line(each) for each in entries])
    except OverflowError as error:
        raise ValueError(f"journal of {account.customer}/{account.subject}: {error}") from None


def _line(entry: Entry) -> _Line:
    changes = changes_between(entry.before, entry.after)
    call, version = entry.call, entry.tariff_version
    if call is None:
        if not version:
            return (entry.at_ns, entry.method, entry.request_id, entry.amount, changes)
        return (entry.at_ns, entry.method, entry.request_id, entry.amount, changes, None, version)
    return (entry.at_ns, entry.method, entry.request_id, entry.amount, changes, call[2:], version)


def _encode_lines(opening: bytes | None, lines: list[_Line]) -> bytes:
    try:
        return _encode((FORMAT, opening, lines))
    except OverflowError:  # perhaps only of what may be beyond 64 bits: counters, times of calls
        return _encode((FORMAT, opening, [_line_spelt_out(*line) for line in lines]))


def _line_spelt_out(
    at_ns: int,
    method: str,
    request_id: str,
    amount: int,
    changes: list[Written],
    call: tuple[str, str, _Time, _Time, int] | None = None,
    version: int = 0,
) -> _Line:
    if call is not None:
        category, number, start, end, offset_ns = call
        call = (category, number, str(start), str(end), offset_ns)
    return (at_ns, method, request_id, amount, [*map(spelt_out, changes)], call, version)


def chain_of(element: bytes) -> bytes:
    """Hash an element, which holds the hash of the one before it."""
    return blake2b(element, digest_size=CHAIN_BYTES).digest()


def lines(elements: Iterable[bytes], first_version: int = 1) -> Iterator[JournalLine]:
    """Read journal elements in order, the first of which made ``first_version``.

    Raises StoreCorruptError at the first element that does not follow from the one before.
    """
    for version, _, element in _linked(elements, first_version, NO_CHAIN if first_version == 1 else None):
        if element.opening is not None and not element.entries:
            yield JournalLine(version, 0, OPENING, "", 0, opened(decode_account(element.opening)))
        for each in element.entries:
            yield _read_line(version, each)


class Step(NamedTuple):
    """An account as one entry of its journal left it; an opening without entries has no time (0)."""

    version: int
    at_ns: int
    method: str
    request_id: str
    account: Account


class Replay:
    """An account followed along its journal: from the first element on, or from a record that is proven.

    Elements come in order, in pages of any size; what is kept does not grow with them. Whatever does not
    follow from what came before raises StoreCorruptError with the first difference.
    """

    __slots__ = ("account", "chain", "entries", "key", "version")

    def __init__(self, key: AccountKey, proven: bytes | None = None) -> None:
        self.key = key
        self.version, self.chain = split_head(proven) if proven else (0, NO_CHAIN)
        self.account: Account | None = decode_record(proven).account if proven else None
        """The account after the elements so far; None before the first."""
        self.entries = 0
        """Entries followed."""

    def follow(self, elements: Iterable[bytes]) -> None:
        """Follow the elements that come next."""
        for _ in self.steps(elements):
            pass

    def steps(self, elements: Iterable[bytes]) -> Iterator[Step]:
        """Follow the elements that come next, and tell what each entry made of the account."""
        for made, chain, element in _linked(elements, self.version + 1, self.chain):
            account = self.account
            if element.opening is not None:
                account = decode_account(element.opening)
                if (account.customer, account.subject) != self.key:
                    raise StoreCorruptError(f"the journal is that of {account.customer}/{account.subject}")
                if element.entries and self.account not in (None, account):
                    raise StoreCorruptError(f"version {made}: the journal opens anew with another account")
            if account is None:
                raise StoreCorruptError("the journal's first element does not tell what it started from")
            if not element.entries:
                yield Step(made, 0, OPENING, "", account)
            for each in element.entries:
                account = redone(account, each.changes, made)
                self.entries += 1
                yield Step(made, each.at_ns, each.method, each.request_id, account)
            self.version, self.account, self.chain = made, account, chain

    def agree(self, record: bytes) -> Stored:
        """Compare what the journal leads to with the record of the same version."""
        version, chain = split_head(record)
        if version != self.version:
            raise StoreCorruptError(f"record of version {version} with {self.version} journal elements")
        stored = decode_record(record)
        if stored.account != self.account:
            raise StoreCorruptError(differences(self.account, stored.account))
        if self.chain != chain:
            raise StoreCorruptError("the journal's last element is not the one that the record names")
        return stored

    def record(self) -> bytes:
        """Write the record that belongs to the journal so far: what a later replay can begin with."""
        if self.account is None:
            raise ValueError("nothing was followed yet")
        return head(self.version, self.chain) + encode_account(self.account)


async def state_at(steps: AsyncIterator[Step], at_ns: int) -> tuple[Step | None, Step | None]:
    """Tell an account's first step, and the one that it stood at at an instant (None: before the first).

    That is the last one, in the order of the journal, whose time is ``at_ns`` or earlier: a clock that was
    set back cannot undo what came before it in the journal. An opening has no time and was always there.
    """
    first = found = None
    async for step in steps:
        first = first or step
        if step.at_ns <= at_ns:
            found = step
    return first, found


def verify(key: AccountKey, record: bytes, elements: Sequence[bytes]) -> Stored:
    """Prove an account record from its whole journal: hash by hash and change by change.

    Raises StoreCorruptError with the first difference.
    """
    version, _ = split_head(record)
    if len(elements) != version:
        raise StoreCorruptError(f"record of version {version} with {len(elements)} journal elements")
    replay = Replay(key)
    replay.follow(elements)
    return replay.agree(record)


def _linked(
    elements: Iterable[bytes], first_version: int, chain: bytes | None
) -> Iterator[tuple[int, bytes, _Element]]:
    """Read elements that follow on each other, the first on ``chain`` (None: unknown); tell their hashes."""
    for version, element in enumerate(elements, first_version):
        if chain is not None and element[:CHAIN_BYTES] != chain:
            raise StoreCorruptError(f"the journal is broken before version {version}")
        chain = chain_of(element)
        yield version, chain, _read_element(element, version)


def _read_line(version: int, entry: _Entry) -> JournalLine:
    call = None
    if entry.call is not None:
        category, number, start, end, offset_ns = entry.call
        try:
            call = Called(category, number, int(start), int(end), offset_ns)
        except ValueError:
            raise StoreCorruptError(f"version {version}: the times of a call are no numbers") from None
    return JournalLine(
        version,
        entry.at_ns,
        entry.method,
        entry.request_id,
        entry.amount,
        read_changes(entry.changes),
        call,
        entry.tariff_version,
    )


def _read_element(element: bytes, version: int) -> _Element:
    try:
        decoded = _decode_element(memoryview(element)[CHAIN_BYTES:])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise StoreCorruptError(f"journal element of version {version}: {error}") from None
    if decoded.format != FORMAT:
        raise StoreCorruptError(f"journal element of format {decoded.format}, expected {FORMAT}")
    return decoded
