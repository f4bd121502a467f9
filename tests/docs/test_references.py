"""The tables of the documents beside the code that they tell of, and where links lead."""

import re
from pathlib import Path

import pytest

from cgrates_py.http.cgrates import ENDPOINTS
from cgrates_py.settings import Settings
from protocol import limits
from protocol.errors import WIRE
from protocol.methods import BY_NAME, NAMES
from tests.docs.documents import PAGES, ROOT, anchors, links, table

API = (ROOT / "docs/API.md").read_text()
OPERATIONS = (ROOT / "docs/OPERATIONS.md").read_text()
UNITS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "s": 1, "characters": 1}


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    page = path.read_text()

    for link in links(page):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = path.parent / file if file else path
        assert target.exists(), link
        assert not anchor or anchor in anchors(target.read_text()), link


def test_every_page_can_be_reached_from_the_first() -> None:
    linked = {(ROOT / link.partition("#")[0]).resolve() for link in links((ROOT / "README.md").read_text())}

    assert set() == set(PAGES) - linked - {ROOT / "README.md"}


def test_the_table_of_codes_is_that_of_the_wire() -> None:
    told = {code: (int(rpc), int(http)) for code, rpc, http, _ in table(API, "code")}

    assert {code.value: tuple(wire) for code, wire in WIRE.items()} == told


def test_the_table_of_settings_has_every_one_with_its_default() -> None:
    told = {name: default for name, default, _ in table(API, "setting")}
    plain = Settings.model_construct().model_dump(mode="json")
    defaults = {
        name: "empty" if str(value) in {"", "**********"} else str(value) for name, value in plain.items()
    }

    assert defaults == told


def test_the_table_of_methods_has_every_name() -> None:
    names = [row[0] for row in table(API, "method")]
    told = {
        name for text in names for name in re.findall(r"(?:Responder|Metering|Usage|Charges|Auth)\.\w+", text)
    }

    assert set(BY_NAME) == told


def test_the_table_of_paths_is_that_of_the_http_front() -> None:
    told = [(path, method, "amount" in asks) for path, method, asks in table(API, "path")]

    assert [(each.path, NAMES[each.method], each.takes_amount) for each in ENDPOINTS] == told


def test_the_table_of_limits_has_every_limit_of_the_wire_with_its_value() -> None:
    told = {}
    for name, value, _ in table(OPERATIONS, "limit"):
        number, _, unit = value.replace("\u202f", "").partition(" ")
        told[name] = float(number) * UNITS[unit]

    assert {name: float(value) for name, value in vars(limits).items() if name.isupper()} == told
