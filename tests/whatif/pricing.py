"""Compares two tariffs by the calls of a file twice: as the product does, and call by call by the core."""

import csv
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cgrates_py.cdrs.convert import Converter
from cgrates_py.cdrs.formats import Records, format_of
from cgrates_py.cdrs.layout import GETCOST, Layout
from cgrates_py.whatif.comparison import Comparison
from cgrates_py.whatif.run import compare
from cgrates_py.whatif.sides import Seller
from cgrates_py.whatif.sums import Sums
from rater import instant
from rater.compiler import compile_tariff
from rater.rating import Call, CallCost, price_call
from rater.refusal import Refusal
from rater.tariff import Tariff

HEAD = ["CstmId", "Subject", "TOR", "Destination", "TimeStart", "TimeEnd"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Both = tuple[Call, int | None, int | None]
"""A call, and what it is charged before and after; None: it has no price."""

Four = tuple[int, int, int, int]


def write_calls(path: Path, calls: Sequence[Call]) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([HEAD, *map(_texts, calls)])


def _texts(call: Call) -> list[str]:
    begun, ended = instant.text(call.start_ns, call.offset_ns), instant.text(call.end_ns)
    return [call.customer, call.subject, call.category, call.number, begun, ended]


def compare_file(
    path: Path, before: Tariff, after: Tariff, layout: Layout = GETCOST, **options: Any
) -> Comparison:
    records = Records(str(path), format_of(str(path)), layout.columns)
    try:
        return compare(records, Converter(layout), lambda: Seller(before), Seller(after), **options)
    finally:
        records.close()


def by_core(before: Tariff, after: Tariff, calls: Sequence[Call]) -> list[Both]:
    books = compile_tariff(before), compile_tariff(after)
    found = []
    for call in calls:
        one, other = (_total(price_call(book, call, None)) for book in books)
        found.append((call, one, other))
    return found


def _total(answer: CallCost | Refusal) -> int | None:
    return None if isinstance(answer, Refusal) else answer.cost + answer.connect_fee


def summed(asked: Sequence[Both], key: Callable[[Both], object]) -> dict[object, Four]:
    """Add up by a key: (calls, talk, before, after)."""
    found: dict[object, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for each in asked:
        call, before, after = each
        more = 1, call.end_ns - call.start_ns, before or 0, after or 0
        found[key(each)] = [one + other for one, other in zip(found[key(each)], more, strict=True)]
    return {each: (sums[0], sums[1], sums[2], sums[3]) for each, sums in found.items()}


def plain(sums: dict[Any, Sums]) -> dict[object, Four]:
    return {key: four(each) for key, each in sums.items()}


def four(sums: Sums) -> Four:
    return sums.calls, sums.talk_ns, sums.before, sums.after


def local(call: Call) -> datetime:
    """The clock of a call when it begins."""
    return EPOCH + timedelta(microseconds=(call.start_ns + call.offset_ns) // 1_000)


def hour_of_week(call: Call) -> int:
    return local(call).weekday() * 24 + local(call).hour
