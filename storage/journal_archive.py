"""Moves old elements of journals from the store to its archive, and proves them on the way.

A file for many accounts is written and synced first. Then each account's part is done in one step: the store
compares what of the journal was archived before and which element is the last to move, names the part of the
file, keeps the account as that element left it, and trims the list. So whoever stops anywhere loses nothing,
and of two who do the same one wins. What stays behind of the other, or of one that died, is a file or a part
of one that the store does not name: it is a copy, and nobody reads it.

The newest element always stays. So does a beginning of fewer than ``LEAST`` old elements: each part costs
the store a name, a hundredth of what it moves.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, NamedTuple

import structlog

from rater.instant import DAY
from storage import keys
from storage.journal import Replay, lines
from storage.journal_files import JournalFiles, JournalWriter, Segment
from storage.library import ARCHIVE_JOURNAL
from storage.link import pack
from storage.records import HEAD_BYTES, version_of
from storage.store import AccountKey, StoreCorruptError, StoreError, StoreUnavailableError
from storage.valkey_journals import ValkeyJournals

LEAST = 64
"""Old elements that an account must have before any of them move."""
SEGMENT_ELEMENTS = 4_000
"""Elements of an account that move in one step: the store trims them in less than a millisecond."""
SEGMENT_BYTES = 4 << 20
"""Likewise bytes, which are in memory at once."""
FILE_BYTES = 32 << 20
"""Elements of one file; what is made of them is in memory until it is written, a third as long."""
CANDIDATES = 2_000
"""Accounts of one file: what is kept of each meanwhile is its record."""
_PAGE_ELEMENTS = 80
"""Elements followed or written between two looks at what else there is to do: below a millisecond."""
_ASKED_AT_ONCE = 100
"""Accounts looked at in one round trip: the store answers it in some 0.5 ms."""

_log = structlog.get_logger(__name__)


class Moved(NamedTuple):
    """What an archiving run came to."""

    parts: int = 0
    """Parts of journals; a long journal may have several."""
    elements: int = 0
    skipped: int = 0
    """Accounts whose journals do not prove what would move, and therefore stay."""


class _Part(NamedTuple):
    """What of an account is to move."""

    key: AccountKey
    before: bytes
    """The head of the record that is kept of what was archived before; empty: nothing was."""
    after: bytes
    """The record to keep: the account as the last element that moves left it."""
    elements: list[bytes]
    more: bool
    """There may be more that is old."""


class _Named(NamedTuple):
    part: _Part
    segment: Segment
    moving: int
    last: bytes


async def _go_on() -> bool:
    return True


class JournalArchive(ValkeyJournals):
    """Archives journals of a store. Calls raise StoreError, and OSError if a file cannot be written."""

    async def _call(self, name: bytes, packed: bytes) -> Any:
        """Run one packed command on the fast link."""
        raise NotImplementedError

    async def archive_journals(
        self, first_day: int, pause_s: float = 0.0, may_go_on: Callable[[], Awaitable[bool]] = _go_on
    ) -> Moved:
        """Move what is older than ``first_day`` (since 1970-01-01, UTC) of all accounts; tell how much moved.

        An element is as old as its last entry, or as one soon after it that is older. ``may_go_on`` is asked
        before every step, after which there is a pause.
        """
        files = self._journal_files
        if files is None:
            raise StoreUnavailableError("old changes are moved to an archive, and no place is told")
        moved = Moved()
        candidates = list[AccountKey]()
        async for page in self._old(first_day * DAY):
            candidates += page
            if len(candidates) >= CANDIDATES:
                moved = await self._move(files, candidates, first_day, moved, may_go_on)
                candidates = []
            if not await may_go_on():
                return moved
            await asyncio.sleep(pause_s)
        return await self._move(files, candidates, first_day, moved, may_go_on)

    async def _old(self, before_ns: int) -> AsyncIterator[list[AccountKey]]:
        """Go through the accounts with enough old elements, by pages, some empty; one may come twice."""
        async for page in self._cold.scan(keys.JOURNAL_PREFIX + b"*"):
            for start in range(0, len(page) or 1, _ASKED_AT_ONCE):
                names = page[start : start + _ASKED_AT_ONCE]
                commands = [(name, ("LRANGE", name, LEAST - 1, LEAST)) for name in names]
                found = []
                for name, reply in zip(names, await self._cold.calls(commands), strict=True):
                    if isinstance(reply, StoreUnavailableError):
                        raise reply
                    key = keys.trace_of(name)
                    if key is None or isinstance(reply, StoreError) or len(reply) < 2:
                        continue
                    if any(_is_old(each, before_ns) for each in reply):
                        found.append(key)
                yield found

    async def _move(
        self,
        files: JournalFiles,
        candidates: Sequence[AccountKey],
        first_day: int,
        moved: Moved,
        may_go_on: Callable[[], Awaitable[bool]],
    ) -> Moved:
        """Move what is old of these accounts, in as many files as it takes."""
        waiting = deque(sorted(set(candidates)))
        while waiting and await may_go_on():
            parts, skipped = await self._write(files, waiting, first_day)
            named = [each for each in parts if await self._name(each)]
            if parts and not named:  # another was faster, everywhere
                await asyncio.to_thread(files.remove, parts[0].segment.file)
            elements = sum(each.moving for each in named)
            moved = Moved(moved.parts + len(named), moved.elements + elements, moved.skipped + skipped)
        return moved

    async def _write(
        self, files: JournalFiles, waiting: deque[AccountKey], first_day: int
    ) -> tuple[list[_Named], int]:
        """Write a file of what is old of accounts that wait; tell its parts, and how many were skipped.

        A long journal has several parts, one after the other; what a file has no room for waits for the next.
        """
        written, skipped, size = list[_Named](), 0, 0
        writer: JournalWriter | None = None
        while waiting and size < FILE_BYTES:
            key = waiting.popleft()
            former = written[-1].part.after if written and written[-1].part.key == key else None
            try:
                part = await self._provable(key, first_day * DAY, former)
            except StoreCorruptError as error:
                _log.warning("old changes stay in the store", account="/".join(key), reason=str(error))
                skipped += 1
                continue
            if part is None:
                continue
            if writer is None:
                writer = await asyncio.to_thread(JournalWriter, first_day)
            segment = await _added(writer, part)
            written.append(_Named(part._replace(elements=[]), segment, len(part.elements), part.elements[-1]))
            size += sum(map(len, part.elements))
            if part.more:
                waiting.appendleft(key)
        if writer is not None:
            content = await asyncio.to_thread(writer.finish)
            await asyncio.to_thread(files.put, writer.file, content)
        return written, skipped

    async def _provable(self, key: AccountKey, before_ns: int, former: bytes | None) -> _Part | None:
        """Read what is old of an account and can move.

        It is followed from what the part before it in the same file leads to, or what was archived before.
        """
        (snapshot,) = await self.snapshots([key])
        if isinstance(snapshot, StoreCorruptError):
            raise snapshot
        proven = former or snapshot.proven
        replay = Replay(key, proven)
        upto = min(snapshot.elements - 1, replay.version + SEGMENT_ELEMENTS)
        elements, size, more = list[bytes](), 0, True
        while more and replay.version < upto and size < SEGMENT_BYTES:
            wanted = (key, replay.version, min(replay.version + _PAGE_ELEMENTS, upto))
            (page,) = await self.elements(wanted)
            old = _followed(replay, page, before_ns)
            elements += old
            size += sum(map(len, old))
            more = bool(old) and len(old) == len(page)
        if len(elements) < LEAST:
            return None
        return _Part(key, (proven or b"")[:HEAD_BYTES], replay.record(), elements, more)

    async def _name(self, named: _Named) -> bool:
        """Name a part of a file in the store and trim the list; tell whether all was as it has to be."""
        part, segment, moving, last = named
        journal, archived = keys.of_account(part.key).journal, keys.archived_journal(part.key)
        words = (part.before, part.after, moving, last, segment.first, segment.value())
        packed = pack("FCALL", ARCHIVE_JOURNAL, 2, journal, archived, *words)
        return bool(await self._call(journal, packed))


async def _added(writer: JournalWriter, part: _Part) -> Segment:
    """Write what moves of an account to a file; tell where."""
    row, last = writer.rows, version_of(part.after)
    first = last - len(part.elements) + 1
    for start in range(0, len(part.elements), _PAGE_ELEMENTS):
        writer.add(part.key, first + start, part.elements[start : start + _PAGE_ELEMENTS])
        if writer.full:
            await asyncio.to_thread(writer.write_group)
        await asyncio.sleep(0)
    return Segment(first, last, row, writer.file)


def _followed(replay: Replay, page: Sequence[bytes], before_ns: int) -> list[bytes]:
    """Follow the elements of a page up to the last that is old.

    One before it that is not was written while a clock went wrong: else it would keep all behind it in the
    store until its time has come.
    """
    places = range(len(page), 0, -1)
    upto = next((place for place in places if _is_old(page[place - 1], before_ns)), 0)
    old = list(page[:upto])
    replay.follow(old)
    return old


def _is_old(element: bytes, before_ns: int) -> bool:
    """Tell whether the last entry of an element is of before an instant; an unreadable element is not."""
    at_ns = before_ns
    try:
        for line in lines([element], 2):
            at_ns = line.at_ns
    except StoreCorruptError:
        return False
    return at_ns < before_ns
