"""Decks are understood in the forms in which carriers send them."""

from pathlib import Path

import pytest

from cgrates_py.rate_decks.columns import ColumnsError, wanted_of
from cgrates_py.rate_decks.reading import Rules
from cgrates_py.rate_decks.sheets import SheetError, opened
from tests.rate_decks.decks import imported, prices, told

FORMS = {
    "headings in other words": (
        "az",
        "Dial Code,Destination Name,Rate (USD/min)\n49,Germany,0.01\n",
        "0.01 1-1",
    ),
    "a heading below greetings": ("az", "ACME Ltd,,\n,,\nPrefix,Name,Price\n49,Germany,0.010\n", "0.01 1-1"),
    "decimal commas": ("az", "Code;Name;Price\n49;Germany;0,0125\n", "0.0125 1-1"),
    "a currency sign": ("az", "Code\tPrice\n49\t$ 0.0125\n", "0.0125 1-1"),
    "both increments in a cell": ("az", "Code,Price,Billing Increment\n49,0.1,60/1\n", "0.1 60-1"),
    "increments with a hyphen": ("az", "Code,Price,Increments\n49,0.1,30-6\n", "0.1 30-6"),
    "one increment for all": ("az", "Code,Price,Increments\n49,0.1,6\n", "0.1 6-6"),
    "a fee": ("az", "Code,Price,Setup Fee\n49,0.1,0.05\n", "0.1+0.05 1-1"),
    "an example of increments in a heading": (
        "az",
        "Dest Code,Destination,Rate,Billing Increment 60/1\n49,Germany,0.1,60/1\n",
        "0.1 60-1",
    ),
    "short headings of fee and increments": (
        "az",
        "Dial Code;Country / Destination;Price per Minute (EUR);Connect;First;Next\n49;DE;0,1;0,05;60;1\n",
        "0.1+0.05 60-1",
    ),
    "minutes cut short": ("az", "Prefix,Price per min. (USD)\n49,0.1\n", "0.1 1-1"),
    "Kazoo": (
        "kazoo",
        "prefix,rate_cost,rate_minimum,rate_increment,rate_surcharge\n49,0.1,60,6,0\n",
        "0.1 60-6",
    ),
    "ASTPP": (
        "astpp",
        "Code,Destination,Connect Cost,Included Seconds,Per Minute Cost,Increment\n49,DE,0.1,0,0.25,60\n",
        "0.25+0.1 60-60",
    ),
    "A2Billing without a heading": ("a2billing", "49;Germany;0.1\n", "0.1 1-1"),
    "A2Billing with one": (
        "a2billing",
        "dialprefix,destination,rateinitial,initblock,billingblock\n49,D,0.1,30,6\n",
        "0.1 30-6",
    ),
    "JeraSoft": (
        "jerasoft",
        "Code,Code Name,Rate,SF,Min,Int,End Date\n49,Germany,0.1,0.2,60,1,\n",
        "0.1+0.2 60-1",
    ),
    "PortaBilling": (
        "portabilling",
        "Country Prefix,Destination,Description,First Price,Next Price,First Interval,Next Interval\n"
        ",49,D,0.2,0.1,60,1\n",
        "0.2,0.1 60-1",
    ),
    "46 Labs": (
        "46labs",
        "code,duration,increment,rate_minute,effective_date\n49,6,6,0.1,2022-08-16\n",
        "0.1 6-6",
    ),
    "Freeside": ("freeside", "Germany,49,0.1\n", "0.1 1-1"),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_says_what_a_code_costs(name: str, tmp_path: Path) -> None:
    layout, text, rate = FORMS[name]
    found = imported(tmp_path, text, layout)
    assert (prices(found), told(found)) == ({"49": rate}, [])


CODES = {
    ("", "1, 3-5, 70"): "1 3 4 5 70",
    ("49", "1, 3-5, 70"): "491 493 494 495 4970",
    ("49", "08-11"): "4908 4909 4910 4911",
    ("49", ""): "49",
    ("", "61 38, 39"): "6138 6139",
    ("+44", "7; 20"): "447 4420",
}


@pytest.mark.parametrize("cells", CODES)
def test_lists_and_ranges_of_area_codes_stand_behind_the_country_code(
    cells: tuple[str, str], tmp_path: Path
) -> None:
    country, codes = cells
    found = imported(tmp_path, f'Country Code|Area Codes|Rate\n{country}|"{codes}"|0.1\n')
    assert " ".join(prices(found)) == CODES[cells]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_text_is_read_in_the_encoding_that_it_has(encoding: str, tmp_path: Path) -> None:
    found = imported(tmp_path, "Prefix;Destination;Rate (€)\n594;Guyane française;0,5\n".encode(encoding))
    assert found.built.sheets["Destinations.csv"] == [("ACME/Guyane française", "+594")]


@pytest.mark.parametrize("heading", ["Country,Destination", "Destination,Country"])
def test_destinations_are_called_by_the_narrower_of_two_names(heading: str, tmp_path: Path) -> None:
    row = dict.fromkeys(heading.split(","), "Germany") | {"Destination": "Germany Mobile"}
    found = imported(tmp_path, f"{heading},Prefix,Rate\n{','.join(row.values())},4915,0.1\n")
    assert found.built.sheets["Destinations.csv"] == [("ACME/Germany Mobile", "+4915")]


def test_a_price_in_cents_is_not_taken_for_one_in_the_currency(tmp_path: Path) -> None:
    with pytest.raises(ColumnsError):
        imported(tmp_path, "Prefix,Rate (US cents per min)\n49,10\n")


def test_columns_can_be_named_by_heading_or_number(tmp_path: Path) -> None:
    wanted = wanted_of({"code": "Ziel", "price": "Preis je Minute"})
    text = "Ort,Ziel,Preis je Minute\nBerlin,49,0.1\n"
    assert prices(imported(tmp_path, text, wanted=wanted)) == {"49": "0.1 1-1"}
    numbers = wanted_of({"code": "2", "price": "3", "name": "1"})
    assert prices(imported(tmp_path, "Berlin,49,0.1\n", wanted=numbers)) == {"49": "0.1 1-1"}


@pytest.mark.parametrize("given", [{"code": "1"}, {"price": "1"}, {"code": "1", "price": "2", "colour": "3"}])
def test_a_map_names_code_and_price_and_nothing_unknown(given: dict[str, str]) -> None:
    with pytest.raises(ColumnsError):
        wanted_of(given)


def test_a_deck_without_a_heading_is_refused_with_what_was_seen(tmp_path: Path) -> None:
    with pytest.raises(ColumnsError, match=r"a heading with a code and a price.*Hello, World"):
        imported(tmp_path, "Hello,World\n49,0.1\n")


def test_increments_that_a_deck_does_not_tell_are_the_callers(tmp_path: Path) -> None:
    found = imported(tmp_path, "Code,Price\n49,0.1\n", rules=Rules(increments=(60, 1)))
    assert prices(found) == {"49": "0.1 60-1"}


def test_other_bytes_than_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "deck.csv").write_bytes(b"PK\x03\x04\0\0")
    with pytest.raises(SheetError, match="expected text"):
        opened(tmp_path / "deck.csv")
