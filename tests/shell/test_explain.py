"""``console explain`` and ``/explain``: what is asked of the server, and what is shown of the answer."""

import asyncio
import json
import subprocess
from typing import Any

import httpx
import pytest

from tests.responder.desk import Desk, office, units
from tests.shell.conftest import ScriptedBalancer
from tests.shell.servers import run

WHO = ("--cstmid", "acme", "--subject", "office", "--dest", "4420")
TIMES = ("--ts", "2012-02-02T17:30:00Z", "--te", "2012-02-02T18:30:00Z")
CALL = {"CstmId": "acme", "Subject": "office", "DestinationPrefix": "4420"}
TIMED = CALL | {"TimeStart": TIMES[1], "TimeEnd": TIMES[3]}
CHARGE = CALL | {"DestinationPrefix": ""}
QUERY = f"cstmid=acme&subj=office&dest=4420&ts={TIMES[1]}&te={TIMES[3]}"


async def console(balancer: ScriptedBalancer, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command beside the loop that the scripted balancer lives in."""
    server = f"127.0.0.1:{balancer.port}"
    return await asyncio.to_thread(run, "console", "explain", *arguments, "--server", server)


@pytest.mark.parametrize(
    ("arguments", "descriptor"),
    [
        ((*WHO, *TIMES), TIMED),
        ((*WHO, *TIMES, "--verify", "--amount", "60"), TIMED | {"Verify": True, "Amount": "60"}),
        (
            ("--charge", "acme:office", "calls:17.2", "--verify"),
            CHARGE | {"Verify": True, "Source": "calls:17.2"},
        ),
    ],
)
async def test_the_command_asks_for_an_explanation(
    arguments: tuple[str, ...], descriptor: dict[str, Any], balancer: ScriptedBalancer
) -> None:
    balancer.answer = lambda *_: '{"Sentence":"so"}'

    result = await console(balancer, *arguments, "--json")

    assert (result.returncode, result.stdout, result.stderr) == (0, '{"Sentence":"so"}\n', "")
    assert [("Responder.Explain", descriptor)] == balancer.asked


@pytest.mark.parametrize("arguments", [(), (*WHO, "--charge", "acme:office", "calls:1")])
async def test_it_is_about_a_call_or_about_a_charge(
    arguments: tuple[str, ...], balancer: ScriptedBalancer
) -> None:
    result = await console(balancer, *arguments)

    assert (result.returncode, result.stdout) == (2, "")
    assert "give either --subject, or --charge with an account and a source" in result.stderr


async def test_people_see_sentences_and_tables(balancer: ScriptedBalancer) -> None:
    """The steps are left out of a brief answer."""
    desk = Desk()
    await desk.open_account(office(credit=units(1000)))
    _, answer = await desk.raw("Explain", **TIMED, Verify=True)
    balancer.answer = lambda *_: answer.decode()

    whole = await console(balancer, *WHO, *TIMES, "--verify")
    brief = await console(balancer, *WHO, *TIMES, "--verify", "--brief")

    sentences = brief.stdout.splitlines()
    assert [line.split(" ", 1)[0] for line in sentences] == ["Call", "Debit", "Verified:"]
    assert whole.stdout.splitlines()[:3] == sentences
    words = ("spans", "360/1", "Mon to Fri until 18:00", "540/1")
    assert [word for word in words if word not in whole.stdout] == []


@pytest.mark.parametrize(
    ("query", "descriptor"),
    [
        (f"{QUERY}&verify=true", TIMED | {"Verify": True}),
        ("cstmid=acme&subj=office&source=calls:17", CHARGE | {"Source": "calls:17"}),
    ],
)
async def test_http_asks_for_the_same(
    query: str, descriptor: dict[str, Any], balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    balancer.answer = lambda *_: '{"Sentence":"so"}'

    response = await http.get(f"/explain?{query}")

    assert (response.status_code, response.text) == (200, '{"Sentence":"so"}')
    assert [("Responder.Explain", descriptor)] == balancer.asked


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("cstmid=a&subj=b", "dest"),
        ("cstmid=a&subj=b&dest=4&verify=1", "verify"),
        ("subj=b&source=calls:1", "cstmid"),
    ],
)
async def test_http_names_the_parameter_that_is_wrong(
    query: str, parameter: str, http: httpx.AsyncClient
) -> None:
    response = await http.get(f"/explain?{query}")

    assert (response.status_code, json.loads(response.text)["Parameter"]) == (400, parameter)
