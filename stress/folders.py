"""Writes the CSV files of a tariff folder, each with its heading."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from storage.exporting import write_sheet
from storage.loading.folder import TARIFF_COLUMNS

Rows = Iterable[Sequence[object]]

OFF_PEAK_TIMINGS = ("EARLY", "EVENING", "WEEKEND")
"""The timings of every hour that is not ``PEAK``."""

COLUMNS: Mapping[str, Sequence[str]] = {
    **TARIFF_COLUMNS,
    "Actions.csv": (
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
    "ActionPlans.csv": ("Id", "ActionsId", "TimingId", "Weight"),
    "AccountActions.csv": (
        "Tenant",
        "Account",
        "ActionPlanId",
        "ActionTriggersId",
        "AllowNegative",
        "Disabled",
    ),
}


def write_folder(out: Path, sheets: dict[str, Rows]) -> None:
    """Write the CSV files of a folder, each with its heading as a comment."""
    out.mkdir(parents=True, exist_ok=True)
    for name, lines in sheets.items():
        file = f"{name}.csv"
        write_sheet(out / file, COLUMNS[file], lines)


def timings(zone: str) -> Rows:
    """List the day parts of the decks: working days from 8 to 20 o'clock in a time zone, and the rest."""
    return [
        ("PEAK", "*any", "*any", "*any", "1;2;3;4;5", "08:00:00", zone),
        ("EVENING", "*any", "*any", "*any", "1;2;3;4;5", "20:00:00", zone),
        ("EARLY", "*any", "*any", "*any", "1;2;3;4;5", "00:00:00", zone),
        ("WEEKEND", "*any", "*any", "*any", "6;7", "00:00:00", zone),
    ]
