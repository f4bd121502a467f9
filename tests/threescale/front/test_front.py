"""The dialect over HTTP: what is asked of a rater, and how its answers and refusals come back."""

import json
from typing import Any

import httpx
import pytest
from starlette.types import Message

from cgrates_py.http.services import open_services
from cgrates_py.http.threescale.answers import nothing_here
from cgrates_py.http.threescale.front import CHECKS, dialect_first
from cgrates_py.settings import load
from protocol.access import ANY_TENANT, METERING_ID, Grant, Keyring, Right, derived_key
from tests.shell.conftest import ScriptedBalancer, http_front

TYPE = "application/vnd.3scale-v2.0+xml"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
STATUS = f"{HEAD}<status><authorized>true</authorized><plan>P</plan></status>"
REFUSED = {"Plan": "P", "Code": "limits_exceeded", "Reason": "usage limits are exceeded"}
REFUSAL = (
    f"{HEAD}<status><authorized>false</authorized><reason>usage limits are exceeded</reason>"
    "<plan>P</plan></status>"
)
AUTHORIZE, AUTHREP, REPORT = "/transactions/authorize.xml", "/transactions/authrep.xml", "/transactions.xml"
ASKED = "provider_key=pk&app_id=a&usage[hits]=1"
CHECKED, REPORTED = "Metering.AuthRep", "Metering.Report"
FORM = "provider_key=pk&transactions[0][app_id]=a&transactions[0][usage][hits]=1"
FORM_TYPE = "application/x-www-form-urlencoded"


def error(code: str, message: str) -> str:
    return f'{HEAD}<error code="{code}">{message}</error>'


def answering(balancer: ScriptedBalancer, **members: Any) -> None:
    balancer.answer = lambda *_: json.dumps(members)


@pytest.mark.parametrize(("path", "method", "oauth"), CHECKS)
@pytest.mark.parametrize("verb", ["GET", "HEAD"])
async def test_a_check_asks_its_method(
    verb: str, path: str, method: int, oauth: bool, balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    """HEAD does what GET does, and books as that does."""
    answering(balancer, Plan="P")

    response = await http.request(verb, f"{path}?{ASKED}")

    assert (response.status_code, response.text) == (200, STATUS if verb == "GET" else "")
    assert response.headers["content-length"] == str(len(STATUS))
    ((asked, request),) = balancer.asked
    assert asked == ("Metering.AuthRep" if "authrep" in path else "Metering.Authorize")
    assert ("RetryId" in request) == ("authrep" in path)
    assert request.get("OAuth", False) is oauth


@pytest.mark.parametrize("secret", [{}, {"request_id": "r"}])
async def test_a_report_is_accepted_without_a_word(
    secret: dict[str, str], balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    answering(balancer)

    response = await http.post(REPORT, params=secret, content=FORM, headers={"content-type": FORM_TYPE})

    assert (response.status_code, response.text, response.headers["content-length"]) == (202, "", "0")
    ((asked, request),) = balancer.asked
    assert asked == "Metering.Report"
    assert request["Transactions"] == [{"AppId": "a", "Usage": [["hits", "1"]]}]
    assert request.get("RequestId") == secret.get("request_id")


@pytest.mark.parametrize(
    "sent",
    [
        {"data": {"provider_key": "pk", "transactions[0][app_id]": "a"}},
        {"files": {"provider_key": (None, "pk"), "transactions[0][app_id]": (None, "a")}},
        {"content": b"provider_key=pk&&transactions[0][app_id]=a"},
        {"params": {"provider_key": "pk", "transactions[0][app_id]": "a"}},
        {"params": {"provider_key": "other", "transactions[1]": "x"}}
        | {"data": {"provider_key": "pk", "transactions[0][app_id]": "a"}},
        {"content": FORM[:42], "headers": {"content-type": "Application/X-WWW-Form-URLEncoded;charset=x"}},
    ],
    ids=["form", "parts", "no type", "query", "both", "type in capitals"],
)
async def test_a_report_comes_in_a_form_in_parts_or_in_the_query(
    sent: dict[str, Any], balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    """Of what query and body both have, the body counts."""
    answering(balancer)

    response = await http.post(REPORT, **sent)

    assert response.status_code == 202
    ((_, request),) = balancer.asked
    assert (request["ProviderKey"], request["Transactions"]) == ("pk", [{"AppId": "a"}])


REFUSED_HERE: list[tuple[str, str, str, dict[str, str], int, str]] = [
    ("GET", f"{AUTHORIZE}?a=%zz", "", {}, 400, "Invalid query parameters: invalid %-encoding"),
    ("GET", f"{AUTHORIZE}?a=%FF", "", {}, 422, "all data must be valid UTF8"),
    ("GET", f"{AUTHREP}?request_id=", "", {}, 400, "request_id: expected 1 to 128 characters"),
    (
        "GET",
        f"{AUTHREP}?request_id=a",
        "",
        {"idempotency-key": "b"},
        400,
        "request_id: given twice, and not the same",
    ),
    ("POST", REPORT, FORM, {"content-type": "text/plain; x"}, 400, "invalid Content-Type: text/plain; x"),
    ("POST", REPORT, FORM + "%", {}, 400, "Invalid query parameters: invalid %-encoding"),
    (
        "POST",
        REPORT,
        "&" * 5000,
        {},
        400,
        "total number of query parameters (5001) exceeds limit (4096)",
    ),
    ("POST", REPORT, "a" * (5 << 20), {}, 400, "total query size exceeds limit (4194304)"),
    ("POST", REPORT, "a=" + "a" * (2 << 20), {}, 202, ""),
    ("POST", REPORT, FORM + "&service_id=" + "a" * (2 << 20), {}, 400, "the request is too long"),
]


@pytest.mark.parametrize(("verb", "path", "content", "headers", "status", "message"), REFUSED_HERE)
async def test_what_needs_no_data_is_refused_at_once(
    verb: str,
    path: str,
    content: str,
    headers: dict[str, str],
    status: int,
    message: str,
    balancer: ScriptedBalancer,
    http: httpx.AsyncClient,
) -> None:
    """No rater is asked, and the connection serves the next request."""
    answering(balancer)

    response = await http.request(verb, path, content=content, headers=headers)

    assert response.status_code == status
    assert response.text.endswith(f">{message}</error>" if message else "")
    assert bool(balancer.asked) == (status == 202)
    assert (await http.get("/check.txt")).text == "ok"


@pytest.mark.parametrize(
    ("code", "status", "document"),
    [
        ("application_not_found", 404, True),
        ("provider_key_invalid", 403, True),
        ("service_id_missing", 422, True),
        ("not_valid_data", 422, True),
        ("transactions_is_blank", 400, True),
        ("of_a_newer_rater", 400, True),
        ("forbidden", 403, False),
    ],
)
@pytest.mark.parametrize("path", [AUTHREP, REPORT])
async def test_an_error_has_its_status(
    path: str, code: str, status: int, document: bool, balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    answering(balancer, Error=code, Message="<&>")

    response = await http.request("POST" if path == REPORT else "GET", path)

    assert (response.status_code, response.text) == (
        status,
        error(code, "&lt;&amp;&gt;") if document else "",
    )


@pytest.mark.parametrize(
    ("answer", "options", "told"),
    [
        (REFUSED, "", {}),
        (REFUSED, "rejection_reason_header=1", {"rejection-reason": "limits_exceeded"}),
        ({"Plan": "P"}, "rejection_reason_header=1", {}),
        (
            {"Plan": "P", "Limit": [10, 50400, "100"]},
            "limit_headers=1",
            {"limit-remaining": "10", "limit-reset": "50400", "limit-max-value": "100"},
        ),
        (
            {"Plan": "P", "Limit": [-1, -1, ""]},
            "limit_headers=1",
            {"limit-remaining": "-1", "limit-reset": "-1"},
        ),
        (
            REFUSED | {"Limit": [0, 1, "5"]},
            "limit_headers=1",
            {"limit-remaining": "0", "limit-reset": "1", "limit-max-value": "5"},
        ),
        (REFUSED | {"Code": "application_not_active", "Limit": [0, 1, "5"]}, "limit_headers=1", {}),
    ],
)
async def test_headers_tell_reason_and_limit_to_who_asked(
    answer: dict[str, Any],
    options: str,
    told: dict[str, str],
    balancer: ScriptedBalancer,
    http: httpx.AsyncClient,
) -> None:
    answering(balancer, **answer)

    response = await http.get(f"{AUTHREP}?{ASKED}", headers={"3scale-options": options})

    assert (response.status_code, response.text) == ((409, REFUSAL) if "Code" in answer else (200, STATUS))
    assert {
        name.removeprefix("3scale-"): value for name, value in response.headers.items() if "3scale-" in name
    } == told


@pytest.mark.parametrize(
    ("answer", "status", "body"),
    [
        ('{"Plan":"P"}', 200, ""),
        (json.dumps(REFUSED), 409, ""),
        ('{"Error":"metric_invalid","Message":"m"}', 404, ""),
        ('{"Error":"not_valid_data","Message":"m"}', 422, error("not_valid_data", "m")),
        ("!NO_RATER: none", 503, ""),
    ],
)
@pytest.mark.parametrize("how", ["header", "parameter"])
async def test_who_wants_no_body_gets_none(
    how: str, answer: str, status: int, body: str, balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    balancer.answer = lambda *_: answer
    headers = {"3scale-options": "no_body=1"} if how == "header" else {}
    more = "&no_body=1" if how == "parameter" else ""

    response = await http.get(f"{AUTHREP}?{ASKED}{more}", headers=headers)

    assert (response.status_code, response.text) == (status, body)
    assert balancer.asked[0][1]["NoBody"] is True


async def test_a_report_that_is_refused_is_not_accepted(
    balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    answering(balancer, **REFUSED)

    response = await http.post(REPORT, content=FORM)

    assert (response.status_code, response.text) == (409, REFUSAL)


async def test_no_body_changes_nothing_about_a_report(
    balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    answering(balancer, Error="transactions_is_blank", Message="m")

    response = await http.post(f"{REPORT}?no_body=1", headers={"3scale-options": "no_body=1"})

    assert (response.status_code, response.text) == (400, error("transactions_is_blank", "m"))


@pytest.mark.parametrize(
    ("query", "called"),
    [
        ("redirect_url=u", "redirect_url"),
        ("redirect_uri=u", "redirect_uri"),
        ("redirect_url=u&redirect_uri=v", "redirect_url"),
        ("", "redirect_url"),
    ],
)
async def test_the_redirect_is_called_as_the_request_calls_it(
    query: str, called: str, balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    answering(balancer, Application=["a", "k", "u"])

    response = await http.get(f"/transactions/oauth_authorize.xml?{query}")

    assert f"<key>k</key><{called}>u</{called}>" in response.text


@pytest.mark.parametrize(
    ("refusal", "status", "code", "headers"),
    [
        ("NO_RATER: none", 503, "no_rater", {"retry-after": "1"}),
        ("STORE_UNAVAILABLE: none", 503, "store_unavailable", {"retry-after": "1"}),
        ("OVERLOADED: none", 503, "overloaded", {"retry-after": "1"}),
        ("RATE_LIMITED: none", 429, "rate_limited", {"retry-after": "1"}),
        ("UNAUTHENTICATED: none", 503, "unauthenticated", {"retry-after": "1"}),
        ("FORBIDDEN: none", 503, "forbidden", {"retry-after": "1"}),
        ("METHOD_NOT_FOUND: none", 503, "method_not_found", {"retry-after": "1"}),
        ("INTERNAL: none", 503, "internal", {"retry-after": "1"}),
        ("AMOUNT_OUT_OF_RANGE: none", 400, "amount_out_of_range", {}),
    ],
)
async def test_a_failure_of_the_machinery_is_an_error_of_the_dialect(
    refusal: str,
    status: int,
    code: str,
    headers: dict[str, str],
    balancer: ScriptedBalancer,
    http: httpx.AsyncClient,
) -> None:
    """Never 500, and never a status that a gateway takes for a verdict on its credentials."""
    balancer.answer = lambda *_: "!" + refusal

    response = await http.get(f"{AUTHREP}?{ASKED}", headers={"3scale-options": "rejection_reason_header=1"})

    assert (response.status_code, response.text) == (status, error(code, "none"))
    assert headers.items() <= dict(response.headers).items()


@pytest.mark.parametrize(("options", "has_body"), [("rejection_reason_header=1", True), ("no_body=1", False)])
async def test_an_id_used_for_something_else_is_a_refusal_that_clients_can_read(
    options: str, has_body: bool, balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    """They look for a status document in every 409; the id that a rater names is not as they wrote it."""
    balancer.answer = lambda *_: "!REQUEST_ID_REUSED: RequestId 'a/r' was used before"

    response = await http.get(f"{AUTHREP}?{ASKED}", headers={"3scale-options": options})

    reason = "<reason>the request id was used before with other content</reason><plan></plan>"
    refusal = f"{HEAD}<status><authorized>false</authorized>{reason}</status>"
    assert (response.status_code, response.text) == (409, refusal if has_body else "")
    assert (response.headers.get("3scale-rejection-reason") == "request_id_reused") is has_body


async def test_an_answer_that_cannot_be_read_is_a_failure_of_the_machinery(
    balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    balancer.answer = lambda *_: "[]"

    response = await http.get(f"{AUTHREP}?{ASKED}")

    assert (response.status_code, 'code="internal"' in response.text) == (503, True)


@pytest.mark.parametrize(
    ("verb", "path", "status", "text"),
    [
        ("GET", "/check.txt", 200, "ok"),
        ("HEAD", "/check.txt", 200, ""),
        ("POST", "/check.txt", 404, ""),
        ("GET", "/available", 404, ""),
        ("HEAD", "/available", 200, ""),
        ("POST", "/available", 404, ""),
        ("GET", REPORT, 404, ""),
        ("PUT", REPORT, 404, ""),
        ("POST", AUTHORIZE, 404, ""),
        ("DELETE", AUTHREP, 404, ""),
        ("GET", "/transactions", 404, ""),
        ("GET", "/transactions/authorize.json", 404, ""),
        ("GET", "/transactions/authorize.xml/", 404, ""),
        ("OPTIONS", AUTHREP, 204, ""),
        ("OPTIONS", "/anything", 204, ""),
    ],
)
async def test_other_paths_and_methods_are_answered_as_clients_know_it(
    verb: str, path: str, status: int, text: str, balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    response = await http.request(verb, path)

    assert (response.status_code, response.text) == (status, text)
    assert response.headers["content-type"].startswith("text/plain" if path == "/check.txt" and text else "")
    assert ("content-security-policy" in response.headers) == (status < 300)
    assert ("access-control-max-age" in response.headers) == (verb == "OPTIONS")
    assert balancer.asked == []


@pytest.mark.parametrize("path", [AUTHORIZE, REPORT, "/nowhere", "/transactions/nowhere"])
async def test_every_answer_has_the_headers_of_the_dialect(
    path: str, balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    answering(balancer, Error="metric_invalid")

    response = await http.request("POST" if path == REPORT else "GET", path)

    assert response.headers["content-type"] == TYPE
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["access-control-allow-origin"] == "*"
    assert "3scale-rejection-reason" in response.headers["access-control-expose-headers"]


async def test_a_page_of_another_site_may_ask(balancer: ScriptedBalancer, http: httpx.AsyncClient) -> None:
    """Its credentials are parameters, so it can do no more than what whoever knows them can do."""
    answering(balancer, Plan="P")

    response = await http.get(
        f"{AUTHREP}?{ASKED}", headers={"Origin": "http://x.example", "Sec-Fetch-Site": "cross-site"}
    )

    assert response.status_code == 200


async def test_no_key_is_asked_for_where_everything_else_needs_one(balancer: ScriptedBalancer) -> None:
    answering(balancer, Plan="P")
    async with http_front(balancer.port, require_keys=True) as client:
        answers = [await client.get(f"{AUTHREP}?{ASKED}"), await client.get("/raters")]

    assert [answer.status_code for answer in answers] == [200, 401]


async def test_what_is_asked_after_a_change_of_the_catalogue_says_when_that_was(
    balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    """So that a rater which has not heard of it yet looks first; reading changes nothing."""
    key = {"Authorization": "Bearer k"}
    balancer.answer = lambda method, _: '{"Status":404}' if method == "Metering.Administer" else "{}"
    await http.get("/internal/services/1", headers=key)
    await http.delete("/internal/services/1", headers=key)
    await http.get(f"{AUTHREP}?{ASKED}")
    balancer.answer = lambda method, _: "{}"
    await http.put("/internal/services/1", headers=key)
    await http.get(f"{AUTHREP}?{ASKED}")
    await http.put("/internal/services/1", headers=key)
    await http.post(REPORT, content=FORM)

    epochs = [int(asked.get("Epoch", 0)) for method, asked in balancer.asked if method in {CHECKED, REPORTED}]
    assert epochs[0] == 0
    assert 0 < epochs[1] < epochs[2]


def test_the_key_by_which_usage_is_asked_for_may_charge_and_is_no_reason_to_listen() -> None:
    ring = Keyring("secret")

    grant = ring.find(derived_key("secret", METERING_ID))

    assert isinstance(grant, Grant)
    assert (grant.right, grant.tenant, ring.admits_somebody) == (Right.CHARGE, ANY_TENANT, False)


async def test_usage_is_asked_for_by_that_key() -> None:
    services = open_services(load(secret="secret"))  # noqa: S106 -- a test's
    await services.rpc.close()

    assert services.metering == derived_key("secret", METERING_ID)


async def test_a_request_whose_connection_broke_is_sent_again_under_the_same_id(
    balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    answering(balancer, Plan="P")
    balancer.deaf = True

    response = await http.get(f"{AUTHREP}?{ASKED}")

    assert (response.status_code, len(balancer.asked)) == (200, 2)
    assert balancer.asked[0] == balancer.asked[1]


async def test_paths_that_callers_make_up_share_one_series(
    balancer: ScriptedBalancer, http: httpx.AsyncClient
) -> None:
    for path in ("/a", "/transactions/b", "/transactions/c.xml", f"{AUTHORIZE}?a=%", f"{AUTHORIZE}?b=%"):
        await http.get(path)

    lines = (await http.get("/metrics")).text.splitlines()

    assert 'cgrates_http_requests_total{path="other",status="404"} 3.0' in lines
    assert f'cgrates_http_requests_total{{path="{AUTHORIZE}",status="400"}} 2.0' in lines


async def test_a_report_whose_sender_goes_away_is_the_senders_fault_in_the_figures() -> None:
    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        """Nobody is there any more."""

    services = open_services(load())
    app = services.metrics.wrap(dialect_first(services, nothing_here))
    scope = {"type": "http", "method": "POST", "path": REPORT, "query_string": b"", "headers": []}
    await app(scope, receive, send)

    assert services.metrics.answered() == {REPORT: {"400": 1}}


async def test_a_bad_body_leaves_no_line_in_the_log(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    kind = {"content-type": "multipart/form-data; boundary=x"}

    response = await http.post(REPORT, content=b"no boundary here", headers=kind)

    assert response.status_code == 400
    assert [record.name for record in caplog.records if record.name.startswith("python_multipart")] == []
