"""Which version of a tariff prices a call: a function of its start, and of its plan where it runs on."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgrates_py.explain.opinion import recomputed
from cgrates_py.oracle.values import Version
from rater.account import Account, MinuteBucket
from rater.book import Book
from rater.charging import Operation, Request, decide
from rater.compiler import compile_tariff
from rater.explain.pricing import explain
from rater.rating import CallCost, price_call
from rater.refusal import Reason, Refusal
from rater.tariff import ANY, ProfileActivation, Tariff
from tests.oracle.compare import call_of
from tests.rater.chains import NOON, ONE, call, chain, flat, planned
from tests.rater.tables import SECOND, rows
from tests.rater.test_laws import lawful
from tests.strategies.worlds import Question, plan_questions, questions


def priced(book: Book, start_ns: int, seconds: int) -> CallCost:
    answer = price_call(book, call(start_ns, seconds), None)
    assert isinstance(answer, CallCost)
    return answer


@pytest.mark.parametrize(
    ("after_s", "version"), [(-99_999_999, 1), (-1, 1), (0, 2), (1, 2), (3599, 2), (3600, 3), (9999, 3)]
)
def test_the_version_that_is_active_at_the_start_prices_a_call(after_s: int, version: int) -> None:
    book = chain(flat("1"), (NOON, flat("2")), (ONE, flat("3")))
    start_ns = NOON + after_s * SECOND
    assert book.at(start_ns).version == version
    assert priced(book, start_ns, 10).cost == 10 * version * SECOND


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    rows(
        """
        start | start | 60 x 1
        start | span  | 60 x 1
        span  | start | 20 x 1, 40 x 2
        span  | span  | 20 x 1, 20 x 2, 20 x 3
        """
    ),
)
def test_a_running_call_is_cut_only_as_the_prices_then_in_force_say(
    first: str, second: str, expected: str
) -> None:
    third_ns = NOON + 20 * SECOND
    one, two = first == "span", second == "span"
    book = chain(flat("1", spanwise=one), (NOON, flat("2", spanwise=two)), (third_ns, flat("3")))
    spans = [
        f"{(span.end_ns - span.start_ns) // SECOND} x {span.rate.shown.price}"
        for span in priced(book, NOON - 20 * SECOND, 60).spans
        if span.rate is not None
    ]
    assert ", ".join(spans) == expected


def test_a_cut_call_pays_the_connect_fee_of_its_start_alone() -> None:
    book = chain(flat("1", spanwise=True, fee="5"), (NOON, flat("2", fee="7")))
    cost = priced(book, NOON - SECOND, 2)
    assert (cost.connect_fee, cost.cost) == (5 * SECOND, 3 * SECOND)


def test_a_call_is_refused_whole_if_the_version_that_takes_over_does_not_sell_it() -> None:
    book = chain(flat("1", spanwise=True), (NOON, Tariff()))
    refusal = price_call(book, call(NOON - SECOND, 2), None)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is Reason.RATE_NOT_FOUND
    assert priced(book, NOON - 2 * SECOND, 2).cost == 2 * SECOND


def test_a_plan_that_is_cut_is_priced_by_both_versions() -> None:
    book = chain(planned("1", spanwise=True), (NOON, planned("2", spanwise=False)))
    assert priced(book, NOON - SECOND, 2).cost == 3 * SECOND


def test_a_version_that_takes_over_sells_what_the_first_would_have_stopped_to_sell() -> None:
    first = planned("1", spanwise=True)
    ends = {
        whose: (*lines, ProfileActivation(NOON + SECOND, "NOTHING"))
        for whose, lines in first.profiles.items()
    }
    first = replace(first, profiles=ends, rating_plans={**first.rating_plans, "NOTHING": ()})
    assert priced(chain(first, (NOON, flat("2"))), NOON - SECOND, 4).cost == 7 * SECOND
    assert isinstance(price_call(chain(first), call(NOON - SECOND, 4), None), Refusal)


def test_minutes_and_sessions_go_by_the_version_of_the_start() -> None:
    """The destination of the bucket has the number in the second version alone."""
    first = replace(flat("1"), destinations={"NEAR": ("43",)})
    second = replace(flat("1"), destinations={"NEAR": ("49",)})
    book = chain(first, (NOON, second))
    account = Account("vdf", "rif", buckets=(MinuteBucket("NEAR", 30 * SECOND),))
    for start_ns, seconds in ((NOON - SECOND, 0), (NOON, 30)):
        asked = Request(Operation.GET_MAX_SESSION_TIME, call(start_ns, 0), 60 * SECOND)
        assert decide(book, account, asked).answer == seconds * SECOND


@lawful
@given(questions, st.integers(-2, 2))
def test_a_chain_of_equal_versions_prices_as_one_of_them(question: Question, place: int) -> None:
    """Where calls are not cut, wherever the activation is."""
    one = compile_tariff(question.tariff)
    asked = call_of(question.ask)
    at_ns = (asked.start_ns, asked.end_ns, (asked.start_ns + asked.end_ns) // 2)[abs(place)] + place
    book = one.as_version(1, one.as_version(2), at_ns)
    assert price_call(book, asked, question.account) == price_call(one, asked, question.account)


@lawful
@given(plan_questions, plan_questions)
def test_a_call_belongs_to_one_version_whatever_the_other_says(first: Question, second: Question) -> None:
    asked = call_of(first.ask)
    mine, other = compile_tariff(first.tariff), compile_tariff(second.tariff)
    before = mine.as_version(1, other.as_version(2), asked.start_ns + 1)
    after = other.as_version(1, mine.as_version(2), asked.start_ns)
    expected = price_call(mine, asked, first.account)
    assert price_call(before, asked, first.account) == expected
    assert price_call(after, asked, first.account) == expected


def cut(tariff: Tariff) -> Tariff:
    """A random tariff of which all prices let the next version take over."""
    return replace(
        tariff,
        rates={
            owner: {prefix: replace(rate, spanwise=True) for prefix, rate in rates.items()}
            for owner, rates in tariff.rates.items()
        },
        rating_plans={
            name: tuple(replace(line, spanwise=True) for line in lines)
            for name, lines in tariff.rating_plans.items()
        },
    )


@settings(max_examples=300, derandomize=True, deadline=None)
@given(
    st.lists(st.tuples(questions, st.booleans(), st.booleans()), min_size=2, max_size=3),
    st.data(),
)
def test_a_call_that_versions_share_costs_what_the_oracle_says(
    drawn: list[tuple[Question, bool, bool]], data: st.DataObject
) -> None:
    """Versions are other tariffs or the first once more, and let the next one take over or not."""
    ask, account = drawn[0][0].ask, drawn[0][0].account
    chosen = [(drawn[0][0] if again else question).tariff for question, again, _ in drawn]
    tariffs = [cut(each) if cuts else each for each, (*_, cuts) in zip(chosen, drawn, strict=True)]
    within = st.integers(ask.start_ns + 1, max(ask.start_ns + 1, ask.end_ns))
    moments = sorted(data.draw(st.sets(within, min_size=1, max_size=len(tariffs) - 1)))
    book = chain(tariffs[0], *zip(moments, tariffs[1:], strict=False))
    told = explain(book, call_of(ask), account)
    versions = [
        Version(from_ns, number, tariff)
        for number, (from_ns, tariff) in enumerate(
            zip([ask.start_ns, *moments], tariffs, strict=False), start=1
        )
        if from_ns == ask.start_ns or from_ns < ask.end_ns
    ]
    assert recomputed(versions, told).note == ""


def test_prices_that_were_forgotten_and_made_anew_are_the_same_prices() -> None:
    """So a call that goes on at them is not cut, however much was asked meanwhile."""
    tariff = planned("1", spanwise=False)
    asked = call(NOON, 2)
    whose = (asked.customer, asked.subject, asked.category, asked.number, asked.start_ns, asked.end_ns)
    routes = [compile_tariff(each).route(*whose) for each in (tariff, tariff, flat("1"), flat("1"))]
    one, again, own, other = (each.periods[0][1] for each in routes if not isinstance(each, Refusal))
    assert one is not again
    assert one.same(again)
    assert not own.same(other), "those of prefixes are made once"


def test_who_takes_over_is_told_of_a_call_that_is_refused_there_too() -> None:
    second = chain(planned("2", spanwise=True), (ONE, Tariff())).as_version(2)
    book = compile_tariff(planned("1", spanwise=True)).as_version(1, second, NOON)
    taken: list[tuple[int, Book]] = []
    asked = call(NOON - SECOND, 2)
    whose = (asked.customer, asked.subject, asked.category, asked.number, asked.start_ns, asked.end_ns)
    assert not isinstance(book.route_across(*whose, taken), Refusal)
    assert taken == [(NOON, second)]
    empty = compile_tariff(Tariff()).as_version(2)
    assert isinstance(book.as_version(1, empty, NOON).route_across(*whose, taken), Refusal)
    assert taken[1:] == [(NOON, empty)]


def test_only_destinations_that_are_asked_for_are_matched() -> None:
    book = compile_tariff(Tariff(destinations={"A": ("49", "+4912"), "B": ("49",), "C": ("43",)}))
    assert book.lengths("4912345", ["A", "B", "C", "D", ANY]) == {"A": 4, "B": 2, ANY: 0}
    assert book.lengths("", ["A", ANY]) == {}
