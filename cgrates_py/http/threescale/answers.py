"""The answers of the dialect as ASGI messages, with the headers that every one of them has."""

from collections.abc import Sequence
from typing import Final

from starlette.types import Receive, Scope, Send

from cgrates_py.http.threescale import errors
from cgrates_py.http.threescale.documents import error_document, status_document
from protocol.metering import MeteringAnswer, MeteringRequest

Headers = Sequence[tuple[bytes, bytes]]

CONTENT_TYPE: Final = b"application/vnd.3scale-v2.0+xml"
_SHARED: Final = [
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"ETag, Link, 3scale-rejection-reason"),
    (b"x-content-type-options", b"nosniff"),
]
_DIALECT: Final = [(b"content-type", CONTENT_TYPE), *_SHARED]
_POLICY: Final = (b"content-security-policy", b"default-src 'self'")
_FINE: Final = [*_DIALECT, _POLICY]
_PREFLIGHT: Final = [
    *_FINE,
    (b"access-control-max-age", b"86400"),
    (b"access-control-allow-methods", b"GET, POST, PATCH, PUT, DELETE"),
    (
        b"access-control-allow-headers",
        b"Authorization, Accept-Encoding, Content-Type, Cache-Control, Accept, If-Match, If-Modified-Since,"
        b" If-None-Match, If-Unmodified-Since, X-Requested-With, X-HTTP-Method-Override, 3scale-options",
    ),
]


async def _send(send: Send, status: int, headers: Headers, body: bytes = b"") -> None:
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [*headers, (b"content-length", b"%d" % len(body))],
        }
    )
    await send({"type": "http.response.body", "body": body})


async def nothing_here(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer for a path that does not exist, or not with that method: 404 without a body."""
    if scope["type"] == "http":
        await _send(send, 404, _DIALECT)


async def preflight(send: Send) -> None:
    """Answer OPTIONS: pages of any site may ask."""
    await send({"type": "http.response.start", "status": 204, "headers": _PREFLIGHT})
    await send({"type": "http.response.body"})


async def plain(send: Send, body: bytes) -> None:
    """Answer with a line of text."""
    await _send(send, 200, [(b"content-type", b"text/plain;charset=utf-8"), *_SHARED, _POLICY], body)


async def empty(send: Send, status: int = 200) -> None:
    """Answer that all is well, with no body."""
    await _send(send, status, _FINE)


async def error(send: Send, code: str, message: str, *, no_body: bool = False) -> None:
    """Answer with an error of the dialect."""
    bare = code == errors.BARE or (no_body and code not in errors.SHOWN_ALWAYS)
    await _send(send, errors.status_of(code), _DIALECT, b"" if bare else error_document(code, message))


async def failure(send: Send, told: str, *, no_body: bool = False, reason: bool = False) -> None:
    """Answer that the machinery failed: ``told`` is its ``CODE: sentence``.

    Clients read a status document wherever they are refused by 409.
    """
    status, code, message = errors.machinery(told)
    if status == errors.REFUSED:
        headers = [*_FINE, (b"3scale-rejection-reason", code.encode())] if reason else _FINE
        body = status_document(MeteringAnswer(Code=code, Reason=message))
    else:
        headers = [*_DIALECT, (b"retry-after", b"1")] if status in (429, 503) else _DIALECT
        body = error_document(code, message)
    await _send(send, status, headers, b"" if no_body else body)


async def status(
    send: Send, answer: MeteringAnswer, asked: MeteringRequest, *, reason: bool, redirect: str
) -> None:
    """Answer with a status; ``reason``: a refusal's code goes into a header too."""
    headers = _FINE
    limit = answer.Limit
    if limit is not None and answer.Code in ("", "limits_exceeded"):
        remaining, reset_s, maximum = limit
        headers = [
            *headers,
            (b"3scale-limit-remaining", b"%d" % remaining),
            (b"3scale-limit-reset", b"%d" % reset_s),
        ]
        if maximum:
            headers.append((b"3scale-limit-max-value", maximum.encode()))
    if reason and answer.Code:
        headers = [*headers, (b"3scale-rejection-reason", answer.Code.encode())]
    body = b"" if asked.NoBody else status_document(answer, redirect)
    await _send(send, errors.REFUSED if answer.Code else 200, headers, body)
