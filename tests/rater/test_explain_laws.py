"""Explanations of random calls: they tell the core's own cost, and the oracle agrees."""

from fractions import Fraction

import pytest
from hypothesis import given

from cgrates_py.explain.document import described, printed
from cgrates_py.explain.opinion import recomputed
from cgrates_py.oracle.narrow import narrowed
from cgrates_py.oracle.pricing import price
from cgrates_py.oracle.values import Ask, NoRate, Price
from rater.account import Account
from rater.charging import Operation, Request, decide
from rater.compiler import compile_tariff
from rater.explain.nearest import completed
from rater.explain.pricing import explain
from rater.rating import CallCost, price_call
from rater.refusal import Refusal
from rater.tariff import Tariff
from tests.oracle.__main__ import questions as asked_by_chance
from tests.oracle.compare import call_of
from tests.rater.test_laws import lawful
from tests.strategies.dice import seeded
from tests.strategies.worlds import Question, questions


@lawful
@given(questions)
def test_an_explanation_tells_what_is_answered_and_the_oracle_agrees(question: Question) -> None:
    check(question.tariff, question.ask, question.account)


@pytest.mark.slow
def test_thousands_of_calls_are_explained_as_they_are_priced() -> None:
    for _, (world, ask, holder) in zip(range(3_000), asked_by_chance(seeded(7)), strict=False):
        check(world.tariff, ask, holder)


def check(tariff: Tariff, ask: Ask, holder: Account | None) -> None:
    book = compile_tariff(tariff)
    call = call_of(ask)
    told = completed(book, explain(book, call, holder))
    answer = price_call(book, call, holder)
    if isinstance(answer, CallCost):
        assert (told.cost, told.connect_fee, told.refusal) == (answer.cost, answer.connect_fee, None)
        assert round(told.exact) == answer.cost
        assert all(each.holds for each in told.conditions)
    else:
        assert told.refusal == answer
        assert [each.holds for each in told.conditions[-1:]] == [False]
    assert printed(described(told))
    if holder is not None:
        decision = decide(book, holder, Request(Operation.DEBIT, call))
        assert told.charges[0].after == decision.account
        refused = isinstance(decision.answer, Refusal)
        assert refused == any(not each.holds for each in told.charges[0].conditions)
    assert recomputed(tariff, told).agrees


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
