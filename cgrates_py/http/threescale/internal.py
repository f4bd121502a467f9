"""The administration's JSON API, ``/internal/*``: passes each request to a rater, with the key that it shows.

What is below ``usage`` is about Scrooge and Cyclops RC, all the rest about the catalogue of APIs. Every
request needs a key of an administrator, also while no other request needs any.
"""

import base64
import uuid
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

import msgspec
import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp

from cgrates_py.http.params import ParameterError, read_body
from cgrates_py.http.services import Services, bearer, http_status, json_response
from cgrates_py.http.sites import own_sites_only
from protocol.errors import Code
from protocol.framing import too_deep
from protocol.limits import BRACKETS_MAX
from protocol.metering import AdministerAnswer, AdministerRequest
from protocol.methods import NAMES, Method
from protocol.usage import DialectAnswer, DialectRequest

PATH = "/internal/{rest:path}"
BODY_BYTES_MAX = 1 << 20
"""A batch of 1,000 applications has some 300 kB."""
DEPTH_MAX = 32
"""Nesting of a body; the deepest that means anything has six levels."""
BODY_BRACKETS_MAX = BRACKETS_MAX // 2
"""Brackets of a body; a batch of 1,000 applications has some 8,000. The request around it needs a few."""
VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
"""Every one of them reaches the administration, which knows what there is."""

_CHALLENGE = {"WWW-Authenticate": 'Bearer, Basic realm="administration"'}
_AGAIN = {"Retry-After": "1"}
_HEADERS = {401: _CHALLENGE, 429: _AGAIN, 503: _AGAIN}
_NO_KEY = f"{Code.UNAUTHENTICATED}: show an administrator's key, as a bearer or the password of HTTP basic"

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(AdministerAnswer).decode
_decode_usage = msgspec.json.Decoder(DialectAnswer).decode


def routes(services: Services) -> list[BaseRoute]:
    """Make the one route of the administration."""
    return [Route(PATH, _Administration(services).answer, methods=list(VERBS))]


def build_admin_app(services: Services) -> ASGIApp:
    """Make the application of a listener that serves the administration and nothing else."""
    app = Starlette(
        routes=routes(services), exception_handlers={404: _nothing, 405: _nothing, Exception: _fault}
    )
    app.router.redirect_slashes = False
    return services.metrics.wrap(own_sites_only(app))


@dataclass(frozen=True, slots=True)
class _Administration:
    services: Services

    async def answer(self, request: Request) -> Response:
        key = bearer(request) or _password(request)
        if key is None:
            return _problem(401, _NO_KEY)
        try:
            about_usage = _segments(request)[:1] == ["usage"]
            descriptor = _encode(await (_asked_of_usage(request) if about_usage else _asked(request)))
        except ParameterError as error:
            return _problem(error.status, str(error))
        if len(descriptor) + len(_encode(key)) > self.services.descriptor_bytes_max:
            return _problem(413, "body: is longer than a request to a rater may be")
        method = Method.USAGE_ADMINISTER if about_usage else Method.METERING_ADMINISTER
        reply = await self.services.rpc.call(NAMES[method], descriptor, key)
        if reply.error is not None:
            return _problem(http_status(reply.error), reply.error)
        if about_usage:
            told = _decode_usage(reply.result)
            return Response(told.Body, told.Status, told.Headers, media_type=told.Type)
        answer = _decode(reply.result)
        if request.method not in ("GET", "HEAD") and answer.Status < 400:
            self.services.epoch.advance()
        return Response(bytes(answer.Body), answer.Status, media_type="application/json")


async def _asked(request: Request) -> AdministerRequest:
    """Read a request. Raises ParameterError."""
    body = await read_body(request, BODY_BYTES_MAX) or b"null"
    # The balancer ends a connection on which more come, and this one carries everybody's calls.
    if 2 * (body.count(b"[") + body.count(b"{")) > BODY_BRACKETS_MAX:
        raise ParameterError("body", f"has more than {BODY_BRACKETS_MAX} brackets")
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError:
        raise ParameterError("body", "is not JSON") from None
    if too_deep(body, DEPTH_MAX):
        raise ParameterError("body", f"is nested deeper than {DEPTH_MAX} levels")
    on_one_line = body.translate(bytes.maketrans(b"\r\n", b"  "))  # no text of JSON has either in it
    query = dict(request.query_params)
    raw = msgspec.Raw(on_one_line)
    return AdministerRequest(request.method, _segments(request), query, raw, RetryId=uuid.uuid4().hex)


async def _asked_of_usage(request: Request) -> DialectRequest:
    """Read a request about usage; its body is looked at where the problems of it are told. As ``_asked``."""
    try:
        body = (await read_body(request, BODY_BYTES_MAX)).decode()
    except UnicodeDecodeError:
        raise ParameterError("body", "is not UTF-8") from None
    return DialectRequest(
        request.method,
        "/" + "/".join(_segments(request)),
        "administration",
        Query=list(request.query_params.multi_items()),
        Body=body,
        RetryId=uuid.uuid4().hex,
        Subject="administration",
    )


def _segments(request: Request) -> list[str]:
    """Tell the segments below the root. What is percent-encoded in one never ends it."""
    raw: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    try:
        segments = [unquote_to_bytes(segment).decode() for segment in raw.split(b"/") if segment]
    except UnicodeDecodeError:
        raise ParameterError("path", "is not UTF-8, percent-encoded") from None
    return segments[1:]


def _password(request: Request) -> str | None:
    """Tell the password of HTTP basic; None without one."""
    scheme, _, encoded = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except ValueError:  # no base64, no ASCII even, or no UTF-8 in it
        return None
    return decoded.partition(":")[2] or None


def _problem(status: int, error: str) -> Response:
    return json_response({"status": "error", "error": error}, status, _HEADERS.get(status))


async def _nothing(request: Request, problem: Exception) -> Response:
    return json_response({"status": "not_found", "error": "not_found"}, 404)


async def _fault(request: Request, fault: Exception) -> Response:
    return _problem(500, f"{Code.INTERNAL}: a fault of ours; the log has the details")
