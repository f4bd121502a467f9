"""The OpenAPI document: it tells of every path, and requests made from it are answered as it says."""

import re
import zlib
from typing import Any, cast
from xml.etree import ElementTree

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from starlette.routing import Route

from cgrates_py.client import Reply, RpcClient
from cgrates_py.clock import SystemClock
from cgrates_py.http import app, openapi, usage
from cgrates_py.http.app import build_app
from cgrates_py.http.services import Services
from cgrates_py.http.threescale.front import endpoints
from tests.docs.documents import ROOT, table

SCRIPT = (
    b'{"Plan":"<P>","Reports":[["hits","day",0,86400,"9","1",false]],"Application":["a","","u"]}',
    b'{"Code":"limits_exceeded","Reason":"r","Limit":[0,1,"9"],"AppKeys":["k"],"Hierarchy":[["hits",["b"]]]}',
    b'{"Error":"metric_invalid","Message":"<&>"}',
    b'{"Error":"forbidden"}',
    "NO_RATER: none",
    "INTERNAL: none",
)
"""A rater's answers; the errors of the machinery are texts."""
RETRY_ID = re.compile(b'"RetryId":"[0-9a-f]+"')
"""Differs from call to call."""


class ScriptedRpc:
    """Answers with one or another line of the script, the same to the same request."""

    async def call(self, method: str, descriptor: bytes, auth: str | None = None) -> Reply:
        if not method.startswith("Metering."):
            return Reply(b"{}")
        line = SCRIPT[zlib.crc32(RETRY_ID.sub(b"", descriptor)) % len(SCRIPT)]
        return Reply(line) if isinstance(line, bytes) else Reply(error=line)


APP = build_app(Services(cast(RpcClient, ScriptedRpc()), SystemClock()))
schema = schemathesis.openapi.from_asgi(openapi.PATH, APP)


@schema.parametrize()
@settings(max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_requests_made_from_the_document_are_answered_as_it_says(case: schemathesis.Case[Any]) -> None:
    """Good ones and bad ones: the status is documented, never 500, and XML is well-formed."""
    response = case.call()

    assert response.status_code != 500
    case.validate_response(
        response, checks=[status_code_conformance, content_type_conformance, response_schema_conformance]
    )
    if response.content and response.headers["content-type"] == ["application/vnd.3scale-v2.0+xml"]:
        ElementTree.fromstring(response.content)  # noqa: S314 -- our own document


def test_the_document_tells_of_every_path() -> None:
    """All but those of the administration, of the test clock, and of what is passed on to raters whole."""
    services = Services(cast(RpcClient, ScriptedRpc()), SystemClock())
    dialects = [each for each in app.DIALECTS if each is not usage]
    routes = [route for dialect in dialects for route in dialect.routes(services)]
    served = {route.path for route in routes if isinstance(route, Route)}
    served |= {endpoint.path for endpoint in endpoints(services)}

    assert set(openapi.document()["paths"]) == served


def test_every_operation_has_a_name_of_its_own() -> None:
    names = [
        operation["operationId"]
        for path in openapi.document()["paths"].values()
        for operation in path.values()
        if "operationId" in operation
    ]

    assert len(names) == len(set(names)) == 25


def test_the_table_of_endpoints_is_that_of_the_front() -> None:
    page = (ROOT / "docs/API.md").read_text()
    told = {path: methods for path, methods, _ in table(page, "endpoint")}
    services = Services(cast(RpcClient, ScriptedRpc()), SystemClock())

    assert told == {each.path: ", ".join(sorted(each.methods)) for each in endpoints(services)}
