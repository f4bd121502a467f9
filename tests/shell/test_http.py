"""The HTTP dialect of 2012: parameters in, calls out, answers and refusals back."""

import asyncio
import re
import socket
from pathlib import Path
from typing import Any

import httpx
import pytest

from cgrates_py.clock import HeldClock
from cgrates_py.http.app import build_app
from cgrates_py.http.services import open_services
from cgrates_py.settings import load
from tests.shell.conftest import ScriptedBalancer, http_front

WHO = {"CstmId": "vdf", "Subject": "rif", "DestinationPrefix": "0257"}

PAGE = [
    ("/getcost?cstmid=vdf&subj=rif&dest=0257", "Responder.GetCost", {}),
    ("/debitbalance?cstmid=vdf&subj=rif&dest=0257@amount=100", "Responder.DebitBalance", {"Amount": "100"}),
    ("/debitsms?cstmid=vdf&subj=rif&dest=0257@amount=100", "Responder.DebitSMS", {"Amount": "100"}),
    ("/debitseconds?cstmid=vdf&subj=rif&dest=0257@amount=100", "Responder.DebitSeconds", {"Amount": "100"}),
    (
        "/getmaxsessiontime?cstmid=vdf&subj=rif&dest=0257@amount=100",
        "Responder.GetMaxSessionTime",
        {"Amount": "100"},
    ),
    (
        "/addvolumediscountseconds?cstmid=vdf&subj=rif&dest=0257@amount=100",
        "Responder.AddVolumeDiscountSeconds",
        {"Amount": "100"},
    ),
    (
        "/resetvolumediscountseconds?cstmid=vdf&subj=rif&dest=0257",
        "Responder.ResetVolumeDiscountSeconds",
        {},
    ),
    (
        "/addrecievedcallseconds?cstmid=vdf&subj=rif&dest=0257@amount=100",
        "Responder.AddRecievedCallSeconds",
        {"Amount": "100"},
    ),
    ("/resetuserbudget?cstmid=vdf&subj=rif&dest=0257", "Responder.ResetUserBudget", {}),
]
"""Every curl line of the published page, as printed, with the call that it means."""


@pytest.mark.parametrize(("url", "method", "more"), PAGE)
async def test_every_curl_line_of_the_page_works_as_printed(
    url: str, method: str, more: dict[str, Any], balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    """200, and the result's JSON byte for byte."""
    balancer.answer = lambda *_: '{"Cost":1e2,"x":0.30}'

    response = await http.get(url)

    assert (
        response.status_code,
        response.content,
        response.headers["content-type"],
    ) == (200, b'{"Cost":1e2,"x":0.30}', "application/json")
    ((asked, descriptor),) = balancer.asked
    for added in ("RequestId", "TimeStart", "TimeEnd"):
        descriptor.pop(added, None)
    assert (method, WHO | more) == (asked, descriptor)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("dest=0257&amount=1.50", {"Amount": "1.50"}),
        ("amount=-0.000000001&dest=0257", {"Amount": "-0.000000001"}),
        ("amount=1e2&dest=0257", {"Amount": "1e2"}),
        ("dest=0257&tor=2&amount=1", {"Amount": "1", "TOR": "2"}),
        ("dest=0257&tor=sms&amount=1", {"Amount": "1", "TOR": "sms"}),
        ("dest=0257&requestid=a-1&tor=0@amount=7", {"Amount": "7", "TOR": "0", "RequestId": "a-1"}),
        ("tor=1&dest=0257%40amount%3D7", {"Amount": "7", "TOR": "1"}),
        ("dest=0257&amount=1&ts=2012-02-02T17:30:00Z", {"Amount": "1", "TimeStart": "2012-02-02T17:30:00Z"}),
        (
            "dest=0257&amount=1&ts=2012-02-02T17:30:00+02:00",
            {"Amount": "1", "TimeStart": "2012-02-02T17:30:00+02:00"},
        ),
        ("dest=0257&amount=1&colour=red", {"Amount": "1"}),
        ("dest=&amount=1", {"Amount": "1", "DestinationPrefix": ""}),
        ("dest=%22%7Bx%7D%C4%83&amount=1", {"Amount": "1", "DestinationPrefix": '"{x}ă'}),
    ],
)
async def test_parameters_reach_the_rater_as_written(
    query: str, expected: dict[str, Any], balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    """Amounts keep their literal; texts are escaped; unknown parameters are ignored."""
    response = await http.get(f"/debitbalance?cstmid=vdf&subj=rif&{query}")

    assert response.status_code == 200, response.text
    descriptor = balancer.asked[-1][1]
    if "RequestId" not in expected:
        assert re.fullmatch("http-[0-9a-f]{32}", descriptor.pop("RequestId"))
    assert WHO | expected == descriptor


async def test_a_form_is_as_good_as_a_query(balancer: ScriptedBalancer, http: httpx.AsyncClient) -> None:
    """POST, also with a part of the parameters in the query."""
    form = {"subj": "rif", "dest": "0257", "amount": "5", "requestid": "r"}

    response = await http.post("/debitsms?cstmid=vdf", data=form)

    assert response.status_code == 200
    assert balancer.asked == [("Responder.DebitSMS", WHO | {"Amount": "5", "RequestId": "r"})]


@pytest.mark.parametrize(
    ("path", "query", "parameter"),
    [
        ("/getcost", "subj=rif&dest=0257", "cstmid"),
        ("/getcost", "cstmid=vdf&dest=0257", "subj"),
        ("/getcost", "cstmid=vdf&subj=rif", "dest"),
        ("/getcost", "", "cstmid"),
        ("/debitbalance", "cstmid=vdf&subj=rif&dest=0257", "amount"),
        ("/debitbalance", "cstmid=vdf&subj=rif&dest=0257@amount=", "amount"),
        ("/debitbalance", "cstmid=vdf&subj=rif&dest=0257&amount=ten", "amount"),
        ("/debitbalance", "cstmid=vdf&subj=rif&dest=0257&amount=NaN", "amount"),
        ("/debitbalance", "cstmid=vdf&subj=rif&dest=0257&amount=007", "amount"),
        ("/debitbalance", "cstmid=vdf&subj=rif&dest=0257&amount=1,5", "amount"),
        ("/debitbalance", "cstmid=vdf&subj=rif&dest=0257&amount=1e400", "amount"),
        ("/debitbalance", "cstmid=vdf&subj=rif&dest=0257&amount=9000000001", "amount"),
        ("/debitbalance", f"cstmid=vdf&subj=rif&dest=0257&amount={'9' * 400}", "amount"),
        ("/debitbalance", "cstmid=vdf&subj=rif&dest=0257&amount=1&amount=2", "amount"),
        ("/debitbalance", "cstmid=vdf&subj=rif&amount=2&dest=0257@amount=1", "amount"),
        ("/debitbalance", "cstmid=vdf&subj=rif&dest=0257@amount=1&amount=2", "amount"),
        ("/debitbalance", "cstmid=vdf&subj=rif&dest=0257&amount=1&requestid=", "requestid"),
        ("/debitbalance", f"cstmid=vdf&subj=rif&dest=0257&amount=1&requestid={'x' * 129}", "requestid"),
        ("/debitbalance", "cstmid=vdf&subj=rif&dest=0257&amount=1&tor=1.5", "tor"),
        ("/debitbalance", "cstmid=vdf&subj=rif&dest=0257&amount=1&tor=", "tor"),
        ("/getcost", "cstmid=vdf&subj=rif&dest=0257&ts=2012-02-02T17:30:00Z", "te"),
        ("/getcost", "cstmid=vdf&subj=rif&dest=0257&te=2012-02-02T17:30:00Z", "ts"),
        ("/getcost", "cstmid=vdf&subj=rif&dest=0257&ts=2012-02-02T17:30:00&te=2012-02-02T17:30:00Z", "ts"),
        ("/getcost", "cstmid=vdf&subj=rif&dest=0257&ts=2012-02-02T17:30:00Z&te=2012-02-30T17:30:00Z", "te"),
        ("/getcost", "cstmid=vdf&subj=%FF&dest=0257", "query"),
        ("/getcost", "&".join(f"a{n}=1" for n in range(70)), "query"),
    ],
)
async def test_a_missing_or_bad_parameter_is_named_with_a_reason(
    path: str, query: str, parameter: str, balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    """400 in the page's words, and no rater is bothered."""
    response = await http.get(f"{path}?{query}")

    body = response.json()
    assert (400, "Incorrect parameters", parameter) == (
        response.status_code,
        body["Error"],
        body["Parameter"],
    )
    assert body["Reason"]
    assert balancer.asked == []


@pytest.mark.parametrize(
    ("refusal", "status", "body"),
    [
        ("RATE_NOT_FOUND: no rate", 404, {"Error": "RATE_NOT_FOUND: no rate"}),
        ("ACCOUNT_NOT_FOUND: nobody", 404, {"Error": "ACCOUNT_NOT_FOUND: nobody"}),
        ("INSUFFICIENT_CREDIT: too poor", 409, {"Error": "INSUFFICIENT_CREDIT: too poor"}),
        ("REQUEST_ID_REUSED: other content", 409, {"Error": "REQUEST_ID_REUSED: other content"}),
        ("OVERLOADED: later", 503, {"Error": "OVERLOADED: later"}),
        ("NO_RATER: none", 503, {"Error": "NO_RATER: none"}),
        ("STORE_UNAVAILABLE: down", 503, {"Error": "STORE_UNAVAILABLE: down"}),
        (
            "AMOUNT_OUT_OF_RANGE: too much",
            400,
            {"Error": "Incorrect parameters", "Reason": "AMOUNT_OUT_OF_RANGE: too much"},
        ),
        ("something else", 500, {"Error": "something else"}),
    ],
)
async def test_a_refusal_has_the_status_of_its_code(
    refusal: str, status: int, body: dict[str, str], balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    """The table of protocol.errors is the one that counts."""
    balancer.answer = lambda *_: "!" + refusal

    response = await http.get("/resetuserbudget?cstmid=vdf&subj=rif&dest=0257")

    assert (status, body) == (response.status_code, response.json())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "/getcost", 405),
        ("DELETE", "/debitbalance", 405),
        ("HEAD", "/debitbalance", 405),
        ("POST", "/healthz", 405),
    ],
)
async def test_other_methods_are_refused_in_json(
    method: str, path: str, status: int, balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    """A HEAD must not debit."""
    response = await http.request(method, f"{path}?cstmid=vdf&subj=rif&dest=0257&amount=1")

    assert (status, "application/json") == (response.status_code, response.headers["content-type"])
    assert "allow" in response.headers
    assert balancer.asked == []


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/nowhere"), ("GET", "/getcost/"), ("POST", "/test/clock"), ("GET", "/")]
)
async def test_a_path_that_does_not_exist_is_answered_without_a_body(
    method: str, path: str, balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    """As clients of 3scale know it; the test clock does not exist unless it was asked for."""
    response = await http.request(method, f"{path}?cstmid=vdf&subj=rif&dest=0257&amount=1")

    assert (
        response.status_code,
        response.content,
        response.headers["access-control-allow-origin"],
    ) == (404, b"", "*")
    assert balancer.asked == []


async def test_head_asks_for_a_quote_without_its_body(
    balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    """GET's status and length, no body."""
    balancer.answer = lambda *_: '{"Cost":1}'

    response = await http.head(PAGE[0][0])

    assert (
        response.status_code,
        response.headers["content-length"],
        response.content,
    ) == (200, "10", b"")


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"dest=" + b"1" * 70_000, "application/x-www-form-urlencoded", 413),
        (b'{"cstmid":"vdf"}', "application/json", 400),
        (b"dest=\xff", "application/x-www-form-urlencoded", 400),
    ],
)
async def test_a_body_that_is_no_small_form_is_refused(
    content: bytes, kind: str, status: int, balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    """413 for one too long, 400 for another type."""
    response = await http.post("/debitsms", content=content, headers={"content-type": kind})

    assert (status, "Incorrect parameters") == (response.status_code, response.json()["Error"])
    assert balancer.asked == []


async def test_a_long_query_is_refused(balancer: ScriptedBalancer, http: httpx.AsyncClient) -> None:
    """414, before it is parsed."""
    response = await http.get("/getcost?dest=" + "1" * 20_000)

    assert (response.status_code, balancer.asked) == (414, [])


async def test_a_head_without_end_closes_the_connection(http: httpx.AsyncClient) -> None:
    """A header that grows for ever must not fill the memory."""
    reader, writer = await asyncio.open_connection(http.base_url.host, http.base_url.port)
    writer.write(b"GET /healthz HTTP/1.1\r\nX: ")
    sent = 0
    try:
        while sent < 8 << 20 and not reader.at_eof():
            writer.write(b"x" * 16384)
            sent += 16384
            await writer.drain()
        answer = await reader.read()
    except ConnectionError:
        answer = b"HTTP/1.1 400"
    writer.transport.abort()

    assert answer.startswith(b"HTTP/1.1 400")
    assert sent < 8 << 20


async def test_a_quote_without_times_is_for_a_minute_from_now(
    balancer: ScriptedBalancer, tmp_path: Path
) -> None:
    """Now is the held time where a test holds it."""
    HeldClock.create(tmp_path / "clock")
    async with http_front(balancer.port, clock_file=str(tmp_path / "clock")) as http:
        held = await http.post("/test/clock", content='{"now":"2012-02-02T18:29:30.25+01:00"}')
        await http.get(PAGE[0][0])

    assert (held.status_code, held.json()) == (200, {"now": "2012-02-02T17:29:30.25Z"})
    descriptor = balancer.asked[-1][1]
    assert (
        descriptor["TimeStart"],
        descriptor["TimeEnd"],
    ) == ("2012-02-02T17:29:30Z", "2012-02-02T17:30:30Z")


BEYOND_THE_CLOCK = (
    "1969-12-31T23:59:59Z",
    "2262-01-01T00:00:00Z",
    "2300-01-01T00:00:00Z",
    "9999-01-01T00:00:00Z",
)


async def test_the_last_instant_that_can_be_held_is_held(balancer: ScriptedBalancer, tmp_path: Path) -> None:
    HeldClock.create(tmp_path / "clock")
    async with http_front(balancer.port, clock_file=str(tmp_path / "clock")) as http:
        for last in ("1970-01-01T00:00:00Z", "2261-12-31T23:59:59.999999999Z"):
            response = await http.post("/test/clock", json={"now": last})
            assert (response.status_code, response.json()) == (200, {"now": last})


@pytest.mark.parametrize(("caller", "status"), [("127.0.0.1", 200), ("::1", 200), ("10.0.0.1", 401)])
async def test_who_is_on_this_machine_sets_the_test_clock_without_a_key(
    caller: str, status: int, tmp_path: Path
) -> None:
    HeldClock.create(tmp_path / "clock")
    services = open_services(load(require_keys=True, clock_file=str(tmp_path / "clock")))
    transport = httpx.ASGITransport(build_app(services), client=(caller, 1))
    async with httpx.AsyncClient(base_url="http://a", transport=transport) as http:
        response = await http.post("/test/clock", content='{"now":"2012-02-02T17:30:00Z"}')
    await services.rpc.close()

    assert response.status_code == status


@pytest.mark.parametrize(
    "body",
    [
        *("", "{}", '{"now":1}', '{"now":"noon"}', "[]", '{"now":"2012-02-02T17:30:00"}'),
        *(f'{{"now":"{each}"}}' for each in BEYOND_THE_CLOCK),
    ],
)
async def test_a_bad_time_leaves_the_test_clock_alone(
    body: str, balancer: ScriptedBalancer, tmp_path: Path
) -> None:
    """400, and the old time holds."""
    HeldClock.create(tmp_path / "clock")
    clock = HeldClock(tmp_path / "clock")
    clock.hold(1)
    async with http_front(balancer.port, clock_file=str(tmp_path / "clock")) as http:
        response = await http.post("/test/clock", content=body)

    assert (response.status_code, clock.now_ns()) == (400, 1)
    assert response.json()["Reason"].endswith("from 1970 to 2261")


async def test_a_debit_whose_connection_broke_is_sent_again_under_the_same_id(
    balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    """The caller gets one answer; the rater sees a repeat that it can tell."""
    balancer.deaf = True

    response = await http.get("/debitsms?cstmid=vdf&subj=rif&dest=0257&amount=1")

    assert response.status_code == 200
    assert len(balancer.asked) == 2
    assert balancer.asked[0] == balancer.asked[1]


async def test_a_balancer_that_comes_back_is_found_again(
    balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    """A request that arrives while it is away waits for it."""
    await http.get(PAGE[0][0])
    await balancer.stop()
    waiting = asyncio.create_task(http.get(PAGE[8][0]))
    await balancer.start()

    assert (await waiting).status_code == 200


METRICS = (
    '{"version":"1","in_flight":3,"requests":{"GetCost":{"OK":5,"RATE_NOT_FOUND":2}},'
    '"latency_s":{"buckets":{"0.001":4,"+Inf":7},"sum":0.5,"count":7},'
    '"raters_up":2,"retries":1,"raters":['
    '{"name":"a","in_flight":1,"counters":{"commits":9,"memory_kib":100}},'
    '{"name":"b","in_flight":2,"counters":{"commits":1,"memory_kib":200}}]}'
)


async def test_metrics_translate_the_servers_figures(
    balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    """Counters, gauges, the histogram and the raters, beside HTTP's own."""
    balancer.answer = lambda *_: METRICS
    await http.get(PAGE[0][0])
    await http.get("/made-up")

    lines = (await http.get("/metrics")).text.splitlines()

    for line in (
        "cgrates_raters_up 2.0",
        "cgrates_in_flight 3.0",
        "cgrates_retries_total 1.0",
        'cgrates_rater_in_flight{rater="b"} 2.0',
        'cgrates_requests_total{method="GetCost",outcome="OK"} 5.0',
        'cgrates_requests_total{method="GetCost",outcome="RATE_NOT_FOUND"} 2.0',
        'cgrates_request_seconds_bucket{le="0.001"} 4.0',
        "cgrates_request_seconds_count 7.0",
        'cgrates_rater_commits_total{rater="a"} 9.0',
        'cgrates_rater_memory_kib{rater="b"} 200.0',
        'cgrates_http_requests_total{path="/getcost",status="200"} 1.0',
        'cgrates_http_requests_total{path="other",status="404"} 1.0',
    ):
        assert line in lines


async def test_metrics_are_there_without_a_balancer(
    balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    """A collector must see that something is wrong."""
    balancer.answer = lambda *_: "!NO_RATER: none"

    response = await http.get("/metrics")

    assert response.status_code == 200
    assert "cgrates_raters_up 0.0" in response.text


@pytest.mark.parametrize(
    ("answer", "ready"),
    [
        (METRICS, ""),
        ('{"raters":[]}', "NO_RATER: no rater is up"),
        ("!NO_RATER: none", "NO_RATER: none"),
        (
            METRICS.replace('{"commits"', '{"store_up":0,"commits"'),
            "STORE_UNAVAILABLE: no rater reaches the store",
        ),
        (METRICS.replace('{"commits":1', '{"store_up":0,"commits":1'), ""),
    ],
)
async def test_ready_means_that_a_rater_is_up_and_reaches_the_store(
    answer: str, ready: str, balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    """Health means only that this process answers."""
    balancer.answer = lambda *_: answer

    health, page = await http.get("/healthz"), await http.get("/readyz")

    assert (200, 503 if ready else 200) == (health.status_code, page.status_code)
    assert page.json().get("Error", "") == ready
    if answer.startswith("{"):
        assert (await http.get("/status")).json()["Ready"] is not bool(ready)


async def test_who_shows_no_key_is_told_how_in_http_and_on_the_wire(balancer: ScriptedBalancer) -> None:
    async with http_front(balancer.port, require_keys=True) as client:
        response = await client.get(PAGE[0][0])

    assert response.status_code == 401
    for way in ("Authorization: Bearer", "Auth.Login", "auth"):
        assert way in response.json()["Error"]


async def test_who_may_not_see_the_page_of_operation_is_told_the_versions_of_the_dialect_alone(
    balancer: ScriptedBalancer,
) -> None:
    """Clients of 3scale ask for it without a key."""
    balancer.answer = lambda *_: METRICS
    async with http_front(balancer.port, require_keys=True) as client:
        response = await client.get("/status")

    assert (response.status_code, response.json()) == (
        200,
        {"status": "ok", "version": {"backend": "3.4.3"}},
    )


async def test_the_pages_of_2012_for_raters_and_memory(
    balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    """A list of names, and two figures in KiB."""
    balancer.answer = lambda *_: METRICS

    raters, memory = (await http.get("/raters")).json(), (await http.get("/getmem")).json()

    assert raters == ["a", "b"]
    assert len(memory) == 2
    assert all(isinstance(figure, int) and figure > 0 for figure in memory)


async def test_status_is_one_json_document(balancer: ScriptedBalancer, http: httpx.AsyncClient) -> None:
    """Version, uptime, raters, memory, requests; first what clients of 3scale look for.

    Some of them match names in any case, so no second member may be called version.
    """
    balancer.answer = lambda *_: METRICS
    await http.get(PAGE[0][0])

    status = (await http.get("/status")).json()

    assert list(status)[:2] == ["status", "version"]
    assert (status["status"], status["version"].keys()) == ("ok", {"backend", "cgrates_py"})
    assert len(status) == len({name.lower() for name in status})

    assert (
        status["Ready"],
        status["Raters"],
        status["Requests"],
    ) == (True, ["a", "b"], {"/getcost": {"200": 1}})
    assert {"UptimeSeconds", "Memory", "Time", "Balancer"} <= status.keys()


async def test_a_silent_balancer_is_answered_503(http_silent: httpx.AsyncClient) -> None:
    """A port that takes connections and says nothing: the probe gives up, it does not hang."""
    response = await http_silent.get("/readyz", timeout=10)

    assert response.status_code == 503


@pytest.fixture
async def http_silent() -> Any:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        async with http_front(silent.getsockname()[1]) as client:
            yield client
