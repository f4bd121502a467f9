"""The OpenAPI document of everything that is served over HTTP, made from the tables that serve it."""

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cgrates_py.http import cgrates
from cgrates_py.http.services import Services
from cgrates_py.http.threescale.front import CHECKS, REPORT_PATH
from cgrates_py.http.threescale.requests import REQUEST_ID_CHARS_MAX
from cgrates_py.version import product_version
from protocol.methods import NAMES, Method

Schema = dict[str, Any]

PATH: Final = "/openapi.json"
_JSON: Final = "application/json"
_XML: Final = "application/vnd.3scale-v2.0+xml"
_FORM: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"
_TEXT: Final = {"type": "string"}
_TEXTS: Final = {"type": "object", "additionalProperties": _TEXT}
_ERROR: Final = {"type": "object", "required": ["Error"], "properties": {"Error": _TEXT}}
_KEY: Final[list[Schema]] = [{}, {"key": []}]
"""A key is asked for once there is one."""
_REQUEST_ID: Final = {"type": "string", "minLength": 1, "maxLength": REQUEST_ID_CHARS_MAX}


def routes(services: Services) -> list[BaseRoute]:
    """Make the route of the document."""
    printed = orjson.dumps(document())

    async def answer(request: Request) -> Response:
        return Response(printed, media_type=_JSON)

    return [Route(PATH, answer)]


def document() -> Schema:
    """Make the document."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "cgrates_py",
            "version": product_version(),
            "description": "The HTTP API of CGRateS of 2012, the Service Management API of 3scale, and pages"
            " for those who run the server.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "paths": _rating() | _metering() | _pages(),
        "components": {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}},
    }


def _answers(statuses: Iterable[int], kind: str, schema: Schema, **also: str) -> Schema:
    """Describe answers of one kind; ``also`` have an empty body, ``s204="why"``."""
    described: Schema = {
        str(status): {
            "description": HTTPStatus(status).phrase,
            "content": {kind: {"schema": schema}},
        }
        for status in statuses
    }
    return described | {status[1:]: {"description": text} for status, text in also.items()}


def _query(name: str, schema: Schema = _TEXT, *, required: bool = False, about: str = "") -> Schema:
    described: Schema = {"name": name, "in": "query", "schema": schema}
    if required:
        described["required"] = True
    if schema["type"] == "object":
        described |= {"style": "deepObject", "explode": True}
    return described | ({"description": about} if about else {})


def _header(name: str, schema: Schema, about: str) -> Schema:
    return {"name": name, "in": "header", "schema": schema, "description": about}


# The API of 2012.

_OPTIONAL: Final = ("tor", "ts", "te", "requestid")
_EXPLAINING: Final[Schema] = {
    "amount": _TEXT,
    "verify": {"type": "string", "enum": ["true", "false"]},
    "source": _TEXT,
}
_RATING_REFUSALS: Final = (400, 401, 403, 404, 409, 429, 503)


def _rating() -> Schema:
    return {endpoint.path: _rating_path(endpoint) for endpoint in cgrates.ENDPOINTS}


def _rating_path(endpoint: cgrates.Endpoint) -> Schema:
    asked = ("cstmid", "subj", "dest", *(("amount",) if endpoint.takes_amount else ()))
    properties: Schema = dict.fromkeys((*asked, *_OPTIONAL), _TEXT)
    if endpoint.method is Method.EXPLAIN:
        properties |= _EXPLAINING
    shared = {
        "tags": ["CGRateS"],
        "summary": NAMES[endpoint.method],
        "security": _KEY,
        "responses": _answers([200], _JSON, {}) | _answers((*_RATING_REFUSALS, 413, 414), _JSON, _ERROR),
    }
    parameters = [_query(name, schema, required=name in asked) for name, schema in properties.items()]
    form = {"type": "object", "required": list(asked), "properties": properties}
    return {
        "get": {**shared, "operationId": f"get{endpoint.path[1:]}", "parameters": parameters},
        "post": {
            **shared,
            "operationId": f"post{endpoint.path[1:]}",
            "requestBody": {"required": True, "content": {_FORM: {"schema": form}}},
        },
    }


# The Service Management API.

_CREDENTIALS: Final = ("provider_key", "service_token", "service_id")
_REFUSED: Final = (400, 403, 404, 409, 422, 429, 503)
_OPTIONS: Final = _header(
    "3scale-options",
    _TEXT,
    "Extensions, as a query: no_body, rejection_reason_header, limit_headers, hierarchy, flat_usage,"
    " list_app_keys.",
)
_IDEMPOTENCY: Final = _header(
    "Idempotency-Key", _REQUEST_ID, "A repeat with the same key gets the first answer and counts nothing."
)
_TRANSACTION: Final[Schema] = {
    "type": "object",
    "properties": {
        "app_id": _TEXT,
        "user_key": _TEXT,
        "usage": _TEXTS,
        "timestamp": _TEXT,
        "log": {"type": "object", "properties": {"code": _TEXT}},
    },
}


def _metering() -> Schema:
    described: Schema = {path: {"get": _check(path, method, oauth)} for path, method, oauth in CHECKS}
    described[REPORT_PATH] = {"post": _report()}
    described["/check.txt"] = {"get": _page("3scale", "Is it there?", "text/plain", _TEXT)}
    alive = {"tags": ["3scale"], "summary": "Is it there?", "responses": {"200": {"description": "It is."}}}
    described["/available"] = {"head": alive}
    return described


def _check(path: str, method: Method, oauth: bool) -> Schema:
    names = [*_CREDENTIALS, "app_id", "app_key", "user_key", "referrer", "no_body"]
    names += ["redirect_url", "redirect_uri"] if oauth else []
    parameters = [
        *map(_query, names),
        _query("usage", _TEXTS, about="Metric and value: to add, or after # to set."),
        _query("log", _TEXTS, about="code: the HTTP status of the call."),
        _OPTIONS,
    ]
    if method is Method.METERING_AUTHREP:
        parameters += [_query("request_id", _REQUEST_ID), _IDEMPOTENCY]
    return {
        "tags": ["3scale"],
        "summary": NAMES[method],
        "operationId": path.rpartition("/")[2].removesuffix(".xml"),
        "parameters": parameters,
        "responses": _answers((200, *_REFUSED), _XML, _TEXT),
    }


def _report() -> Schema:
    form = {
        "type": "object",
        "properties": {
            **dict.fromkeys(_CREDENTIALS, _TEXT),
            "request_id": _REQUEST_ID,
            "transactions": {"type": "object", "additionalProperties": _TRANSACTION},
        },
    }
    nested = {"transactions": {"style": "deepObject", "explode": True}}
    return {
        "tags": ["3scale"],
        "summary": NAMES[Method.METERING_REPORT],
        "operationId": "report",
        "parameters": [_OPTIONS, _IDEMPOTENCY],
        "requestBody": {
            "content": {_FORM: {"schema": form, "encoding": nested}, _MULTIPART: {"schema": form}},
        },
        "responses": _answers(_REFUSED, _XML, _TEXT, s202="It is booked."),
    }


# Pages of operation.


@dataclass(frozen=True, slots=True)
class _Page:
    path: str
    tells: str
    kind: str
    schema: Schema
    open: bool = False


_STATUS: Final[Schema] = {
    "type": "object",
    "required": ["status", "version"],
    "properties": {
        "status": {"const": "ok"},
        "version": {"type": "object", "required": ["backend"], "additionalProperties": _TEXT},
    },
}
_PAGES: Final = (
    _Page("/healthz", "Does the HTTP process answer?", "text/plain", _TEXT, open=True),
    _Page("/readyz", "Is a rater up that reaches the store?", _JSON, {"type": "object"}, open=True),
    _Page("/metrics", "Counters for Prometheus.", "text/plain", _TEXT),
    _Page("/status", "Versions, uptime, raters, counters and memory.", _JSON, _STATUS, open=True),
    _Page("/raters", "The names of the raters that are up.", _JSON, {"type": "array", "items": _TEXT}),
    _Page("/getmem", "Memory in KiB: now, and at its peak.", _JSON, {"type": "array"}),
    _Page(PATH, "This document.", _JSON, {"type": "object"}, open=True),
)


def _pages() -> Schema:
    return {
        page.path: {"get": _page("operation", page.tells, page.kind, page.schema, page)} for page in _PAGES
    }


def _page(tag: str, tells: str, kind: str, schema: Schema, page: _Page | None = None) -> Schema:
    described: Schema = {"tags": [tag], "summary": tells, "responses": _answers([200], kind, schema)}
    if page is not None and not page.open:
        described["security"] = _KEY
        described["responses"] |= _answers((401, 403, 429, 503), _JSON, _ERROR)
    if page is not None and page.path == "/readyz":
        described["responses"] |= _answers([503], _JSON, _ERROR)
    return described
