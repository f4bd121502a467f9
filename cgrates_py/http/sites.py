"""Keeps pages of other sites from asking in the name of whoever looks at them.

A browser on this machine can reach a server on loopback, which asks for no key while there is none, and the
page of 2012 changes accounts by GET. Browsers tell where a request comes from (Fetch Metadata, and RFC 6454);
other clients send neither header. A request that shows a key as a bearer is its sender's own: no page can do
that. The password of HTTP basic is another matter: browsers remember it, and send it whoever asks.
"""

from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from cgrates_py.http.services import json_response
from protocol.errors import WIRE, Code

_OWN = (b"same-origin", b"none")
_SENTENCE = f"{Code.FORBIDDEN}: a page of another site asked; show a key, or ask from here"


def own_sites_only(app: ASGIApp) -> ASGIApp:
    """Refuse what a browser sends for a page of another site without a key."""

    async def guarded(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and _is_foreign(dict(scope["headers"])):
            refusal = json_response({"Error": _SENTENCE}, WIRE[Code.FORBIDDEN].http)
            await refusal(scope, receive, send)
            return
        await app(scope, receive, send)

    return guarded


def _is_foreign(headers: dict[bytes, bytes]) -> bool:
    if headers.get(b"authorization", b"")[:7].lower() == b"bearer ":
        return False
    origin = headers.get(b"origin")
    if origin is not None and urlsplit(origin).netloc != headers.get(b"host"):
        return True
    return headers.get(b"sec-fetch-site", b"none") not in _OWN
