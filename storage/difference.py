"""Says in which members two accounts differ, in the decimals that operators know."""

from rater.account import Account, MinuteBucket
from rater.quantity import decimal_text, text

_COUNTED = ("credit", "sms", "traffic", "volume_discount_ns", "received_ns")
_PLAIN = ("customer", "subject", "reset_day", "plan_id", "allow_negative", "disabled")


def spelt(field: str, value: object) -> str:
    """Spell the value of an account's field: amounts and seconds as decimals, buckets by their members."""
    if field in _COUNTED and isinstance(value, int):
        return text(value)
    if isinstance(value, tuple):
        return f"[{', '.join(_bucket(each) for each in value)}]"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value) if value != "" else "none"


def named(field: str) -> str:
    """Name a field without the unit that it is kept in."""
    return field.removesuffix("_ns")


def differences(by_journal: Account | None, in_record: Account) -> str:
    """Name the members that differ, each as ``credit: 25.5 by the journal, 25.6 in the record``."""
    if by_journal is None:
        return "the journal tells nothing of the account"
    return "; ".join(
        f"{named(field)}: {spelt(field, was)} by the journal, {spelt(field, there)} in the record"
        for field in (*_PLAIN[:2], *_COUNTED, *_PLAIN[2:], "buckets")
        if (was := getattr(by_journal, field)) != (there := getattr(in_record, field))
    )


def _bucket(value: object) -> str:
    if not isinstance(value, MinuteBucket):
        return str(value)
    spelling = f"{text(value.seconds_ns)} s to {value.destination_id}"
    if value.priority:
        spelling += f", priority {value.priority}"
    return spelling + (f", at {decimal_text(value.price)}" if value.price else "")
