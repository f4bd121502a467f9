"""``scrooge.json``: laid over what there is, and every flaw of it told."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from cgrates_py.demo import FOLDERS
from rater.tariff import Tariff
from rater.usage.costs import FOREVER, Share, UsagePrice
from rater.usage.scrooge_setup import ScroogeSetup
from storage import passwords
from storage.loading import Loaded, load_folder

TYPES: dict[str, Any] = {"usage_types": ["gb", "cpu"]}
SHARES = [{"usage_type": "gb", "percent": "33.33"}, {"symbol": "cpu", "percent": 66.67}]
BASE: dict[str, Any] = {
    **TYPES,
    "users": [{"username": "u", "api_key": "k"}],
    "services": [
        {
            "symbol": "s",
            "usage_types": [{"usage_type": "gb", "percent": "33.33"}, {"symbol": "cpu", "percent": 66.67}],
        }
    ],
    "ventures": [{"symbol": "a"}, {"symbol": "b", "parent": "a", "service": "s"}],
    "prices": [{"usage_type": "gb", "start": "2026-01-01", "end": "2026-01-31", "price": "0.10"}],
}
JANUARY_1 = 20_454


def loaded(place: Path, document: Any, known: ScroogeSetup | None = None) -> Loaded:
    place.mkdir(exist_ok=True)
    text = document if isinstance(document, str) else json.dumps(document)
    (place / "scrooge.json").write_text(text)
    return load_folder(place, Tariff(), now_ns=0, scrooge_setup=known)


def setup_of(place: Path, document: Any, known: ScroogeSetup | None = None) -> ScroogeSetup:
    found = loaded(place, document, known)
    assert found.problems == ()
    assert found.scrooge.setup is not None
    return found.scrooge.setup


def test_a_set_up_is_read_exactly(tmp_path: Path) -> None:
    setup = setup_of(tmp_path, BASE)

    assert setup.prices == (UsagePrice("gb", JANUARY_1, JANUARY_1 + 30, Decimal("0.10")),)
    assert setup.shares == (
        Share("s", "gb", 0, FOREVER, Decimal("33.33")),
        Share("s", "cpu", 0, FOREVER, Decimal("66.67")),
    )
    assert setup.services[0].providers == ("b",)
    assert [each.name for each in setup.ventures] == ["a", "b"]


def test_what_a_file_names_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    before = setup_of(tmp_path, BASE)
    after = setup_of(tmp_path, {"ventures": [{"symbol": "a", "active": False}], "prices": []}, before)

    assert [(each.symbol, each.active) for each in after.ventures] == [("a", False), ("b", True)]
    assert after._replace(ventures=before.ventures) == before


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    document = {**BASE, "users": [{"username": "u", "api_key": "k", "password": "open sesame"}]}
    before = setup_of(tmp_path, document)
    kept = before.users[0].password

    assert setup_of(tmp_path, document, before) == before
    assert kept is not None
    assert passwords.matches("open sesame", kept)
    assert not passwords.matches("open", kept)


def test_prices_of_a_type_are_replaced_together(tmp_path: Path) -> None:
    before = setup_of(tmp_path, BASE)
    after = setup_of(tmp_path, {"prices": [{"usage_type": "gb", "start": "2026-01-10", "price": 1}]}, before)

    assert after.prices == (UsagePrice("gb", JANUARY_1 + 9, FOREVER, Decimal(1)),)


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ("{", "1:2"),
        ([], "$"),
        ({"usres": []}, "$.usres"),
        ({"users": [{"username": "u"}]}, "$.users[0].api_key"),
        ({"users": [{"username": "a:b", "api_key": "k"}]}, "$.users[0].username"),
        ({"users": [{"username": "a", "api_key": "k"}, {"username": "b", "api_key": "k"}]}, "$.users"),
        ({"users": [{"username": "a", "api_key": "k"}, {"username": "a", "api_key": "l"}]}, "$.users"),
        ({"usage_types": ["gb", "gb"]}, "$.usage_types"),
        ({"usage_types": [{"symbol": " gb"}]}, "$.usage_types[0].symbol"),
        ({"usage_types": [{"symbol": "gb", "kind": "XX"}]}, "$.usage_types[0].kind"),
        ({"prices": [{"usage_type": "gb", "price": 1}]}, "$.prices"),
        ({**TYPES, "prices": [{"usage_type": "gb", "price": "x"}]}, "$.prices[0].price"),
        ({**TYPES, "prices": [{"usage_type": "gb", "start": "2026-13-01"}]}, "$.prices[0].start"),
        ({**TYPES, "prices": [{"usage_type": "gb"}, {"usage_type": "gb"}]}, "$.prices"),
        ({**TYPES, "prices": [{"usage_type": "gb", "start": "2026-02-01", "end": "2026-01-01"}]}, "$.prices"),
        ({**TYPES, "percentages": [{"service": "s", "usage_type": "gb"}]}, "$.percentages"),
        (
            {**TYPES, "percentages": [{"service": "s", "usage_type": "gb", "percent": 101}]},
            "$.percentages[0].percent",
        ),
        ({"services": [{"symbol": "s", "depends_on": ["s"]}]}, "$.services"),
        ({"services": [{"symbol": "s", "ventures": ["v"]}]}, "$.services"),
        ({"services": [{"symbol": "s"}, {"symbol": "t", "name": "s"}]}, "$.services"),
        ({"ventures": [{"symbol": "a", "parent": "b"}]}, "$.ventures"),
        ({"ventures": [{"symbol": "a", "parent": "b"}, {"symbol": "b", "parent": "a"}]}, "$.ventures"),
        ({"extra_costs": [{"name": "n", "venture": "v", "cost": 1}]}, "$.extra_costs"),
        ({"pricing_services": [{"id": 1, "name": "a"}, {"id": 1, "name": "b"}]}, "$.pricing_services"),
        (
            {"service_environments": [{"service": "s", "environment": "e", "owners": ["u"]}]},
            "$.service_environments",
        ),
        (
            {
                "service_environments": [
                    {"service": "s", "environment": "e", "pricing_objects": ["h"]},
                    {"service": "t", "environment": "e", "pricing_objects": ["h"]},
                ]
            },
            "$.service_environments",
        ),
        (
            {
                "service_environments": [
                    {"service": "s", "service_id": 1, "environment": "e"},
                    {"service": "s", "service_id": 2, "environment": "f"},
                ]
            },
            "$.service_environments",
        ),
        (
            {"ventures": [{"symbol": "s/e"}], "service_environments": [{"service": "s", "environment": "e"}]},
            "$.service_environments",
        ),
    ],
)
def test_a_flaw_is_told_where_it_stands_and_nothing_is_loaded(
    tmp_path: Path, document: Any, path: str
) -> None:
    found = loaded(tmp_path, document)

    assert path in [problem.place for problem in found.problems]
    assert found.scrooge.setup is None


def test_percentages_that_are_not_all_of_a_cost_are_noticed(tmp_path: Path) -> None:
    services = [{"symbol": "s", "usage_types": [{"usage_type": "gb", "percent": 30}]}]
    found = loaded(tmp_path, {**TYPES, "services": services})

    assert (found.problem_count, [each.place for each in found.notices]) == (0, ["$.percentages"])


def test_a_key_never_shows_in_a_report(tmp_path: Path) -> None:
    users = [{"username": "a", "api_key": "s3cret"}, {"username": "b", "api_key": "s3cret"}]

    assert "s3cret" not in str(loaded(tmp_path, {"users": users}).problems)


def test_the_demo_is_a_set_up() -> None:
    folder = next(each for each in FOLDERS if each.name == "ventures")
    found = load_folder(folder, Tariff(), now_ns=0)

    assert (found.problems, found.notices) == ((), ())
