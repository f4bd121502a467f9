"""``tariff import`` writes a whole folder or nothing, and tells what it did."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cgrates_py.cli import CommandError
from cgrates_py.cli.rate_decks import app
from rater.tariff import Tariff
from storage.loading import load_folder
from tests.loading.folders import NOW_NS, notices, reports

DECK = "Code,Destination,Price\n49,Germany,0.1\n44x,Britain,0.1\n"


def run(folder: Path, *options: str, deck: str = DECK) -> str:
    (folder / "deck.csv").write_text(deck)
    given = [
        str(folder / "deck.csv"),
        "--plan",
        "ACME",
        "--tenant",
        "tel.example",
        "--out",
        str(folder / "acme"),
    ]
    result = CliRunner().invoke(app, [*given, *options], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_folder_is_written_that_loads_and_the_report_lists_what_was_skipped(tmp_path: Path) -> None:
    output = run(tmp_path)
    assert "44x" in output
    assert "2 rows, 1 codes" in output
    loaded = load_folder(tmp_path / "acme", Tariff(), now_ns=NOW_NS)
    assert (reports(loaded), notices(loaded)) == ([], [])


def test_the_report_as_json_has_every_finding_with_its_place(tmp_path: Path) -> None:
    report = json.loads(run(tmp_path, "--json"))
    assert (report["Rows"], report["Codes"], report["FindingCount"]) == (2, 1, 1)
    assert report["Findings"] == [
        {
            "Line": 3,
            "Column": "Code",
            "Got": "44x",
            "Expected": "a code of digits",
            "Done": "skipped",
            "Detail": "",
        }
    ]


def test_strict_refuses_a_deck_with_findings_and_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"1 findings.*nothing was written"):
        run(tmp_path, "--strict")
    assert [each.name for each in tmp_path.iterdir()] == ["deck.csv"]


def test_an_earlier_import_is_replaced_and_anything_else_is_not(tmp_path: Path) -> None:
    run(tmp_path)
    run(tmp_path, "--increments", "60/60")
    assert "60-60" in (tmp_path / "acme" / "Rates.csv").read_text()
    (tmp_path / "acme" / "Notes.txt").write_text("mine")
    with pytest.raises(CommandError, match=r"an earlier import, got Notes\.txt"):
        run(tmp_path)
    assert "60-60" in (tmp_path / "acme" / "Rates.csv").read_text()


def test_options_say_who_gets_the_prices_and_how_they_are_rounded(tmp_path: Path) -> None:
    who = ("--category", "sms", "--subject", "anna", "--fallback", "*any", "--fallback", "bert")
    run(tmp_path, *who, "--per", "1", "--rounding", "*up", "--decimals", "4")
    lines = {
        name: (tmp_path / "acme" / f"{name}.csv").read_text().splitlines()[1:]
        for name in ("Rates", "RatingProfiles", "DestinationRates")
    }
    assert lines["RatingProfiles"] == ["tel.example,sms,anna,,ACME,*any;bert"]
    assert lines["Rates"] == ["ACME/0.1 1-1,0,0.1,1s,1s,0s"]
    assert lines["DestinationRates"] == ["ACME,ACME/Germany,ACME/0.1 1-1,*up,4,0,"]


WRONG = {
    ("--layout", "acme"): "--layout: expected one of az, astpp",
    ("--column", "code"): "--column: expected FIELD=HEADING",
    ("--column", "code=Code"): "expected a column for price",
    ("--increments", "often"): "--increments: expected an increment",
    ("--price-max", "-1"): "--price-max: expected a number from 0",
    ("--dates", "ymd"): "--dates: expected dmy or mdy",
    ("--timezone", "Mars"): "--timezone: expected an IANA time zone",
    ("--as-of", "soon"): "--as-of: expected a time such as",
    ("--delimiter", "::"): "--delimiter: expected one character",
    ("--plan", "A" * 33): "--plan: expected at most 32",
    ("--tenant", "a;b"): "--tenant: expected an Id",
    ("--rounding", "up"): r"--rounding: expected \*up",
    ("--encoding", "klingon"): "expected an encoding such as",
}


@pytest.mark.parametrize("options", WRONG)
def test_a_wrong_option_is_refused_by_its_name(options: tuple[str, str], tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=WRONG[options]):
        run(tmp_path, *options)
    assert not (tmp_path / "acme").exists()


def test_the_report_tells_which_columns_were_not_read(tmp_path: Path) -> None:
    deck = "Code,Price,Flagfall,,Tariff Class\n49,0.1,0.05,,A\n"
    assert "not read (see --column): Flagfall, Tariff Class" in run(tmp_path, deck=deck)
    by_hand = ("--column", "code=Code", "--column", "price=Price", "--column", "fee=Flagfall", "--json")
    assert json.loads(run(tmp_path, *by_hand, deck=deck))["ColumnsNotRead"] == ["Tariff Class"]
    by_place = ("--column", "code=1", "--column", "price=2", "--json")
    assert json.loads(run(tmp_path, *by_place, deck="49,0.1,x\n"))["ColumnsNotRead"] == []
