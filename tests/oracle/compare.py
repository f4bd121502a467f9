"""Ask the product and the oracle the same question; tell the first difference."""

from dataclasses import dataclass
from decimal import Decimal

from cgrates_py.oracle.prefixes import bare
from cgrates_py.oracle.pricing import price
from cgrates_py.oracle.values import Ask, NoRate, Price, Stretch
from rater.account import Account
from rater.book import Book
from rater.compiler import compile_tariff
from rater.rating import Call, CallCost, Span, price_call
from rater.refusal import Refusal
from rater.tariff import ANY, Tariff


@dataclass(frozen=True)
class World:
    """A tariff and its compiled form."""

    tariff: Tariff
    book: Book

    @classmethod
    def of(cls, tariff: Tariff) -> "World":
        return cls(tariff, compile_tariff(tariff))


def call_of(ask: Ask) -> Call:
    return Call(
        ask.customer, ask.subject, ask.category, ask.number, ask.start_ns, ask.end_ns, offset_ns=ask.offset_ns
    )


def product_says(world: World, ask: Ask, account: Account | None) -> str | CallCost:
    answer = price_call(world.book, call_of(ask), account)
    return answer.code if isinstance(answer, Refusal) else answer


def oracle_says(world: World, ask: Ask, account: Account | None) -> str | Price:
    try:
        return price(world.tariff, ask, account)
    except NoRate as refusal:
        return str(refusal.args[0])


def rate_text(rate: Decimal, unit: Decimal, fee: Decimal, weight: Decimal) -> str:
    return f"{rate.normalize()} per {unit.normalize()} fee {fee.normalize()} weight {weight.normalize()}"


def span_text(span: Span, account: Account | None) -> str:
    """A span as both sides can tell it: when, and which bucket, price or hole."""
    what = "hole"
    if span.minutes is not None:
        assert account is not None
        what = f"minutes {account.buckets[span.minutes.place]}"
    elif span.rate is not None:
        shown = span.rate.shown
        what = rate_text(shown.price, shown.billing_unit, shown.connect_fee, shown.weight)
    return f"{span.start_ns}–{span.end_ns} {what}"


def stretch_text(stretch: Stretch) -> str:
    what = "hole"
    ruling = stretch.ruling
    if stretch.bucket is not None:
        what = f"minutes {stretch.bucket}"
    elif ruling is not None and ruling.interval is not None:
        shown = ruling.interval
        what = rate_text(shown.price, shown.billing_unit, shown.connect_fee, shown.weight)
    elif ruling is not None and ruling.line is not None and ruling.line.group is not None:
        group, line = ruling.line.group, ruling.line.plan_line
        unit = Decimal(group.unit_ns) / 10**9
        what = rate_text(group.rate, unit, group.connect_fee, line.weight)
    return f"{stretch.start_ns}–{stretch.end_ns} {what}"


def cost_text(cost: CallCost, account: Account | None) -> str:
    prefix = "" if cost.prefix == ANY else bare(cost.prefix)
    spans = [span_text(span, account) for span in cost.spans]
    return "\n".join([f"{prefix!r} cost {cost.cost} fee {cost.connect_fee}", *spans])


def price_text(found: Price) -> str:
    spans = [stretch_text(stretch) for stretch in found.stretches]
    return "\n".join([f"{bare(found.prefix)!r} cost {found.cost} fee {found.connect_fee}", *spans])


def both(world: World, ask: Ask, account: Account | None) -> tuple[str, str]:
    """(what the oracle says, what the product says), as texts that are equal when they agree."""
    expected, actual = oracle_says(world, ask, account), product_says(world, ask, account)
    return (
        expected if isinstance(expected, str) else price_text(expected),
        actual if isinstance(actual, str) else cost_text(actual, account),
    )
