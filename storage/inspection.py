"""Reads accounts from outside the hot path: to list them, tell their history, prove them.

Journals come in pages, so that one of millions of elements takes no more memory than a short one.
"""

from collections.abc import AsyncIterator, Callable

from storage import keys
from storage.archive_files import NoFileError
from storage.journal import Replay, Step
from storage.proof import Finding, Snapshot, agree_on_the_way, archived_in, check_lengths, conclude
from storage.store import AccountKey, StoreCorruptError, Stored
from storage.valkey_journals import ValkeyJournals


class Inspection(ValkeyJournals):
    """What a store tells of its accounts as they stand there. Calls raise StoreError."""

    async def accounts(self) -> AsyncIterator[AccountKey]:
        """Go through the keys of all accounts, in no order; one created meanwhile may be missing."""
        seen = set[AccountKey]()
        async for page in self._cold.scan(keys.ACCOUNT_PREFIX + b"*"):
            for name in page:
                key = keys.account_of(name)
                if key is not None and key not in seen:
                    seen.add(key)
                    yield key

    async def traces(self) -> AsyncIterator[set[AccountKey]]:
        """Go through all accounts of which there is a record or a journal, by pages; one may come twice."""
        async for page in self._cold.scan(keys.RECORDS_AND_JOURNALS):
            yield {key for name in page if (key := keys.trace_of(name)) is not None}

    async def strays(self) -> AsyncIterator[set[bytes]]:
        """Go through all keys that are none of ours and look like ours, by pages; one may come twice.

        A bad disk that changed the name of a key leaves one: what was there is gone without another trace.
        """
        for pattern in keys.STRAYS:
            async for page in self._cold.scan(pattern):
                yield {name for name in page if keys.is_stray(name)}

    async def steps(self, key: AccountKey) -> AsyncIterator[Step]:
        """Follow an account from its beginning. Raises StoreCorruptError where its journal is broken."""
        replay = Replay(key)
        async for page in self.pages(key, await self.length(key)):
            for step in replay.steps(page):
                yield step

    async def examine(
        self, key: AccountKey, on_page: Callable[[int], None] = lambda _: None
    ) -> Finding | None:
        """Compute an account anew from its journal and compare; None if there is neither record nor journal.

        What changes meanwhile is left out. ``on_page`` hears of every page how many elements it had. Raises
        StoreUnavailableError alone, of a store that does not answer: all else is a finding, a file of the
        archive that is not there, too.
        """
        (snapshot,) = await self.snapshots([key])
        if isinstance(snapshot, StoreCorruptError):
            return Finding(key, 0, 0, None, None, str(snapshot))
        if snapshot.record is None and not snapshot.elements:
            return None
        replay = Replay(key)
        broken = ""
        try:
            await self._follow(replay, snapshot, on_page)
        except (StoreCorruptError, NoFileError) as error:
            broken = str(error)
        return conclude(key, snapshot, replay, broken)

    async def verify(self, key: AccountKey) -> Stored | None:
        """Prove an account from its journal; None if there is none. Raises StoreCorruptError."""
        (snapshot,) = await self.snapshots([key])
        if isinstance(snapshot, StoreCorruptError):
            raise snapshot
        if snapshot.record is None and not snapshot.elements:
            return None
        check_lengths(snapshot)
        replay = Replay(key)
        await self._follow(replay, snapshot, lambda _: None)
        assert snapshot.record is not None  # noqa: S101 -- or the lengths differ
        return replay.agree(snapshot.record)

    async def _follow(self, replay: Replay, snapshot: Snapshot, on_page: Callable[[int], None]) -> None:
        """Follow a journal from its first element, and see what was kept of its archived part."""
        archived = archived_in(snapshot)
        async for page in self.pages(replay.key, snapshot.elements, archived):
            replay.follow(page)
            on_page(len(page))
            if replay.version == archived:
                agree_on_the_way(replay, snapshot)
