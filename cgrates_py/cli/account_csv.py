"""Accounts and their journals as CSV."""

import json
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any

from cgrates_py.csv_export import Cell, Row, csv_lines

ACCOUNT_COLUMNS = (
    *("CstmId", "Subject", "Credit", "SmsCredit", "Traffic", "VolumeDiscountSeconds", "ReceivedCallSeconds"),
    *("ResetDayOfTheMonth", "TariffPlanId", "AllowNegative", "Disabled", "MinuteBuckets", "Version"),
)
USAGE_COLUMN = "Usage"
"""Stands at the end if any of the accounts has counters of usage."""
HISTORY_COLUMNS = ("Version", "Time", "Method", "RequestId", "Amount", "Member", "Before", "After")

_COUNTER = ("Series", "Period", "Start")
_TEXT_MEMBERS = frozenset({"TariffPlanId", "MinuteBuckets"})
_FLAGS = frozenset({"AllowNegative", "Disabled"})


def accounts_csv(bodies: Iterable[bytes]) -> Iterator[str]:
    """Print accounts, each given as the JSON text of its answer, one line each."""
    rows = [*map(_account, bodies)]
    metered = any(USAGE_COLUMN in row for row in rows)
    return csv_lines((*ACCOUNT_COLUMNS, USAGE_COLUMN) if metered else ACCOUNT_COLUMNS, rows)


def history_csv(entries: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Print journal entries, as ``account history --json`` has them: a line for every member that changed."""
    return csv_lines(HISTORY_COLUMNS, (row for entry in entries for row in _changes(entry)))


def _account(body: bytes) -> Row:
    account: dict[str, Any] = json.loads(body, parse_float=Decimal)
    account["MinuteBuckets"] = ";".join(map(_bucket, account["MinuteBuckets"]))
    if USAGE_COLUMN in account:
        account[USAGE_COLUMN] = ";".join(f"{counter(each)} {each['Value']}" for each in account[USAGE_COLUMN])
    return account


def counter(members: dict[str, Any]) -> str:
    """Name a counter of usage by its series, its kind of period, and when that began (not of eternity)."""
    return " ".join(members[name] for name in _COUNTER if members[name])


def _bucket(bucket: dict[str, Any]) -> str:
    members = (bucket[name] for name in ("DestinationId", "Seconds", "Priority", "Price"))
    return ":".join(format(each, "f") if isinstance(each, Decimal) else str(each) for each in members)


def _changes(entry: dict[str, Any]) -> Iterator[Row]:
    common: dict[str, Cell] = {name: entry[name] for name in ("Version", "Time", "Method", "RequestId")}
    common["Amount"] = Decimal(entry["Amount"])
    for change in entry["Changes"] or [{}]:
        member = change.get("Member", "")
        yield common | {
            "Member": f"{member} {counter(change)}" if "Series" in change else member,
            "Before": _value(member, change.get("Before", "")),
            "After": _value(member, change.get("After", "")),
        }


def _value(member: str, text: str) -> Cell:
    if not text or member in _TEXT_MEMBERS:
        return text
    return text == "True" if member in _FLAGS else Decimal(text)
