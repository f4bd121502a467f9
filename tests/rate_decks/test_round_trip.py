"""A price list, written as a carrier's deck and imported, prices calls by the rule of the list."""

import random
from fractions import Fraction
from pathlib import Path

import pytest

from cgrates_py.rate_decks.building import Profile
from cgrates_py.rate_decks.columns import LAYOUTS
from cgrates_py.rate_decks.importing import import_deck, write_folder
from cgrates_py.rate_decks.reading import Rules
from rater.compiler import compile_tariff
from rater.instant import parse
from rater.rating import Call, CallCost, price_call
from rater.tariff import Tariff
from storage.loading import load_folder
from stress.price_lists import Price, PriceList, price_list
from stress.rate_sheets import FORMS, write_sheet
from tests.loading.folders import NOW_NS, notices, reports

START_NS = parse("2026-06-01T10:00:00Z")[0]
UNIT = 1_000_000_000


def rule(price: Price, seconds: int) -> tuple[int, int]:
    """The cost of a call and its fee in nanounits, as decks mean it: begun increments cost whole."""
    billed = price.initial_s
    if seconds > billed:
        billed += -(-(seconds - billed) // price.next_s) * price.next_s
    cost = Fraction(price.per_minute) * billed / 60 * UNIT
    whole, half = divmod(cost, 1)
    return int(whole) + (half >= Fraction(1, 2)), int(price.connect_fee * UNIT)


def price_of(made: PriceList, number: str) -> Price:
    longest = max(
        (number[:length] for length in range(1, len(number) + 1) if number[:length] in made.prefixes), key=len
    )
    return made.prices[made.prefixes[longest]]


@pytest.mark.parametrize("form", FORMS)
def test_calls_cost_what_the_list_says_whatever_form_it_was_sent_in(form: str, tmp_path: Path) -> None:
    made = price_list(4_000)
    write_sheet(tmp_path / "deck.csv", made, form)
    imported = import_deck(
        tmp_path / "deck.csv", LAYOUTS["az"], {}, Rules(), Profile("ACME", "tel.example"), START_NS
    )
    assert imported.findings.ordered() == []
    write_folder(tmp_path / "acme", imported.built.sheets)
    loaded = load_folder(tmp_path / "acme", Tariff(), now_ns=NOW_NS)
    assert (reports(loaded), notices(loaded)) == ([], [])
    assert loaded.counts["prefixes"] == 4_000
    book = compile_tariff(loaded.tariff)
    chance = random.Random(5)
    for prefix in chance.choices(sorted(made.prefixes), k=1_000):
        number = (prefix + "".join(chance.choices("0123456789", k=8)))[:15]
        seconds = chance.choice((1, 6, 29, 30, 59, 60, 61, chance.randrange(1, 4_000)))
        call = Call("tel.example", "anna", "call", number, START_NS, START_NS + seconds * UNIT, 0)
        priced = price_call(book, call, None)
        assert isinstance(priced, CallCost)
        expected = rule(price_of(made, number), seconds)
        assert (number, seconds, priced.cost, priced.connect_fee) == (number, seconds, *expected)
