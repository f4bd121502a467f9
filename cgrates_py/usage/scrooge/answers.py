"""The answers of Scrooge: what is stored is told by a status, everything else by a text or JSON."""

from typing import Any
from urllib.parse import quote

from cgrates_py.usage.scrooge.values import write_json
from protocol.usage import DialectAnswer, DialectRequest

HTML = "text/html; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
JSON = "application/json"

FAILED = "Sorry, this request could not be processed. Please try again later."


def empty(status: int, **headers: str) -> DialectAnswer:
    """Answer without a body."""
    return DialectAnswer(status, HTML, "", headers)


def created(request: DialectRequest) -> DialectAnswer:
    """Answer that a push is stored; there is nothing to look at but the place it was sent to."""
    return empty(201, Location=place(request, request.Path))


def place(request: DialectRequest, path: str) -> str:
    """Give the address of a path on this server."""
    return f"{request.Root}{quote(path)}"


def text(status: int, body: str) -> DialectAnswer:
    """Answer with a text. It may repeat what came, so no browser is told that it is a page."""
    return DialectAnswer(status, TEXT, body)


def json(status: int, value: Any) -> DialectAnswer:
    """Answer with JSON."""
    return DialectAnswer(status, JSON, write_json(value))


def unreadable() -> DialectAnswer:
    """Answer to a request that cannot be read."""
    return json(400, {"error_message": FAILED})


def not_allowed(*verbs: str) -> DialectAnswer:
    """Answer to a method that a place does not have."""
    return empty(405, Allow=",".join(verbs))


def no_credentials(request: DialectRequest) -> DialectAnswer:
    """Answer to a request of the later dialects from nobody known."""
    given = "authorization" in request.Headers
    return json(
        401, {"detail": "Invalid token." if given else "Authentication credentials were not provided."}
    )


def not_found() -> DialectAnswer:
    """Answer about something that there is not."""
    return json(404, {"detail": "Not found."})
