"""Tells which accounts there are, in their order, some thousands at a time.

A store tells its accounts in no order, so a look at all of them goes before each part. What is kept is one
part, however many accounts there are.
"""

from bisect import bisect_left
from collections.abc import AsyncIterator, Sequence
from typing import NamedTuple, Protocol

from cgrates_py.usage.patience import Patience
from storage.store import AccountKey

PART_MAX = 5_000
"""Accounts of one part: a megabyte, and a millisecond to put a page of the store's keys among them."""
WAIT_S = 2.0
"""How long a request waits for a part: a store with a million keys is looked through in about that time."""
KEPT_S = 10.0
"""How long a part that nobody waited for is kept, hence how old the first part of a list can be."""

FIRST: AccountKey = ("", "")
"""Comes before every other account."""


class TraceStore(Protocol):
    """A store that tells its accounts. Raises StoreError."""

    def traces(self) -> AsyncIterator[set[AccountKey]]:
        """Go through all accounts of which there is a record or a journal, by pages; one may come twice."""


class Part(NamedTuple):
    """Accounts that follow on each other, from ``start`` on."""

    start: AccountKey
    keys: Sequence[AccountKey]
    last: bool
    """No account comes behind them."""

    def since(self, key: AccountKey) -> "Part | None":
        """Give the rest of it from an account on; None if it does not tell what comes there."""
        rest = self.keys[bisect_left(self.keys, key) :]
        return self._replace(start=key, keys=rest) if key >= self.start and (rest or self.last) else None


async def read_part(store: TraceStore, start: AccountKey, most: int) -> Part:
    """Look through a store for up to ``most`` accounts from one on. Raises StoreError."""
    keys: list[AccountKey] = []
    async for page in store.traces():
        upto = keys[-1] if len(keys) > most else None
        found = [key for key in page if key >= start and (upto is None or key < upto)]
        if found:
            keys = list(dict.fromkeys(sorted(keys + sorted(found))))  # two runs: they are merged
            del keys[most + 1 :]  # one more tells whether there is more
    return Part(start, keys[:most], last=len(keys) <= most)


class Roster:
    """The accounts of a store. Remembers the part that was told last."""

    def __init__(self, store: TraceStore) -> None:
        self._store = store
        self._patience: Patience[Part] = Patience(WAIT_S, KEPT_S)
        self._held: Part | None = None

    async def begin(self) -> Part | None:
        """Tell the first accounts that there are now; None: it takes longer, ask again. Raises StoreError."""
        return await self._look(FIRST)

    async def since(self, key: AccountKey) -> Part | None:
        """Tell the accounts from one on, as of the last look; None: ask again. Raises StoreError."""
        held = self._held.since(key) if self._held is not None else None
        return held or await self._look(key)

    async def _look(self, key: AccountKey) -> Part | None:
        part = await self._patience.ask(key, read_part(self._store, key, PART_MAX))
        if part is not None:
            self._held = part
        return part


def behind(key: AccountKey) -> AccountKey:
    """Name the very next account that there could be."""
    return key[0], key[1] + "\0"
