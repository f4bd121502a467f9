"""What the benchmarks ask, and the tariff folder in which it can be asked.

The folder has the page's example (customer ``vdf``, subject ``rif``, number ``0256``), so that an answer to
GetCost is as long as the page's, and accounts to debit.
"""

import json
import random
from datetime import date, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

CUSTOMER = "vdf"
QUOTED = "rif"
"""The subject that GetCost asks for. It has no account, so that its answer is one of rates alone."""
ONE = "one"
"""The account on which everybody's debits meet."""
ACCOUNTS = 1000
CREDIT = 8_000_000_000
"""What every account begins with: more than any run can take away."""
DEBIT = "0.01"
"""What every debit takes, as it stands in the request."""

_NUMBER = "0256"
_FREE_NUMBER = "0257"
_FREE_SECONDS = 8_000_000_000
_FIRST_DAY = date(2012, 1, 2)
_WEEKS = 700
_EVENING = {"TimeStart": "2026-03-02T19:30:00Z", "TimeEnd": "2026-03-02T20:01:01Z"}


class Kind(StrEnum):
    """One kind of traffic."""

    GET_COST = "getcost"
    DEBIT_ONE = "debitbalance-one"
    DEBIT_MANY = "debitbalance-many"
    DEBIT_SECONDS = "debitseconds"
    MAX_SESSION = "getmaxsessiontime"


METHODS = {
    Kind.GET_COST: "Responder.GetCost",
    Kind.DEBIT_ONE: "Responder.DebitBalance",
    Kind.DEBIT_MANY: "Responder.DebitBalance",
    Kind.DEBIT_SECONDS: "Responder.DebitSeconds",
    Kind.MAX_SESSION: "Responder.GetMaxSessionTime",
}


def account_name(number: int) -> str:
    """Name one of the accounts 0 to ``ACCOUNTS`` − 1."""
    return f"many{number}"


def request(number: int, body: bytes) -> bytes:
    """Put the number of a request before its ``body``: one line."""
    return b'{"id":%d,%b' % (number, body)


def login(key: str) -> bytes:
    """Make the line by which a connection shows a key."""
    return b'{"id":0,"method":"Auth.Login","params":[{"auth":"%b"}]}\n' % key.encode()


def bodies(kind: Kind, count: int, seed: int = 1) -> list[bytes]:
    """Make that many different requests without their numbers; another seed makes others."""
    chance = random.Random(f"{kind} {seed}")
    return [_body(METHODS[kind], _descriptor(kind, chance)) for _ in range(count)]


def quote(customer: str, subject: str, number: str) -> bytes:
    """Make a request, without its number, for what an evening's call costs."""
    call = {"CstmId": customer, "Subject": subject, "DestinationPrefix": number, **_EVENING}
    return _body(METHODS[Kind.GET_COST], call)


def write_folder(out: Path) -> None:
    """Write the tariff folder (the JSON files of 2012) in which every kind of traffic finds its accounts."""
    out.mkdir(parents=True, exist_ok=True)
    names = [account_name(number) for number in range(ACCOUNTS)]
    documents: dict[str, list[dict[str, Any]]] = {
        "activation_periods.json": [_rate(subject) for subject in (QUOTED, *names)],
        "destinations.json": [{"Id": "free", "Prefixes": [_FREE_NUMBER]}],
        "user_budgets.json": [_account(subject) for subject in (ONE, *names)],
    }
    for name, document in documents.items():
        (out / name).write_text(json.dumps(document), "utf-8")


def _descriptor(kind: Kind, chance: random.Random) -> dict[str, Any]:
    number = f"{_NUMBER}{chance.randrange(10**6):06d}"
    many = account_name(chance.randrange(ACCOUNTS))
    match kind:
        case Kind.GET_COST:
            return {"Tor": 0, **_who(QUOTED, number), **_evening(chance)}
        case Kind.DEBIT_ONE:
            return {**_who(ONE, number), "Amount": float(DEBIT)}
        case Kind.DEBIT_MANY:
            return {**_who(many, number), "Amount": float(DEBIT)}
        case Kind.DEBIT_SECONDS:
            return {**_who(many, _FREE_NUMBER + number[4:]), "Amount": chance.randrange(1, 60)}
        case Kind.MAX_SESSION:
            return {**_who(many, number), **_evening(chance), "Amount": chance.randrange(60, 7200)}


def _who(subject: str, number: str) -> dict[str, str]:
    return {"CstmId": CUSTOMER, "Subject": subject, "DestinationPrefix": number}


def _evening(chance: random.Random) -> dict[str, str]:
    """A call over 18:00 of a week day, where the price changes: two spans, as on the page."""
    day = _FIRST_DAY + timedelta(weeks=chance.randrange(_WEEKS), days=chance.randrange(5))
    start, end = (f"{day}T{hour}:{_sixty(chance)}:{_sixty(chance)}Z" for hour in (17, 18))
    return {"TimeStart": start, "TimeEnd": end}


def _sixty(chance: random.Random) -> str:
    return f"{chance.randrange(1, 60):02d}"


def _body(method: str, descriptor: dict[str, Any]) -> bytes:
    return f'"method":"{method}","params":[{json.dumps(descriptor)}]}}\n'.encode()


def _rate(subject: str) -> dict[str, Any]:
    week = [1, 2, 3, 4, 5]
    intervals = [
        {"WeekDays": week, "EndTime": "18:00:00", "Price": 0.2, "BillingUnit": 1},
        {"WeekDays": week, "StartTime": "18:00:00", "Price": 0.1, "BillingUnit": 1},
        {"WeekDays": [6, 0], "Price": 0.1, "BillingUnit": 1},
    ]
    period = {"ActivationTime": "2012-01-01T00:00:00Z", "Intervals": intervals}
    return {**_who(subject, _NUMBER), "ActivationPeriods": [period]}


def _account(subject: str) -> dict[str, Any]:
    bucket = {"Seconds": _FREE_SECONDS, "Priority": 10, "Price": 0, "DestinationId": "free"}
    return {"CstmId": CUSTOMER, "Id": subject, "Credit": CREDIT, "MinuteBuckets": [bucket]}
