"""Every row that is not taken as it stands is told, with what was done; nothing is guessed."""

from decimal import Decimal
from pathlib import Path

import pytest

from cgrates_py.rate_decks.building import BuildingError
from cgrates_py.rate_decks.cells import Dirty, price
from cgrates_py.rate_decks.reading import Rules
from tests.rate_decks.decks import imported, prices, told

HEADING = "Code,Name,Price,Increments,Effective Date,End Date,Status,Currency\n"
GOOD = "1,Good,0.1,1/1,,,,\n"

DIRT = {
    "4.02E+11,A,0.2,1/1,,,,": "Code: 4.02E+11: a code; a spreadsheet has cut its digits: skipped",
    "Mar-05,A,0.2,1/1,,,,": "Code: Mar-05: a code; a spreadsheet has made a date of it: skipped",
    "049,A,0.2,1/1,,,,": "Code: 049: a code that begins with a calling code, not with 0: skipped",
    "49x,A,0.2,1/1,,,,": "Code: 49x: a code of digits: skipped",
    "1234567890123456,A,0.2,1/1,,,,": "Code: 1234567890123456: a code of at most 15 digits: skipped",
    ",A,0.2,1/1,,,,": "Code: nothing: a code: skipped",
    "495-493,A,0.2,1/1,,,,": "Code: 495-493: a range that goes up, of at most 1000 codes: skipped",
    "49,A,-0.2,1/1,,,,": "Price: -0.2: a price that is not negative: skipped",
    "49,A,21,1/1,,,,": "Price: 21: a price of at most 20 (see --price-max): skipped",
    "49,A,cheap,1/1,,,,": "Price: cheap: a price: skipped",
    "49,A,,1/1,,,,": "Price: nothing: a price: skipped",
    "49,A,0.2,0/0,,,,": "Increments: 0/0: an increment from 1 to 86400 seconds: skipped",
    "49,A,0.2,per second,,,,": "Increments: per second: an increment from 1 to 86400 seconds: skipped",
    "49,A,0.2,1/1,soon,,,": "Effective Date: soon: a date such as 2026-01-31: skipped",
    "49,A,0.2,1/1,31/02/2026,,,": "Effective Date: 31/02/2026: a date that there is: skipped",
    "49,A,0.2,1/1,9999-12-31,,,": "Effective Date: 9999-12-31: a date before 2262: skipped",
    "49,A,0.2,1/1,01/02/2026,,,": (
        "Effective Date: 01/02/2026: a date whose day shows (say --dates dmy or mdy): skipped"
    ),
    "49,A,0.2,1/1,2026-05-02,2026-05-01,,": "End Date: 2026-05-01: an end after the beginning: skipped",
    "49,A,0.2,1/1,,,Blocked,": "Status: Blocked: a code that is sold (a shorter one may price it): skipped",
}


@pytest.mark.parametrize("row", DIRT)
def test_a_row_that_cannot_be_understood_is_skipped_and_told(row: str, tmp_path: Path) -> None:
    found = imported(tmp_path, HEADING + GOOD + row + "\n")
    assert (told(found), prices(found)) == ([f"3 {DIRT[row]}"], {"1": "0.1 1-1"})


MENDED = {
    "49.0,A,0.2,1/1,,,,": ("49", "Code: 49.0: a code of digits: repaired as 49"),
    "0049,A,0.2,1/1,,,,": ("49", "Code: 0049: a code without the international access code: repaired as 49"),
    "1-264,A,0.2,1/1,,,,": ("1264", "Code: 1-264: a code of digits: repaired as 1264"),
    "49 (171),A,0.2,1/1,,,,": ("49171", "Code: 49 (171): a code of digits: repaired as 49171"),
    "49,,0.2,1/1,,,,": ("49", "Name: nothing: a name: repaired as 49"),
    "49,A,2e-1,1/1,,,,": ("49", "Price: 2e-1: a price in plain digits: repaired"),
    "49,A,0.2,1/1,45931,,,": (
        "49", "Effective Date: 45931: a date; this is the number of a spreadsheet's day: repaired",
    ),
}  # fmt: skip


@pytest.mark.parametrize("row", MENDED)
def test_a_row_whose_meaning_is_beyond_doubt_is_repaired_and_told(row: str, tmp_path: Path) -> None:
    code, finding = MENDED[row]
    found = imported(tmp_path, HEADING + row + "\n")
    assert (told(found), prices(found)) == ([f"2 {finding}"], {code: "0.2 1-1"})


def test_a_flaw_is_told_for_every_row_that_has_it(tmp_path: Path) -> None:
    found = imported(tmp_path, "Code,Price\n1,0.1\n41,-1\n42,-1\n43,2e-1\n44,2e-1\n")
    assert [each.line for each in found.findings.ordered()] == [3, 4, 5, 6]


def test_of_two_prices_of_a_code_the_last_one_wins(tmp_path: Path) -> None:
    found = imported(tmp_path, "Code,Price\n49,0.1\n49,0.2\n48-50,0.2\n")
    assert prices(found) == dict.fromkeys(("48", "49", "50"), "0.2 1-1")
    assert told(found) == [
        "3 Code: 49: one price for each code and date: last one wins of lines 2 and 3",
        "4 Code: 49: each code once: last one wins of lines 3 and 4",
    ]


def test_a_price_of_nothing_is_taken_and_told(tmp_path: Path) -> None:
    found = imported(tmp_path, "Code,Price\n49,0\n")
    assert (prices(found), told(found)) == ({"49": "0 1-1"}, ["2 Price: 0: a price above 0: taken as free"])


def test_prices_in_another_currency_are_skipped(tmp_path: Path) -> None:
    text = "Code,Price,Currency\n49,0.1,EUR\n44,0.1,USD\n"
    assert prices(imported(tmp_path, text)) == {"49": "0.1 1-1"}
    assert prices(imported(tmp_path, text, rules=Rules(currency="usd"))) == {"44": "0.1 1-1"}


def test_free_seconds_cannot_be_imported(tmp_path: Path) -> None:
    found = imported(tmp_path, "Code,Price,Grace Time\n49,0.1,0\n44,0.1,10\n")
    assert told(found) == ["3 Grace Time: 10: no free seconds, which cannot be imported: skipped"]


def test_dates_tell_each_other_what_stands_first(tmp_path: Path) -> None:
    found = imported(tmp_path, "Code,Price,Effective Date\n49,0.1,03/04/2026\n44,0.1,31/05/2026\n")
    assert told(found) == []
    assert found.built.sheets["RatingProfiles.csv"][0][3] == "2026-04-03T00:00:00Z"


def test_a_deck_without_any_price_makes_no_folder(tmp_path: Path) -> None:
    with pytest.raises(BuildingError, match="at least one price"):
        imported(tmp_path, "Code,Price\n49,-1\n")


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("0,0125", "0.0125"),
        ("1,234", "1.234"),
        ("1.234,5", "1234.5"),
        ("1,234.5", "1234.5"),
        ("1 234 567,5", "1234567.5"),
        ("$ 0.02 / min", "0.02"),
        ("EUR 0,5", "0.5"),
        ("0.012,5", None),
        ("0,012.5", None),
        ("1.5,3", None),
        ("0.01 5", None),
        ("1 2", None),
        ("1,234,567", None),
    ],
)
def test_a_point_or_comma_that_cannot_stand_between_thousands_is_no_price(
    cell: str, expected: str | None
) -> None:
    if expected is None:
        with pytest.raises(Dirty, match="a price"):
            price(cell)
    else:
        assert price(cell).value == Decimal(expected)
