"""A page of another site that a browser shows can change nothing here."""

import httpx
import pytest

from tests.shell.conftest import ScriptedBalancer

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
    ],
)
async def test_only_pages_of_its_own_ask_without_a_key(
    headers: dict[str, str], status: int, balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    balancer.answer = lambda *_: "1"
    response = await http.get(DEBIT, headers=headers)
    assert response.status_code == status
