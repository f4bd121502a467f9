"""Published prices of language models as rates of metered usage.

A published price is per million tokens and may be tiered: the number of input tokens of a call decides what
all of its tokens cost. For ``input_tokens`` that is a ``whole`` rate. One metric's units do not choose the
tier of another, so the output tokens of long calls have metrics of their own, children of ``output_tokens``:
who reports a call has both numbers and names the metric.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time
from decimal import Decimal

from genai_prices.types import ModelInfo, ModelPrice, StartDateConstraint, TieredPrices

from rater.instant import SECOND
from rater.metering.catalogue import Metric, MetricRate, Tier

INPUT, OUTPUT = "input_tokens", "output_tokens"
MILLION = 1_000_000

_Dated = list[tuple[int, ModelPrice]]


class InexpressibleError(ValueError):
    """The model's prices are no dated series of prices for input and output tokens."""


@dataclass(frozen=True)
class ModelRates:
    """What to load for a model, and how to report its calls."""

    rates: tuple[MetricRate, ...]
    borders: tuple[int, ...]
    """Numbers of input tokens above which output tokens have a metric of their own."""

    @property
    def metrics(self) -> tuple[Metric, ...]:
        children = (Metric(above(border), above(border), OUTPUT) for border in self.borders)
        return Metric(INPUT, INPUT), Metric(OUTPUT, OUTPUT), *children

    @property
    def parents(self) -> dict[str, str]:
        return {metric.metric_id: metric.parent_id for metric in self.metrics if metric.parent_id}

    def usage(self, input_tokens: int, output_tokens: int) -> dict[str, int]:
        """Tell what to report for a call."""
        passed = [border for border in self.borders if border < input_tokens]
        return {INPUT: input_tokens, above(passed[-1]) if passed else OUTPUT: output_tokens}


def model_rates(model: ModelInfo) -> ModelRates:
    """Turn a model's prices into rates. Raises InexpressibleError."""
    dated = list(dated_prices(model))
    borders = sorted({tier.start for _, price in dated for tier in tiers_of(price.output_mtok) if tier.start})
    return ModelRates(tuple(rates_of(dated, borders)), tuple(borders))


def rates_of(dated: _Dated, borders: list[int]) -> Iterator[MetricRate]:
    for from_ns, price in dated:
        if price.requests_kcount is not None:
            raise InexpressibleError("a price for each request")
        yield MetricRate(INPUT, tiers_of(price.input_mtok), from_ns=from_ns, per=MILLION, whole=True)
        for border in (0, *borders):
            reached = [tier.price for tier in tiers_of(price.output_mtok) if tier.start <= border]
            metric_id = above(border) if border else OUTPUT
            yield MetricRate(metric_id, (Tier(0, reached[-1]),), from_ns=from_ns, per=MILLION)


def dated_prices(model: ModelInfo) -> Iterator[tuple[int, ModelPrice]]:
    """List the prices with the nanosecond that each is in force from, ascending."""
    if isinstance(model.prices, ModelPrice):
        yield 0, model.prices
        return
    begun = -1
    for entry in model.prices:
        match entry.constraint:
            case None if begun < 0:
                from_ns = 0
            case StartDateConstraint(start_date=day) if begun >= 0:
                from_ns = int(datetime.combine(day, time(), UTC).timestamp()) * SECOND
            case other:
                raise InexpressibleError(f"prices by {type(other).__name__}")
        if from_ns <= begun:
            raise InexpressibleError("an older price hides a newer one")
        begun = from_ns
        yield from_ns, entry.prices


def tiers_of(price: Decimal | TieredPrices | None) -> tuple[Tier, ...]:
    """A published start is the last number of tokens at the lower price, and so is the start of a tier."""
    match price:
        case Decimal():
            return (Tier(0, price),)
        case TieredPrices():
            return (Tier(0, price.base), *(Tier(tier.start, tier.price) for tier in price.tiers))
    raise InexpressibleError("no price for input or for output tokens")


def above(border: int) -> str:
    return f"{OUTPUT}_above_{border}"
