"""What a commit changes of an account: found from before and after, written, read, done again.

A change is written as ``[field, before, after]``; of the usage stand only the counters that differ, as
``[field, [[series, [[cell, before, after], …]], …], null]`` (``storage.counters``).
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from operator import attrgetter
from typing import Any

import msgspec

from rater.account import Account, MinuteBucket
from storage import counters
from storage.difference import counter, named, spelt
from storage.records import bucket_fields
from storage.store import StoreCorruptError

FIELDS = (
    "credit",
    "sms",
    "traffic",
    "volume_discount_ns",
    "received_ns",
    "reset_day",
    "plan_id",
    "buckets",
    "allow_negative",
    "disabled",
    "usage",
)
"""The fields that can change; an element names them by their place here, so this only ever grows."""

_CREDIT = FIELDS.index("credit")
_BUCKETS = FIELDS.index("buckets")
_USAGE = FIELDS.index("usage")
_NUMBERS = tuple(range(_USAGE))


_changing = attrgetter(*FIELDS[:_USAGE])

Written = tuple[int, Any, Any]
"""A change: number of the field, before, after."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field of an account, before and after; of the usage one counter, and None for there is none."""

    field: str
    before: object
    after: object
    leaf: counters.Leaf | None = None
    """Which counter of the usage."""

    @property
    def name(self) -> str:
        """What changed, for people."""
        return named(self.field) if self.leaf is None else counter(self.leaf)


def _same_but_counted(before: Account, after: Account) -> bool:
    """Tell whether nothing but credit and usage can differ: every other value is the very object it was."""
    return (
        before.buckets is after.buckets
        and before.sms is after.sms
        and before.traffic is after.traffic
        and before.volume_discount_ns is after.volume_discount_ns
        and before.received_ns is after.received_ns
        and before.reset_day is after.reset_day
        and before.plan_id is after.plan_id
        and before.allow_negative is after.allow_negative
        and before.disabled is after.disabled
    )


def changes_between(before: Account, after: Account) -> list[Written]:
    """List what differs, as it is written."""
    if not _same_but_counted(before, after):
        changes = _fields_changed(before, after)
    elif before.credit != after.credit:  # most of what happens changes the credit, or counts usage
        changes = [(_CREDIT, before.credit, after.credit)]
    else:
        changes = []
    if before.usage is not after.usage and (leaves := counters.changes_between(before.usage, after.usage)):
        changes.append((_USAGE, leaves, None))
    return changes


def _fields_changed(before: Account, after: Account) -> list[Written]:
    old, new = _changing(before), _changing(after)
    changes: list[Written] = [
        (number, was, now) for number, was, now in zip(_NUMBERS, old, new, strict=True) if was != now
    ]
    if before.buckets is not after.buckets:
        for index, change in enumerate(changes):
            if change[0] == _BUCKETS:
                changes[index] = (_BUCKETS, bucket_fields(before.buckets), bucket_fields(after.buckets))
    return changes


def spelt_out(change: Written) -> Written:
    """Give a change with every counter beyond 64 bits as text."""
    number, before, after = change
    return (number, counters.changes_spelt_out(before), after) if number == _USAGE else change


def read_changes(changes: list[Written]) -> tuple[Change, ...]:
    """Read changes as they are written. Raises StoreCorruptError."""
    try:
        return tuple([change for written in changes for change in _read_change(*written)])
    except (IndexError, ValueError) as error:
        raise StoreCorruptError(f"journal change: {error}") from None


def _read_change(number: int, before: Any, after: Any) -> Iterable[Change]:
    """Read one change as it is written: one field, or some counters of the usage."""
    if number < 0:
        raise IndexError(f"there is no field {number}")
    field = FIELDS[number]
    if number == _USAGE:
        return [Change(field, was, now, leaf) for leaf, was, now in counters.read_changes(before)]
    if number == _BUCKETS:
        before, after = _read_buckets(before), _read_buckets(after)
    return (Change(field, before, after),)


def _read_buckets(value: object) -> tuple[MinuteBucket, ...]:
    fields = msgspec.convert(value, list[tuple[str, int, int, Decimal]])
    return tuple(MinuteBucket(*each) for each in fields)


def opened(account: Account) -> tuple[Change, ...]:
    """List what an account differs in from one that holds nothing."""
    blank = Account(account.customer, account.subject)
    fields = [
        Change(name, old, new)
        for name, old, new in zip(FIELDS[:_USAGE], _changing(blank), _changing(account), strict=True)
        if old != new
    ]
    usage = [Change("usage", None, number, leaf) for leaf, number in counters.leaves_of(account.usage)]
    return (*fields, *usage)


def redone(state: Account, written: list[Written], version: int) -> Account:
    """Give an account as changes leave it, read as they are written; see ``redo``.

    Whoever follows a journal passes here once for each entry, so nothing is made of a change that is as it
    should be. Anything else goes the long way, which tells what is wrong.
    """
    after: dict[str, Any] = {}
    usage = state.usage
    for number, was, now in written:
        if number == _USAGE:
            counted = counters.recounted(usage, was)
            if counted is None:
                break
            usage = counted
        elif not 0 <= number < _USAGE or number == _BUCKETS or getattr(state, FIELDS[number]) != was:
            break
        else:
            after[FIELDS[number]] = now
    else:
        return replace(state, usage=counters.held(usage or {}), **after)
    return redo(state, read_changes(written), version)


def redo(state: Account, changes: tuple[Change, ...], version: int) -> Account:
    """Give an account as the changes that made ``version`` leave it.

    Raises StoreCorruptError if it was not what they say.
    """
    for change in changes:
        stood = _value(state, change)
        if stood != change.before:
            was, said = spelt(change.field, stood), spelt(change.field, change.before)
            raise StoreCorruptError(f"version {version}: {change.name} was {was}, not {said}")
    return changed(state, changes)


def _value(state: Account, change: Change) -> object:
    """Tell what a change is about."""
    if change.leaf is None:
        return getattr(state, change.field)
    return counters.leaf_of(state.usage, change.leaf)


def changed(account: Account, changes: Iterable[Change]) -> Account:
    """Give an account as changes leave it, whatever it was before."""
    after: dict[str, Any] = {}
    leaves: list[tuple[counters.Leaf, Any]] = []
    for change in changes:
        if change.leaf is None:
            after[change.field] = change.after
        else:
            leaves.append((change.leaf, change.after))
    if leaves:
        after["usage"] = counters.with_leaves(account.usage, leaves)
    return replace(account, **after)
