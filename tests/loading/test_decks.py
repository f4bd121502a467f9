"""The demo data and the generated decks load without a word and price calls."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from cgrates_py.demo import FOLDERS
from rater.account import Account
from rater.book import Book
from rater.charging import Operation, Request, decide
from rater.compiler import compile_tariff
from rater.instant import parse
from rater.quantity import text
from rater.rating import Call, CallCost, price_call
from rater.refusal import Refusal
from rater.tariff import Tariff
from storage.loading import load_folder
from stress.decks import RETAIL_DIGITS_MAX, main
from stress.numbering import PatternError, countries, prefixes
from tests.loading.folders import NOW_NS, notices, reports

UNIT = 1_000_000_000
Accounts = dict[tuple[str, str], Account]


@pytest.fixture(scope="module")
def demo() -> Iterator[tuple[Book, Accounts]]:
    tariff = Tariff()
    accounts: Accounts = {}
    for folder in FOLDERS:
        loaded = load_folder(folder, tariff, now_ns=NOW_NS)
        assert (reports(loaded), notices(loaded)) == ([], [])
        tariff = loaded.tariff
        accounts |= {(seed.account.customer, seed.account.subject): seed.account for seed in loaded.accounts}
    yield compile_tariff(tariff), accounts


def call(customer: str, subject: str, number: str, start: str, seconds: int) -> Call:
    start_ns, offset_ns = parse(start)
    return Call(customer, subject, "call", number, start_ns, start_ns + seconds * UNIT, offset_ns)


COSTS = [
    # customer, subject, number, start, seconds: cost, connect fee, prefix
    ("vdf", "rif", "0256", "2012-02-02T17:30:00Z", 3600, "540", "0", "0256"),
    ("vdf", "rif", "0257", "2026-03-02T10:00:00Z", 60, "0", "0", "0257"),
    ("vdf", "broker", "0723", "2026-03-02T10:00:00Z", 60, "0", "0", "0723"),
    ("tel.example", "1001", "40215550123", "2026-03-02T09:00:00+02:00", 60, "0.036", "0.02", "+40"),
    ("tel.example", "1001", "+40720000000", "2026-03-02T09:00:00+02:00", 90, "0.099", "0.02", "+4072"),
    ("tel.example", "1001", "4930123456", "2026-03-02T05:59:00Z", 60, "0.06", "0.05", "+49"),
    ("tel.example", "1001", "4930123456", "2026-03-02T06:01:00Z", 30, "0.084", "0.05", "+49"),
    ("tel.example", "1001", "4930123456", "2026-03-07T12:00:00Z", 61, "0.061", "0.05", "+49"),
    ("tel.example", "1001", "88212345", "2026-03-07T12:00:00Z", 60, "4.8", "0.5", "*any"),
    ("tel.example", "acme", "4930123456", "2026-03-02T12:00:00Z", 61, "0.0305", "0", "+49"),
    ("tel.example", "acme", "12125550123", "2026-03-02T12:00:00Z", 60, "0.09", "0.05", "+1"),
]


@pytest.mark.parametrize("row", COSTS, ids=lambda row: f"{row[1]} to {row[2]} at {row[3]}")
def test_the_demo_data_price_a_call(
    demo: tuple[Book, Accounts], row: tuple[str, str, str, str, int, str, str, str]
) -> None:
    book, accounts = demo
    customer, subject, number, start, seconds, cost, connect_fee, prefix = row
    account = accounts.get((customer, subject)) or accounts.get(("", subject))

    priced = price_call(book, call(customer, subject, number, start, seconds), account)

    assert isinstance(priced, CallCost)
    assert (cost, connect_fee, prefix) == (text(priced.cost), text(priced.connect_fee), priced.prefix)


def test_every_line_of_the_page_works_over_and_over(demo: tuple[Book, Accounts]) -> None:
    book, accounts = demo
    account = accounts["vdf", "rif"]
    asked = call("vdf", "rif", "0257", "2026-03-02T10:00:00Z", 60)
    methods = [
        Operation.GET_COST,
        Operation.DEBIT_BALANCE,
        Operation.DEBIT_SMS,
        Operation.DEBIT_SECONDS,
        Operation.GET_MAX_SESSION_TIME,
        Operation.ADD_VOLUME_DISCOUNT_SECONDS,
        Operation.RESET_VOLUME_DISCOUNT_SECONDS,
        Operation.ADD_RECIEVED_CALL_SECONDS,
    ]
    for method in [*methods * 20, Operation.RESET_USER_BUDGET, *methods]:
        decision = decide(book, account, Request(method, asked, 100 * UNIT))
        assert not isinstance(decision.answer, Refusal), method
        account = decision.account


def test_the_retail_tariff_is_what_its_generator_makes(tmp_path: Path) -> None:
    assert main(["--retail", str(tmp_path)]) == 0

    committed = {path.name: path.read_text() for path in FOLDERS[1].iterdir()}
    assert committed == {path.name: path.read_text() for path in tmp_path.iterdir()}


def test_every_country_and_its_mobiles_have_destinations_of_their_own() -> None:
    world = list(countries(RETAIL_DIGITS_MAX))

    listed = [prefix for country in world for prefix in (*country.areas, *country.mobiles)]
    assert len(set(listed)) == len(listed) > 5_000
    assert len({country.region for country in world}) > 240
    assert "7781" in {prefix[2:] for country in world if country.region == "GG" for prefix in country.mobiles}


@pytest.mark.parametrize("count", [1, 2_000, 60_000])
def test_a_deck_has_as_many_prefixes_as_asked_and_the_same_every_time(tmp_path: Path, count: int) -> None:
    for name in ("a", "b"):
        assert main(["--prefixes", str(count), "--seed", "5", str(tmp_path / name)]) == 0

    loaded = load_folder(tmp_path / "a", Tariff(), now_ns=NOW_NS)

    assert ([], [], count) == (reports(loaded), notices(loaded), loaded.counts["prefixes"])
    assert count == len({prefix for found in loaded.tariff.destinations.values() for prefix in found})
    assert loaded.tariff == load_folder(tmp_path / "b", Tariff(), now_ns=NOW_NS).tariff


PATTERNS = [
    (r"7\d{8}", 5, {"7"}),
    (r"7[0-2]\d{7}", 5, {"70", "71", "72"}),
    (r"7(?:1|23?)\d", 5, {"71", "720", "721", "722", "723", "724", "725", "726", "727", "728", "729"}),
    (r"1{2,3}", 2, {"11"}),
    (r"[13-5]2|9", 9, {"12", "32", "42", "52", "9"}),
    (r"4567\d", 2, {"45"}),
]


@pytest.mark.parametrize(("pattern", "digits_max", "expected"), PATTERNS)
def test_a_pattern_becomes_the_prefixes_that_it_tells_apart(
    pattern: str, digits_max: int, expected: set[str]
) -> None:
    assert expected == set(prefixes(pattern, digits_max))


def test_a_pattern_of_another_kind_is_refused() -> None:
    with pytest.raises(PatternError):
        list(prefixes("7.*", 3))
