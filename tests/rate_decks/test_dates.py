"""Dates of a deck become times of activation: what holds now is one plan, each change to come another."""

from pathlib import Path

import pytest

from cgrates_py.rate_decks.building import ACTIVATIONS_MAX, BuildingError
from cgrates_py.rate_decks.importing import write_folder
from cgrates_py.rate_decks.reading import Rules
from rater.compiler import compile_tariff
from rater.instant import parse
from rater.rating import Call, CallCost, price_call
from rater.tariff import Tariff
from storage.loading import load_folder
from storage.loading.values import EARLIEST_NS
from tests.loading.folders import NOW_NS, notices, reports
from tests.rate_decks.decks import imported, told

DECK = """Code,Name,Price,Effective Date,End Date
49,Germany,0.1,2026-01-01,
49,Germany,0.2,2026-12-01,
4915,Germany Mobile,0.3,2026-11-01,
4915,Germany Mobile,0.25,2026-10-01,
4916,Germany Mobile,0.4,2026-01-01,2026-12-15
4917,Germany Mobile,0.5,2026-01-01,2026-02-01
33,France,0.6,2027-01-01,
"""

COSTS = [
    # number, start of a minute: tenths of money, prefix
    ("4930123", "2026-01-01T00:00:00Z", 1, "+49"),
    ("4930123", "2026-11-30T23:59:00Z", 1, "+49"),
    ("4930123", "2026-12-01T00:00:00Z", 2, "+49"),
    ("4915123", "2026-01-01T00:00:00Z", 3, "+4915"),
    ("4916123", "2026-12-14T12:00:00Z", 4, "+4916"),
    ("4916123", "2026-12-15T00:00:00Z", 2, "+49"),
    ("4917123", "2026-12-15T00:00:00Z", 2, "+49"),
    ("3312345", "2027-01-01T00:00:00Z", 6, "+33"),
]


def test_calls_cost_what_holds_when_they_begin(tmp_path: Path) -> None:
    found = imported(tmp_path, DECK)
    write_folder(tmp_path / "acme", found.built.sheets)
    loaded = load_folder(tmp_path / "acme", Tariff(), now_ns=NOW_NS)
    assert (reports(loaded), notices(loaded)) == ([], [])
    book = compile_tariff(loaded.tariff)
    for number, start, cost, prefix in COSTS:
        start_ns = parse(start)[0]
        priced = price_call(
            book, Call("tel.example", "anna", "call", number, start_ns, start_ns + 60 * 10**9, 0), None
        )
        assert isinstance(priced, CallCost)
        assert (number, start, priced.cost, priced.prefix) == (number, start, cost * 10**8, prefix)


def test_what_was_replaced_or_is_over_is_told_and_changes_to_come_are_noted(tmp_path: Path) -> None:
    found = imported(tmp_path, DECK)
    assert told(found) == [
        "5 : 4915: the last price that has begun: skipped the price that line 4 replaces it by",
        "7 : 4917: a price that ends after 2026-11-22T00:00:00Z: skipped",
    ]
    assert found.built.notes == (
        "1 price began after 2026-01-01T00:00:00Z and before 2026-11-22T00:00:00Z: "
        "it holds from 2026-01-01T00:00:00Z on",
        "2026-12-01T00:00:00Z: 1 price begins",
        "2026-12-15T00:00:00Z: 1 price ends",
        "2027-01-01T00:00:00Z: 1 price begins",
    )


def test_without_dates_prices_have_always_held(tmp_path: Path) -> None:
    found = imported(tmp_path, "Code,Price\n49,0.1\n")
    assert [row[3:5] for row in found.built.sheets["RatingProfiles.csv"]] == [("", "ACME")]


def test_more_dates_to_come_than_a_deck_can_have_are_refused(tmp_path: Path) -> None:
    rows = [
        f"{49_000 + day},0.1,{2027 + day // 28}-01-{day % 28 + 1:02d}" for day in range(ACTIVATIONS_MAX + 1)
    ]
    with pytest.raises(BuildingError, match=f"at most {ACTIVATIONS_MAX} dates"):
        imported(tmp_path, "\n".join(["Code,Price,Effective Date", *rows]))


def test_a_deck_whose_prices_all_end_is_refused_as_no_tariff_can_be_without_any(tmp_path: Path) -> None:
    for later in ("", "33,0.2,2027-02-02,\n"):
        deck = f"Code,Price,Effective Date,End Date\n49,0.1,2026-01-01,2027-02-01\n{later}"
        with pytest.raises(BuildingError, match="prices that hold from 2027-02-01T00:00:00Z on, got none"):
            imported(tmp_path, deck)


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_dates_behind_every_call_and_before_every_call_bound_nothing(zone: str, tmp_path: Path) -> None:
    deck = "Code,Price,Effective Date,End Date\n49,0.1,0001-01-01,9999-12-31 23:59:59\n"
    found = imported(tmp_path, deck, rules=Rules(zone=zone))
    write_folder(tmp_path / "acme", found.built.sheets)
    loaded = load_folder(tmp_path / "acme", Tariff(), now_ns=NOW_NS)
    assert (told(found), reports(loaded), notices(loaded)) == ([], [], [])
    ((line,),) = loaded.tariff.profiles.values()
    assert line.activation_ns == EARLIEST_NS
