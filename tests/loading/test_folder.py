"""Loading a folder as a whole: its format, its report, what is replaced, and what its files cannot do."""

import os
import random
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rater.tariff import ANY, Tariff
from storage.loading import Format, detect, load_folder
from storage.loading.folder import LINE_BYTES_MAX
from storage.loading.report import LISTED_MAX
from tests.loading.folders import CSV, JSON, NOW_NS, load, notices, reports, write

DETECTED: list[tuple[Mapping[str, str], tuple[Format, ...]]] = [
    ({}, ()),
    ({"readme.txt": ""}, ()),
    ({"Attributes.csv": ""}, ()),
    ({"Rates.csv": ""}, (Format.CSV,)),
    ({"user_budgets.json": ""}, (Format.JSON2012,)),
    ({"Rates.csv": "", "user_budgets.json": ""}, (Format.JSON2012, Format.CSV)),
]


@pytest.mark.parametrize(("files", "expected"), DETECTED)
def test_the_format_is_recognised_by_the_files(
    tmp_path: Path, files: Mapping[str, str], expected: tuple[Format, ...]
) -> None:
    assert expected == detect(write(tmp_path, files))


def test_a_folder_that_is_not_there_or_has_nothing_is_one_problem(tmp_path: Path) -> None:
    gone = tmp_path / "gone"

    assert [f"{gone}: expected a folder, got none"] == [
        str(problem) for problem in load_folder(gone, Tariff(), now_ns=NOW_NS).problems
    ]
    assert [f"{tmp_path}: expected at least one of destinations.json"] == [
        line.split(",")[0] for line in reports(load(tmp_path, {}))
    ]


def test_a_folder_of_both_formats_is_loaded_by_both_or_by_the_one_that_is_named(tmp_path: Path) -> None:
    both = write(tmp_path, {**CSV, **JSON})

    old = load_folder(both, Tariff(), now_ns=NOW_NS, format=Format.JSON2012)
    new = load_folder(both, old.tariff, now_ns=NOW_NS, format=Format.CSV)
    loaded = load_folder(both, Tariff(), now_ns=NOW_NS)

    assert [each.problems for each in (old, new, loaded)] == [(), (), ()]
    assert loaded.tariff == new.tariff
    assert loaded.accounts == (*old.accounts, *new.accounts)
    assert loaded.tariff.rates and loaded.tariff.rating_plans
    assert loaded.counts["prefix rates"] == old.counts["prefix rates"]
    assert loaded.counts["rating plans"] == new.counts["rating plans"]


def test_a_problem_of_one_format_forbids_the_other(tmp_path: Path) -> None:
    loaded = load(tmp_path, {**CSV, **JSON, "Rates.csv": "R1,x,0.1,60s,0s,0s\n"})

    assert loaded.problem_count
    assert (loaded.tariff, loaded.accounts) == (Tariff(), ())


def test_every_problem_of_every_file_is_in_one_report(tmp_path: Path) -> None:
    files = {
        "Destinations.csv": "LAND,+43\nLAND,43abc\n,44\nCELL\n",
        "Timings.csv": "DAY,,,,1;9,08:00:00\nNEVER,,4,31,,\nLATE,,,,,25:00:00\n",
        "Rates.csv": "R1,x,0.1,60s,0s,0s\nR1,0,-1,60s,1s,0s\n",
        "DestinationRates.csv": "D1,MOON,R9,*sideways,99,,\nD1,LAND,R1,,,,*never\n",
        "RatingPlans.csv": "P1,D9,NOON,\n",
        "RatingProfiles.csv": "t,call,s,yesterday,P9,\n",
        "Actions.csv": "A1,*topup,,,,*monetary,,,,,,,many,,,,\n",
        "ActionPlans.csv": "AP,A9,*asap,\n",
        "AccountActions.csv": "t,1,AP9,,,perhaps\n",
    }
    base = Tariff(destinations={"OLD": ("1",)})

    loaded = load(tmp_path, files, base)

    places = [(problem.file, problem.place) for problem in loaded.problems]
    assert places == [
        ("AccountActions.csv", "1:3"),
        ("AccountActions.csv", "1:6"),
        ("ActionPlans.csv", "1:2"),
        ("Actions.csv", "1:13"),
        ("DestinationRates.csv", "1:2"),
        ("DestinationRates.csv", "1:3"),
        ("DestinationRates.csv", "1:4"),
        ("DestinationRates.csv", "1:5"),
        ("DestinationRates.csv", "2:7"),
        ("Destinations.csv", "2:2"),
        ("Destinations.csv", "3:1"),
        ("Destinations.csv", "4:2"),
        ("Rates.csv", "1:2"),
        ("Rates.csv", "1:5"),
        ("Rates.csv", "2:3"),
        ("RatingPlans.csv", "1:2"),
        ("RatingPlans.csv", "1:3"),
        ("RatingProfiles.csv", "1:4"),
        ("RatingProfiles.csv", "1:5"),
        ("Timings.csv", "1:5"),
        ("Timings.csv", "2:4"),
        ("Timings.csv", "3:6"),
    ]
    assert (base, (), 22) == (loaded.tariff, loaded.accounts, loaded.problem_count)


def test_a_report_lists_so_many_and_counts_the_rest(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"Destinations.csv": "A,x\n" * (LISTED_MAX + 5)})

    assert (len(loaded.problems), loaded.problem_count) == (LISTED_MAX, LISTED_MAX + 5)


BYTES = [
    (b"A,1\nA,2\xff\nA,x\n", ["2:2: expected UTF-8 text, got byte 0xff", "3:2: expected a prefix"]),
    (b"A,1\0\n", ["1:2: expected text, got a NUL byte"]),
    (
        b"A,1\nB," + b"9" * 10_000_000 + b"\nA,x\n",
        ["2:1: expected a line of at most", "3:2: expected a prefix"],
    ),
    (b"A," + b"9" * (LINE_BYTES_MAX + 9), ["1:1: expected a line of at most"]),
]


@pytest.mark.parametrize(("content", "expected"), BYTES, ids=["UTF-8", "NUL", "10 MB", "no end"])
def test_lines_that_are_no_text_are_told_and_skipped(
    tmp_path: Path, content: bytes, expected: list[str]
) -> None:
    told = reports(load(tmp_path, {"Destinations.csv": content}))

    assert len(expected) == len(told)
    for line, beginning in zip(told, expected, strict=True):
        assert line.startswith(f"Destinations.csv:{beginning}")


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("A,1\n")
    folder = write(tmp_path / "folder", {"inside.txt": "A,1\n"})
    (folder / "Destinations.csv").symlink_to(secret)
    (folder / "Timings.csv").symlink_to(folder / "Timings.csv")
    os.mkfifo(folder / "Rates.csv")
    (folder / "RatingPlans.csv").mkdir()

    assert reports(load(folder, {})) == [
        "Destinations.csv: expected a file inside the folder, got a link out of it",
        "Rates.csv: expected a regular file, got something else",
        "RatingPlans.csv: expected a regular file, got something else",
        "Timings.csv: expected a file inside the folder, got a link out of it",
    ]


def test_a_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    folder = write(tmp_path, {"latest.txt": "A,1\n"})
    (folder / "Destinations.csv").symlink_to("latest.txt")

    assert load(folder, {}).tariff.destinations == {"A": ("1",)}


def test_what_a_folder_names_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    base = load(tmp_path / "csv", CSV, load(tmp_path / "json", JSON).tariff).tariff
    change = {
        "Destinations.csv": "LAND,+41\n",
        "DestinationRates.csv": "D1,LAND,R2,,,,\nD2,near,R1,,,,\n",
        "RatingPlans.csv": "P2,D2,DAY,1\n",
    }

    after = load(tmp_path / "change", change, base).tariff

    assert {"LAND": ("+41",), "CELL": base.destinations["CELL"]} == {
        name: after.destinations[name] for name in ("LAND", "CELL")
    }
    assert [line.destination_id for line in after.destination_rates["D1"]] == ["LAND"]
    assert {"P1", "P2"} == set(after.rating_plans)
    assert (base.rates, base.plans, base.profiles, base.timings) == (
        after.rates,
        after.plans,
        after.profiles,
        after.timings,
    )


def test_a_prefix_is_replaced_however_it_is_written_and_its_neighbours_stay(tmp_path: Path) -> None:
    base = load(tmp_path / "base", JSON).tariff
    text = JSON["activation_periods.json"]
    neighbour = load(
        tmp_path / "more", {"activation_periods.json": text.replace('"031"', '"032"')}, base
    ).tariff

    after = load(
        tmp_path / "new",
        {"activation_periods.json": text.replace('"031"', '"+031"').replace("0.3", "0.4")},
        neighbour,
    ).tariff

    assert {"+031", "032"} == set(after.rates["c", "s"])


def test_a_folder_may_refer_to_what_was_loaded_before(tmp_path: Path) -> None:
    base = load(tmp_path / "base", JSON).tariff
    budgets = {"user_budgets.json": JSON["user_budgets.json"]}

    assert (reports(load(tmp_path / "a", budgets, base)), load(tmp_path / "b", budgets).problem_count) == (
        [],
        2,
    )


def test_a_zone_for_the_whole_folder_holds_where_a_file_names_none(tmp_path: Path) -> None:
    timings = "DAY,,,,,,Asia/Tokyo\nREST,,,,,\n"
    folder = write(tmp_path / "csv", {"Timings.csv": timings})
    loaded = load_folder(folder, Tariff(), now_ns=NOW_NS, timezone="Europe/Oslo")
    assert [loaded.tariff.timings[name].timezone for name in ("DAY", "REST")] == ["Asia/Tokyo", "Europe/Oslo"]

    folder = write(tmp_path / "json", JSON)
    loaded = load_folder(folder, Tariff(), now_ns=NOW_NS, timezone="Europe/Oslo")
    assert loaded.tariff.rates["c", "s"]["031"].timezone == "Europe/Oslo"

    loaded = load_folder(folder, Tariff(), now_ns=NOW_NS, timezone="Moon/Base")
    assert reports(loaded) == [
        "timezone: expected an IANA time zone such as Europe/Bucharest, got 'Moon/Base'"
    ]


@pytest.mark.parametrize("files", [CSV, JSON], ids=["CSV", "JSON"])
def test_progress_grows_and_ends_at_the_end(tmp_path: Path, files: Mapping[str, str]) -> None:
    lines = "".join(f"BIG,{number}\n" for number in range(10_000))
    told: list[tuple[int, int]] = []
    folder = write(tmp_path, {**files, "Destinations.csv": lines} if files is CSV else files)

    load_folder(folder, Tariff(), now_ns=NOW_NS, progress=lambda done, total: told.append((done, total)))

    size = sum((folder / name).stat().st_size for name in files)
    assert told == sorted(told)
    assert (size, size) == told[-1]
    assert len(told) == len(files) + (2 if files is CSV else 0)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1 << 32))
def test_the_order_of_lines_makes_no_difference(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    shuffled = {}
    for name, text in CSV.items():
        lines = text.splitlines()
        chance.shuffle(lines)
        shuffled[name] = "\n".join(lines)

    loaded = load(tmp_path / "shuffled", shuffled)

    assert load(tmp_path / "plain", CSV).tariff == loaded.tariff


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1 << 32))
def test_the_order_of_folders_makes_no_difference_when_they_name_different_things(
    tmp_path: Path, seed: int
) -> None:
    parts: list[Mapping[str, str]] = [
        JSON,
        CSV,
        {"Destinations.csv": "X,1\n"},
        {"Rates.csv": "RX,0,1,1s,1s,0\n"},
        {"Timings.csv": "TX,,,,,\n"},
    ]
    random.Random(seed).shuffle(parts)
    tariff = Tariff()
    for number, part in enumerate(parts):
        tariff = load(tmp_path / f"{seed}-{number}", part, tariff).tariff

    together = load(tmp_path / "json", JSON, load(tmp_path / "csv", CSV).tariff).tariff
    assert {*together.destinations, "X"} == set(tariff.destinations)
    assert (together.rates, together.rating_plans, together.profiles) == (
        tariff.rates,
        tariff.rating_plans,
        tariff.profiles,
    )


def test_a_notice_forbids_nothing(tmp_path: Path) -> None:
    loaded = load(tmp_path, {**CSV, "Timings.csv": "DAY,,,,1,\nNIGHT,,,,1,\nREST,,,,1,\n"})

    assert (len(notices(loaded)), loaded.problem_count) == (1, 0)
    assert ANY in {key[2] for key in loaded.tariff.profiles}
