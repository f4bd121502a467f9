"""The seam between whatever receives requests and whatever answers them."""

from enum import IntEnum
from typing import Protocol


class Status(IntEnum):
    """How a request ended."""

    OK = 0
    """The body is the JSON text of the result."""
    REFUSED = 1
    """The body is ``CODE: sentence`` (``protocol.errors``)."""
    MALFORMED = 2
    """The body is likewise; the descriptor held a number beyond range, so the connection closes."""


class StaleRequestError(Exception):
    """The request waited for too long, here or in a stopped process: it is not to be done any more."""


class Sink(Protocol):
    """Takes answers, each exactly once per submitted request."""

    def answer(self, token: object, status: int, body: bytes) -> None:
        """Take the answer to the request submitted with ``token`` (the sink's own)."""

    def request_id(self, token: object) -> str:
        """Name the request submitted with ``token``: unique, and the same when it is sent again.

        It stands in for the RequestId that a caller did not give, so that a retry cannot charge twice. Asked
        for when the request's deadline stands. Raises StaleRequestError for one that came long ago: it may
        have been sent to another since, and what that answered may be forgotten already.
        """


class Dispatcher(Protocol):
    """Answers requests: the pool of a balancer, or the responder of a rater."""

    def submit(self, sink: Sink, token: object, method: int, descriptor: bytes) -> None:
        """Take one request. ``descriptor`` is the JSON text of its call descriptor, as received."""
