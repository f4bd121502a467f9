"""The model of the fault harness: what it calls right, and every kind of wrong that it must find."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from stress.faults.model import (
    CONNECT_FEE,
    ONE,
    REFUSED,
    Answer,
    Balance,
    Kind,
    Line,
    Operation,
    Record,
    apply,
    call_cost,
    check_account,
    effect,
    total,
)

OPENING = Balance(credit=10 * ONE, sms=3 * ONE, seconds=60 * ONE)


def asked(kind: Kind, amount: int, name: str = "a") -> Operation:
    return Operation("account", kind, amount, name)


@pytest.mark.parametrize(
    ("kind", "amount", "after", "answer"),
    [
        (Kind.MONEY, 4 * ONE, replace(OPENING, credit=6 * ONE), (6 * ONE,)),
        (Kind.MONEY, -ONE, replace(OPENING, credit=11 * ONE), (11 * ONE,)),
        (Kind.MONEY, 11 * ONE, replace(OPENING, credit=-ONE), (-ONE,)),
        (Kind.SMS, 3 * ONE, replace(OPENING, sms=0), (0,)),
        (Kind.SMS, 4 * ONE, OPENING, REFUSED),
        (Kind.SECONDS, 60 * ONE, replace(OPENING, seconds=0, credit=10 * ONE - 60_000_000), (0,)),
        (Kind.SECONDS, 61 * ONE, OPENING, REFUSED),
        (Kind.SECONDS, -ONE, replace(OPENING, seconds=61 * ONE, credit=10 * ONE + 1_000_000), (0,)),
        (Kind.CALL, 30 * ONE, replace(OPENING, credit=9_870_000_000), (100_000_000, CONNECT_FEE)),
        (Kind.VOLUME, 7 * ONE, replace(OPENING, volume=7 * ONE), (0,)),
        (Kind.TOPUP, 5 * ONE, replace(OPENING, credit=15 * ONE), None),
    ],
)
def test_an_operation_leaves_and_answers_what_the_page_says(
    kind: Kind, amount: int, after: Balance, answer: Answer
) -> None:
    assert (after, answer) == apply(OPENING, asked(kind, amount))


def test_a_call_that_the_credit_does_not_pay_is_refused() -> None:
    poor = Balance(credit=CONNECT_FEE)

    assert (poor, REFUSED) == apply(poor, asked(Kind.CALL, ONE))


def test_a_cost_is_rounded_half_to_even_at_nine_decimals() -> None:
    assert [call_cost(ONE), call_cost(2 * ONE)] == [3_333_333, 6_666_667]


def test_effects_do_not_depend_on_the_balance() -> None:
    done = [asked(Kind.MONEY, ONE), asked(Kind.SMS, ONE), asked(Kind.SECONDS, ONE), asked(Kind.CALL, ONE)]
    state = OPENING
    for operation in done:
        state, _ = apply(state, operation)

    assert state == total(OPENING, reversed(done))
    assert Balance(sms=-ONE) == effect(asked(Kind.SMS, ONE))


History = tuple[list[Record], list[Line], Balance]


def good_history() -> History:
    """Three requests one after the other, the last of which is refused."""
    records = [
        Record(asked(Kind.MONEY, ONE, "first"), 1.0, 2.0, (9 * ONE,), 1),
        Record(asked(Kind.SMS, 3 * ONE, "second"), 3.0, 4.0, (0,), 1),
        Record(asked(Kind.SMS, ONE, "third"), 5.0, 6.0, REFUSED, 1),
    ]
    lines = [
        Line("first", "DebitBalance", Balance(9 * ONE, 3 * ONE, 60 * ONE)),
        Line("second", "DebitSMS", Balance(9 * ONE, 0, 60 * ONE)),
    ]
    return records, lines, Balance(9 * ONE, 0, 60 * ONE)


def judged(history: History) -> Sequence[str]:
    records, lines, final = history
    return check_account(OPENING, records, lines, final)


def test_a_good_history_has_nothing_wrong() -> None:
    assert judged(good_history()) == []


def test_requests_under_way_together_may_stand_in_either_order() -> None:
    records, _, final = good_history()
    records[0].answered_s = 9.0
    records[0].answer = (9 * ONE,)
    turned = [
        Line("second", "DebitSMS", Balance(10 * ONE, 0, 60 * ONE)),
        Line("first", "DebitBalance", final),
    ]

    assert judged((records, turned, final)) == []


def double_charge(history: History) -> History:
    records, lines, final = history
    lines.insert(1, Line("first", "DebitBalance", Balance(8 * ONE, 3 * ONE, 60 * ONE)))
    return records, lines, replace(final, credit=8 * ONE)


def lost(history: History) -> History:
    records, lines, final = history
    return records, lines[1:], replace(final, credit=10 * ONE)


def charged_under_another_id(history: History) -> History:
    records, lines, final = history
    lines.append(Line("stranger", "DebitBalance", replace(final, credit=8 * ONE)))
    return records, lines, replace(final, credit=8 * ONE)


def wrong_balance(history: History) -> History:
    records, lines, final = history
    return records, lines, replace(final, credit=final.credit + 1)


def wrong_answer(history: History) -> History:
    records, lines, final = history
    records[0].answer = (9 * ONE + 1,)
    return records, lines, final


def wrong_state(history: History) -> History:
    records, lines, final = history
    lines[0] = replace(lines[0], after=Balance(9 * ONE, 2 * ONE, 60 * ONE))
    return records, lines, final


def refused_and_charged(history: History) -> History:
    records, lines, final = history
    records[1].answer = REFUSED
    return records, lines, final


def refused_without_reason(history: History) -> History:
    records, lines, final = history
    records[2] = Record(asked(Kind.SMS, ONE, "third"), 0.1, 0.5, REFUSED, 1)
    return records, lines, final


def never_answered(history: History) -> History:
    records, lines, final = history
    records[2] = Record(asked(Kind.SMS, ONE, "third"), 5.0)
    return records, lines, final


def against_time(history: History) -> History:
    records, lines, final = history
    lines = [
        Line("second", "DebitSMS", Balance(10 * ONE, 0, 60 * ONE)),
        Line("first", "DebitBalance", final),
    ]
    return records, lines, final


def repeated_otherwise(history: History) -> History:
    records, lines, final = history
    records[0].repeats.append((8 * ONE,))
    return records, lines, final


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (double_charge, "first is 2 times in the journal"),
        (lost, "first was answered as done and is not in the journal"),
        (charged_under_another_id, "stranger is in the journal and nobody waits"),
        (wrong_balance, "the answers make"),
        (wrong_answer, "first was answered (9000000001,)"),
        (wrong_state, "first left"),
        (refused_and_charged, "second was refused (INSUFFICIENT_CREDIT) and is in the journal"),
        (refused_without_reason, "third was refused (INSUFFICIENT_CREDIT), no balance explains it"),
        (never_answered, "third was never answered"),
        (against_time, "first was answered before second was asked, yet stands behind it"),
        (repeated_otherwise, "a repeat was answered (8000000000,)"),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_every_wrong_history_is_found(damage: object, sentence: str) -> None:
    assert callable(damage)

    assert any(sentence in problem for problem in judged(damage(good_history())))
