"""What a check of an account against its journal comes to, and the quick look at an account's end.

The whole proof is ``storage.journal.Replay``. ``check_tip`` is no proof: it compares the record with the last
element alone, which costs the same for a journal of any length.
"""

from dataclasses import dataclass
from typing import NamedTuple

from storage import journal, records
from storage.changes import changed
from storage.difference import differences
from storage.store import AccountKey, StoreCorruptError


class Snapshot(NamedTuple):
    """An account and the end of its journal at one instant."""

    record: bytes | None
    elements: int
    """Those in the archive included."""
    last: bytes | None
    proven: bytes | None = None
    """The record as the last archived element left it; None: nothing is archived."""


def archived_in(snapshot: Snapshot) -> int:
    """Tell how many elements of a journal are in the archive. Raises StoreCorruptError."""
    return 0 if snapshot.proven is None else records.version_of(snapshot.proven)


def agree_on_the_way(replay: journal.Replay, snapshot: Snapshot) -> None:
    """Compare what archived elements lead to with what was kept of them. Raises StoreCorruptError."""
    try:
        replay.agree(snapshot.proven or b"")
    except StoreCorruptError as error:
        raise StoreCorruptError(f"what is kept of the archived journal: {error}") from None


@dataclass(frozen=True, slots=True)
class Finding:
    """How one account compares with its journal; ``problem`` is empty if it is whole.

    Credits are of scale 10⁻⁹, and None where a record is missing or cannot be read, or a journal not be
    followed to its end.
    """

    key: AccountKey
    version: int
    entries: int
    credit_by_journal: int | None
    credit_by_record: int | None
    problem: str

    @property
    def difference(self) -> int | None:
        """The credit by the record less that by the journal, if both are known."""
        if self.credit_by_journal is None or self.credit_by_record is None:
            return None
        return self.credit_by_record - self.credit_by_journal


@dataclass(slots=True)
class Totals:
    """The sums of many findings. Differences do not make up for each other: their sizes are added.

    Amounts are those of the accounts of which both credits are known; the others are ``unprovable``.
    """

    accounts: int = 0
    not_whole: int = 0
    unprovable: int = 0
    versions: int = 0
    entries: int = 0
    credit_by_journal: int = 0
    credit_by_record: int = 0
    difference: int = 0

    def add(self, finding: Finding) -> None:
        """Count one finding."""
        self.accounts += 1
        self.not_whole += bool(finding.problem)
        self.versions += finding.version
        self.entries += finding.entries
        if finding.credit_by_journal is None or finding.credit_by_record is None:
            self.unprovable += 1
            return
        self.credit_by_journal += finding.credit_by_journal
        self.credit_by_record += finding.credit_by_record
        self.difference += abs(finding.credit_by_record - finding.credit_by_journal)


def conclude(key: AccountKey, snapshot: Snapshot, replay: journal.Replay, broken: str) -> Finding:
    """Compare an account with its journal, followed as far as its version or until it was ``broken``."""
    version, credit, problem = 0, None, broken
    try:
        if snapshot.record is not None:
            version, _ = records.split_head(snapshot.record)
            credit = records.decode_record(snapshot.record).account.credit
        check_lengths(snapshot)
        if snapshot.record is not None and not broken:
            replay.agree(snapshot.record)
    except StoreCorruptError as error:
        problem = problem or str(error)
    by_journal = replay.account.credit if replay.account is not None and not broken else None
    return Finding(key, version, replay.entries, by_journal, credit, problem)


def check_lengths(snapshot: Snapshot) -> None:
    """Compare how many changes record and journal know of. Raises StoreCorruptError."""
    if snapshot.record is None:
        raise StoreCorruptError(f"journal of {snapshot.elements} elements without a record")
    version, _ = records.split_head(snapshot.record)
    if snapshot.last is None:
        raise StoreCorruptError(f"record of version {version} without a journal")
    if version != snapshot.elements:
        raise StoreCorruptError(f"record of version {version} with {snapshot.elements} journal elements")


def check_tip(key: AccountKey, snapshot: Snapshot) -> None:
    """Compare an account with the last element of its journal. Raises StoreCorruptError."""
    check_lengths(snapshot)
    assert snapshot.record is not None and snapshot.last is not None  # noqa: S101 -- or the lengths differ
    stored = records.decode_record(snapshot.record)
    if (stored.account.customer, stored.account.subject) != key:
        raise StoreCorruptError(f"the record is that of {stored.account.customer}/{stored.account.subject}")
    if journal.chain_of(snapshot.last) != records.split_head(snapshot.record)[1]:
        raise StoreCorruptError("the journal's last element is not the one that the record names")
    changes = [
        change for line in journal.lines([snapshot.last], snapshot.elements) for change in line.changes
    ]
    if differing := differences(changed(stored.account, changes), stored.account):
        raise StoreCorruptError(differing)
