"""Writes the CSV files of a tariff folder, each with its heading."""

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

Rows = Iterable[Sequence[object]]

OFF_PEAK_TIMINGS = ("EARLY", "EVENING", "WEEKEND")
"""The timings of every hour that is not ``PEAK``."""

HEADINGS: dict[str, tuple[str, ...]] = {
    "Destinations": ("Id", "Prefix"),
    "Timings": ("Id", "Years", "Months", "MonthDays", "WeekDays", "Time", "Timezone"),
    "Rates": ("Id", "ConnectFee", "Rate", "RateUnit", "RateIncrement", "GroupIntervalStart"),
    "DestinationRates": (
        "Id",
        "DestinationId",
        "RatesId",
        "RoundingMethod",
        "RoundingDecimals",
        "MaxCost",
        "MaxCostStrategy",
    ),
    "RatingPlans": ("Id", "DestinationRatesId", "TimingId", "Weight"),
    "RatingProfiles": ("Tenant", "Category", "Subject", "ActivationTime", "RatingPlanId", "FallbackSubjects"),
    "Actions": (
        "ActionsId",
        "Action",
        "ExtraParameters",
        "Filter",
        "BalanceId",
        "BalanceType",
        "Categories",
        "DestinationIds",
        "RatingSubject",
        "SharedGroup",
        "ExpiryTime",
        "TimingIds",
        "Units",
        "BalanceWeight",
        "BalanceBlocker",
        "BalanceDisabled",
        "Weight",
    ),
    "ActionPlans": ("Id", "ActionsId", "TimingId", "Weight"),
    "AccountActions": ("Tenant", "Account", "ActionPlanId", "ActionTriggersId", "AllowNegative", "Disabled"),
}


def write_folder(out: Path, sheets: dict[str, Rows]) -> None:
    """Write the CSV files of a folder, each with its heading as a comment."""
    out.mkdir(parents=True, exist_ok=True)
    for name, lines in sheets.items():
        with (out / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
            stream.write(f"#{','.join(HEADINGS[name])}\n")
            csv.writer(stream, lineterminator="\n").writerows(lines)


def timings(zone: str) -> Rows:
    """List the day parts of the decks: working days from 8 to 20 o'clock in a time zone, and the rest."""
    return [
        ("PEAK", "*any", "*any", "*any", "1;2;3;4;5", "08:00:00", zone),
        ("EVENING", "*any", "*any", "*any", "1;2;3;4;5", "20:00:00", zone),
        ("EARLY", "*any", "*any", "*any", "1;2;3;4;5", "00:00:00", zone),
        ("WEEKEND", "*any", "*any", "*any", "6;7", "00:00:00", zone),
    ]
