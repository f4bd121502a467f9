"""Reads accounts and journals from outside the hot path: to list them, tell their history, prove them.

Journals come in pages, so that one of millions of elements takes no more memory than a short one.
"""

from collections.abc import AsyncIterator, Callable, Sequence

from storage import keys
from storage.cold import Cold
from storage.journal import JournalLine, Replay, Step, lines
from storage.proof import Finding, Snapshot, check_lengths, conclude
from storage.store import AccountKey, StoreCorruptError, Stored, StoreError, StoreUnavailableError

PAGE_ELEMENTS = 500
"""Journal elements read at once: some 60 KB, and 15 MB if each of them is as long as a commit may be."""

_SNAPSHOT = """\
return {redis.call('GET', KEYS[1]), redis.call('LLEN', KEYS[2]), redis.call('LINDEX', KEYS[2], -1)}"""
"""One step, so that record and journal belong together. By EVAL_RO a read-only replica runs it, too."""


class Inspection:
    """What a store tells of its accounts as they stand there. Calls raise StoreError."""

    def __init__(self, cold: Cold) -> None:
        self._cold = cold

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

    async def journal(self, key: AccountKey, start: int = 0, stop: int = -1) -> list[JournalLine]:
        """Read lines of an account's journal: commits ``start`` to ``stop``, both included, -1 the last."""
        name = keys.of_account(key).journal
        if start < 0:
            length = await self._cold.call(name, "LLEN", name)
            start, stop = max(length + start, 0), length + stop if stop < 0 else stop
        elements = await self._cold.call(name, "LRANGE", name, start, stop)
        return list(lines(elements, start + 1))

    async def snapshots(self, accounts: Sequence[AccountKey]) -> list[Snapshot | StoreCorruptError]:
        """Read each account's record and the end of its journal, each pair as of one instant."""
        commands = []
        for key in accounts:
            names = keys.of_account(key)
            commands.append((names.account, ("EVAL_RO", _SNAPSHOT, 2, names.account, names.journal)))
        replies = await self._cold.calls(commands)
        for reply in replies:
            if isinstance(reply, StoreUnavailableError):
                raise reply
        return [each if isinstance(each, StoreCorruptError) else Snapshot(*each) for each in replies]

    async def elements(self, *wanted: tuple[AccountKey, int, int]) -> list[list[bytes]]:
        """Read journal elements in one round trip: of each account those beyond a version, up to another."""
        commands = []
        for key, after, upto in wanted:
            name = keys.of_account(key).journal
            commands.append((name, ("LRANGE", name, after, upto - 1)))
        replies = await self._cold.calls(commands)
        for reply in replies:
            if isinstance(reply, StoreError):
                raise reply
        return replies

    async def pages(self, key: AccountKey, upto: int) -> AsyncIterator[list[bytes]]:
        """Read a journal from its beginning to the version ``upto``. Raises StoreCorruptError."""
        done = 0
        while done < upto:
            (page,) = await self.elements((key, done, min(done + PAGE_ELEMENTS, upto)))
            if not page:
                raise StoreCorruptError(f"the journal has lost what is beyond version {done}")
            yield page
            done += len(page)

    async def steps(self, key: AccountKey) -> AsyncIterator[Step]:
        """Follow an account from its beginning. Raises StoreCorruptError where its journal is broken."""
        name = keys.of_account(key).journal
        replay = Replay(key)
        async for page in self.pages(key, await self._cold.call(name, "LLEN", name)):
            for step in replay.steps(page):
                yield step

    async def examine(
        self, key: AccountKey, on_page: Callable[[int], None] = lambda _: None
    ) -> Finding | None:
        """Compute an account anew from its journal and compare; None if there is neither record nor journal.

        What changes meanwhile is left out. ``on_page`` hears of every page how many elements it had. Raises
        StoreUnavailableError alone: all else is a finding.
        """
        (snapshot,) = await self.snapshots([key])
        if isinstance(snapshot, StoreCorruptError):
            return Finding(key, 0, 0, None, None, str(snapshot))
        if snapshot.record is None and not snapshot.elements:
            return None
        replay = Replay(key)
        broken = ""
        try:
            async for page in self.pages(key, snapshot.elements):
                replay.follow(page)
                on_page(len(page))
        except StoreCorruptError as error:
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
        async for page in self.pages(key, snapshot.elements):
            replay.follow(page)
        assert snapshot.record is not None  # noqa: S101 -- or the lengths differ
        return replay.agree(snapshot.record)
