"""What holds of every price, whoever computes it."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from cgrates_py.oracle.prefixes import bare, begins
from cgrates_py.oracle.values import SECOND, Ask, Price
from rater.account import Account
from rater.rating import CallCost
from rater.tariff import ActivationPeriod, Interval, PrefixRate, Tariff
from tests.oracle.compare import World, cost_text, oracle_says, product_says
from tests.rater.tables import interval
from tests.strategies.worlds import Question, interval_questions, plan_questions, questions

pytestmark = pytest.mark.slow

Thing = TypeVar("Thing")

lawful = settings(
    max_examples=200,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


def priced(tariff: Tariff, ask: Ask, account: Account | None = None) -> CallCost:
    answer = product_says(World.of(tariff), ask, account)
    assume(isinstance(answer, CallCost))
    assert isinstance(answer, CallCost)
    return answer


def said(tariff: Tariff, ask: Ask, account: Account | None) -> str:
    answer = product_says(World.of(tariff), ask, account)
    return answer if isinstance(answer, str) else cost_text(answer, account)


@lawful
@given(interval_questions, st.integers(0, 10**6))
def test_the_two_parts_of_a_linear_call_cost_what_the_whole_costs(
    question: Question, millionths: int
) -> None:
    tariff, ask, _ = question
    cut = ask.start_ns + (ask.end_ns - ask.start_ns) * millionths // 10**6
    head, tail = replace(ask, end_ns=cut), replace(ask, start_ns=cut)
    parts = priced(tariff, head).cost + priced(tariff, tail).cost
    assert abs(parts - priced(tariff, ask).cost) <= 1  # three roundings of half a nanounit at most
    exact = [oracle_says(World.of(tariff), each, None) for each in (head, tail, ask)]
    first, second, whole = (each.exact if isinstance(each, Price) else None for each in exact)
    assert first is not None
    assert second is not None
    assert whole == first + second


@lawful
@given(questions, st.integers(0, 10**6))
def test_a_longer_call_costs_no_less(question: Question, millionths: int) -> None:
    tariff, ask, account = question
    shorter = replace(ask, end_ns=ask.start_ns + (ask.end_ns - ask.start_ns) * millionths // 10**6)
    assert priced(tariff, shorter, account).cost <= priced(tariff, ask, account).cost


@lawful
@given(questions)
def test_spans_follow_each_other_from_start_to_end(question: Question) -> None:
    tariff, ask, account = question
    spans = priced(tariff, ask, account).spans
    edges = [ask.start_ns, *(span.end_ns for span in spans)]
    assert [(span.start_ns, span.end_ns) for span in spans] == list(pairwise(edges))
    assert edges[-1] == ask.end_ns
    assert ask.start_ns == ask.end_ns or all(span.start_ns < span.end_ns for span in spans)


def stirred(random: Random) -> Callable[[dict[Any, Thing]], dict[Any, Thing]]:
    """A function that puts the entries of a mapping in another order."""

    def stir(mapping: dict[Any, Thing]) -> dict[Any, Thing]:
        pairs = list(mapping.items())
        random.shuffle(pairs)
        return dict(pairs)

    return stir


def sorted_another_way(tariff: Tariff, random: Random) -> Tariff:
    """The same tariff, loaded in another order wherever order means nothing."""

    def mixed(things: tuple[Thing, ...]) -> tuple[Thing, ...]:
        return tuple(random.sample(things, len(things)))

    stir = stirred(random)
    return Tariff(
        rates=stir(
            {
                key: stir(
                    {name: replace(rate, periods=mixed(rate.periods)) for name, rate in prefixes.items()}
                )
                for key, prefixes in tariff.rates.items()
            }
        ),
        destinations=stir({name: mixed(prefixes) for name, prefixes in tariff.destinations.items()}),
        plans=stir(dict(tariff.plans)),
        timings=stir(dict(tariff.timings)),
        rate_groups=stir({name: mixed(groups) for name, groups in tariff.rate_groups.items()}),
        destination_rates=stir(dict(tariff.destination_rates)),
        rating_plans=stir(dict(tariff.rating_plans)),
        profiles=stir({key: mixed(profile) for key, profile in tariff.profiles.items()}),
    )


@lawful
@given(questions, st.integers(0, 2**32))
def test_the_order_of_loading_does_not_matter(question: Question, seed: int) -> None:
    tariff, ask, account = question
    other = sorted_another_way(tariff, Random(seed))
    assert said(tariff, ask, account) == said(other, ask, account)


DEAR = PrefixRate((ActivationPeriod(-(2**62), (interval("77777", connect_fee=interval("7").price),)),))


def with_prefix(tariff: Tariff, ask: Ask, prefix: str) -> Tariff:
    key = ask.customer, ask.subject
    own = {name: rate for name, rate in tariff.rates.get(key, {}).items() if bare(name) != prefix}
    return replace(tariff, rates={**tariff.rates, key: {**own, prefix: DEAR}})


@lawful
@given(interval_questions)
def test_a_longer_prefix_that_begins_the_number_takes_over_and_others_do_nothing(question: Question) -> None:
    tariff, ask, _ = question
    ask = replace(ask, end_ns=ask.start_ns + SECOND)
    before = said(tariff, ask, None)
    number = bare(ask.number)
    dear = f"cost {77777 * SECOND} "
    whole = said(with_prefix(tariff, ask, number), ask, None)
    assert whole.startswith(f"{number!r} {dear}")
    for stranger in (f"{number}0", f"8{number}", "8"):
        assert before == said(with_prefix(tariff, ask, stranger), ask, None)


@lawful
@given(interval_questions)
def test_the_prefix_of_the_answer_is_the_longest_that_begins_the_number(question: Question) -> None:
    tariff, ask, _ = question
    own = tariff.rates.get((ask.customer, ask.subject), {})
    fitting = [bare(prefix) for prefix in own if begins(prefix, ask.number)]
    answer = priced(tariff, ask)
    assert max(fitting, key=len) == bare(answer.prefix)


@lawful
@given(questions)
def test_a_plus_before_the_number_counts_for_nothing(question: Question) -> None:
    tariff, ask, account = question
    number = bare(ask.number)
    with_plus = said(tariff, replace(ask, number=f"+{number}"), account)
    assert with_plus == said(tariff, replace(ask, number=number), account)


@lawful
@given(plan_questions, st.integers(-30, 30))
def test_a_call_of_a_tariff_without_clocks_costs_the_same_at_any_time(question: Question, hours: int) -> None:
    tariff, ask, account = question
    always = replace(
        tariff,
        timings={},
        rating_plans={
            name: tuple(replace(line, timing_id="*any") for line in lines)
            for name, lines in tariff.rating_plans.items()
        },
        profiles={
            key: (replace(min(profile, key=lambda each: each.activation_ns), activation_ns=-(2**62)),)
            for key, profile in tariff.profiles.items()
        },
    )
    shift = hours * 3600 * SECOND
    later = replace(ask, start_ns=ask.start_ns + shift, end_ns=ask.end_ns + shift)
    assert priced(always, ask, account).cost == priced(always, later, account).cost


@lawful
@given(interval_questions)
def test_an_interval_that_never_covers_changes_nothing(question: Question) -> None:
    tariff, ask, account = question
    never = Interval(interval("99999").price, weight=interval("1000").price, start_s=3600, end_s=3600)

    def burdened(rate: PrefixRate) -> PrefixRate:
        return replace(
            rate, periods=tuple(replace(each, intervals=(never, *each.intervals)) for each in rate.periods)
        )

    heavier = replace(
        tariff,
        rates={
            key: {name: burdened(rate) for name, rate in prefixes.items()}
            for key, prefixes in tariff.rates.items()
        },
    )
    assert said(tariff, ask, account) == said(heavier, ask, account)
