"""Calls priced by rating plans, as tables: rate groups, increments, timings, caps, profiles, fallbacks."""

from dataclasses import replace
from decimal import Decimal

import pytest

from rater.account import Account, MinuteBucket
from rater.charging import Operation, Request, decide
from rater.compiler import compile_tariff
from rater.rating import Call
from rater.refusal import Refusal
from rater.tariff import ANY, PlanLine, ProfileActivation, Tariff, TariffPlan, Timing, VolumeDiscount
from tests.rater.tables import (
    SECOND,
    asked,
    clock,
    destination_rate,
    instant,
    ns,
    plan,
    rows,
)

NOON = "2024-05-15T12:00:00Z"

RATES = {
    "MINUTE_THEN_SECONDS": ("0.4, 0.2, 60, 60, 0", "0, 0.1, 60, 1, 60"),
    "HALF_MINUTES_THEN_TENS": ("0.8, 0.4, 60, 30, 0", "0, 0.2, 60, 10, 60"),
    "GROUP_INSIDE_AN_INCREMENT": ("0, 6, 60, 30, 0", "0, 0.6, 60, 1, 45"),
    "CENT_A_SECOND": ("0, 0.01, 1, 1, 0",),
    "NANOSECONDS": ("0, 1, 1, 0.000000001, 0",),
    "DAY": ("0, 0.2, 60, 60, 0",),
    "EVENING": ("0.1, 0.1, 60, 60, 0",),
    "HOLIDAY": ("0, 0.05, 60, 60, 0",),
    "FREE": ("0, 0, 60, 60, 0",),
}


def one(rates_id: str) -> Tariff:
    """A plan of one rate for every number at any time."""
    return plan({rates_id: RATES[rates_id]}, ((destination_rate(rates_id), ANY, 10),))


@pytest.mark.parametrize(
    ("rates_id", "seconds", "expected"),
    rows(
        """
        MINUTE_THEN_SECONDS       | 0    | 0 + 0.4 : 0@0.2/60
        MINUTE_THEN_SECONDS       | 1    | 0.2 + 0.4 : 1@0.2/60
        MINUTE_THEN_SECONDS       | 20   | 0.2 + 0.4 : 20@0.2/60
        MINUTE_THEN_SECONDS       | 60   | 0.2 + 0.4 : 60@0.2/60
        MINUTE_THEN_SECONDS       | 60.000000001 | 0.2017 + 0.4 : 60@0.2/60, 0.000000001@0.1/60
        MINUTE_THEN_SECONDS       | 85   | 0.2417 + 0.4 : 60@0.2/60, 25@0.1/60
        MINUTE_THEN_SECONDS       | 130  | 0.3167 + 0.4 : 60@0.2/60, 70@0.1/60
        HALF_MINUTES_THEN_TENS    | 20   | 0.2 + 0.8 : 20@0.4/60
        HALF_MINUTES_THEN_TENS    | 31   | 0.4 + 0.8 : 31@0.4/60
        HALF_MINUTES_THEN_TENS    | 85   | 0.5 + 0.8 : 60@0.4/60, 25@0.2/60
        GROUP_INSIDE_AN_INCREMENT | 44   | 6 : 44@6/60
        GROUP_INSIDE_AN_INCREMENT | 46   | 6.01 : 45@6/60, 1@0.6/60
        NANOSECONDS               | 1.000000001 | 1.0001 : 1.000000001@1
        """
    ),
)
def test_a_begun_increment_is_charged_whole(rates_id: str, seconds: str, expected: str) -> None:
    assert expected == asked(one(rates_id), "49", NOON, seconds)


@pytest.mark.parametrize(
    ("rounding", "decimals", "seconds", "expected"),
    [
        ("*up", 4, "85", "0.2417"),
        ("*down", 4, "85", "0.2416"),
        ("*middle", 4, "85", "0.2417"),
        ("*middle", 4, "86", "0.2433"),
        ("*up", 0, "85", "1"),
        ("*down", 0, "85", "0"),
        ("*middle", 1, "90", "0.3"),
        ("*up", 9, "85", "0.241666667"),
        ("*down", 9, "85", "0.241666666"),
        ("*up", 9, "86", "0.243333334"),
    ],
)
def test_a_destination_rate_rounds_its_sum_once(
    rounding: str, decimals: int, seconds: str, expected: str
) -> None:
    rate = destination_rate("R", rounding=rounding, decimals=decimals)
    tariff = plan({"R": RATES["MINUTE_THEN_SECONDS"]}, ((rate, ANY, 10),))
    assert expected == asked(tariff, "49", NOON, seconds).partition(" + ")[0]


WORKDAYS = (1, 2, 3, 4, 5)

WEEK = plan(
    {name: RATES[name] for name in ("DAY", "EVENING", "HOLIDAY", "CENT_A_SECOND", "FREE")},
    (
        (destination_rate("DAY", "GERMANY"), "WORK", 10),
        (destination_rate("EVENING", "GERMANY"), "EVENING", 10),
        (destination_rate("HOLIDAY", "GERMANY"), "MAY_DAY", 20),
        (destination_rate("CENT_A_SECOND", "MOBILE"), "EVENING", 10),
        (destination_rate("FREE", ANY), ANY, 90),
    ),
    (
        Timing("WORK", week_days=WORKDAYS, start_s=clock("08:00")),
        Timing("EVENING", week_days=WORKDAYS, start_s=clock("18:00")),
        Timing("MAY_DAY", months=(5,), month_days=(1,)),
    ),
    {"GERMANY": ("+49", "0049"), "MOBILE": ("491",)},
)


@pytest.mark.parametrize(
    ("number", "start", "seconds", "expected"),
    rows(
        """
        4930      | 2024-05-15T17:59:30Z | 60   | 0.3 : 30@0.2/60, 30@0.1/60
        +4930     | 2024-05-15T17:59:30Z | 60   | 0.3 : 30@0.2/60, 30@0.1/60
        004930    | 2024-05-15T18:00:00Z | 60   | 0.1 + 0.1 : 60@0.1/60
        4930      | 2024-05-15T17:59:30Z | 0    | 0 : 0@0.2/60
        4930      | 2024-05-15T17:00:00Z | 7200 | 18 : 3600@0.2/60, 3600@0.1/60
        4930      | 2024-05-15T23:59:30Z | 60   | 0.1 + 0.1 : 30@0.1/60, 30@0/60
        4930      | 2024-05-16T00:00:00Z | 60   | 0 : 60@0/60
        4930      | 2024-04-30T23:59:30Z | 60   | 0.15 + 0.1 : 30@0.1/60, 30@0.05/60
        4930      | 2024-05-01T20:00:00Z | 60   | 0.05 : 60@0.05/60
        4930      | 2024-05-01T23:59:30Z | 60   | 0.05 : 30@0.05/60, 30@0/60
        4915      | 2024-05-15T17:59:30Z | 60   | 0.5 : 30@0.2/60, 30@0.01
        4915      | 2024-05-18T20:00:00Z | 60   | 0 : 60@0/60
        33        | 2024-05-15T17:59:30Z | 60   | 0 : 60@0/60
        """
    ),
)
def test_longest_prefix_then_weight_then_the_later_part_of_the_day(
    number: str, start: str, seconds: str, expected: str
) -> None:
    assert expected == asked(WEEK, number, start, seconds)


NIGHT = plan(
    {"DAY": RATES["DAY"], "EVENING": RATES["EVENING"]},
    (
        (destination_rate("DAY"), ANY, 10),
        (destination_rate("EVENING"), "SATURDAY_NIGHT", 10),
    ),
    (Timing("SATURDAY_NIGHT", week_days=(6,), start_s=clock("22:00"), timezone="Europe/Berlin"),),
)


@pytest.mark.parametrize(
    ("number", "start", "seconds", "expected"),
    rows(
        """
        49 | 2024-05-13T23:59:30Z | 45     | 0.2 : 45@0.2/60
        49 | 2024-05-14T12:00:00Z | 172801 | 576.2 : 172801@0.2/60
        49 | 2024-05-18T19:59:30Z | 60     | 0.3 : 30@0.2/60, 30@0.1/60
        49 | 2024-12-28T20:59:30Z | 60     | 0.3 : 30@0.2/60, 30@0.1/60
        49 | 2024-05-18T21:59:30Z | 60     | 0.3 + 0.1 : 30@0.1/60, 30@0.2/60
        """
    ),
)
def test_midnight_alone_starts_no_increment_and_a_timing_may_name_its_zone(
    number: str, start: str, seconds: str, expected: str
) -> None:
    assert expected == asked(NIGHT, number, start, seconds)


def test_a_hole_in_a_plan_costs_nothing_and_starts_increments_anew() -> None:
    tariff = plan(
        {"DAY": RATES["DAY"]},
        ((destination_rate("DAY"), "MORNING", 10),),
        (Timing("MORNING", start_s=clock("08:00")),),
    )
    assert asked(tariff, "49", "2024-05-15T23:59:30Z", "28860") == "0.4 : 30@0.2/60, 28800@-, 30@0.2/60"
    assert asked(tariff, "49", "2024-05-15T07:00:00Z", "60") == "0 : 60@-"


@pytest.mark.parametrize(
    ("strategy", "seconds", "expected"),
    [
        ("*free", "11", "0.11 : 11@0.01"),
        ("*free", "12", "0.12 : 12@0.01"),
        ("*free", "3600", "0.12 : 3600@0.01"),
        ("*disconnect", "13", "0.13 : 13@0.01"),
        ("", "13", "0.13 : 13@0.01"),
    ],
)
def test_the_maximum_cost_caps_the_price_only_where_the_rest_is_free(
    strategy: str, seconds: str, expected: str
) -> None:
    rate = destination_rate("R", max_cost="0.12", strategy=strategy)
    assert expected == asked(plan({"R": RATES["CENT_A_SECOND"]}, ((rate, ANY, 0),)), "49", NOON, seconds)


def session(tariff: Tariff, account: Account, amount: str) -> str:
    start_ns, offset_ns = instant(NOON)
    call = Call("vdf", "rif", "call", "49", start_ns, start_ns, offset_ns=offset_ns)
    request = Request(Operation.GET_MAX_SESSION_TIME, call, ns(amount))
    answer = decide(compile_tariff(tariff), account, request).answer
    return answer.code if isinstance(answer, Refusal) else str(Decimal(str(answer)) / SECOND)


RICH = Account("vdf", "rif", credit=100 * SECOND)


@pytest.mark.parametrize(
    ("rates_id", "max_cost", "amount", "expected"),
    [
        ("CENT_A_SECOND", "0.12", "3600", "12"),
        ("CENT_A_SECOND", "0.125", "3600", "12"),
        ("CENT_A_SECOND", "0.12", "11.5", "11.5"),
        ("DAY", "0.5", "3600", "120"),
        ("DAY", "0.4", "121", "120"),
        ("DAY", "0.1", "3600", "0"),
        ("MINUTE_THEN_SECONDS", "0.25", "3600", "90"),
        ("FREE", "0.1", "3600", "3600"),
    ],
)
def test_a_session_ends_with_the_last_increment_within_the_maximum_cost(
    rates_id: str, max_cost: str, amount: str, expected: str
) -> None:
    rate = destination_rate("R", max_cost=max_cost, strategy="*disconnect")
    tariff = plan({"R": RATES[rates_id]}, ((rate, ANY, 0),))
    assert expected == session(tariff, RICH, amount)


def test_minutes_do_not_spend_the_maximum_cost() -> None:
    rate = destination_rate("R", max_cost="0.12", strategy="*disconnect")
    tariff = replace(
        plan({"R": RATES["CENT_A_SECOND"]}, ((rate, ANY, 0),)), destinations={"GERMANY": ("49",)}
    )
    account = replace(RICH, buckets=(MinuteBucket("GERMANY", 30 * SECOND),))
    assert session(tariff, account, "3600") == "42"


def test_seconds_on_minutes_count_for_the_rate_groups() -> None:
    tariff = replace(one("MINUTE_THEN_SECONDS"), destinations={"GERMANY": ("49",)})
    account = replace(RICH, buckets=(MinuteBucket("GERMANY", 50 * SECOND),))
    assert asked(tariff, "49", NOON, "65", account) == "0.2084 : 50@GERMANY, 10@0.2/60, 5@0.1/60"


def test_a_discount_comes_before_the_cap_and_the_rounding() -> None:
    rate = destination_rate("R", max_cost="0.1", strategy="*free", decimals=2)
    tariff = replace(
        plan({"R": RATES["CENT_A_SECOND"]}, ((rate, ANY, 0),)),
        plans={"gold": TariffPlan("gold", discounts=(VolumeDiscount(0, Decimal(50)),))},
    )
    account = replace(RICH, plan_id="gold")
    assert asked(tariff, "49", NOON, "11", account) == "0.06 : 11@0.01"
    assert asked(tariff, "49", NOON, "30", account) == "0.1 : 30@0.01"


def since(moment: str, plan_id: str, *fallbacks: str) -> ProfileActivation:
    return ProfileActivation(instant(moment)[0], plan_id, fallbacks)


def profiles(**subjects: tuple[ProfileActivation, ...]) -> Tariff:
    """Plans DAY and EVENING sell 49 through one destination rates Id each, NOTHING sells no number."""
    both = plan(
        {"DAY": RATES["DAY"], "EVENING": RATES["EVENING"], "CENT": RATES["CENT_A_SECOND"]},
        (
            (destination_rate("DAY", "GERMANY"), ANY, 10),
            (destination_rate("EVENING", "GERMANY"), ANY, 10),
            (destination_rate("CENT", "GERMANY", max_cost="0.12", strategy="*free"), ANY, 10),
        ),
        destinations={"GERMANY": ("49",)},
    )
    return replace(
        both,
        rating_plans={
            "DAY": (PlanLine("DR0", ANY),),
            "EVENING": (PlanLine("DR1", ANY),),
            "CENT": (PlanLine("DR2", ANY),),
            "CENT_TOO": (PlanLine("DR2", ANY),),
            "NOTHING": (),
        },
        profiles={("vdf", "call", name.replace("any", ANY)): line for name, line in subjects.items()},
    )


LONG_AGO = "2012-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("tariff", "expected"),
    [
        (profiles(rif=(since(LONG_AGO, "DAY"),)), "0.2 : 60@0.2/60"),
        (profiles(any=(since(LONG_AGO, "DAY"),)), "0.2 : 60@0.2/60"),
        (profiles(rif=(since(LONG_AGO, "DAY"),), any=(since(LONG_AGO, "EVENING"),)), "0.2 : 60@0.2/60"),
        (profiles(rif=(since(LONG_AGO, "NOTHING"),), any=(since(LONG_AGO, "DAY"),)), "RATE_NOT_FOUND"),
        (profiles(radu=(since(LONG_AGO, "DAY"),)), "RATE_NOT_FOUND"),
        (
            profiles(rif=(since("2024-05-15T12:00:30Z", "DAY"),), any=(since(LONG_AGO, "EVENING"),)),
            "RATE_NOT_ACTIVE",
        ),
        (
            profiles(rif=(since("2024-05-15T12:00:30Z", "EVENING"), since(LONG_AGO, "DAY"))),
            "0.3 : 30@0.2/60, 30@0.1/60",
        ),
        (
            profiles(rif=(since("2024-05-15T12:00:30Z", "DAY"), since(LONG_AGO, "DAY"))),
            "0.4 : 30@0.2/60, 30@0.2/60",
        ),
        (
            profiles(rif=(since("2024-05-15T12:00:30Z", "CENT_TOO"), since(LONG_AGO, "CENT"))),
            "0.12 : 30@0.01, 30@0.01",
        ),
        (
            profiles(rif=(since("2024-05-15T12:00:30Z", "NOTHING"), since(LONG_AGO, "DAY"))),
            "RATE_NOT_FOUND",
        ),
        (
            profiles(
                rif=(since(LONG_AGO, "NOTHING", "eve", "radu"),),
                radu=(since(LONG_AGO, "EVENING"),),
                any=(since(LONG_AGO, "DAY"),),
            ),
            "0.1 + 0.1 : 60@0.1/60",
        ),
        (
            profiles(
                rif=(since(LONG_AGO, "NOTHING", "radu", "ana"),),
                radu=(since("2024-05-15T12:00:30Z", "DAY"),),
                ana=(since(LONG_AGO, "EVENING"),),
            ),
            "0.3 + 0.1 : 30@0.1/60, 30@0.2/60",
        ),
        (
            profiles(
                rif=(since(LONG_AGO, "NOTHING", "radu", "ana"),),
                radu=(since("2024-05-15T12:00:30Z", "DAY"), since(LONG_AGO, "NOTHING")),
                ana=(since(LONG_AGO, "EVENING"),),
            ),
            "0.3 + 0.1 : 30@0.1/60, 30@0.2/60",
        ),
        (profiles(rif=(since(LONG_AGO, "NOTHING", "rif"),)), "RATE_NOT_FOUND"),
        (
            profiles(
                rif=(since(LONG_AGO, "NOTHING", "a"),),
                a=(since(LONG_AGO, "NOTHING", "b"),),
                b=(since(LONG_AGO, "NOTHING", "c"),),
                c=(since(LONG_AGO, "NOTHING", "d"),),
                d=(since(LONG_AGO, "DAY"),),
            ),
            "0.2 : 60@0.2/60",
        ),
        (
            profiles(
                rif=(since(LONG_AGO, "NOTHING", "a"),),
                a=(since(LONG_AGO, "NOTHING", "b"),),
                b=(since(LONG_AGO, "NOTHING", "c"),),
                c=(since(LONG_AGO, "NOTHING", "d"),),
                d=(since(LONG_AGO, "NOTHING", "e"),),
                e=(since(LONG_AGO, "DAY"),),
            ),
            "RATE_NOT_FOUND",
        ),
    ],
    ids=(
        "own profile",
        "everyone's profile",
        "own before everyone's",
        "everyone's is no fallback",
        "a stranger's",
        "not active yet",
        "a new plan inside the call",
        "the same plan again starts increments anew",
        "one destination rate of two plans is capped once",
        "a part of the call that nobody sells",
        "the second fallback",
        "a fallback that begins inside the call",
        "a fallback whose plan begins to sell inside the call",
        "a loop",
        "four fallbacks",
        "five fallbacks",
    ),
)
def test_profiles_and_fallbacks(tariff: Tariff, expected: str) -> None:
    assert expected == asked(tariff, "4930", NOON, "60")
