"""What a comparison tells of two tariffs, and that it tells nothing where only the writing differs."""

from dataclasses import replace
from decimal import Decimal

import pytest

from cgrates_py.tariffs.diff import diff
from cgrates_py.tariffs.subjects import Who
from rater.compiler import compile_tariff
from rater.instant import SECOND
from rater.rating import Call, CallCost, price_call
from rater.tariff import (
    ANY,
    ActivationPeriod,
    BucketTemplate,
    Interval,
    PrefixRate,
    ProfileActivation,
    RateGroup,
    Rounding,
    Tariff,
    TariffPlan,
    Timing,
    VolumeDiscount,
)
from tests.strategies.dice import seeded
from tests.strategies.tariffs import plan_tariff
from tests.tariffs.decks import CUSTOMER, DAY, EVERYBODY, NOW, at, compared, deck, rate

GERMANY = {"GERMANY": ("49",), "MOBILE": ("+4915", "4916", "4917")}
LINES = [("GERMANY", "LINE"), ("MOBILE", "CELL"), ("MOBILE", "DEAR", "DAY", 20)]
RATES = {"LINE": rate("0.02"), "CELL": rate("0.3", 30, fee="0.1"), "DEAR": rate("0.4", 30, fee="0.1")}
BASE = deck(GERMANY, RATES, LINES, timings=[DAY])


def split(prefixes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{prefix}{digit}" for prefix in prefixes for digit in "9876543210")


SAME = {
    "itself": BASE,
    "its rows in another order": deck(
        dict(reversed(GERMANY.items())), dict(reversed(RATES.items())), reversed(LINES), timings=[DAY]
    ),
    "prefixes as their ten children": deck(
        {name: split(split(prefixes)) for name, prefixes in GERMANY.items()}, RATES, LINES, timings=[DAY]
    ),
    "other Ids and weights": deck(
        {"A": GERMANY["GERMANY"], "B": GERMANY["MOBILE"]},
        {"x": RATES["LINE"], "y": RATES["CELL"], "z": RATES["DEAR"]},
        [("A", "x", ANY, 1), ("B", "y", ANY, 2), ("B", "z", "T", 3)],
        timings=[replace(DAY, timing_id="T")],
    ),
    "a price by the second": deck(
        GERMANY,
        {
            "LINE": rate("0.001", unit_s=3),
            "CELL": rate("0.005", 30, fee="0.1", unit_s=1),
            "DEAR": RATES["DEAR"],
        },
        LINES,
        timings=[DAY],
    ),
    "lines that never win": deck(
        GERMANY, {**RATES, "NEVER": rate("9")}, [*LINES, ("MOBILE", "NEVER", ANY, 0)], timings=[DAY]
    ),
}


@pytest.mark.parametrize("other", SAME.values(), ids=SAME)
def test_what_is_written_differently_and_prices_alike_does_not_differ(other: Tariff) -> None:
    assert diff(BASE, other, from_ns=NOW).equal
    assert diff(other, BASE, from_ns=NOW).equal


def changed(rates: dict[str, RateGroup | tuple[RateGroup, ...]]) -> Tariff:
    return deck(GERMANY, {**RATES, **rates}, LINES, timings=[DAY])


LANDLINE = "490-490 "
NIGHT = "Mon–Fri 00:00–08:00; Sat, Sun"
REST = "48"
CHANGES = {
    "a price": (changed({"CELL": rate("0.33", 30, fee="0.1")}), ("price", "0.3/60s", "0.33/60s", "+10")),
    "a fee": (changed({"CELL": rate("0.3", 30, fee="0.05")}), ("connect fee", "0.1", "0.05", "-50")),
    "an increment": (changed({"CELL": rate("0.3", 60, fee="0.1")}), ("increment", "30s", "60s", "")),
    "a third": (
        changed({"CELL": rate("1", 30, fee="0.1", unit_s=7)}),
        ("price", "0.3/60s", "60/7/60s", "+2757.14"),
    ),
    "rate groups": (
        changed({"CELL": (rate("0.3", 30, fee="0.1"), rate("0.2", 1, start_s=60))}),
        ("rate groups", "0.3/60s by 30s", "0.3/60s by 30s, from 60s on 0.2/60s by 1s", ""),
    ),
}


@pytest.mark.parametrize(("other", "line"), CHANGES.values(), ids=CHANGES)
def test_one_thing_that_changed_is_told_once_with_its_numbers_and_moments(
    other: Tariff, line: tuple[str, ...]
) -> None:
    ((numbers, when, *rest),) = compared(BASE, other)

    assert numbers == "4915 4916 4917"
    assert set(when.split("; ")) == {"Mon–Fri 00:00–08:00", "Sat, Sun"}
    assert tuple(rest) == line


def test_every_step_of_a_price_that_changes_alike_is_one_change() -> None:
    def steps(price: str) -> Tariff:
        return changed({"CELL": (rate(price, 30), rate(price, 1, start_s=60))})

    assert [row[2] for row in compared(steps("0.3"), steps("0.4"))] == ["price"]


def test_a_step_that_changes_alone_is_named() -> None:
    def steps(price: str) -> Tariff:
        return changed({"CELL": (rate("0.3", 30), rate(price, 1, start_s=60))})

    assert [row[2:] for row in compared(steps("0.3"), steps("0.4"))] == [
        ("price from 60s on", "0.3/60s", "0.4/60s", "+33.33")
    ]


def test_rounding_and_a_maximum_cost_are_told() -> None:
    other = deck(GERMANY, RATES, LINES, timings=[DAY], rounding=(Rounding.DOWN, 2))

    assert {row[2:] for row in compared(BASE, other)} == {("rounding", "*up 4", "*down 2", "")}


def test_other_hours_are_the_moments_at_which_the_price_changes() -> None:
    later = deck(GERMANY, RATES, LINES, timings=[replace(DAY, start_s=9 * 3600)])

    assert compared(BASE, later) == [
        ("4915 4916 4917", "Mon–Fri 08:00–09:00", "price", "0.4/60s", "0.3/60s", "-25")
    ]


def test_another_zone_of_the_clocks_is_told() -> None:
    zoned = deck(GERMANY, RATES, LINES, timings=[replace(DAY, timezone="Europe/Berlin")])

    assert compared(BASE, zoned) == [
        ("4915 4916 4917", "always", "clocks in zone", "the call's", "Europe/Berlin", "")
    ]


def test_a_place_where_increments_begin_anew_is_told() -> None:
    one = deck({"A": ("4",)}, {"R": rate("0.3", 60)}, [("A", "R")])
    cut = deck(
        {"A": ("4",)},
        {"R": rate("0.3", 60)},
        [("A", "R"), ("A", "R", "NOON", 10)],
        timings=[Timing("NOON", start_s=12 * 3600)],
    )

    assert [row[2] for row in compared(one, cut)] == ["pieces"]


def test_numbers_that_lose_or_get_a_price_are_told_with_it() -> None:
    without = deck({**GERMANY, "MOBILE": ("4915", "4916")}, RATES, [*LINES[:0], *LINES[1:]], timings=[DAY])
    full = deck(GERMANY, RATES, LINES[1:], timings=[DAY])
    price = "0.4/60s by 30s, connect fee 0.1, rounded *up 4"

    assert ("4917", "Mon–Fri 08:00–24:00", "rated", price, "unrated", "") in compared(full, without)
    assert ("4917", "Mon–Fri 08:00–24:00", "rated", "unrated", price, "") in compared(without, full)


def test_neighbouring_numbers_are_written_with_the_fewest_prefixes() -> None:
    before = deck({"A": ("4",)}, {"R": rate("1")}, [("A", "R")])
    after = deck(
        {"A": ("4",), "B": (*(f"49{digit}" for digit in range(10)), "480", "481")},
        {"R": rate("1"), "S": rate("2")},
        [("A", "R"), ("B", "S")],
    )

    assert [row[0] for row in compared(before, after)] == ["480 481 49"]


def test_a_change_of_the_shorter_prefix_spares_the_longer_ones() -> None:
    before = deck({"A": ("49",), "B": ("4915",)}, {"R": rate("1"), "S": rate("2")}, [("A", "R"), ("B", "S")])
    after = deck({"A": ("49",), "B": ("4915",)}, {"R": rate("3"), "S": rate("2")}, [("A", "R"), ("B", "S")])
    numbers = [f"49{digit}" for digit in "02345678 9".replace(" ", "")]
    inside = [f"491{digit}" for digit in "012346789"]

    assert [row[0].split() for row in compared(before, after)] == [sorted([*numbers, *inside])]


def activated(*lines: tuple[str, str]) -> Tariff:
    tariff = deck({"A": ("4",)}, {"R": rate("1"), "S": rate("2")}, [("A", "R"), ("A", "S")])
    first, second = tariff.rating_plans["P"]
    profile = tuple(ProfileActivation(at(when), plan) for when, plan in lines)
    return replace(tariff, rating_plans={"P": (first,), "Q": (second,)}, profiles={EVERYBODY: profile})


PAST, NEAR, FAR = "2024-01-01T00:00:00Z", "2027-01-01T00:00:00Z", "2027-03-01T00:00:00Z"


def test_a_price_that_comes_later_differs_only_in_between() -> None:
    before, after = activated((PAST, "P"), (FAR, "Q")), activated((PAST, "P"), (NEAR, "Q"))

    ((change,),) = [group.changes for group in diff(before, after, from_ns=NOW).groups]

    assert (at(NEAR), at(FAR), "price", "+100") == (*change[1:3], change.line.what, change.line.percent)


def test_what_is_over_does_not_differ_unless_it_is_asked_for() -> None:
    before, after = activated((PAST, "P")), activated((PAST, "Q"), ("2025-01-01T00:00:00Z", "P"))

    assert diff(before, after, from_ns=NOW).equal
    assert not diff(before, after, from_ns=at("2024-06-01T00:00:00Z")).equal
    assert diff(before, after, from_ns=at(PAST) - 1, until_ns=at(PAST)).equal


def test_an_activation_that_is_not_there_yet_is_a_number_without_a_price() -> None:
    before, after = activated((PAST, "P")), activated((NEAR, "P"))

    ((change,),) = [group.changes for group in diff(before, after, from_ns=NOW).groups]

    assert (None, at(NEAR), "rated", "unrated") == (*change[1:3], change.line.what, change.line.after)


def test_subjects_of_equal_tables_are_told_once_and_others_apart() -> None:
    def sold(price: str) -> Tariff:
        tariff = deck({"A": ("4",)}, {"R": rate(price)}, [("A", "R")])
        own = (ProfileActivation(0, "P"),)
        later = (ProfileActivation(1, "P"),)
        people = {(CUSTOMER, "call", name): own for name in ("anna", "bert", "carl")}
        return replace(tariff, profiles={**people, (CUSTOMER, "call", "dora"): later})

    (group,) = diff(sold("1"), sold("2"), from_ns=NOW).groups

    assert [who.subject for who in group.subjects] == ["anna", "bert", "carl", "dora"]
    only = diff(sold("1"), sold("2"), from_ns=NOW, subject=Who(CUSTOMER, "call", "anna"))
    assert [[who.subject for who in each.subjects] for each in only.groups] == [["anna"]]


def test_fallbacks_are_followed() -> None:
    def falling(price: str) -> Tariff:
        tariff = deck({"A": ("4",)}, {"R": rate(price)}, [("A", "R")])
        return replace(
            tariff,
            rating_plans={**tariff.rating_plans, "EMPTY": ()},
            profiles={
                (CUSTOMER, "call", "anna"): (ProfileActivation(0, "EMPTY", ("*any",)),),
                EVERYBODY: (ProfileActivation(0, "P"),),
            },
        )

    (group,) = diff(falling("1"), falling("2"), from_ns=NOW).groups

    assert [who.subject for who in group.subjects] == [ANY, "anna"]


def intervals(*each: Interval) -> Tariff:
    return Tariff(rates={(CUSTOMER, "anna"): {"49": PrefixRate((ActivationPeriod(0, each),))}})


def test_intervals_of_2012_and_plans_are_compared_as_one() -> None:
    plan = deck({"A": ("49",)}, {"R": rate("0.5", 0, unit_s=1)}, [("A", "R")], rounding=(Rounding.UP, 10))
    plan = replace(plan, profiles={(CUSTOMER, "call", "anna"): plan.profiles[EVERYBODY]})

    assert compared(intervals(Interval(Decimal("0.5"))), plan) == []
    assert [row[2:] for row in compared(intervals(Interval(Decimal("0.4"))), plan)] == [
        ("price", "0.4/1s", "0.5/1s", "+25")
    ]


def test_a_date_of_the_year_is_named() -> None:
    def holiday(price: str) -> Tariff:
        return intervals(
            Interval(Decimal(1)),
            Interval(Decimal(price), weight=Decimal(5), months=(12,), month_days=(24, 25)),
        )

    assert [row[1] for row in compared(holiday("2"), holiday("3"))] == ["24, 25 Dec"]
    assert [row[1] for row in compared(intervals(Interval(Decimal(1))), holiday("3"))] == ["24, 25 Dec"]


def test_plans_of_subscribers_are_compared_by_what_they_give() -> None:
    def plans(prefix: str, percent: str, name: str = "NAT") -> Tariff:
        gold = TariffPlan(
            "gold",
            sms=5 * SECOND,
            buckets=(BucketTemplate(name, 60 * SECOND),),
            discounts=(VolumeDiscount(0, Decimal(percent)),),
        )
        return Tariff(destinations={name: (prefix,)}, plans={"gold": gold})

    assert diff(plans("49", "5"), plans("+49", "5", "HOME"), from_ns=NOW).equal
    assert diff(plans("49", "5"), plans("48", "10"), from_ns=NOW).plans == (
        ("gold", "minutes", "60s to 49", "60s to 48"),
        ("gold", "discounts", "5 % from 0s", "10 % from 0s"),
    )
    assert diff(plans("49", "5"), Tariff(), from_ns=NOW).plans == (
        ("gold", "plan", "there is one", "there is none"),
    )


@pytest.mark.parametrize("seed", range(60))
def test_what_does_not_differ_prices_every_call_alike(seed: int) -> None:
    """Random tariffs: where no number differs, no call does; where a call differs, its number is told."""
    dice = seeded(seed)
    before, after = plan_tariff(dice, NOW), plan_tariff(dice, NOW)
    if dice.one_in(2):
        after = replace(before, rate_groups={**before.rate_groups, "R1": after.rate_groups["R1"]})
    who = sorted(before.profiles)[0]
    found = diff(before, after, from_ns=NOW, subject=Who(who[0], who[1], who[2]))
    changed = [number for group in found.groups for change in group.changes for number in change.numbers]
    books = compile_tariff(before), compile_tariff(after)
    for _ in range(200):
        number = "".join(dice.among("0123459") for _ in range(7))
        start_ns = NOW + dice.roll(0, 40 * 86_400) * SECOND
        call = Call(who[0], who[2], who[1], number, start_ns, start_ns + dice.roll(1, 200) * SECOND)
        costs = [price_call(book, call, None) for book in books]
        sums = [each.cost + each.connect_fee if isinstance(each, CallCost) else each.code for each in costs]
        if sums[0] != sums[1]:
            assert any(number.startswith(prefix) for prefix in changed), (number, sums)
