"""The command ``whatif``: its ways to print say the same, and what is wrong is told."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest

from tests.cdrs.files import RETAIL
from tests.shell.servers import run_here

CALLS = """\
Tenant,Subject,Destination,TimeStart,TimeEnd
tel.example,x,40722123456,2026-01-30T10:00:00Z,2026-01-30T10:01:30Z
tel.example,x,40213123456,2026-01-30T11:00:00Z,2026-01-30T11:10:00Z
tel.example,acme,40213123456,2026-01-30T11:00:00Z,2026-01-30T11:10:00Z
tel.example,x,40213123456,2026-01-30T11:00:00Z,soon
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "calls.csv").write_text(CALLS)
    (tmp_path / "after").mkdir()
    for path in RETAIL.glob("*.csv"):
        text = path.read_text()
        if path.name == "Destinations.csv":
            text = text.replace("RO_MOBILE,+4072\n", "")
        (tmp_path / "after" / path.name).write_text(text)
    return tmp_path


def test_json_has_everything_and_agrees_with_rate_and_with_csv(place: Path) -> None:
    asked = place / "calls.csv", "--before", RETAIL, "--after", place / "after"
    done = run_here("whatif", *asked, "--json", "--html", place / "page.html")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)

    for side, tariff in (("Before", RETAIL), ("After", place / "after")):
        rated = json.loads(run_here("rate", place / "calls.csv", "--tariff", tariff, "--json").stdout)
        assert rated["Revenue"] == told[side]["Revenue"]
        assert (rated["Rated"], rated["Seconds"]) == (told[side]["Rated"], told["Seconds"])
    assert (told["Rows"], told["Calls"], told["BadRows"]) == (4, 3, 1)
    assert told["FirstBadRow"]["Line"] == 5
    assert "notice: 1 rows are no calls, the first in line 5" in done.stderr
    for part in ("Causes", "Destinations", "Subjects", "Hours", "Days"):
        assert sum(Decimal(each["Delta"]) for each in told[part]) == Decimal(told["Delta"])
        assert sum(each["Calls"] for each in told[part]) == 3
    assert len(told["Hours"]) == 168
    assert [each["Why"] for each in told["Largest"]] == ["other prefix: +4072 → +40"]
    assert (place / "page.html").read_text().startswith("<!DOCTYPE html>")

    rows = list(csv.DictReader(io.StringIO(run_here("whatif", *asked, "--csv").stdout)))
    plain = [(each["Destination"], Decimal(each["Delta"])) for each in told["Destinations"]]
    assert plain == [(row["destination"], Decimal(row["delta"])) for row in rows]


def test_tables_show_what_changes(place: Path) -> None:
    done = run_here(
        "whatif", place / "calls.csv", "--before", RETAIL, "--after", place / "after", "--top", "1"
    )

    assert done.returncode == 0, done.stderr
    for text in ("revenue", "other prefix", "RO_MOBILE", "destinations, 1 of 2 that change most", "Friday"):
        assert text in done.stdout


def test_a_file_without_calls_is_compared_as_well(place: Path) -> None:
    (place / "none.csv").write_text("")
    asked = place / "none.csv", "--before", RETAIL, "--after", place / "after"

    told = json.loads(run_here("whatif", *asked, "--json").stdout)

    assert (told["Delta"], told["Percent"], told["Rows"], told["Largest"]) == ("0", None, 0, [])
    assert "revenue" in run_here("whatif", *asked).stdout


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--after", "nowhere"], "nowhere"),
        (["--after", str(RETAIL), "--before", "nowhere"], "nowhere"),
        (["--after", "7"], "there is no"),
        (["--after", str(RETAIL), "--clock", "Mars/Olympus"], "--clock: expected an IANA zone"),
        (["--after", str(RETAIL), "--json", "--csv"], "give one of --json, --csv"),
        (["--after", str(RETAIL), "--html", "no/where/page.html"], "--html: there is no directory"),
        (["--after", str(RETAIL), "--layout", "getcost", "--column", "number=nowhere"], "nowhere"),
        (["--after", str(RETAIL), "--layout", "odd"], "odd"),
    ],
)
def test_what_is_wrong_is_told_and_nothing_is_printed(options: list[str], told: str, place: Path) -> None:
    before = [] if "--before" in options else ["--before", str(RETAIL)]

    done = run_here("whatif", place / "calls.csv", *before, *options, "--data-dir", place / "data")

    assert (done.stdout, done.returncode != 0) == ("", True)
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_an_empty_file_does_not_hide_a_tariff_that_is_none(place: Path) -> None:
    (place / "none.csv").write_text("")

    done = run_here("whatif", place / "none.csv", "--before", RETAIL, "--after", place / "nowhere")

    assert (done.stdout, done.returncode) == ("", 1)
    assert "nowhere" in done.stderr


def test_the_page_never_takes_the_place_of_the_records(place: Path) -> None:
    (place / "link.html").symlink_to(place / "calls.csv")
    asked = place / "calls.csv", "--before", RETAIL, "--after", place / "after"

    for page in ("calls.csv", "after/../calls.csv", "link.html"):
        done = run_here("whatif", *asked, "--html", place / page)

        assert (done.stdout, done.returncode) == ("", 2)
        assert "expected a file of its own, got the file of call records" in done.stderr
    assert (place / "calls.csv").read_text() == CALLS
