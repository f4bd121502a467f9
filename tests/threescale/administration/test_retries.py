"""What a front sends again after a broken connection is answered as the first time, and is not done again."""

import json
from typing import Any

import pytest

from rater.metering.catalogue import Application
from storage.documents import application_key
from tests.shell.conftest import ScriptedBalancer, balancer, http_front
from tests.threescale.administration.conftest import Admin

__all__ = ["balancer"]

NEW = {"application": {"state": "active", "plan_id": "p1", "application_keys": ["k"], "user_keys": ["u"]}}
OTHER = {"application": {"state": "suspended"}}
APPLICATION = "services/1001/applications/new"
KEYS = "services/1001/applications/a1/keys"


async def sent(admin: Admin, verb: str, path: str, body: object, retry_id: str) -> tuple[int, Any]:
    return await admin.ask_segments(verb, path.split("/"), json.dumps(body).encode(), retry_id)


@pytest.mark.parametrize(
    ("verb", "path", "body", "status"),
    [
        ("POST", APPLICATION, NEW, 201),
        ("PUT", APPLICATION, NEW, 200),
        ("POST", KEYS, {"application_key": {"value": ""}}, 201),
        ("POST", KEYS, {"application_key": {"value": "k"}}, 201),
        ("POST", "services", {"service": {"id": "7", "provider_key": "pk"}}, 201),
    ],
)
async def test_a_request_that_is_sent_again_is_answered_alike(
    shop: Admin, verb: str, path: str, body: object, status: int
) -> None:
    first = await sent(shop, verb, path, body, "one")
    kept = await everything(shop)
    assert await sent(shop, verb, path, body, "one") == first
    assert first[0] == status
    assert await everything(shop) == kept


async def test_another_request_for_the_same_is_told_that_it_exists(shop: Admin) -> None:
    assert (await sent(shop, "POST", APPLICATION, NEW, "one"))[0] == 201
    for other in ("two", ""):
        status, document = await sent(shop, "POST", APPLICATION, OTHER, other)
        assert (status, document["status"]) == (405, "exists")
    assert (await sent(shop, "PUT", APPLICATION, NEW, "two"))[1]["status"] == "modified"


async def test_what_one_request_makes_is_unlike_what_another_made(shop: Admin) -> None:
    generations = set()
    for retry_id in ("one", "two", "", ""):
        await sent(shop, "POST", APPLICATION, NEW, retry_id)
        (made,) = await shop.store.documents([application_key("1001", "new")])
        assert isinstance(made, Application)
        assert len(made.generation) == 10
        generations.add(made.generation)
        await shop.do("DELETE", APPLICATION)
    assert len(generations) == 4


async def test_the_front_sends_a_request_again_under_its_own_id(balancer: ScriptedBalancer) -> None:
    balancer.answer = lambda *_: json.dumps({"Status": 201, "Body": {}})
    balancer.deaf = True
    async with http_front(balancer.port) as http:
        for _ in range(2):
            headers = {"Authorization": "Bearer cgr_0_0"}
            assert (await http.post("/internal/" + APPLICATION, json=NEW, headers=headers)).status_code == 201
    first, again, other = [descriptor["RetryId"] for _, descriptor in balancer.asked]
    assert first == again != other


async def everything(admin: Admin) -> list[object]:
    kinds = ("provider", "service", "application", "user_key", "token")
    return [each for kind in kinds for each in await admin.store.list_documents(kind)]
