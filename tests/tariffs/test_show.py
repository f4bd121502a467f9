"""What a number costs, as it is shown."""

from dataclasses import replace

from cgrates_py.tariffs.show import Shown, show
from cgrates_py.tariffs.subjects import Who
from rater.instant import SECOND
from rater.refusal import Reason, Refusal
from rater.tariff import ANY, ProfileActivation, Tariff
from tests.tariffs.decks import CUSTOMER, DAY, EVERYBODY, NOW, at, deck, rate

ANYBODY = Who(CUSTOMER, "call", ANY)
BERLIN = replace(DAY, timezone="Europe/Berlin")
TARIFF = deck(
    {"A": ("+49",), "B": ("4915",)},
    {"R": rate("0.3", 30, fee="0.1"), "S": (rate("0.6", 60), rate("0.4", 1, start_s=60))},
    [("A", "R"), ("B", "R"), ("B", "S", "DAY", 20)],
    timings=[BERLIN],
)


def shown(tariff: Tariff, number: str, when: str = "2026-11-23T10:00:00Z") -> Shown:
    found = show(tariff, number, ANYBODY, at(when))
    assert isinstance(found, Shown)
    return found


def test_the_prefix_the_plan_and_some_calls_are_shown() -> None:
    found = shown(TARIFF, "+4930123456")

    assert (found.prefix, found.plan, found.steady, found.next_ns) == ("+49", "P", True, None)
    assert [(each.seconds, each.cost) for each in found.examples] == [
        (60, 3 * SECOND // 10),
        (180, 9 * SECOND // 10),
        (600, 3 * SECOND),
    ]
    assert {each.connect_fee for each in found.examples} == {SECOND // 10}


def test_the_week_has_the_clocks_of_the_plan_and_begins_today() -> None:
    found = shown(TARIFF, "491512345", "2026-11-22T23:30:00Z")  # in Berlin it is Monday
    hours = [(each.start_ns // (3600 * SECOND), each.end_ns // (3600 * SECOND)) for each in found.week]

    assert found.zone == "Europe/Berlin"
    assert hours == [(0, 8), (8, 24)] * 5 + [(0, 24)] * 2
    assert found.now is not None
    assert found.now[0].increment_ns == 30 * SECOND


def test_the_price_in_force_is_that_of_the_clock() -> None:
    before, after = (shown(TARIFF, "491512345", f"2026-11-23T{clock}Z") for clock in ("06:59:59", "07:00:00"))

    assert before.now is not None
    assert after.now is not None
    assert (len(before.now), len(after.now)) == (1, 2)


def test_the_next_activation_is_told_with_what_then_holds() -> None:
    later = at("2027-01-01T00:00:00Z")
    lines = (ProfileActivation(0, "P"), ProfileActivation(later, "Q"))
    tariff = replace(
        TARIFF,
        rating_plans={**TARIFF.rating_plans, "Q": TARIFF.rating_plans["P"][:1]},
        profiles={EVERYBODY: lines},
    )

    found = shown(tariff, "491512345")

    assert found.next_ns == later
    assert found.following is not None
    assert [price.connect_fee for price in found.following.prices] == [SECOND // 10]
    assert shown(tariff, "4930").next_ns is None


def test_a_number_without_a_price_is_refused_as_a_call_is() -> None:
    found = show(TARIFF, "48123", ANYBODY, NOW)

    assert isinstance(found, Refusal)
    assert found.reason is Reason.RATE_NOT_FOUND
