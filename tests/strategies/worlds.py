"""Hypothesis strategies: questions about a call, and accounts to charge."""

from typing import NamedTuple

from cgrates_py.oracle.values import Ask
from rater.account import Account
from rater.tariff import Tariff
from tests.strategies.accounts import account
from tests.strategies.calls import ANCHORS, call
from tests.strategies.dice import Dice, drawn
from tests.strategies.tariffs import interval_tariff, plan_tariff


class Question(NamedTuple):
    """What a call costs under a tariff, to somebody with or without an account."""

    tariff: Tariff
    ask: Ask
    account: Account | None


def _intervals(dice: Dice) -> Question:
    near = dice.among(ANCHORS)
    tariff = interval_tariff(dice, near)
    ask = call(dice, near, tariff)
    return Question(tariff, ask, account(dice, ask.subject) if dice.one_in(2) else None)


def _plans(dice: Dice) -> Question:
    near = dice.among(ANCHORS)
    tariff = plan_tariff(dice, near)
    ask = call(dice, near, tariff)
    return Question(tariff, ask, account(dice, ask.subject) if dice.one_in(2) else None)


interval_questions = drawn(_intervals)
plan_questions = drawn(_plans)
questions = interval_questions | plan_questions
