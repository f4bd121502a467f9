"""What the price files of a CSV folder mean, and what is refused in them."""

# ruff: noqa: E501 -- a row of a table is read as one line

from decimal import Decimal
from pathlib import Path

import pytest

from rater.instant import parse
from rater.tariff import (
    ANY,
    DestinationRate,
    MaxCostStrategy,
    PlanLine,
    ProfileActivation,
    RateGroup,
    Rounding,
    Timing,
)
from storage.loading.values import EARLIEST_NS
from tests.loading.folders import CSV, NOW_NS, load, notices, reports

SECOND = 1_000_000_000


def test_a_folder_without_fault_becomes_its_tariff(tmp_path: Path) -> None:
    loaded = load(tmp_path, CSV)

    assert (reports(loaded), notices(loaded)) == ([], [])
    tariff = loaded.tariff
    assert tariff.destinations == {"LAND": ("+43",), "CELL": ("+43664", "+43676")}
    assert Timing("DAY", week_days=(1, 2, 3, 4, 5), start_s=27_000) == tariff.timings["DAY"]
    assert Timing("REST", week_days=(0, 6)) == tariff.timings["REST"]
    assert (
        RateGroup(Decimal("0.4"), Decimal("0.2"), 60 * SECOND, 60 * SECOND, 0),
        RateGroup(Decimal(0), Decimal("0.1"), 60 * SECOND, SECOND, 60 * SECOND),
    ) == tariff.rate_groups["R1"]
    assert (RateGroup(Decimal(0), Decimal("0.05"), 60 * SECOND, SECOND, 0),) == tariff.rate_groups["R2"]
    assert (
        DestinationRate("CELL", "R2", Rounding.DOWN, 2, Decimal("0.5"), MaxCostStrategy.FREE),
        DestinationRate("LAND", "R1", Rounding.UP, 4),
    ) == tariff.destination_rates["D1"]
    assert (
        tuple(PlanLine("D1", name, Decimal(10)) for name in ("DAY", "NIGHT", "REST"))
        == (tariff.rating_plans["P1"])
    )
    activation_ns, _ = parse("2020-01-01T00:00:00Z")
    assert {("t", "call", ANY): (ProfileActivation(activation_ns, "P1"),)} == tariff.profiles
    assert loaded.counts["prefixes"] == 3


DURATIONS = [
    ("60s", 60 * SECOND),
    ("1m30s", 90 * SECOND),
    ("500ms", SECOND // 2),
    ("1h", 3_600 * SECOND),
    ("1h0m0.25s", 3_600 * SECOND + SECOND // 4),
    ("6", 6 * SECOND),
    ("0.1", SECOND // 10),
    ("7us", 7_000),
    ("3ns", 3),
]


@pytest.mark.parametrize(("text", "expected_ns"), DURATIONS)
def test_a_duration_is_read_exactly(tmp_path: Path, text: str, expected_ns: int) -> None:
    loaded = load(tmp_path, {"Rates.csv": f"R,0,1,{text},1s,0"})

    assert expected_ns == loaded.tariff.rate_groups["R"][0].unit_ns


TIMINGS = [
    ("T,*any,*any,*any,*any,*any", Timing("T")),
    ("T,,,,,", Timing("T")),
    ("T", Timing("T")),
    ("T,*any,*any,*any,*any,*asap", Timing("T")),
    ("T,2026;2023,12;1,31;1,0;7,23:59:59", Timing("T", (2023, 2026), (1, 12), (1, 31), (0,), 86_399)),
    (
        "T,*any,*any,*any,7;6,06:00:00,Asia/Kathmandu",
        Timing("T", (), (), (), (0, 6), 21_600, "Asia/Kathmandu"),
    ),
]


@pytest.mark.parametrize(("line", "expected"), TIMINGS)
def test_a_timing_is_read(tmp_path: Path, line: str, expected: Timing) -> None:
    loaded = load(tmp_path, {"Timings.csv": line})

    assert ([], {"T": expected}) == (reports(loaded), loaded.tariff.timings)


@pytest.mark.parametrize("name", ["*any", "*always", "*asap"])
def test_the_built_in_timings_are_every_moment_whether_written_or_not(tmp_path: Path, name: str) -> None:
    plans = {**CSV, "RatingPlans.csv": f"P1,D1,{name},10\n"}
    written = {**plans, "Timings.csv": f"{CSV['Timings.csv']}{name},*any,*any,*any,*any,00:00:00\n"}

    for files in (plans, written):
        loaded = load(tmp_path, files)
        assert ([], (PlanLine("D1", ANY, Decimal(10)),)) == (
            reports(loaded),
            loaded.tariff.rating_plans["P1"],
        )


def test_how_lines_are_written_makes_no_difference(tmp_path: Path) -> None:
    plain = load(tmp_path / "a", CSV).tariff
    dressed = {
        name: "\ufeff" + text.replace(",", " , ").replace("\n", ",,extra\r\n\r\n,,\r\n # note\r\n")
        for name, text in CSV.items()
        if name not in {"Timings.csv", "Actions.csv"}
    }
    quoted = {"Timings.csv": CSV["Timings.csv"].replace("DAY,", '"DAY",'), "Actions.csv": CSV["Actions.csv"]}

    assert plain == load(tmp_path / "b", {**dressed, **quoted}).tariff


ACTIVATIONS = [
    ("", EARLIEST_NS),
    ("0001-01-01T00:00:00Z", EARLIEST_NS),
    ("*now", NOW_NS),
    ("2014-01-14T00:00:00+01:00", parse("2014-01-13T23:00:00Z")[0]),
]


@pytest.mark.parametrize(("text", "expected_ns"), ACTIVATIONS)
def test_a_profile_is_active_since(tmp_path: Path, text: str, expected_ns: int) -> None:
    loaded = load(tmp_path, {**CSV, "RatingProfiles.csv": f"t,call,x,{text},P1,y;*any"})

    assert (ProfileActivation(expected_ns, "P1", ("y", ANY)),) == loaded.tariff.profiles["t", "call", "x"]


PROBLEMS = [
    ("Destinations.csv", "A,+43x", "1:2: expected a prefix of 1 to 32 digits, perhaps after a +, got '+43x'"),
    ("Destinations.csv", "A", "1:2: expected a prefix of 1 to 32 digits, perhaps after a +, got nothing"),
    ("Destinations.csv", "Id,Prefix", "1:2: expected a prefix of 1 to 32 digits, perhaps after a +, got 'Prefix'"),
    ("Destinations.csv", ",43", "1:1: expected an Id of 1 to 128 printable characters without ;, got nothing"),
    ("Destinations.csv", "*any,43", "1:1: expected another Id than *any, which is every number, got '*any'"),
    ("Destinations.csv", '"A,43', "1:1: expected quoted cells that end on their line, got '\"A,43'"),
    ("Timings.csv", "T,*any,13,*any,*any,", "1:3: expected *any or numbers from 1 to 12 with ; between, got '13'"),
    ("Timings.csv", "T,,,,8,", "1:5: expected *any or numbers from 0 to 7 with ; between, got '8'"),
    ("Timings.csv", "T,,,1;;2,,", "1:4: expected *any or numbers from 1 to 31 with ; between, got '1;;2'"),
    ("Timings.csv", "T,,,,,7:00", "1:6: expected a clock hh:mm:ss, got '7:00'"),
    ("Timings.csv", "T,,,,,24:00:00", "1:6: expected a clock hh:mm:ss, got '24:00:00'"),
    ("Timings.csv", "T,,2,30;31,,", "1:4: expected a day that comes at some time, got none"),
    ("Timings.csv", "T,2025,2,29,,", "1:4: expected a day that comes at some time, got none"),
    ("Timings.csv", "T,2026,3,1,1,", "1:4: expected a day that comes at some time, got none"),
    ("Timings.csv", "T,,,,,,Mars/Olympus", "1:7: expected an IANA time zone such as Europe/Bucharest, got 'Mars/Olympus'"),
    ("Timings.csv", "T,,,,,,../UTC", "1:7: expected an IANA time zone such as Europe/Bucharest, got '../UTC'"),
    ("Timings.csv", "*asap,,,,1,", "1:1: expected another Id than *asap, which is every moment, got '*asap'"),
    ("Timings.csv", "T,,,,1,\nT,,,,2,", "2:1: expected the same as line 1 says, or another Id, got other content"),
    ("Rates.csv", "R,0,0.1,60s,0s,0s", "1:5: expected a duration above 0, got '0s'"),
    ("Rates.csv", "R,0,0.1,0,1s,0s", "1:4: expected a duration above 0, got '0'"),
    ("Rates.csv", "R,0,0.1,60s,,0s", "1:5: expected a duration such as 60s, 1m30s, 500ms or a number of seconds, got nothing"),
    ("Rates.csv", "R,0,-0.1,60s,1s,0s", "1:3: expected a number from 0 to 9000000000, got '-0.1'"),
    ("Rates.csv", "R,0,0.1.2,60s,1s,0s", "1:3: expected a number, got '0.1.2'"),
    ("Rates.csv", "R,0,NaN,60s,1s,0s", "1:3: expected a number, got 'NaN'"),
    ("Rates.csv", "R,0,1e99,60s,1s,0s", "1:3: expected a number from 0 to 9000000000, got '1e99'"),
    ("Rates.csv", "R,0.0000000001,1,60s,1s,0s", "1:2: expected at most 9 decimals, got '0.0000000001'"),
    ("Rates.csv", "R,0,1,0.5ns,1s,0s", "1:4: expected a duration in whole nanoseconds, got '0.5ns'"),
    ("Rates.csv", "R,0,1,1s,1s,0\nR,0,2,1s,1s,0", "2:1: expected the same as line 1 says, or another Id, got other content"),
    ("DestinationRates.csv", "D,MOON,R1,,,,", "1:2: expected the Id of a destination, got 'MOON'"),
    ("DestinationRates.csv", "D,LAND,R9,,,,", "1:3: expected the Id of a rate, got 'R9'"),
    ("DestinationRates.csv", "D,LAND,R1,*near,,,", "1:4: expected *up, *middle or *down, got '*near'"),
    ("DestinationRates.csv", "D,LAND,R1,*up,21,,", "1:5: expected a whole number from 0 to 20, got '21'"),
    ("DestinationRates.csv", "D,LAND,R1,*up,4,-1,", "1:6: expected a number from 0 to 9000000000, got '-1'"),
    ("DestinationRates.csv", "D,LAND,R1,*up,4,1,*stop", "1:7: expected *free, *disconnect or nothing, got '*stop'"),
    ("RatingPlans.csv", "P1,D9,DAY,1", "1:2: expected the Id of destination rates, got 'D9'"),
    ("RatingPlans.csv", "P1,D1,NOON,1", "1:3: expected the Id of a timing, got 'NOON'"),
    ("RatingPlans.csv", "P1,D1,,1", "1:3: expected the Id of a timing, got nothing"),
    ("RatingPlans.csv", "P1,D1,DAY,heavy", "1:4: expected a number, got 'heavy'"),
    ("RatingProfiles.csv", "t,call,x,2020-01-01,P1,", "1:4: expected a time such as 2026-01-31T00:00:00Z, got '2020-01-01'"),
    ("RatingProfiles.csv", "t,call,x,2300-01-01T00:00:00Z,P1,", "1:4: expected a time before 2262, got '2300-01-01T00:00:00Z'"),
    ("RatingProfiles.csv", "t,call,x,,P9,", "1:5: expected the Id of a rating plan, got 'P9'"),
    ("RatingProfiles.csv", "t,,x,,P1,", "1:2: expected an Id of 1 to 128 printable characters without ;, got nothing"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "text", "expected"), PROBLEMS)
def test_a_fault_is_told_with_its_place(tmp_path: Path, file: str, text: str, expected: str) -> None:
    told = reports(load(tmp_path, {**CSV, file: text}))

    assert f"{file}:{expected}" in told


def test_a_rate_whose_groups_start_late_is_used_from_the_start_and_noted(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"Rates.csv": "R,0,1,1s,1s,9s\nR,0,2,1s,1s,5s"})

    assert [group.group_start_ns for group in loaded.tariff.rate_groups["R"]] == [0, 9 * SECOND]
    expected = (
        "Rates.csv:2:6: expected a group of this Id from 0s on (the first one is used from there), got none"
    )
    assert ([], [expected]) == (reports(loaded), notices(loaded))


def test_a_rate_of_nothing_needs_no_unit(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"Rates.csv": "R,0.1,0,0,1s,0"})

    assert (RateGroup(Decimal("0.1"), Decimal(0), SECOND, SECOND, 0),) == loaded.tariff.rate_groups["R"]


@pytest.mark.parametrize("file", sorted(CSV))
def test_the_same_line_twice_is_fine(tmp_path: Path, file: str) -> None:
    doubled = "".join(f"{line}\n{line}\n" for line in CSV[file].splitlines())

    assert load(tmp_path / "a", CSV).tariff == load(tmp_path / "b", {**CSV, file: doubled}).tariff


def test_timings_of_one_plan_that_name_two_zones_are_a_problem(tmp_path: Path) -> None:
    timings = "DAY,,,,1;2,08:00:00,Europe/Vienna\nNIGHT,,,,1;2,00:00:00,Europe/London\nREST,,,,,00:00:00\n"

    told = reports(load(tmp_path, {**CSV, "Timings.csv": timings}))

    expected = (
        "RatingPlans.csv:2:3: expected timings of one time zone in plan P1, got Europe/London, Europe/Vienna"
    )
    assert [expected] == told


def test_a_plan_that_leaves_moments_without_price_is_noted(tmp_path: Path) -> None:
    plans = "P1,D1,DAY,10\nP1,D1,REST,10\n"

    told = notices(load(tmp_path, {**CSV, "RatingPlans.csv": plans}))

    expected = (
        "RatingPlans.csv:1:3: expected a price for CELL at every moment of plan P1, or of a shorter prefix, "
        "got nothing from 00:00:00 to 07:30:00 on Monday, Tuesday, Wednesday, Thursday, Friday"
    )
    assert [expected] == told


def test_a_fallback_that_nobody_prices_is_noted(tmp_path: Path) -> None:
    told = notices(load(tmp_path, {**CSV, "RatingProfiles.csv": "t,call,x,,P1,ghost"}))

    expected = "RatingProfiles.csv: expected a profile of every fallback subject (tenant t, category call), got none of ghost"
    assert [expected] == told


def test_files_of_other_subsystems_are_noted_and_left_alone(tmp_path: Path) -> None:
    loaded = load(tmp_path, {**CSV, "Attributes.csv": "\xff,,", "notes.txt": "x"})

    expected = "Attributes.csv: expected files about prices and accounts, got another (left alone)"
    assert ([], [expected]) == (reports(loaded), notices(loaded))
