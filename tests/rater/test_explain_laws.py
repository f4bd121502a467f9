"""Explanations of random calls: they tell the core's own cost, and the oracle agrees."""

from fractions import Fraction
from itertools import islice

import pytest
from hypothesis import given

from cgrates_py.explain.document import described, printed
from cgrates_py.oracle.narrow import narrowed
from cgrates_py.oracle.pricing import price
from cgrates_py.oracle.values import Ask, NoRate, Price
from rater.account import Account
from rater.explain.nearest import completed
from rater.explain.pricing import explain
from rater.tariff import Tariff
from tests.oracle.__main__ import questions as asked_by_chance
from tests.oracle.compare import World, call_of
from tests.oracle.explained import disagreement
from tests.rater.test_laws import lawful
from tests.strategies.dice import seeded
from tests.strategies.worlds import Question, questions


@lawful
@given(questions)
def test_an_explanation_tells_what_is_answered_and_the_oracle_agrees(question: Question) -> None:
    world = World.of(question.tariff)
    assert problem(world, question.ask, question.account) == ""


@pytest.mark.slow
def test_thousands_of_calls_are_explained_as_they_are_priced() -> None:
    for world, ask, holder in islice(asked_by_chance(seeded(7)), 3_000):
        assert problem(world, ask, holder) == ""


def problem(world: World, ask: Ask, holder: Account | None) -> str:
    told = completed(world.book, explain(world.book, call_of(ask), holder))
    assert printed(described(told))
    return disagreement(world, call_of(ask), holder, told)


@lawful
@given(questions)
def test_what_is_left_out_for_the_oracle_prices_nothing(question: Question) -> None:
    whole = outcome(question.tariff, question)
    assert whole == outcome(narrowed(question.tariff, question.ask, question.account), question)


def outcome(tariff: Tariff, question: Question) -> tuple[int, int, Fraction] | str:
    try:
        found: Price = price(tariff, question.ask, question.account)
    except NoRate as refusal:
        return str(refusal)
    return found.cost, found.connect_fee, found.exact
