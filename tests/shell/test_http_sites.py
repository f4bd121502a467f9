"""A page of another site that a browser shows can change nothing here."""

from collections.abc import Callable

import httpx
import pytest
from starlette.types import ASGIApp

from cgrates_py.http.app import build_app
from cgrates_py.http.services import Services, open_services
from cgrates_py.http.threescale.internal import build_admin_app
from cgrates_py.settings import load
from tests.shell.conftest import ScriptedBalancer

Build = Callable[[Services], ASGIApp]
DEBIT = "/debitbalance?cstmid=vdf&subj=rif&dest=0257&amount=-1000"
KEY = "Bearer cgr_0_0"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://front.example:8000", "Host": "front.example:8000"}, 200),
        ({"Origin": "http://front.example:8001", "Host": "front.example:8000"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Authorization": KEY}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Authorization": KEY.lower()}, 200),
        ({"Sec-Fetch-Site": "cross-site", "Authorization": "Basic OmtleQ=="}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Authorization": "Basic OmtleQ=="}, 200),
    ],
)
async def test_only_pages_of_its_own_ask_without_a_key(
    headers: dict[str, str], status: int, balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    balancer.answer = lambda *_: "1"
    response = await http.get(DEBIT, headers=headers)
    assert response.status_code == status


@pytest.mark.parametrize("build", [build_app, build_admin_app], ids=["one port", "its own port"])
async def test_a_password_that_a_browser_remembers_is_no_page_of_another_sites_to_use(build: Build) -> None:
    """The administration takes HTTP basic, on either port."""
    services = open_services(load())
    async with httpx.AsyncClient(base_url="http://a", transport=httpx.ASGITransport(build(services))) as http:
        response = await http.post(
            "/internal/services/",
            headers={"Authorization": "Basic OmtleQ==", "Origin": "http://evil.example"},
        )
    await services.rpc.close()

    assert response.status_code == 403
