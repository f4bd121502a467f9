"""The lists of records on a running server: who may read them, and what is new at once."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from rater.instant import DAY
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
