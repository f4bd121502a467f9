"""The tariff folder of the scenarios: one flat tariff, hot accounts, poor accounts and many others."""

import json
from pathlib import Path
from typing import Any

from stress.faults.model import BUCKETED, CALLED, CUSTOMER, ONE, Balance

HOT = ("hot0", "hot1")
"""Every client meets here."""
POOR = ("poor0", "poor1", "poor2", "poor3")
"""These have so little that requests are refused."""
MANY = tuple(f"many{number}" for number in range(60))
ACCOUNTS = (*HOT, *POOR, *MANY)

RICH = Balance(credit=1_000_000 * ONE, sms=1_000_000 * ONE, seconds=8_000_000 * ONE)
LITTLE = Balance(credit=3 * ONE, sms=20 * ONE, seconds=100 * ONE)


def opening(account: str) -> Balance:
    """Tell what an account begins with."""
    return LITTLE if account in POOR else RICH


def write(out: Path) -> Path:
    """Write the folder (the JSON files of 2012) and tell where it is."""
    out.mkdir(parents=True, exist_ok=True)
    documents: dict[str, list[dict[str, Any]]] = {
        "activation_periods.json": [rate(account) for account in ACCOUNTS],
        "destinations.json": [{"Id": "BUCKETED", "Prefixes": [BUCKETED]}],
        "user_budgets.json": [_account(account) for account in ACCOUNTS],
    }
    for name, document in documents.items():
        (out / name).write_text(json.dumps(document), "utf-8")
    return out


def write_rate(out: Path, subject: str) -> Path:
    """Write a folder that gives one more subject the tariff, and tell where it is."""
    out.mkdir(parents=True)
    (out / "activation_periods.json").write_text(json.dumps([rate(subject)]), "utf-8")
    return out


def rate(subject: str) -> dict[str, Any]:
    """Tell a subject's tariff as the folder has it."""
    interval = {"Price": 0.2, "BillingUnit": 60, "ConnectFee": 0.03}
    period = {"ActivationTime": "2012-01-01T00:00:00Z", "Intervals": [interval]}
    return {
        "CstmId": CUSTOMER,
        "Subject": subject,
        "DestinationPrefix": CALLED,
        "ActivationPeriods": [period],
    }


def _account(subject: str) -> dict[str, Any]:
    has = opening(subject)
    bucket = {"Seconds": has.seconds // ONE, "Priority": 10, "Price": 0.001, "DestinationId": "BUCKETED"}
    return {
        "CstmId": CUSTOMER,
        "Id": subject,
        "Credit": has.credit // ONE,
        "SmsCredit": has.sms // ONE,
        "MinuteBuckets": [bucket],
    }
