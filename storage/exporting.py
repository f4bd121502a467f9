"""Writes a tariff as the files that it can be loaded from: CSV, and the JSON of 2012 for what only that says.

Loading the folder into an empty store gives an equal tariff.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from rater import instant
from rater.quantity import SCALE
from rater.tariff import (
    ANY,
    DAY_SECONDS,
    Bonus,
    BucketTemplate,
    DestinationRate,
    Interval,
    MaxCostStrategy,
    PrefixRate,
    Tariff,
    TariffPlan,
)
from storage.loading.folder import TARIFF_COLUMNS
from storage.loading.values import EARLIEST_NS

Cells = Sequence[str]

SPANWISE = "*span"
"""What is written where a call is cut at an activation; nothing where it is not."""

_encode = msgspec.json.Encoder(decimal_format="number").encode


class ExportError(Exception):
    """The tariff or the folder is not one that can be written; the text says why."""


def export(tariff: Tariff, folder: Path) -> list[str]:
    """Write a tariff into a folder that is new or empty; list the files.

    They are there all together or, after an error, not at all. Raises ExportError and OSError.
    """
    folder = folder.absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ExportError(f"{folder} is there already: expected a folder that is new or empty")
    partial = folder.with_name(f".{folder.name}.partial")
    partial.mkdir(parents=True)
    try:
        written = [*_write_documents(tariff, partial), *_write_sheets(tariff, partial)]
        partial.rename(folder)
    except BaseException:
        for path in partial.iterdir():
            path.unlink()
        partial.rmdir()
        raise
    return written


def _write_documents(tariff: Tariff, folder: Path) -> Iterator[str]:
    documents: dict[str, list[dict[str, Any]]] = {}
    if not _has_destination_sheet(tariff):
        documents["destinations.json"] = [
            {"Id": name, "Prefixes": prefixes} for name, prefixes in sorted(tariff.destinations.items())
        ]
    documents["activation_periods.json"] = [
        _rate(customer, subject, prefix, rate)
        for (customer, subject), rates in sorted(tariff.rates.items())
        for prefix, rate in rates.items()
    ]
    documents["tariff_plans.json"] = [_plan(plan) for _, plan in sorted(tariff.plans.items())]
    if tariff == Tariff():  # a folder without files could not be loaded
        documents = {"destinations.json": []}
    for name, document in documents.items():
        if document or len(documents) == 1:
            lines = b",\n".join(_encode(each) for each in document)
            (folder / name).write_bytes(b"[\n" + lines + b"\n]\n")
            yield name


def _write_sheets(tariff: Tariff, folder: Path) -> Iterator[str]:
    if not _has_plans(tariff):
        return
    sheets: dict[str, Iterable[Cells]] = {
        "Timings.csv": _timings(tariff),
        "Rates.csv": _rates(tariff),
        "DestinationRates.csv": _destination_rates(tariff),
        "RatingPlans.csv": _plan_lines(tariff),
        "RatingProfiles.csv": _profiles(tariff),
    }
    if _has_destination_sheet(tariff):
        sheets = {"Destinations.csv": _destinations(tariff), **sheets}
    for name, rows in sheets.items():
        if found := list(rows):
            write_sheet(folder / name, TARIFF_COLUMNS[name], found)
            yield name


def write_sheet(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file of a tariff folder: its columns as a comment, and its rows."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write(f"#{','.join(columns)}\n")
        csv.writer(stream, lineterminator="\n").writerows(rows)


def _has_plans(tariff: Tariff) -> bool:
    """Tell whether there is something that only CSV can say."""
    return bool(
        tariff.timings
        or tariff.rate_groups
        or tariff.destination_rates
        or tariff.rating_plans
        or tariff.profiles
    )


def _has_destination_sheet(tariff: Tariff) -> bool:
    """Tell whether destinations are written as CSV: beside prices that are, if CSV can say all of them."""
    beside = _has_plans(tariff) and not (tariff.rates or tariff.plans)
    return beside and all(
        prefixes and name == name.strip() and name[:1] != "#"
        for name, prefixes in tariff.destinations.items()
    )


def _destinations(tariff: Tariff) -> Iterator[Cells]:
    for name, prefixes in sorted(tariff.destinations.items()):
        for prefix in prefixes:
            yield name, prefix


def _timings(tariff: Tariff) -> Iterator[Cells]:
    for name, timing in sorted(tariff.timings.items()):
        days = (timing.years, timing.months, timing.month_days, timing.week_days)
        yield name, *map(_listed, days), _clock(timing.start_s), timing.timezone or ""


def _rates(tariff: Tariff) -> Iterator[Cells]:
    for name, groups in sorted(tariff.rate_groups.items()):
        for group in groups:
            prices = _number(group.connect_fee), _number(group.rate)
            times = group.unit_ns, group.increment_ns, group.group_start_ns
            yield name, *prices, *map(_duration, times)


def _destination_rates(tariff: Tariff) -> Iterator[Cells]:
    for name, rates in sorted(tariff.destination_rates.items()):
        for rate in rates:
            yield name, rate.destination_id, rate.rates_id, *_terms(rate)


def _terms(rate: DestinationRate) -> Cells:
    strategy = "" if rate.max_cost_strategy is MaxCostStrategy.NONE else rate.max_cost_strategy.value
    max_cost = "" if rate.max_cost is None else _number(rate.max_cost)
    return rate.rounding.value, str(rate.decimals), max_cost, strategy


def _plan_lines(tariff: Tariff) -> Iterator[Cells]:
    for name, lines in sorted(tariff.rating_plans.items()):
        if not lines:
            raise ExportError(f"rating plan {name} has no lines, which cannot be written as CSV")
        for line in lines:
            spanwise = SPANWISE if line.spanwise else ""
            yield name, line.destination_rates_id, line.timing_id, _number(line.weight), spanwise


def _profiles(tariff: Tariff) -> Iterator[Cells]:
    for key, activations in sorted(tariff.profiles.items()):
        for line in activations:
            since = "" if line.activation_ns == EARLIEST_NS else instant.text(line.activation_ns)
            yield *key, since, line.rating_plan_id, ";".join(line.fallback_subjects)


def _listed(numbers: tuple[int, ...]) -> str:
    return ";".join(map(str, numbers)) if numbers else ANY


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _duration(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, SCALE)
    return f"{nanoseconds}ns" if rest else f"{seconds}s"


def _number(value: Decimal) -> str:
    return format(value, "f")


def _rate(customer: str, subject: str, prefix: str, rate: PrefixRate) -> dict[str, Any]:
    periods = [
        {
            "ActivationTime": instant.text(period.activation_ns),
            "Intervals": [_interval(each) for each in period.intervals],
        }
        for period in rate.periods
    ]
    found = {
        "CstmId": customer,
        "Subject": subject,
        "DestinationPrefix": prefix,
        "Timezone": rate.timezone,
        "AtActivation": SPANWISE if rate.spanwise else None,
        "ActivationPeriods": periods,
    }
    return {name: value for name, value in found.items() if value is not None}


def _interval(interval: Interval) -> dict[str, Any]:
    ends = interval.end_text or ("" if interval.end_s == DAY_SECONDS else _clock(interval.end_s))
    found = {
        "Month": interval.months,
        "MonthDay": interval.month_days,
        "WeekDays": _week_days(interval.week_days),
        "StartTime": interval.start_text or (_clock(interval.start_s) if interval.start_s else ""),
        "EndTime": ends,
        "Ponder": interval.weight,
        "ConnectFee": interval.connect_fee,
        "Price": interval.price,
        "BillingUnit": interval.billing_unit,
    }
    return {name: value for name, value in found.items() if value not in ((), "")}


def _week_days(days: tuple[int, ...]) -> tuple[int, ...]:
    """Sunday is 7 where it stands last."""
    return (*days[:-1], 7) if len(days) > 1 and days[-1] == 0 else days


def _plan(plan: TariffPlan) -> dict[str, Any]:
    found = {
        "Id": plan.plan_id,
        "SmsCredit": _amount(plan.sms),
        "Traffic": _amount(plan.traffic),
        "Credit": None if plan.credit is None else _amount(plan.credit),
        "ReceivedCallSecondsLimit": _amount(plan.received_limit_ns),
        "RecivedCallBonus": None if plan.bonus is None else _bonus(plan.bonus),
        "MinuteBuckets": [_bucket(each) for each in plan.buckets],
        "VolumeDiscountThresholds": [
            {"Volume": _amount(each.volume_ns), "Discount": each.percent} for each in plan.discounts
        ],
    }
    return {name: value for name, value in found.items() if value is not None}


def _bonus(bonus: Bonus) -> dict[str, Any]:
    bucket = {} if bonus.bucket is None else {"MinuteBucket": _bucket(bonus.bucket)}
    amounts = {"Credit": bonus.credit, "SmsCredit": bonus.sms, "Traffic": bonus.traffic}
    return {name: _amount(value) for name, value in amounts.items()} | bucket


def _bucket(bucket: BucketTemplate) -> dict[str, Any]:
    return {
        "Seconds": _amount(bucket.seconds_ns),
        "Priority": bucket.priority,
        "Price": bucket.price,
        "DestinationId": bucket.destination_id,
    }


def _amount(scaled: int) -> Decimal:
    return Decimal(scaled).scaleb(-9)
