"""Which account serves a (customer, subject): its own, else the subject's without a customer, else none.

What was found is remembered, also that nothing was; the store tells when that may have changed.
"""

import asyncio
from collections.abc import Callable
from enum import Enum

import structlog

from cgrates_py.lane import Lane, Operation, Shop
from protocol.errors import Code
from storage.store import AccountKey, Stored, StoreError

_log = structlog.get_logger(__name__)

ACCOUNTS_MAX = 100_000
"""Accounts and absences one rater remembers (some 2 KiB each); beyond, the tenth found first is forgotten."""


class Absent(Enum):
    """There is no account for the subject."""

    ABSENT = "absent"


Found = Lane | Absent
LookUp = Callable[[Operation, "Lane | Exception | None"], None]


class Directory:
    """The accounts a rater knows."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._found: dict[AccountKey, Found] = {}
        self._lanes: dict[AccountKey, Lane] = {}
        self._looking: dict[AccountKey, list[tuple[Operation, LookUp]]] = {}
        self._by_subject: dict[str, set[AccountKey]] = {}
        self._news = 0
        shop.store.on_change(self.changed)

    @property
    def size(self) -> int:
        """Tell how many accounts and absences are remembered."""
        return len(self._found)

    def find(self, key: AccountKey) -> Found | None:
        """Tell what serves ``key`` if that is known and its record is fresh."""
        found = self._found.get(key)
        if isinstance(found, Lane) and found.stored is None:
            return None
        return found

    def find_stale(self, key: AccountKey) -> Found | None:
        """Tell what serves ``key`` if that is known, its record fresh or not."""
        found = self._found.get(key)
        if isinstance(found, Lane) and found.gone:
            self._drop(key)
            self._lanes.pop(found.key, None)
            return None
        return found

    def look_up(self, key: AccountKey, operation: Operation, done: LookUp) -> None:
        """Ask the store what serves ``key``; requests for the same key share the question."""
        waiting = self._looking.get(key)
        if waiting is not None:
            waiting.append((operation, done))
            return
        self._looking[key] = [(operation, done)]
        self._shop.run(self._look_up(key))

    def changed(self, key: AccountKey | None) -> None:
        """Note that another changed ``key`` (None: anything may have changed)."""
        self._news += 1
        if key is None:
            for lane in self._lanes.values():
                lane.forget()
            self._lanes = {key: lane for key, lane in self._lanes.items() if not lane.idle}
            self._found.clear()
            self._by_subject.clear()
            return
        if (changed := self._lanes.get(key)) is not None:
            changed.forget()
        customer, subject = key
        for known in list(self._by_subject.get(subject, ())):
            found = self._found.get(known)
            # a new account of its own replaces the shared one; a new shared one ends an absence
            if (known == key or not customer) and (not isinstance(found, Lane) or found.key != key):
                self._drop(known)

    async def _look_up(self, key: AccountKey) -> None:
        result: Lane | Exception | None
        try:
            result = await self._read(key)
        except Exception as error:
            if not isinstance(error, StoreError):
                _log.exception("account look-up failed", account=key)
            result = error
        for operation, done in self._looking.pop(key):
            try:
                done(operation, result)
            except Exception:
                _log.exception("request failed", account=key)
                operation.refuse(Code.INTERNAL, "the request failed; the log has the details")

    async def _read(self, key: AccountKey) -> Lane | None:
        news = self._news
        read = self._shop.store.read
        own, shared = await asyncio.gather(read(key), read(("", key[1])))
        if news != self._news:
            # something changed while the answer was under way; it may have been one of these
            return self._unsure(key, own, shared)
        if own is not None:
            return self._remember(key, self._lane(key, own))
        if shared is not None:
            return self._remember(key, self._lane(("", key[1]), shared))
        self._remember(key, Absent.ABSENT)
        return None

    def _unsure(self, key: AccountKey, own: Stored | None, shared: Stored | None) -> Lane | None:
        """Serve what waits, whose commit checks the version, but remember nothing as fresh."""
        if own is not None:
            lane = self._lane(key, own)
        elif shared is not None:
            lane = self._lane(("", key[1]), shared)
        else:
            return None
        lane.forget()
        return self._remember(key, lane)

    def _lane(self, key: AccountKey, stored: Stored) -> Lane:
        lane = self._lanes.get(key)
        if lane is None or lane.gone:
            lane = self._lanes[key] = Lane(self._shop, key, stored)
        elif lane.idle:
            lane.stored = stored
        return lane

    def _remember(self, key: AccountKey, found: Found) -> "Lane | None":
        if len(self._found) >= ACCOUNTS_MAX:
            self._make_room()
        self._found[key] = found
        self._by_subject.setdefault(key[1], set()).add(key)
        return found if isinstance(found, Lane) else None

    def _make_room(self) -> None:
        for key in list(self._found)[: ACCOUNTS_MAX // 10]:
            found = self._found[key]
            if not isinstance(found, Lane) or found.idle:
                self._drop(key)
                if isinstance(found, Lane) and not any(
                    self._found.get(other) is found for other in self._by_subject.get(key[1], ())
                ):
                    self._lanes.pop(found.key, None)

    def _drop(self, key: AccountKey) -> None:
        self._found.pop(key, None)
        keys = self._by_subject.get(key[1])
        if keys is not None:
            keys.discard(key)
            if not keys:
                del self._by_subject[key[1]]
