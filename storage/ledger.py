"""What of which account is proven, and which differ: the memory of a check that runs for ever.

An account costs one look at its end while it does not change, and one step for every change. What is kept of
it is the record as far as it is proven, from which the next replay goes on. The first one begins where the
archived part of the journal ends, which was proven when it was archived. An account that went back behind
what was proven, vanished or took another way is not proven by what there is now: it differs until that is
back.
"""

from collections.abc import Sequence

from storage.journal import Replay
from storage.proof import Snapshot, check_tip
from storage.records import split_head
from storage.store import AccountKey, StoreCorruptError

PROVEN_MAX = 50_000
"""Accounts whose proof is remembered, about 400 bytes each and some 60 for each metric that it counts; of
others, a check begins anew."""

DIFFERING_MAX = 10_000
"""Differing accounts kept by name; there are no more to be told apart in a log."""


class Ledger:
    """Takes snapshots and journal elements, tells what to read next and which accounts differ."""

    def __init__(self, proven_max: int = PROVEN_MAX) -> None:
        self.checked = 0
        """How many times an account was found whole."""
        self.differing: dict[AccountKey, str] = {}
        """The accounts that are not what their journals say, and why."""
        self.findings = 0
        """How many times an account that was not differing was found to be."""
        self._proven: dict[AccountKey, bytes] = {}
        self._proven_max = proven_max
        self._missed: dict[AccountKey, bytes] = {}
        """What was proven of accounts that differ now; unlike the rest it is never dropped for others."""

    def proven(self) -> set[AccountKey]:
        """Tell the accounts of which something is proven and that do not differ: these have to be there."""
        return set(self._proven)

    def look(self, key: AccountKey, snapshot: Snapshot | StoreCorruptError) -> Replay | None:
        """Take an account's state: a replay that wants the elements beyond its version, or None when done."""
        proven = self._proven.get(key) or self._missed.get(key)
        try:
            if isinstance(snapshot, StoreCorruptError):
                raise snapshot
            if snapshot.record is None and not snapshot.elements and proven is None:
                self.differing.pop(key, None)
                return None
            return self._begin(key, snapshot, proven)
        except StoreCorruptError as error:
            self._differs(key, str(error))
            return None

    def unreadable(self, key: AccountKey, reason: str) -> None:
        """Note that what a replay wanted cannot be read."""
        self._differs(key, reason)

    def follow(self, replay: Replay, elements: Sequence[bytes], snapshot: Snapshot) -> bool:
        """Take elements that a replay wanted; tell whether it wants more to reach the snapshot."""
        try:
            replay.follow(elements)
            if elements and replay.version < snapshot.elements:
                self._remember(replay.key, replay.record())
                return True
            record = snapshot.record or b""
            replay.agree(record)
        except StoreCorruptError as error:
            self._differs(replay.key, str(error))
        else:
            self._whole(replay.key, record)  # not the replay's: its counters may stand in another order
        return False

    def _begin(self, key: AccountKey, snapshot: Snapshot, proven: bytes | None) -> Replay | None:
        if proven is not None and snapshot.record is None and not snapshot.elements:
            raise StoreCorruptError(f"version {split_head(proven)[0]} was proven, and nothing is there")
        check_tip(key, snapshot)
        if snapshot.record == proven:
            self._whole(key, snapshot.record or b"")
            return None
        replay = Replay(key, proven or snapshot.proven)
        if replay.version < snapshot.elements:
            return replay
        raise StoreCorruptError(
            f"version {replay.version} was proven, and another account of {snapshot.elements} is there"
        )

    def _whole(self, key: AccountKey, record: bytes) -> None:
        self.checked += 1
        self.differing.pop(key, None)
        self._remember(key, record)

    def _differs(self, key: AccountKey, reason: str) -> None:
        """Note a difference. All is well again only with what goes on from what was proven."""
        if key not in self.differing:
            if len(self.differing) >= DIFFERING_MAX:
                return
            self.findings += 1
        self.differing[key] = reason
        proven = self._proven.pop(key, None)
        if proven is not None:
            self._missed[key] = proven

    def _remember(self, key: AccountKey, record: bytes) -> None:
        self._missed.pop(key, None)
        self._proven.pop(key, None)  # the newest stands last, so the first was proven longest ago
        self._proven[key] = record
        if len(self._proven) > self._proven_max:
            del self._proven[next(iter(self._proven))]
