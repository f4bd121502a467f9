"""Says in which members two accounts differ, in the decimals that operators know."""

from rater import instant
from rater.account import Account, MinuteBucket
from rater.metering.period import bounds_s, kind_of
from rater.quantity import decimal_text, text
from storage import counters

_COUNTED = ("credit", "sms", "traffic", "volume_discount_ns", "received_ns")
_COUNTERS_TOLD = 10
"""Counters that are named one by one; of more there is only told how many."""
_PLAIN = ("customer", "subject", "reset_day", "plan_id", "allow_negative", "disabled")


def spelt(field: str, value: object) -> str:
    """Spell the value of an account's field: amounts and seconds as decimals, buckets by their members."""
    if field in _COUNTED and isinstance(value, int):
        return text(value)
    if isinstance(value, tuple):
        return f"[{', '.join(_bucket(each) for each in value)}]"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if value not in ("", None) else "none"


def named(field: str) -> str:
    """Name a field without the unit that it is kept in."""
    return field.removesuffix("_ns")


def period_of(cell: int) -> tuple[str, str]:
    """Name the kind of period that a counter's cell is, and its beginning in RFC 3339 (empty: eternity).

    A cell that is no period, which nothing of ours writes, is named by its number.
    """
    try:
        bounds = bounds_s(cell)
        return kind_of(cell).label, "" if bounds is None else instant.text(bounds[0] * instant.SECOND)
    except (ValueError, OverflowError):
        return f"cell {cell}", ""


def counter(leaf: counters.Leaf) -> str:
    """Name a counter: ``usage of 1001/a1~0123456789:m1, day from 2026-03-04T00:00:00Z``."""
    series, cell = leaf
    period, start = period_of(cell)
    return f"usage of {series}, {period} from {start}" if start else f"usage of {series}, {period}"


def differences(by_journal: Account | None, in_record: Account) -> str:
    """Name the members that differ, each as ``credit: 25.5 by the journal, 25.6 in the record``."""
    if by_journal is None:
        return "the journal tells nothing of the account"
    found = [
        _told(named(field), spelt(field, was), spelt(field, there))
        for field in (*_PLAIN[:2], *_COUNTED, *_PLAIN[2:], "buckets")
        if (was := getattr(by_journal, field)) != (there := getattr(in_record, field))
    ]
    return "; ".join(found + _counters_differing(by_journal, in_record))


def _counters_differing(by_journal: Account, in_record: Account) -> list[str]:
    leaves = [
        ((series, cell), was, there)
        for series, cells in counters.changes_between(by_journal.usage, in_record.usage)
        for cell, was, there in cells
    ]
    found = [
        _told(counter(leaf), spelt("usage", was), spelt("usage", there))
        for leaf, was, there in leaves[:_COUNTERS_TOLD]
    ]
    return found + ([f"{len(leaves) - len(found)} counters more"] if len(leaves) > len(found) else [])


def _told(name: str, was: str, there: str) -> str:
    return f"{name}: {was} by the journal, {there} in the record"


def _bucket(value: object) -> str:
    if not isinstance(value, MinuteBucket):
        return str(value)
    spelling = f"{text(value.seconds_ns)} s to {value.destination_id}"
    if value.priority:
        spelling += f", priority {value.priority}"
    return spelling + (f", at {decimal_text(value.price)}" if value.price else "")
