"""Reads journals on a Valkey or Redis server, of which the first elements may be in the archive.

Whoever asks names versions, and gets the same wherever they are. A page is one step in the server, so what is
archived meanwhile is neither missed nor told twice.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, NamedTuple

from storage import keys
from storage.archive_files import Location, NoFileError
from storage.cold import Cold, Command
from storage.journal import JournalLine, lines
from storage.journal_files import JournalFiles, Segment, segment_of
from storage.proof import Snapshot
from storage.store import AccountKey, StoreCorruptError, StoreError, StoreUnavailableError

PAGE_ELEMENTS = 500
"""Journal elements read at once: some 60 KB, and 15 MB if each of them is as long as a commit may be."""
PROVEN = b"proven"
"""The field of an archived journal that has the account's record as its last element left it."""

_ARCHIVED = """\
local proven = redis.call('HGET', KEYS[2], 'proven')
local archived = proven and #proven > 8 and struct.unpack('>I8', proven, 2) or 0
local length = archived + redis.call('LLEN', KEYS[1])
"""
_SNAPSHOT = f"""{_ARCHIVED}
return {{redis.call('GET', KEYS[3]), length, redis.call('LINDEX', KEYS[1], -1), proven}}"""
"""One step, so that record and journal belong together. By EVAL_RO a read-only replica runs it, too."""
_READ = f"""{_ARCHIVED}
local first, last = tonumber(ARGV[1]), tonumber(ARGV[2])
if first < 0 then first = math.max(length + first, 0) end
if last < 0 then last = length + last end
last = math.min(last, length - 1)
local found, segments = {{}}, {{}}
if last >= math.max(first, archived) then
  found = redis.call('LRANGE', KEYS[1], math.max(first - archived, 0), last - archived)
end
if first < math.min(archived, last + 1) then segments = redis.call('HGETALL', KEYS[2]) end
return {{first, math.min(last + 1, archived), segments, found}}"""
"""Elements by their places, below zero from the end: which of them are archived and where, and the others."""


class _Page(NamedTuple):
    first: int
    """The first place asked for."""
    archived: int
    """The place before which what was asked for is in the archive."""
    segments: list[bytes]
    found: list[bytes]


class ValkeyJournals:
    """Journals of a store. Calls raise StoreError."""

    def __init__(self, cold: Cold, archive: Location | None = None) -> None:
        self._cold = cold
        self._journal_files = None if archive is None else JournalFiles(archive)

    async def snapshots(self, accounts: Sequence[AccountKey]) -> list[Snapshot | StoreCorruptError]:
        """Read each account's record and the end of its journal, each pair as of one instant."""
        commands = []
        for key in accounts:
            name, journal = keys.of_account(key)[:2]
            words = (journal, keys.archived_journal(key), name)
            commands.append((journal, ("EVAL_RO", _SNAPSHOT, 3, *words)))
        replies = await self._cold.calls(commands)
        for reply in replies:
            if isinstance(reply, StoreUnavailableError):
                raise reply
        return [each if isinstance(each, StoreCorruptError) else Snapshot(*each) for each in replies]

    async def journal(self, key: AccountKey, start: int = 0, stop: int = -1) -> list[JournalLine]:
        """Read lines of an account's journal: commits ``start`` to ``stop``, both included, -1 the last."""
        (page,) = await self._pages([(key, start, stop)])
        return list(lines(await self._whole(key, page), page.first + 1))

    async def elements(self, *wanted: tuple[AccountKey, int, int]) -> list[list[bytes]]:
        """Read journal elements in one round trip: of each account those beyond a version, up to another.

        Raises NoFileError or StoreCorruptError if archived ones cannot be read.
        """
        pages = await self._pages([(key, after, upto - 1) for key, after, upto in wanted])
        return [await self._whole(key, page) for (key, _, _), page in zip(wanted, pages, strict=True)]

    async def pages(self, key: AccountKey, upto: int, by: int = 0) -> AsyncIterator[list[bytes]]:
        """Read a journal from its beginning to the version ``upto``; no page goes across the version ``by``.

        Raises StoreCorruptError and NoFileError.
        """
        done = 0
        while done < upto:
            end = min(done + PAGE_ELEMENTS, by if done < by else upto, upto)
            (page,) = await self.elements((key, done, end))
            if not page:
                raise StoreCorruptError(f"the journal has lost what is beyond version {done}")
            yield page
            done += len(page)

    async def length(self, key: AccountKey) -> int:
        """Tell how many elements an account's journal has, the archived ones included."""
        (snapshot,) = await self.snapshots([key])
        if isinstance(snapshot, StoreCorruptError):
            raise snapshot
        return snapshot.elements

    async def _pages(self, wanted: Sequence[tuple[AccountKey, int, int]]) -> list[_Page]:
        commands: list[tuple[bytes, Command]] = []
        for key, first, last in wanted:
            name = keys.of_account(key).journal
            words = (name, keys.archived_journal(key), first, last)
            commands.append((name, ("EVAL_RO", _READ, 2, *words)))
        replies: list[Any] = await self._cold.calls(commands) if commands else []
        for reply in replies:
            if isinstance(reply, StoreError):
                raise reply
        return [_Page(*each) for each in replies]

    async def _whole(self, key: AccountKey, page: _Page) -> list[bytes]:
        if not page.segments:
            return page.found
        if self._journal_files is None:
            raise NoFileError("old changes are in an archive, and no place is told")
        parts = list(_parts(key, page))
        return await asyncio.to_thread(_read, self._journal_files, key, parts) + page.found


def _read(files: JournalFiles, key: AccountKey, parts: Sequence[tuple[Segment, int, int]]) -> list[bytes]:
    return [element for segment, first, last in parts for element in files.read(key, segment, first, last)]


def _parts(key: AccountKey, page: _Page) -> Iterator[tuple[Segment, int, int]]:
    """Tell which versions of a page are in which segment. Raises StoreCorruptError."""
    fields = zip(page.segments[::2], page.segments[1::2], strict=True)
    segments = sorted(segment_of(*each) for each in fields if each[0] != PROVEN)
    version = page.first + 1
    for segment in segments:
        if segment.first <= version <= min(segment.last, page.archived):
            last = min(segment.last, page.archived)
            yield segment, version, last
            version = last + 1
    if version <= page.archived:
        raise StoreCorruptError(f"version {version} of {key[0]}/{key[1]} is archived, and not told where")
