"""Tokens charged at the published prices of language models, against the publisher's own calculator."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from genai_prices import Usage, calc_price
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import ModelInfo, Provider

from rater.metering.catalogue import Metric
from rater.metering.pricing import PriceBook, charge, cost, rated_usage
from rater.quantity import from_decimal
from tests.metering.pricing_tables import instant
from tests.rater.tables import rows
from tests.threescale.model_prices import InexpressibleError, ModelRates, model_rates

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def our_price(priced: ModelRates, at_ns: int, input_tokens: int, output_tokens: int) -> tuple[Fraction, int]:
    """Exact cost, and what is charged."""
    usage = priced.usage(input_tokens, output_tokens)
    lines = rated_usage(PriceBook(priced.rates), usage, priced.parents, "any plan", at_ns)
    assert len(usage) == len(lines)
    return sum((cost(*line) for line in lines), Fraction(0)), charge((*line, 0) for line in lines)


def their_price(model: ModelInfo, provider: Provider, at_ns: int, tokens: tuple[int, int]) -> Decimal:
    usage = Usage(input_tokens=tokens[0], output_tokens=tokens[1])
    at = EPOCH + timedelta(microseconds=at_ns // 1000)
    return model.calc_price(usage, provider, genai_request_timestamp=at).total_price


def tiered_or_dated() -> Iterator[tuple[Provider, ModelInfo, ModelRates]]:
    for provider in get_snapshot().providers:
        for model in provider.models:
            with suppress(InexpressibleError):
                priced = model_rates(model)
                if priced.borders or dates(priced) != {0}:
                    yield provider, model, priced


def dates(priced: ModelRates) -> set[int]:
    return {rate.from_ns for rate in priced.rates}


def around(*borders: int) -> set[int]:
    return {border + shift for border in borders for shift in (-1, 0, 1)}


@pytest.mark.parametrize(
    ("provider_id", "model_id", "at", "calls"),
    rows(
        """
        google | gemini-2.5-pro  | 2026-06-01T00:00:00Z | 0/0 1/1 199999/7 200000/7 200001/7 1000000/65535
        x-ai   | grok-4.20       | 2026-04-29T23:59:59Z | 199998/1 199999/1 200000/1 7/3
        x-ai   | grok-4.20       | 2026-04-30T00:00:00Z | 199998/1 199999/1 200000/1 7/3
        anthropic | claude-opus-4-6 | 2026-03-12T23:59:59Z | 200000/33 200001/33
        anthropic | claude-opus-4-6 | 2026-03-13T00:00:00Z | 200000/33 200001/33
        openai | gpt-4o          | 2026-06-01T00:00:00Z | 1/0 0/1 123457/4096
        """
    ),
)
def test_a_call_of_a_model_costs_what_its_publisher_says(
    provider_id: str, model_id: str, at: str, calls: str
) -> None:
    for call in calls.split():
        input_tokens, output_tokens = map(int, call.split("/"))
        theirs = calc_price(
            Usage(input_tokens=input_tokens, output_tokens=output_tokens),
            model_id,
            provider_id=provider_id,
            genai_request_timestamp=datetime.fromisoformat(at),
        )
        exact, charged = our_price(model_rates(theirs.model), instant(at), input_tokens, output_tokens)
        assert (Fraction(theirs.total_price), from_decimal(theirs.total_price)) == (exact, charged)


def test_every_tiered_or_dated_model_costs_what_its_publisher_says() -> None:
    tiered = dated = 0
    for provider, model, priced in tiered_or_dated():
        tiered += bool(priced.borders)
        dated += dates(priced) != {0}
        starts = {tier.start for rate in priced.rates for tier in rate.tiers}
        for at_ns in {moment - shift for moment in dates(priced) for shift in (0, 1000) if moment >= shift}:
            for input_tokens in around(1, *starts - {0}):
                theirs = their_price(model, provider, at_ns, (input_tokens, 777))
                expected = Fraction(theirs), from_decimal(theirs)
                ours = our_price(priced, at_ns, input_tokens, 777)
                assert expected == ours, f"{provider.id} {model.id} {input_tokens} at {at_ns}"
    assert tiered > 50
    assert dated > 50


def test_output_of_a_long_call_is_a_metric_below_that_of_all_output() -> None:
    priced = model_rates(model_of("google", "gemini-2.5-pro"))
    assert priced.usage(200_000, 5) == {"input_tokens": 200_000, "output_tokens": 5}
    assert priced.usage(200_001, 5) == {"input_tokens": 200_001, "output_tokens_above_200000": 5}
    long_output = Metric("output_tokens_above_200000", "output_tokens_above_200000", "output_tokens")
    assert long_output in priced.metrics


@pytest.mark.parametrize(
    ("provider_id", "model_id", "reason"),
    [
        ("deepseek", "deepseek-chat", "TimeOfDateConstraint"),
        ("perplexity", "sonar", "each request"),
        ("openai", "whisper-1", "no price for input"),
    ],
)
def test_prices_by_the_hour_or_of_other_things_are_not_turned_into_rates(
    provider_id: str, model_id: str, reason: str
) -> None:
    with pytest.raises(InexpressibleError, match=reason):
        model_rates(model_of(provider_id, model_id))


def model_of(provider_id: str, model_id: str) -> ModelInfo:
    return get_snapshot().find_provider_model(model_id, None, provider_id, None)[1]
