"""The rater and the oracle answer alike: prices, sessions, and whole lives of accounts."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cgrates_py.oracle.values import AMOUNT_MAX, SECOND, Ask, Price
from rater.account import Account
from rater.charging import Decision, Operation, Request, decide
from rater.rating import CallCost
from rater.refusal import Refusal
from tests.oracle import charging as oracle
from tests.oracle.__main__ import compared
from tests.oracle.compare import World, both, call_of, cost_text, price_text
from tests.strategies.accounts import account
from tests.strategies.calls import ANCHORS, CATEGORY, CUSTOMER, DIGITS, call
from tests.strategies.dice import Dice, drawn
from tests.strategies.tariffs import interval_tariff, plan_tariff
from tests.strategies.worlds import Question, interval_questions, plan_questions, questions

thorough = settings(
    max_examples=200,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

AMOUNTS = st.one_of(
    st.integers(-50, 200).map(lambda n: n * SECOND),
    st.integers(-(10**11), 10**11),
    st.sampled_from((0, 1, -1, AMOUNT_MAX, -AMOUNT_MAX)),
)


@pytest.mark.slow
def test_ten_thousand_answers_agree_to_the_last_digit() -> None:
    tally = compared(10_000, seed=1)
    assert tally.differences[:1] == []


@thorough
@given(interval_questions)
def test_activation_periods_price_as_the_oracle_says(question: Question) -> None:
    expected, actual = both(World.of(question.tariff), question.ask, question.account)
    assert expected == actual


@thorough
@given(plan_questions)
def test_rating_plans_price_as_the_oracle_says(question: Question) -> None:
    expected, actual = both(World.of(question.tariff), question.ask, question.account)
    assert expected == actual


@thorough
@given(questions, st.integers(0, 20_000_000).map(lambda n: n * SECOND // 1000))
def test_a_session_may_last_as_long_as_the_oracle_says(question: Question, amount: int) -> None:
    world, ask, holder = World.of(question.tariff), question.ask, question.account
    assume(holder is not None)
    assert holder is not None
    expected = oracle.max_session(world.tariff, holder, ask, amount)
    request = Request(Operation.GET_MAX_SESSION_TIME, call_of(ask), amount)
    answer = decide(world.book, holder, request).answer
    assert expected == (answer.code if isinstance(answer, Refusal) else answer)


def text_of(answer: object, holder: Account) -> object:
    """An answer in the form in which the two sides can be compared."""
    if isinstance(answer, CallCost):
        return cost_text(answer, holder)
    if isinstance(answer, Price):
        return price_text(answer)
    return answer.code if isinstance(answer, Refusal) else answer


def beginning(dice: Dice) -> tuple[World, Account, int]:
    near = dice.among(ANCHORS)
    kind = dice.among((interval_tariff, plan_tariff))
    return World.of(kind(dice, near)), account(dice), near


class AccountLife(RuleBasedStateMachine):
    """One account, any operations in any order: after each, answer and balances are the oracle's."""

    world: World
    account: Account
    near: int

    @initialize(start=drawn(beginning))
    def open(self, start: tuple[World, Account, int]) -> None:
        self.world, self.account, self.near = start

    def asked(self, operation: Operation, expected: oracle.Outcome, ask: Ask, amount: int = 0) -> None:
        decision = decide(self.world.book, self.account, Request(operation, call_of(ask), amount))
        said = expected.code if expected.code is not None else text_of(expected.answer, self.account)
        assert (said, expected.account) == (text_of(decision.answer, self.account), decision.account)
        self.account = decision.account

    def dialled(self, number: str) -> Ask:
        return Ask(CUSTOMER, self.account.subject, CATEGORY, number, self.near, self.near)

    @rule(amount=AMOUNTS)
    def debit_balance(self, amount: int) -> None:
        expected = oracle.debit_balance(self.account, amount)
        self.asked(Operation.DEBIT_BALANCE, expected, self.dialled(""), amount)

    @rule(amount=AMOUNTS)
    def debit_sms(self, amount: int) -> None:
        expected = oracle.debit_sms(self.account, amount)
        self.asked(Operation.DEBIT_SMS, expected, self.dialled(""), amount)

    @rule(number=st.text(DIGITS, min_size=1, max_size=6), amount=AMOUNTS)
    def debit_seconds(self, number: str, amount: int) -> None:
        expected = oracle.debit_seconds(self.world.tariff, self.account, number, amount)
        self.asked(Operation.DEBIT_SECONDS, expected, self.dialled(number), amount)

    @rule(amount=AMOUNTS)
    def add_volume(self, amount: int) -> None:
        expected = oracle.add_volume_discount_seconds(self.account, amount)
        self.asked(Operation.ADD_VOLUME_DISCOUNT_SECONDS, expected, self.dialled(""), amount)

    @rule()
    def reset_volume(self) -> None:
        expected = oracle.reset_volume_discount_seconds(self.account)
        self.asked(Operation.RESET_VOLUME_DISCOUNT_SECONDS, expected, self.dialled(""))

    @rule(amount=st.integers(-20, 500).map(lambda n: n * SECOND))
    def add_received(self, amount: int) -> None:
        expected = oracle.add_received_call_seconds(self.world.tariff, self.account, amount)
        self.asked(Operation.ADD_RECIEVED_CALL_SECONDS, expected, self.dialled(""), amount)

    @rule()
    def reset_budget(self) -> None:
        expected = oracle.reset_user_budget(self.world.tariff, self.account)
        self.asked(Operation.RESET_USER_BUDGET, expected, self.dialled(""))

    @rule(data=st.data())
    def debit(self, data: Any) -> None:
        ask = data.draw(drawn(lambda dice: call(dice, self.near, self.world.tariff)))
        ask = replace(ask, subject=self.account.subject)
        self.asked(Operation.DEBIT, oracle.debit(self.world.tariff, self.account, ask), ask)

    @invariant()
    def no_bucket_is_overdrawn(self) -> None:
        assert all(bucket.seconds_ns >= 0 for bucket in self.account.buckets)


AccountLife.TestCase.settings = settings(
    max_examples=60,
    stateful_step_count=25,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
TestAccountLife = AccountLife.TestCase


@thorough
@given(questions)
def test_reading_operations_leave_the_account_as_it_is(question: Question) -> None:
    world, holder = World.of(question.tariff), question.account
    assume(holder is not None)
    assert holder is not None
    for operation in (Operation.GET_COST, Operation.GET_MAX_SESSION_TIME, Operation.GET_ACCOUNT):
        decision: Decision = decide(world.book, holder, Request(operation, call_of(question.ask), SECOND))
        assert holder == decision.account
