"""Made price lists are the same every time, price every number, and change as months do."""

from pathlib import Path

import pytest

from rater.tariff import Tariff
from storage.loading import load_folder
from stress.decks import main
from stress.price_lists import named_prefixes, price_list, write_tariff
from stress.rate_sheets import FORMS
from tests.loading.folders import NOW_NS, notices, reports


def test_there_are_more_than_three_hundred_thousand_real_prefixes_with_names() -> None:
    named = named_prefixes()
    assert len(named) > 300_000
    assert (named["49"], named["4074"], named["1"]) == ("DE_PROPER", "RO_MOBILE_ORANGE", "US_PROPER")


@pytest.mark.parametrize("size", [300, 36_000])
def test_a_list_has_as_many_prefixes_as_asked_for_and_begins_with_every_calling_code(size: int) -> None:
    made = price_list(size)
    assert len(made.prefixes) == size
    assert {"1", "40", "49", "373"} <= made.prefixes.keys()
    assert set(made.prefixes.values()) <= made.prices.keys()
    assert all(price.per_minute > 0 for price in made.prices.values())


def test_where_real_prefixes_do_not_suffice_longer_ones_are_made_of_them() -> None:
    size = len(named_prefixes()) + 1_000
    made = price_list(size)
    assert len(made.prefixes) == size
    assert set(named_prefixes()) <= set(made.prefixes)


def test_next_month_some_prices_increments_and_prefixes_are_others_and_most_are_not() -> None:
    before, after = price_list(5_000), price_list(5_000, month=2)
    changed = [name for name, price in before.prices.items() if after.prices[name] != price]
    assert 0.1 < len(changed) / len(before.prices) < 0.6
    assert any(before.prices[name][2:] != after.prices[name][2:] for name in changed)
    dropped, added = (
        before.prefixes.keys() - after.prefixes.keys(),
        after.prefixes.keys() - before.prefixes.keys(),
    )
    assert 20 < len(dropped) < 200
    assert 20 < len(added) < 200
    again = price_list(5_000, month=2)
    assert (again.prefixes, again.prices) == (after.prefixes, after.prices)


def test_its_tariff_loads_without_a_word(tmp_path: Path) -> None:
    write_tariff(tmp_path, price_list(2_000), plans=2)
    loaded = load_folder(tmp_path, Tariff(), now_ns=NOW_NS)
    assert (reports(loaded), notices(loaded)) == ([], [])
    assert loaded.counts["prefixes"] == 2_000
    assert set(loaded.tariff.rating_plans) == {"PLAN_1", "PLAN_2"}
    assert ("deck.example", "call", "subscriber-00001") in loaded.tariff.profiles


@pytest.mark.parametrize("form", FORMS)
def test_the_same_seed_writes_the_same_bytes_in_every_form(form: str, tmp_path: Path) -> None:
    for name, month in (("a", "1"), ("b", "1"), ("c", "2")):
        assert main(["--deck", "900", "--month", month, "--sheet", form, str(tmp_path / name)]) == 0
    same, again, other = ((tmp_path / name).read_bytes() for name in "abc")
    assert same == again != other


def test_the_same_seed_writes_the_same_folder(tmp_path: Path) -> None:
    for name in ("a", "b"):
        assert main(["--deck", "900", "--plans", "2", str(tmp_path / name)]) == 0
    files = sorted(each.name for each in (tmp_path / "a").iterdir())
    assert len(files) == 6
    assert [(tmp_path / "a" / each).read_bytes() for each in files] == [
        (tmp_path / "b" / each).read_bytes() for each in files
    ]
