"""Scenario tables: tariffs in a few words, calls and answers in columns."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from _pytest.mark import ParameterSet

from rater.account import Account
from rater.book import Book
from rater.compiler import compile_tariff
from rater.quantity import decimal_text, text
from rater.rating import Call, CallCost, Span, price_call
from rater.refusal import Refusal
from rater.tariff import (
    ANY,
    DAY_SECONDS,
    ActivationPeriod,
    DestinationRate,
    Interval,
    MaxCostStrategy,
    PlanLine,
    PrefixRate,
    ProfileActivation,
    RateGroup,
    Rounding,
    Tariff,
    Timing,
)

SECOND = 10**9
EPOCH = datetime.fromisoformat("1970-01-01T00:00:00Z")


def instant(moment: str) -> tuple[int, int]:
    """(nanoseconds since the epoch, offset of the zone) of an RFC 3339 text, by way of datetime."""
    whole, _, tail = moment.partition(".")
    fraction = ""
    while tail[:1].isdigit():
        fraction, tail = fraction + tail[0], tail[1:]
    time = datetime.fromisoformat(whole + tail)
    offset = time.utcoffset()
    assert offset is not None, "a moment in a table has a zone"
    seconds = (time - EPOCH) // timedelta(seconds=1)
    return seconds * SECOND + int(fraction.ljust(9, "0")), offset // timedelta(seconds=1) * SECOND


def ns(seconds: str) -> int:
    """Seconds with up to nine decimals as nanoseconds."""
    return int(Decimal(seconds) * SECOND)


def clock(hours: str) -> int:
    """``18:00`` or ``18:00:30`` as seconds of the day."""
    parts = [int(part) for part in hours.split(":")]
    return sum(part * unit for part, unit in zip(parts, (3600, 60, 1), strict=False))


def interval(price: str, hours: str = "", week_days: str = "", **more: Any) -> Interval:
    """An interval: ``interval("0.2", "08:00-18:00", "12345", connect_fee=Decimal(1))``."""
    begin, _, end = hours.partition("-")
    return Interval(
        price=Decimal(price),
        week_days=tuple(int(day) for day in week_days),
        start_s=clock(begin) if begin else 0,
        end_s=clock(end) if end else DAY_SECONDS,
        **more,
    )


def from_2012(*intervals: Interval, since: str = "2012-01-01T00:00:00Z") -> ActivationPeriod:
    return ActivationPeriod(instant(since)[0], intervals)


def prefixes(timezone: str | None = None, **rates: tuple[ActivationPeriod, ...]) -> Tariff:
    """A tariff of the subject ``rif`` of customer ``vdf``; prefixes are written ``p0256=…``."""
    table = {name.removeprefix("p"): PrefixRate(periods, timezone) for name, periods in rates.items()}
    return Tariff(rates={("vdf", "rif"): table})


def group(line: str) -> RateGroup:
    """A rate as the file writes it: ``fee, rate, unit, increment, start`` in seconds."""
    fee, rate, unit, increment, start = (cell.strip() for cell in line.split(","))
    return RateGroup(Decimal(fee), Decimal(rate), ns(unit), ns(increment), ns(start))


def destination_rate(
    rates_id: str,
    destination: str = ANY,
    rounding: str = "*up",
    decimals: int = 4,
    max_cost: str = "",
    strategy: str = "",
) -> DestinationRate:
    return DestinationRate(
        destination,
        rates_id,
        Rounding(rounding),
        decimals,
        Decimal(max_cost) if max_cost else None,
        MaxCostStrategy(strategy),
    )


def plan(
    rates: dict[str, tuple[str, ...]],
    lines: tuple[tuple[DestinationRate, str, int], ...],
    timings: tuple[Timing, ...] = (),
    destinations: dict[str, tuple[str, ...]] | None = None,
) -> Tariff:
    """A tariff of one rating plan that ``rif`` of ``vdf`` has for calls since 2012.

    ``lines``: (destination rate, timing, weight). Each destination rate gets an Id of its own.
    """
    return Tariff(
        destinations=destinations or {},
        timings={timing.timing_id: timing for timing in timings},
        rate_groups={name: tuple(group(line) for line in groups) for name, groups in rates.items()},
        destination_rates={f"DR{n}": (rate,) for n, (rate, _, _) in enumerate(lines)},
        rating_plans={
            "PLAN": tuple(
                PlanLine(f"DR{n}", timing, Decimal(weight)) for n, (_, timing, weight) in enumerate(lines)
            )
        },
        profiles={("vdf", "call", "rif"): (ProfileActivation(instant("2012-01-01T00:00:00Z")[0], "PLAN"),)},
    )


def rows(table: str) -> list[ParameterSet]:
    """The lines of a table with ``|`` between cells, each named by its first three cells."""
    lines = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
    return [pytest.param(*cells, id=" ".join(cells[:3])) for cells in lines]


def asked(tariff: Tariff, number: str, start: str, seconds: str, account: Account | None = None) -> str:
    """Price a call and tell it as ``cost [+ fee] : seconds@price, …``, or the code of the refusal."""
    book: Book = compile_tariff(tariff)
    start_ns, offset_ns = instant(start)
    call = Call("vdf", "rif", "call", number, start_ns, start_ns + ns(seconds), offset_ns=offset_ns)
    answer = price_call(book, call, account)
    return answer.code if isinstance(answer, Refusal) else told(answer)


def told(cost: CallCost) -> str:
    fee = f" + {text(cost.connect_fee)}" if cost.connect_fee else ""
    return f"{text(cost.cost)}{fee} : {', '.join(_told_span(span) for span in cost.spans)}"


def _told_span(span: Span) -> str:
    length = text(span.end_ns - span.start_ns)
    if span.minutes is not None:
        return f"{length}@{span.minutes.bucket.destination_id}"
    if span.rate is None:
        return f"{length}@-"
    shown = span.rate.shown
    unit = decimal_text(shown.billing_unit)
    return f"{length}@{decimal_text(shown.price)}{'' if unit == '1' else f'/{unit}'}"
