"""Asks the columns and the core about the same calls, and lays both answers side by side."""

from collections.abc import Sequence

from cgrates_py.bulk.calls import Calls, Priced
from rater.book import Book
from rater.rating import Call, CallCost, price_call
from rater.refusal import Refusal
from rater.tariff import Tariff
from tests.strategies.calls import call
from tests.strategies.dice import Dice

Row = tuple[Refusal | None, int, int, str, str, str]
"""(refusal, cost, connect fee, prefix, plan, notice)."""


def by_columns(priced: Priced) -> list[Row]:
    reasons = [None if place < 0 else priced.reasons[place] for place in priced.reason.tolist()]
    return list(
        zip(
            reasons,
            priced.cost.tolist(),
            priced.connect_fee.tolist(),
            priced.prefix.texts(),
            priced.plan.texts(),
            priced.notices.texts(),
            strict=True,
        )
    )


def by_core(book: Book, calls: Sequence[Call]) -> list[Row]:
    return [_row(price_call(book, call, None)) for call in calls]


def _row(answer: CallCost | Refusal) -> Row:
    if isinstance(answer, Refusal):
        return answer, 0, 0, "", "", ""
    period = answer.spans[0].period
    hole = any(span.rate is None for span in answer.spans)
    return (
        None,
        answer.cost,
        answer.connect_fee,
        answer.prefix,
        "" if period is None else period.plan_id,
        "span without price" if hole else "",
    )


def differences(priced: Priced, book: Book, calls: Sequence[Call]) -> list[tuple[Call, Row, Row]]:
    """The calls whose two answers differ: (call, columns, core)."""
    pairs = zip(calls, by_columns(priced), by_core(book, calls), strict=True)
    return [(call, columns, core) for call, columns, core in pairs if columns != core]


def calls_near(dice: Dice, near: int, tariff: Tariff, count: int) -> list[Call]:
    asks = (call(dice, near, tariff) for _ in range(count))
    return [
        Call(ask.customer, ask.subject, ask.category, ask.number, ask.start_ns, ask.end_ns, ask.offset_ns)
        for ask in asks
    ]


def columns_of(calls: Sequence[Call]) -> Calls:
    return Calls.of(calls)
