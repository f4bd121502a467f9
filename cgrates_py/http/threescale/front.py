"""The paths of the dialect, before everything else that is served: one dictionary, no middleware.

An authrep is asked once for every call that a gateway lets through, so its way is as short as can be.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import msgspec
from starlette.types import ASGIApp, Receive, Scope, Send

from cgrates_py.http.services import Services
from cgrates_py.http.threescale import answers
from cgrates_py.http.threescale.body import FullError, Intake
from cgrates_py.http.threescale.multipart import parse_multipart
from cgrates_py.http.threescale.params import (
    InvalidTextError,
    Parameters,
    ParameterSyntaxError,
    parse,
)
from cgrates_py.http.threescale.requests import (
    Headers,
    RequestIdError,
    check_request,
    identify,
    read_options,
    report_request,
)
from protocol.errors import Code
from protocol.metering import FLAWS, MeteringAnswer, MeteringRequest
from protocol.methods import NAMES, Method

ROOT: Final = "/transactions"
"""Everything that begins so is of this dialect, also what does not exist."""
_SCROOGE: Final = "/scrooge/"
"""What begins so tells its methods itself."""
_FORM: Final = b"application/x-www-form-urlencoded"
_MULTIPART: Final = b"multipart/form-data"

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(MeteringAnswer).decode

Answer = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path, the methods that it takes, and who answers. It stands for the route in the metrics."""

    path: str
    methods: frozenset[str]
    answer: Answer


_GET: Final = frozenset({"GET", "HEAD"})
_POST: Final = frozenset({"POST"})

CHECKS: Final = (
    ("/transactions/authorize.xml", Method.METERING_AUTHORIZE, False),
    ("/transactions/oauth_authorize.xml", Method.METERING_AUTHORIZE, True),
    ("/transactions/authrep.xml", Method.METERING_AUTHREP, False),
    ("/transactions/oauth_authrep.xml", Method.METERING_AUTHREP, True),
)
"""Path, method, and whether it is an endpoint of OAuth."""
REPORT_PATH: Final = "/transactions.xml"


def endpoints(services: Services) -> tuple[Endpoint, ...]:
    """Make the endpoints of this dialect."""
    checks = [Endpoint(path, _GET, _Check(services, method, oauth)) for path, method, oauth in CHECKS]
    return (
        *checks,
        Endpoint(REPORT_PATH, _POST, _Report(services, Intake())),
        Endpoint("/check.txt", _GET, _checked),
        Endpoint("/available", frozenset({"HEAD"}), _available),
    )


def dialect_first(services: Services, others: ASGIApp) -> ASGIApp:
    """Answer what is of this dialect, and OPTIONS of all but Scrooge; leave the rest to ``others``."""
    by_path = {endpoint.path: endpoint for endpoint in endpoints(services)}

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await others(scope, receive, send)
            return
        endpoint = by_path.get(scope["path"])
        if endpoint is not None:
            scope["route"] = endpoint
        if scope["method"] == "OPTIONS" and not scope["path"].startswith(_SCROOGE):
            await answers.preflight(send)
        elif endpoint is None and not scope["path"].startswith(ROOT):
            await others(scope, receive, send)
        elif endpoint is None or scope["method"] not in endpoint.methods:
            await answers.nothing_here(scope, receive, send)
        else:
            await endpoint.answer(scope, receive, send)

    return answer


async def _checked(scope: Scope, receive: Receive, send: Send) -> None:
    await answers.plain(send, b"ok")


async def _available(scope: Scope, receive: Receive, send: Send) -> None:
    await answers.empty(send)


async def _ask(services: Services, method: Method, asked: MeteringRequest) -> MeteringAnswer | str:
    """Ask a rater. Returns the error's text if the machinery failed."""
    asked.Epoch = services.epoch.ns
    descriptor = _encode(asked)
    if len(descriptor) > services.descriptor_bytes_max:
        return MeteringAnswer(Error="bad_request", Message="the request is too long")
    reply = await services.rpc.call(NAMES[method], descriptor, services.metering)
    if reply.error is not None:
        return reply.error
    try:
        return _decode(reply.result)
    except msgspec.DecodeError:
        return f"{Code.INTERNAL}: the rater's answer cannot be read"


@dataclass(frozen=True, slots=True)
class _Check:
    """authorize and authrep."""

    services: Services
    method: Method
    oauth: bool

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = scope["headers"]
        try:
            parameters = parse(scope["query_string"])
            options = read_options(headers)
            asked = check_request(parameters, options, oauth=self.oauth)
            if self.method is Method.METERING_AUTHREP:
                identify(asked, parameters, headers)
        except (ParameterSyntaxError, RequestIdError) as error:
            await answers.error(send, "bad_request", str(error))
            return
        except InvalidTextError:
            await answers.error(send, "not_valid_data", FLAWS["not_valid_data"])
            return
        answer = await _ask(self.services, self.method, asked)
        reason = "rejection_reason_header" in options
        if isinstance(answer, str):
            await answers.failure(send, answer, no_body=asked.NoBody, reason=reason)
        elif answer.Error:
            await answers.error(send, answer.Error, answer.Message, no_body=asked.NoBody)
        else:
            redirect = _redirect(parameters) if self.oauth else "redirect_url"
            await answers.status(send, answer, asked, reason=reason, redirect=redirect)


def _redirect(parameters: Parameters) -> str:
    """Tell the name of the redirect's element: that of the parameter."""
    is_uri = "redirect_uri" in parameters and "redirect_url" not in parameters
    return "redirect_uri" if is_uri else "redirect_url"


@dataclass(frozen=True, slots=True)
class _Report:
    """A batch of transactions."""

    services: Services
    intake: Intake

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: Headers = scope["headers"]
        content_type = next((value for name, value in headers if name == b"content-type"), b"").strip()
        kind = content_type.partition(b";")[0].strip().lower()
        if kind not in (b"", _FORM, _MULTIPART):
            shown = content_type.decode("utf-8", "replace")
            await answers.error(send, "content_type_invalid", f"invalid Content-Type: {shown}")
            return
        try:
            async with self.intake.reading(receive) as body:
                asked = _read_report(
                    scope["query_string"], body, content_type if kind == _MULTIPART else None, headers
                )
        except (ParameterSyntaxError, RequestIdError) as error:
            await answers.error(send, "bad_request", str(error))
            return
        except FullError as error:
            await answers.failure(send, str(error))
            return
        answer = await _ask(self.services, Method.METERING_REPORT, asked)
        if isinstance(answer, str):
            await answers.failure(send, answer)
        elif answer.Error:
            await answers.error(send, answer.Error, answer.Message)
        elif answer.Code:  # no report is refused today; should one be, it is not accepted
            await answers.status(send, answer, asked, reason=True, redirect="redirect_url")
        else:
            await answers.empty(send, 202)


def _read_report(query: bytes, body: bytes, multipart: bytes | None, headers: Headers) -> MeteringRequest:
    """Make the request of a report. Raises ParameterSyntaxError or RequestIdError."""
    try:
        parameters, valid = _parameters(query, body, multipart, lenient=False), True
    except InvalidTextError:  # who shows no credentials is told that first, by the rater
        parameters, valid = _parameters(query, body, multipart, lenient=True), False
    asked = report_request(parameters, read_options(headers), valid_text=valid)
    identify(asked, parameters, headers)
    return asked


def _parameters(query: bytes, body: bytes, multipart: bytes | None, *, lenient: bool) -> Parameters:
    """Read query and body; what both have, the body says."""
    if multipart is None:
        inside = parse(body, lenient=lenient)
    else:
        inside = parse_multipart(body, multipart, lenient=lenient)
    return parse(query, lenient=lenient) | inside if query else inside
