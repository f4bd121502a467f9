"""What the JSON files of 2012 mean, and what is refused in them."""

# ruff: noqa: E501 -- a row of a table is read as one line

import json
from decimal import Decimal
from pathlib import Path

import pytest

from rater.account import Account, MinuteBucket
from rater.instant import parse
from rater.tariff import (
    ActivationPeriod,
    Bonus,
    BucketTemplate,
    Interval,
    PrefixRate,
    TariffPlan,
    VolumeDiscount,
)
from storage.loading import AccountSeed
from tests.loading.folders import JSON, load, notices, reports

UNIT = 1_000_000_000
PATH = "activation_periods.json $[0].ActivationPeriods[0]"


def test_a_folder_without_fault_becomes_its_tariff_and_accounts(tmp_path: Path) -> None:
    loaded = load(tmp_path, JSON)

    assert (reports(loaded), notices(loaded)) == ([], [])
    workdays = (1, 2, 3, 4, 5)
    earlier = ActivationPeriod(
        parse("2012-04-30T22:00:00Z")[0],
        (
            Interval(Decimal("0.1"), week_days=workdays, end_s=43_200, end_text="12:00:00"),
            Interval(
                Decimal("0.2"),
                week_days=workdays,
                start_s=43_200,
                end_s=86_400,
                start_text="12:00:00",
                end_text="23:59:59",
            ),
            Interval(Decimal("0.05"), connect_fee=Decimal("0.15"), weight=Decimal(2), week_days=(6, 0)),
        ),
    )
    later = ActivationPeriod(parse("2013-05-01T00:00:00Z")[0], (Interval(Decimal("0.3")),))
    assert {("c", "s"): {"031": PrefixRate((earlier, later))}} == loaded.tariff.rates
    assert loaded.tariff.destinations == {"near": ("031", "032"), "far": ("07",)}
    gold = TariffPlan(
        "gold",
        sms=7 * UNIT,
        received_limit_ns=60 * UNIT,
        bonus=Bonus(credit=3 * UNIT // 2),
        buckets=(BucketTemplate("near", 61 * UNIT // 2, 2, Decimal("0.01")),),
        discounts=(VolumeDiscount(100 * UNIT, Decimal("2.5")), VolumeDiscount(900 * UNIT, Decimal(9))),
    )
    assert {"gold": gold} == loaded.tariff.plans
    account = Account("", "a:b", credit=UNIT // 10, plan_id="gold", buckets=(MinuteBucket("far", 5 * UNIT),))
    assert (AccountSeed(account, replace=True),) == loaded.accounts


def interval(**members: object) -> dict[str, str]:
    """A folder with one interval."""
    return rate([{"Price": 1, **members}])


def rate(intervals: list[dict[str, object]], **members: object) -> dict[str, str]:
    """A folder with one rate of one period."""
    period = {"ActivationTime": "2012-01-01T00:00:00Z", "Intervals": intervals}
    whole = {
        "CstmId": "c",
        "Subject": "s",
        "DestinationPrefix": "1",
        "ActivationPeriods": [period],
        **members,
    }
    return {"activation_periods.json": json.dumps([whole])}


INTERVALS: list[tuple[dict[str, object], Interval]] = [
    ({"Month": 0, "MonthDay": 0, "WeekDays": []}, Interval(Decimal(1))),
    ({"Month": None, "WeekDays": None, "Ponder": None}, Interval(Decimal(1))),
    ({"Month": 2, "MonthDay": 29}, Interval(Decimal(1), months=(2,), month_days=(29,))),
    ({"Month": [12, 1, 1], "MonthDay": [0]}, Interval(Decimal(1), months=(1, 12))),
    ({"WeekDays": [7, 0, 6]}, Interval(Decimal(1), week_days=(0, 6))),
    ({"BillingUnit": 0}, Interval(Decimal(1))),
    ({"BillingUnit": 0.5}, Interval(Decimal(1), billing_unit=Decimal("0.5"))),
    ({"EndTime": "24:00:00"}, Interval(Decimal(1), end_text="24:00:00")),
    ({"EndTime": "23:59:58"}, Interval(Decimal(1), end_s=86_398, end_text="23:59:58")),
    ({"Ponder": -1.5}, Interval(Decimal(1), weight=Decimal("-1.5"))),
]


@pytest.mark.parametrize(("members", "expected"), INTERVALS)
def test_an_interval_is_read(tmp_path: Path, members: dict[str, object], expected: Interval) -> None:
    loaded = load(tmp_path, interval(**members))

    assert reports(loaded) == []
    assert (expected,) == loaded.tariff.rates["c", "s"]["1"].periods[0].intervals


def test_a_number_never_passes_through_a_float(tmp_path: Path) -> None:
    text = rate([{"Price": 12345.5}])["activation_periods.json"].replace("12345.5", "0.100000000000000001")

    loaded = load(tmp_path, {"activation_periods.json": text})

    price = loaded.tariff.rates["c", "s"]["1"].periods[0].intervals[0].price
    assert str(price) == "0.100000000000000001"


def test_member_names_match_in_any_case(tmp_path: Path) -> None:
    names = (
        "CstmId",
        "Prefixes",
        "ActivationTime",
        "Intervals",
        "Price",
        "SmsCredit",
        "TariffPlanId",
        "Seconds",
    )
    shouted = dict(JSON)
    for file, text in JSON.items():
        for name in names:
            shouted[file] = shouted[file].replace(f'"{name}"', f'"{name.upper()}"')
        assert text != shouted[file]

    assert load(tmp_path / "a", JSON).tariff == load(tmp_path / "b", shouted).tariff


def test_a_rate_may_name_its_time_zone(tmp_path: Path) -> None:
    loaded = load(tmp_path, rate([{"Price": 1}], Timezone="Asia/Tokyo"))

    assert loaded.tariff.rates["c", "s"]["1"].timezone == "Asia/Tokyo"


@pytest.mark.parametrize("spelling", ["ReceivedCallSecondsLimit", "ReceivedCallsSecondsLimit"])
@pytest.mark.parametrize("bonus", ["RecivedCallBonus", "ReceivedCallBonus"])
def test_a_plan_is_read_under_every_spelling(tmp_path: Path, spelling: str, bonus: str) -> None:
    given = {"SmsCredit": 2, "Traffic": 3, "MinuteBucket": {"Seconds": 4, "DestinationId": "far"}}
    plan = {"Id": "p", "Credit": 0, spelling: 5, bonus: given}

    loaded = load(tmp_path, {**JSON, "tariff_plans.json": json.dumps([plan]), "user_budgets.json": "[]"})

    expected = Bonus(0, 2 * UNIT, 3 * UNIT, BucketTemplate("far", 4 * UNIT))
    assert TariffPlan("p", credit=0, received_limit_ns=5 * UNIT, bonus=expected) == loaded.tariff.plans["p"]


def test_an_account_may_belong_to_a_customer_and_be_closed(tmp_path: Path) -> None:
    budget = {
        "CstmId": "c",
        "Id": "s",
        "Credit": -2.5,
        "Traffic": 1,
        "VolumeDiscountSeconds": 3,
        "ReceivedCallSeconds": 4,
        "ResetDayOfTheMonth": 31,
        "AllowNegative": True,
        "Disabled": True,
    }

    loaded = load(tmp_path, {"user_budgets.json": json.dumps([budget])})

    expected = Account(
        "c", "s", -5 * UNIT // 2, 0, UNIT, 3 * UNIT, 4 * UNIT, 31, allow_negative=True, disabled=True
    )
    assert expected == loaded.accounts[0].account


INTERVAL_PROBLEMS: list[tuple[dict[str, object], str]] = [
    ({"Price": -0.5}, "Price: expected a number from 0 to 9000000000, got -0.5"),
    ({"Price": "0.5"}, "Price: expected a number, got '0.5'"),
    ({"Price": True}, "Price: expected a number, got true"),
    ({"Price": float("nan")}, "Price: expected a number from 0 to 9000000000, got NaN"),
    ({"Price": [1]}, "Price: expected a number, got a list"),
    ({"Price": 10**400}, "Price: expected a number from 0 to 9000000000, got Infinity"),
    ({"ConnectFee": 0.0000000001}, "ConnectFee: expected at most 9 decimals, got 1E-10"),
    ({"BillingUnit": -1}, "BillingUnit: expected a number from 0 to 9000000000, got -1"),
    ({"Month": 13}, "Month: expected whole numbers from 0 to 12, got 13"),
    ({"Month": 1.5}, "Month: expected whole numbers from 0 to 12, got 1.5"),
    ({"MonthDay": [1, "2"]}, "MonthDay: expected whole numbers from 0 to 31, got '2'"),
    ({"WeekDays": [8]}, "WeekDays: expected whole numbers from 0 to 7, got 8"),
    ({"Month": 2, "MonthDay": 30}, "MonthDay: expected a day that comes at some time, got none"),
    ({"StartTime": "8:00"}, "StartTime: expected a clock hh:mm:ss, got '8:00'"),
    ({"StartTime": 8}, "StartTime: expected a text, got 8"),
    (
        {"StartTime": "18:00:00", "EndTime": "18:00:00"},
        "EndTime: expected an end after the start, got '18:00:00'",
    ),
    (
        {"StartTime": "18:00:00", "EndTime": "08:00:00"},
        "EndTime: expected an end after the start, got '08:00:00'",
    ),
]


@pytest.mark.parametrize(("members", "expected"), INTERVAL_PROBLEMS)
def test_a_fault_of_an_interval_is_told_with_its_path(
    tmp_path: Path, members: dict[str, object], expected: str
) -> None:
    assert [f"{PATH}.Intervals[0].{expected}"] == reports(load(tmp_path, interval(**members)))


PROBLEMS = [
    ("destinations.json", '{"Id": "near"}', " $: expected an array, got an object"),
    ("destinations.json", "[1]", " $[0]: expected an object, got 1"),
    ("destinations.json", "[\n{,}]", ":2:2: expected JSON, got expecting property name enclosed in double quotes"),
    ("destinations.json", "", ":1:1: expected JSON, got expecting value"),
    ("destinations.json", b'[\n"\xff"]', ":2:2: expected UTF-8 text, got byte 0xff"),
    ("destinations.json", "[" * 100_000, ": expected JSON, got one nested too deep"),
    ("destinations.json", '[{"Id": "x", "Prefixes": ["07a"]}]', " $[0].Prefixes[0]: expected a prefix of 1 to 32 digits, perhaps after a +, got '07a'"),
    ("destinations.json", '[{"Id": "x", "Prefixes": [7]}]', " $[0].Prefixes[0]: expected a prefix of 1 to 32 digits, perhaps after a +, got 7"),
    ("destinations.json", '[{"Id": "x"}]', " $[0].Prefixes: expected a list of prefixes, got nothing"),
    ("destinations.json", '[{"Id": "x", "id": "y", "Prefixes": []}]', " $[0]: expected each member once (names match in any case), got one of them twice"),
    ("destinations.json", '[{"Id": "x", "Prefixes": ["1"]}, {"Id": "x", "Prefixes": ["2"]}]', " $[1]: expected the same as $[0] says, or another key, got other content"),
    ("activation_periods.json", '[{"DestinationPrefix": "1"}]', " $[0].ActivationPeriods: expected at least one activation period, got none"),
    ("activation_periods.json", '[{"DestinationPrefix": "1", "Subject": "\\ud800", "ActivationPeriods": [{"ActivationTime": "2012-01-01T00:00:00Z"}]}]', " $[0].Subject: expected an Id of 1 to 128 printable characters without ;, got '\ufffd'"),
    ("activation_periods.json", '[{"DestinationPrefix": "x", "ActivationPeriods": [{"ActivationTime": "2012-01-01T00:00:00Z"}]}]', " $[0].DestinationPrefix: expected a prefix of 1 to 32 digits, perhaps after a +, got 'x'"),
    ("activation_periods.json", '[{"DestinationPrefix": "1", "ActivationPeriods": [{"ActivationTime": "2012-01-01"}]}]', " $[0].ActivationPeriods[0].ActivationTime: expected a time such as 2026-01-31T00:00:00Z, got '2012-01-01'"),
    ("activation_periods.json", '[{"DestinationPrefix": "1", "Timezone": "Nowhere", "ActivationPeriods": [{"ActivationTime": "2012-01-01T00:00:00Z"}]}]', " $[0].Timezone: expected an IANA time zone such as Europe/Bucharest, got 'Nowhere'"),
    ("activation_periods.json", '[{"DestinationPrefix": "1", "ActivationPeriods": [{"ActivationTime": "2012-01-01T00:00:00Z"}, {"ActivationTime": "2012-01-01T00:00:00+00:00", "Intervals": [{"Price": 1}]}]}]', " $[0].ActivationPeriods[1]: expected the same as $[0].ActivationPeriods[0] says, or another key, got other content"),
    ("tariff_plans.json", '[{"Id": "gold", "MinuteBuckets": [{"DestinationId": "moon"}]}]', " $[0].MinuteBuckets[0].DestinationId: expected the Id of a destination, got 'moon'"),
    ("tariff_plans.json", '[{"Id": "gold", "MinuteBuckets": {}}]', " $[0].MinuteBuckets: expected a list, got an object"),
    ("tariff_plans.json", '[{"Id": "gold", "ReceivedCallSecondsLimit": 1, "ReceivedCallsSecondsLimit": 2}]', " $[0].ReceivedCallSecondsLimit: expected one limit of received seconds, got two that differ"),
    ("tariff_plans.json", '[{"Id": "gold", "VolumeDiscountThresholds": [{"Volume": 1, "Discount": 101}]}]', " $[0].VolumeDiscountThresholds[0].Discount: expected a percentage from 0 to 100, got 101"),
    ("tariff_plans.json", '[{"Id": "gold", "VolumeDiscountThresholds": [{"Volume": -1}]}]', " $[0].VolumeDiscountThresholds[0].Volume: expected a number from 0 to 9000000000, got -1"),
    ("user_budgets.json", '[{"Id": "x", "TariffPlanId": "lead"}]', " $[0].TariffPlanId: expected the Id of a tariff plan, got 'lead'"),
    ("user_budgets.json", '[{"Credit": 1}]', " $[0].Id: expected an Id of 1 to 128 printable characters without ;, got nothing"),
    ("user_budgets.json", '[{"Id": "x", "Credit": 1e10}]', " $[0].Credit: expected a number from -9000000000 to 9000000000, got 1E+10"),
    ("user_budgets.json", '[{"Id": "x", "Credit": 0.0000000001}]', " $[0].Credit: expected at most 9 decimals, got 1E-10"),
    ("user_budgets.json", '[{"Id": "x", "SmsCredit": -1}]', " $[0].SmsCredit: expected a number from 0 to 9000000000, got -1"),
    ("user_budgets.json", '[{"Id": "x", "ResetDayOfTheMonth": 32}]', " $[0].ResetDayOfTheMonth: expected a whole number from 0 to 31, got 32"),
    ("user_budgets.json", '[{"Id": "x", "Disabled": "yes"}]', " $[0].Disabled: expected true or false, got 'yes'"),
    ("user_budgets.json", '[{"Id": "x", "MinuteBuckets": [{"Seconds": 1, "Priority": 1.5, "DestinationId": "far"}]}]', " $[0].MinuteBuckets[0].Priority: expected a whole number from -2147483648 to 2147483647, got 1.5"),
    ("user_budgets.json", '[{"Id": "x", "Credit": 1}, {"Id": "x", "Credit": 2}]', " $[1]: expected the same as $[0] says, or another key, got other content"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "text", "expected"), PROBLEMS, ids=range(len(PROBLEMS)))
def test_a_fault_is_told_with_its_path(tmp_path: Path, file: str, text: str | bytes, expected: str) -> None:
    told = reports(load(tmp_path, {**JSON, file: text}))

    assert f"{file}{expected}" in told


NOTICES: list[tuple[list[dict[str, object]], str]] = [
    ([], f"{PATH}: expected intervals that cover the week (else it is free), got nothing from 00:00:00 to 24:00:00 on any day"),
    ([{"Price": 1, "StartTime": "00:00:01"}], f"{PATH}: expected intervals that cover the week (else it is free), got nothing from 00:00:00 to 00:00:01 on any day"),
    ([{"Price": 1, "WeekDays": [1, 2, 3, 4, 5]}], f"{PATH}: expected intervals that cover the week (else it is free), got nothing from 00:00:00 to 24:00:00 on Sunday, Saturday"),
    ([{"Price": 1, "EndTime": "12:00:00"}, {"Price": 1, "StartTime": "12:00:00", "Month": 3}], f"{PATH}: expected intervals that cover the week (else it is free), got nothing from 12:00:00 to 24:00:00 on any day"),
    ([{"Price": 1, "ConectFee": 2}], f"{PATH}.Intervals[0]: expected ConnectFee, got 'conectfee', which is ignored"),
    ([{"ConnectFee": 1}], f"{PATH}.Intervals[0]: expected a Price, got none: it is free"),
]  # fmt: skip


@pytest.mark.parametrize(("intervals", "expected"), NOTICES)
def test_what_looks_like_a_mistake_is_noted(
    tmp_path: Path, intervals: list[dict[str, object]], expected: str
) -> None:
    loaded = load(tmp_path, rate(intervals))

    assert ([], [expected]) == (reports(loaded), notices(loaded))


def test_members_that_nobody_knows_are_ignored(tmp_path: Path) -> None:
    loaded = load(tmp_path, rate([{"Price": 1}], Colour="blue", TOR=3))

    assert (reports(loaded), notices(loaded)) == ([], [])
