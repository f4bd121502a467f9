"""The administration of Scrooge and Cyclops RC: what it tells can be put back, flaws change nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from cgrates_py.demo import FOLDERS
from cgrates_py.usage.administration import PASSWORDS_MAX, Administration, read_setup
from cgrates_py.usage.cyclops.states import States
from cgrates_py.usage.scrooge.known import Setups
from protocol.usage import DialectAnswer, DialectRequest
from storage.memory import MemoryStore
from tests.cyclops.desk import StandingClock
from tests.docs.documents import ROOT
from tests.shell.servers import Server, run_here, serving

ADMIN_KEY = "the-key-of-the-tests"
SCROOGE = {
    "currency": "EUR",
    "users": [{"username": "meter", "api_key": "s3cret-key", "password": "open sesame", "superuser": True}],
    "usage_types": [
        {"symbol": "gb", "kind": "BU", "order": 3, "show_in_report": False},
        {"symbol": "calls", "by_cost": True, "by_warehouse": True, "average": True, "name": "Calls"},
    ],
    "prices": [
        {"usage_type": "gb", "start": "2026-01-01", "end": "2026-01-31", "price": "0.10", "warehouse": "w"},
        {"usage_type": "calls", "cost": 7, "forecast_cost": "1E+3", "forecast_price": 2},
    ],
    "services": [
        {
            "symbol": "s",
            "base_usage_types": ["gb"],
            "usage_types": [{"usage_type": "calls", "percent": 99.5}],
        },
        {"symbol": "t", "depends_on": ["s"], "fixed_price": True, "difference_to": "s"},
    ],
    "ventures": [
        {"symbol": "a", "department": "d", "business_segment": "b", "profit_center": "p", "service": "s"},
        {"symbol": "b", "parent": "a", "active": False},
    ],
    "extra_costs": [{"name": "rent", "venture": "a", "cost": "12.50", "forecast_cost": 1, "monthly": True}],
    "pricing_services": [{"name": "n", "symbol": "m", "active": False, "usage_types": ["gb"]}],
    "service_environments": [
        {"service": "x", "service_uid": "u", "environment": "prod", "pricing_objects": ["h"]}
        | {"owners": ["meter"], "profit_center": "p", "business_line": "l"}
    ],
}
CYCLOPS = {
    "meters": [{"name": "cpu", "type": "gauge", "enabled": False, "source": "nova"}],
    "policy": "static",
    "rates": {"cpu": 3, "disk": "0.50"},
}


class Office:
    """One rater's administration."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store = store or MemoryStore()
        self.setups = Setups(self.store)
        self.administration = Administration(self.store, StandingClock(), self.setups.forget)

    async def ask(self, verb: str, path: str, body: str = "") -> DialectAnswer:
        return await self.administration.answer(DialectRequest(verb, path, "administration", Body=body))

    async def put(self, name: str, document: Any) -> DialectAnswer:
        return await self.ask("PUT", f"/usage/{name}", json.dumps(document))


@pytest.mark.parametrize(("name", "document"), [("scrooge", SCROOGE), ("cyclops", CYCLOPS)])
async def test_what_is_told_changes_nothing_when_it_is_put_back(name: str, document: Any) -> None:
    office = Office()
    assert json.loads((await office.put(name, document)).Body)["status"] == "modified"
    before = (await read_setup(office.store), await States(office.store).read())
    told = await office.ask("GET", f"/usage/{name}")
    again = await office.ask("PUT", f"/usage/{name}", told.Body)

    assert (again.Status, json.loads(again.Body)["status"]) == (200, "unchanged")
    assert (await read_setup(office.store), await States(office.store).read()) == before
    assert json.loads(told.Body).keys() == document.keys() | ({"percentages"} if name == "scrooge" else set())


async def test_neither_keys_nor_passwords_are_told() -> None:
    office = Office()
    await office.put("scrooge", SCROOGE)
    told = await office.ask("GET", "/usage/scrooge")
    setup = await read_setup(office.store)

    assert setup is not None
    assert setup.users[0].key == "s3cret-key"
    assert json.loads(told.Body)["users"] == [{"username": "meter", "active": True, "superuser": True}]
    assert "s3cret" not in told.Body


async def test_every_problem_of_a_document_is_listed_and_nothing_changes() -> None:
    office = Office()
    await office.put("scrooge", SCROOGE)
    before = await read_setup(office.store)
    wrong = {
        "users": [{"username": "new"}, {"username": "other"}],
        "ventures": [{"symbol": "c", "parent": "nowhere"}, {"symbol": "c", "parent": "nowhere"}],
    }
    answer = await office.put("scrooge", wrong)
    body = json.loads(answer.Body)

    assert (answer.Status, body["status"]) == (400, "error")
    assert [line.split(":")[0] for line in body["problems"]] == [
        "scrooge.json $.users[0].api_key",
        "scrooge.json $.users[1].api_key",
        "scrooge.json $.ventures",
        "scrooge.json $.ventures",
    ]
    assert await read_setup(office.store) == before


@pytest.mark.parametrize(
    ("name", "body", "problem"),
    [
        ("scrooge", "", "scrooge.json:1:1: expected JSON"),
        ("cyclops", "[" * 100_000, "cyclops.json: expected JSON, got a number or nesting beyond all bounds"),
        ("cyclops", '{"policy": "static"}', "rates for a static policy"),
        ("scrooge", '{"usres": []}', "scrooge.json $.usres: expected a known member"),
    ],
)
async def test_what_is_no_set_up_is_refused(name: str, body: str, problem: str) -> None:
    answer = await Office().ask("PUT", f"/usage/{name}", body)

    assert answer.Status == 400
    assert problem in json.loads(answer.Body)["problems"][0]


async def test_more_passwords_than_can_be_hashed_in_time_are_refused() -> None:
    users = [{"username": f"u{n}", "api_key": f"k{n}", "password": "p"} for n in range(PASSWORDS_MAX + 1)]
    answer = await Office().put("scrooge", {"users": users})

    assert json.loads(answer.Body)["problems"] == [
        f"scrooge.json $.users: expected at most {PASSWORDS_MAX} passwords at a time, got {PASSWORDS_MAX + 1}"
    ]


async def test_a_change_is_known_at_once_in_the_rater_that_made_it_and_in_others() -> None:
    one = Office()
    other = Office(one.store.connect())
    for office in (one, other):
        assert (await office.setups.current()).types == frozenset()
    await one.put("scrooge", {"usage_types": ["gb"]})

    for office in (one, other):
        assert (await office.setups.current()).types == {"gb"}


async def test_other_places_and_methods_are_refused() -> None:
    office = Office()
    posted = await office.ask("POST", "/usage/scrooge")

    assert (posted.Status, posted.Headers) == (405, {"Allow": "HEAD, GET, PUT"})
    assert (await office.ask("GET", "/usage/other")).Status == 404
    assert (await office.ask("HEAD", "/usage/cyclops")).Status == 200


def test_the_pages_tell_every_place() -> None:
    pages = "".join((ROOT / f"docs/{name}.md").read_text() for name in ("SCROOGE", "CYCLOPS"))
    for path, verbs in Office().administration.places.items():
        assert f"| `/internal{path}` | {', '.join(verbs)} |" in pages


def test_the_command_prints_what_load_takes(tmp_path: Path) -> None:
    for name in ("scrooge", "cyclops"):
        folder = tmp_path / name
        folder.mkdir()
        given = SCROOGE if name == "scrooge" else CYCLOPS
        (folder / f"{name}.json").write_text(json.dumps(given))
        data = ("--data-dir", tmp_path / "data")
        assert run_here("load", folder, *data).returncode == 0
        told = run_here(name, "show", "--json", *data)
        assert told.returncode == 0, told.stderr
        (folder / f"{name}.json").write_text(told.stdout)
        again = run_here("load", folder, *data)
        assert (again.returncode, "changed\n" in again.stdout.split("accounts changed")[-1]) == (0, False)
        table = run_here(name, "show", *data)
        assert ("rent" if name == "scrooge" else "0.50") in table.stdout


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    place = tmp_path_factory.mktemp("administration") / "data"
    with serving(place, "--admin-port", "0", CGRATES_ADMIN_KEY=ADMIN_KEY) as running:
        yield running


async def test_an_administrator_alone_sets_up_a_running_server(server: Server) -> None:
    path = "/internal/usage/scrooge"
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{server.admin_port}") as client:
        assert (await client.get(path)).status_code == 401
        assert (await client.get(path, headers={"Authorization": "Bearer other"})).status_code in (401, 403)
        client.headers["Authorization"] = f"Bearer {ADMIN_KEY}"
        assert (await client.get(path)).json()["usage_types"] == []
        folder = next(each for each in FOLDERS if each.name == "ventures")
        done = await client.put(path, content=(folder / "scrooge.json").read_bytes())
        assert (done.status_code, done.json()["status"]) == (200, "modified")
        told = await client.get(path)
        assert "api_key" not in told.text
        assert (await client.put(path, content=told.content)).json()["status"] == "unchanged"
        refused = await client.put("/internal/usage/cyclops", json={"meters": [{"nam": 1}], "rates": 1})
        assert (refused.status_code, len(refused.json()["problems"])) == (400, 3)
        assert (await client.put(path, content=b"\xff")).status_code == 400
        assert (await client.get("/internal/services")).status_code == 200
    async with httpx.AsyncClient(base_url=server.http) as client:
        headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
        assert (await client.get(path, headers=headers)).status_code == 404
        types = await client.get(
            "/scrooge/api/v0.10/usage-types/", headers={"Authorization": "Token demo-key"}
        )
        assert [each["symbol"] for each in types.json()] == [
            each["symbol"] for each in told.json()["usage_types"]
        ]
