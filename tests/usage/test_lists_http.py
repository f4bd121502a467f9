"""The lists of records on a running server: who may read them, and what is new at once."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import msgspec
import pytest

from cgrates_py import accounts
from cgrates_py.address import Address
from cgrates_py.client import RpcClient
from protocol.usage import ChargesPage
from rater.account import Account
from rater.instant import DAY
from rater.quantity import SCALE
from rater.usage.records import DayEntry, Row
from storage.opening import open_store
from tests.shell.servers import Server, serving

ADMIN_KEY = "the-key-of-the-tests"
MARCH_2 = 16_131


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("lists") / "data"


@pytest.fixture(scope="module")
def server(place: Path) -> Iterator[Server]:
    with serving(place, CGRATES_ADMIN_KEY=ADMIN_KEY, CGRATES_REQUIRE_KEYS="1") as running:
        yield running


async def test_pages_of_charges_are_read_with_a_key_alone(server: Server, place: Path) -> None:
    rows = tuple(Row(f"ü{n}", "gb", "1", MARCH_2 * DAY, MARCH_2 * DAY, f"0.{n}0") for n in range(5))
    async with (
        open_store(place) as store,
        httpx.AsyncClient(base_url=server.http) as client,
    ):
        for path in ("/charges", "/usages?namespace=scrooge"):
            assert (await client.get(path)).status_code == 401
        client.headers["Authorization"] = f"Bearer {ADMIN_KEY}"
        assert (await client.get("/charges")).text == "[]"
        await store.append("charges", [(MARCH_2, DayEntry(1, "run", rows))])
        first = await client.get("/charges?limit=2&metric=gb")
        assert [row["account"] for row in first.json()] == ["ü0", "ü1"]
        second = await client.get(first.links["next"]["url"])
        assert second.url.copy_remove_param("cursor") == first.url
        assert '"amount":0.30,' in second.text
        third = await client.get("/charges", params={"cursor": second.headers["X-Next-Cursor"]})
        assert [row["account"] for row in third.json()] == ["ü4"]
        assert "Link" not in third.headers
        refused = await client.get("/usages")
        assert (refused.status_code, refused.json()["Error"].partition(":")[0]) == (400, "namespace")


async def test_a_list_of_charges_is_the_same_over_both_protocols_and_sums_to_what_is_proven(
    server: Server, place: Path
) -> None:
    key = ("", "payer")
    row = Row("payer", "cpu", "2", MARCH_2 * DAY, MARCH_2 * DAY, "7.5", link="cyclops:1")
    rpc = RpcClient(Address.parse(server.rpc), key=ADMIN_KEY)
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    async with open_store(place) as store, httpx.AsyncClient(base_url=server.http, headers=headers) as client:
        await accounts.create(store, Account(*key, credit=10 * SCALE), 1)
        await store.append("charges", [(MARCH_2, DayEntry(1, "run", (row,)))])
        taken = ["0.1", "0.000000001", "-2"]
        for amount in taken:
            form = {"cstmid": "", "subj": "payer", "dest": "", "amount": amount}
            assert (await client.post("/debitbalance", data=form)).status_code == 200
        listed = await client.get("/charges?account=payer")
        assert [each["source"] for each in listed.json()] == ["cyclops", "calls:2", "calls:3", "calls:4"]
        pages: list[str] = []
        cursor: str | None = None
        while cursor or not pages:
            asked = {"Account": "payer", "Limit": 2, "Cursor": cursor, "From": "2014-03-02"}
            reply = await rpc.call("Charges.List", msgspec.json.encode(asked))
            page = msgspec.json.decode(reply.result, type=ChargesPage)
            pages.append(bytes(page.Charges).decode())
            cursor = page.Next
        assert len(pages) == 2
        assert f"[{','.join(each[1:-1] for each in pages)}]" == listed.text
        rows = json.loads(listed.text, parse_float=Decimal)
        amounts = [Decimal(each["amount"]) for each in rows if each["source"] != "cyclops"]
        assert amounts == list(map(Decimal, taken))
        proven = await store.verify(key)
        assert proven is not None
        assert proven.account.credit == (10 - sum(amounts)) * SCALE
    await rpc.close()


@pytest.mark.parametrize(
    ("argument", "because"),
    [
        ({"account": "payer"}, "Object contains unknown field `account`"),
        ({"Limit": 0}, "limit: expected 1 to 5000, got '0'"),
        ({"Cursor": "1.2.3.4"}, "cursor: "),
        ({"Account": 7}, "Expected `str | null`, got `int`"),
    ],
)
async def test_a_bad_argument_of_a_list_of_charges_is_refused(
    server: Server, argument: dict[str, object], because: str
) -> None:
    rpc = RpcClient(Address.parse(server.rpc), key=ADMIN_KEY)
    reply = await rpc.call("Charges.List", msgspec.json.encode(argument))
    await rpc.close()
    assert (reply.error or "").startswith(f"INVALID_PARAMS: {because}")
