"""Scrooge, Cyclops RC and the lists of records: each request goes to a rater whole, its answer comes back.

Scrooge has credentials of its own. Cyclops RC has none: off loopback it needs a key.
"""

import uuid
from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from cgrates_py.http.params import ParameterError, read_body
from cgrates_py.http.services import Services, json_response, refusal
from protocol.methods import NAMES, Method
from protocol.usage import DialectAnswer, DialectRequest

BODY_BYTES_MAX = 1 << 20
"""A push of a thousand usages has some 80 kB."""
VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
"""Every one of them reaches the dialect, which knows what there is."""

_PASSED_ON = ("authorization", "content-type", "accept", "idempotency-key")

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(DialectAnswer).decode


def routes(services: Services) -> list[BaseRoute]:
    """Make the routes of the dialects."""
    context = services.cyclops_context
    passing = {
        "/scrooge": _Passing(services, "scrooge", Method.USAGE_ASK),
        context: _Passing(services, "cyclops", Method.USAGE_ASK, context),
        "/usages": _Passing(services, "records", Method.USAGE_READ),
        "/charges": _Passing(services, "records", Method.USAGE_READ),
    }
    return [
        Route(path, each.answer, methods=list(VERBS))
        for root, each in passing.items()
        for path in (root, root + "/{rest:path}")
    ]


@dataclass(frozen=True, slots=True)
class _Passing:
    services: Services
    dialect: str
    method: Method
    context: str = ""

    async def answer(self, request: Request) -> Response:
        try:
            descriptor = _encode(await self._asked(request))
        except ParameterError as error:
            return json_response({"Error": str(error)}, error.status)
        if len(descriptor) > self.services.descriptor_bytes_max:
            return json_response({"Error": "body: is longer than a request to a rater may be"}, 413)
        services = self.services
        if self._needs_no_key:
            reply = await services.rpc.call(NAMES[self.method], descriptor, services.metering)
        else:
            reply = await services.ask(request, self.method, descriptor)
        if reply.error is not None:
            return refusal(reply.error)
        answer = _decode(reply.result)
        body = answer.Body.encode(answer.Charset, "replace")
        return Response(body, answer.Status, answer.Headers, media_type=answer.Type)

    @property
    def _needs_no_key(self) -> bool:
        """Scrooge has credentials of its own. Cyclops RC has none, and is open to this machine alone."""
        return self.dialect == "scrooge" or (self.dialect == "cyclops" and self.services.local)

    async def _asked(self, request: Request) -> DialectRequest:
        """Read a request. Raises ParameterError."""
        body = await read_body(request, BODY_BYTES_MAX)
        try:
            text = body.decode()
        except UnicodeDecodeError:
            raise ParameterError("body", "is not UTF-8") from None
        path = str(request.scope["path"]).removeprefix(self.context) or "/"
        return DialectRequest(
            request.method,
            path,
            self.dialect,
            Root=f"{request.url.scheme}://{request.url.netloc}{self.context}",
            Query=list(request.query_params.multi_items()),
            Headers={name: value for name in _PASSED_ON if (value := request.headers.get(name)) is not None},
            Body=text,
            RetryId=uuid.uuid4().hex,
            Subject=self.dialect,
        )
