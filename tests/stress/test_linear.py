"""The judge of concurrent histories: against a table, against every order there is, and against the clock."""

import itertools
import random
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stress.faults.linear import Fate, Kind, Operation, apply, check


def debit(called: int, answered: int, amount: int, balance: int) -> Operation:
    return Operation(Kind.DEBIT, amount, called, answered, Fate.OK, balance)


def read(called: int, answered: int, balance: int) -> Operation:
    return Operation(Kind.READ, 0, called, answered, Fate.OK, balance)


def take(called: int, answered: int, amount: int, balance: int | None) -> Operation:
    fate = Fate.REFUSED if balance is None else Fate.OK
    return Operation(Kind.TAKE, amount, called, answered, fate, balance or 0)


def unknown(called: int, amount: int, kind: Kind = Kind.DEBIT) -> Operation:
    return Operation(kind, amount, called, called, Fate.UNKNOWN)


HISTORIES = [
    ("nothing happened", [], True),
    ("one after the other", [debit(0, 1, 3, 97), debit(2, 3, 2, 95), read(4, 5, 95)], True),
    ("a read sees what came before it", [debit(0, 1, 3, 97), read(2, 3, 100)], False),
    ("a read may go before a debit it overlaps", [debit(0, 3, 3, 97), read(1, 2, 100)], True),
    ("a read may go after a debit it overlaps", [debit(0, 3, 3, 97), read(1, 2, 97)], True),
    ("a later read cannot go back", [debit(0, 9, 3, 97), read(1, 2, 97), read(3, 4, 100)], False),
    ("two readers that overlap may differ", [debit(0, 9, 3, 97), read(1, 4, 97), read(2, 5, 100)], True),
    ("a lost update: both debited the same balance", [debit(0, 3, 1, 99), debit(1, 2, 1, 99)], False),
    ("a lost update that a later answer hides", [debit(0, 3, 1, 99), debit(1, 2, 2, 98)], False),
    ("a debit done twice", [debit(0, 1, 1, 99), debit(2, 3, 1, 97)], False),
    ("an answer that nobody can have had", [debit(0, 1, 1, 98)], False),
    ("order by answers, not by calls", [debit(0, 9, 1, 97), debit(1, 8, 2, 98)], True),
    ("a credit is a negative debit", [debit(0, 1, -5, 105), read(2, 3, 105)], True),
    ("enough is taken", [take(0, 1, 100, 0), take(2, 3, 1, None)], True),
    ("a refusal with enough there is wrong", [take(0, 1, 100, None)], False),
    ("a refusal is right beside what emptied it", [take(0, 5, 100, 0), take(1, 2, 1, None)], True),
    ("an unknown debit happened", [unknown(0, 7), read(1, 2, 93)], True),
    ("an unknown debit did not happen", [unknown(0, 7), read(1, 2, 100)], True),
    ("an unknown debit happened late", [unknown(0, 7), read(1, 2, 100), read(3, 4, 93)], True),
    ("an unknown debit cannot be undone", [unknown(0, 7), read(1, 2, 93), read(3, 4, 100)], False),
    ("an unknown debit cannot happen twice", [unknown(0, 7), read(1, 2, 93), read(3, 4, 86)], False),
    ("an unknown debit cannot happen before its call", [read(0, 1, 93), unknown(2, 7)], False),
    ("of two unknown debits one happened", [unknown(0, 7), unknown(0, 5), read(1, 2, 95)], True),
    ("no sum of unknown debits explains it", [unknown(0, 7), unknown(0, 5), read(1, 2, 94)], False),
    ("an unknown take of too much never matters", [unknown(0, 101, Kind.TAKE), read(1, 2, 100)], True),
    ("a failed debit had no effect", [Operation(Kind.DEBIT, 7, 0, 1, Fate.FAILED), read(2, 3, 93)], False),
]


@pytest.mark.parametrize(("history", "expected"), [pytest.param(h, e, id=name) for name, h, e in HISTORIES])
def test_history_of_an_account_that_began_with_100(history: list[Operation], expected: bool) -> None:
    assert check(history, 100).linearizable is expected


OPERATIONS = st.builds(
    lambda kind, amount, called, lasts, fate, balance: Operation(
        kind, 0 if kind is Kind.READ else amount, called, called + lasts, fate, balance
    ),
    st.sampled_from(Kind),
    st.integers(1, 2),
    st.integers(0, 6),
    st.integers(0, 6),
    st.sampled_from([Fate.OK, Fate.OK, Fate.OK, Fate.REFUSED, Fate.UNKNOWN]),
    st.integers(0, 4),
)


def by_every_order(history: Sequence[Operation], start: int) -> bool:
    """Try all orders of all subsets that leave out nothing but the unknown."""
    known = [each for each in history if each.fate is not Fate.UNKNOWN]
    unknown_ones = [each for each in history if each.fate is Fate.UNKNOWN]
    return any(
        in_real_time(order) and answers_fit(order, start)
        for count in range(len(unknown_ones) + 1)
        for some in itertools.combinations(unknown_ones, count)
        for order in itertools.permutations([*known, *some])
    )


def in_real_time(order: Sequence[Operation]) -> bool:
    return not any(
        later.fate is not Fate.UNKNOWN and later.answered < earlier.called
        for earlier, later in itertools.combinations(order, 2)
    )


def answers_fit(order: Sequence[Operation], balance: int) -> bool:
    for operation in order:
        balance, fits = apply(operation, balance)
        if not fits:
            return False
    return True


@given(st.lists(OPERATIONS, max_size=5), st.integers(0, 4))
def test_the_search_agrees_with_trying_every_order(history: list[Operation], start: int) -> None:
    assert check(history, start).linearizable is by_every_order(history, start)


def concurrent_history(chances: random.Random, count: int, clients: int, unknown_max: int) -> list[Operation]:
    """A history that is right by construction: each operation takes effect at one instant inside it."""
    busy_until = [0] * clients
    planned = []
    for _ in range(count):
        client = min(range(clients), key=busy_until.__getitem__)
        called = busy_until[client] + chances.randint(0, 20)
        answered = called + chances.randint(1, 200)
        busy_until[client] = answered + 1
        planned.append((chances.randint(called, answered), called, answered))
    balance, history, lost = 1_000_000, [], 0
    for _, called, answered in sorted(planned):
        if chances.random() < 0.2:
            history.append(read(called, answered, balance))
            continue
        amount = chances.randint(-3, 9)
        balance -= amount
        if lost < unknown_max and chances.random() < 0.01:
            lost += 1
            history.append(unknown(called, amount))
        else:
            history.append(debit(called, answered, amount, balance))
    return history


def test_thousands_of_operations_of_many_clients_take_about_a_step_each() -> None:
    history = concurrent_history(random.Random(1), count=5000, clients=32, unknown_max=8)
    verdict = check(history, 1_000_000)
    assert verdict.linearizable is True
    assert verdict.steps < 20 * len(history)


def test_one_wrong_answer_among_thousands_is_found_and_shown() -> None:
    history = concurrent_history(random.Random(2), count=3000, clients=16, unknown_max=0)
    place = next(n for n, each in enumerate(history) if n > 2000 and each.kind is Kind.READ)
    wrong = history[place]
    history[place] = read(wrong.called, wrong.answered, wrong.balance + 1_000)
    verdict = check(history, 1_000_000)
    assert verdict.linearizable is False
    assert history[place] in verdict.stuck


def test_a_search_that_is_cut_short_decides_nothing() -> None:
    history = [unknown(0, 1 << n) for n in range(20)] + [read(1, 2, 1)]
    assert check(history, 0, steps_max=1000).linearizable is None
