"""One HTTP connection with the bounds that uvicorn leaves to us."""

import asyncio
import math
from http import HTTPStatus
from typing import Any, Final

import orjson
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from protocol.errors import Code
from protocol.limits import (
    CONNECTIONS_MAX,
    DRAIN_S,
    HTTP_BODY_S,
    HTTP_HEAD_BYTES_MAX,
    HTTP_HEAD_S,
    HTTP_PIPELINE_MAX,
)


class PipelineError(Exception):
    """A client sent more requests ahead of their answers than are kept. The client's fault."""


class BoundedHttpProtocol(HttpToolsProtocol):
    """Refuses what uvicorn takes without bound, and says so in JSON.

    A request that does not come on, in time or within its bytes, is answered once and its connection closed;
    so is a connection too many. One that does not take its answers is dropped. ``sweep`` looks at the time.
    """

    def __init__(self, *args: Any, **given: Any) -> None:
        super().__init__(*args, **given)
        self._connections_max = self.limit_concurrency or CONNECTIONS_MAX
        self.limit_concurrency = None  # uvicorn would refuse the requests of those who are in already
        self._due = math.inf
        self._in_head = True
        self._last_words = b""
        self._running: RequestResponseCycle | None = None
        self._unmoved_bytes = 0
        self._unsent_since = math.inf

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # -- as uvicorn
        """Wait for a request, or refuse when there are too many connections."""
        super().connection_made(transport)
        self._due = self.loop.time() + HTTP_HEAD_S
        if len(self.connections) > self._connections_max:
            self._refuse(503, f"{Code.OVERLOADED}: too many connections")

    def connection_lost(self, exc: Exception | None) -> None:
        """Have the request that is being answered write nothing more; uvicorn tells the latest alone."""
        if self._running is not None:
            self._running.disconnected = True
            self._running.message_event.set()
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        """Wait for the body. Raises PipelineError, which the parser passes on as its own."""
        super().on_headers_complete()
        self._in_head, self._unmoved_bytes = False, 0
        self._due = self.loop.time() + HTTP_BODY_S
        if len(self.pipeline) > HTTP_PIPELINE_MAX:
            raise PipelineError

    def on_body(self, body: bytes) -> None:
        """Note that the request comes on."""
        self._unmoved_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Wait for nothing: the request is whole."""
        self._in_head, self._unmoved_bytes = True, 0
        self._due = math.inf
        super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        """Take bytes of a request, so many at most before it comes on."""
        if self._last_words or self.transport.is_closing():
            return
        self._unmoved_bytes += len(data)
        super().data_received(data)
        if self._unmoved_bytes > HTTP_HEAD_BYTES_MAX:
            self._refuse(400, f"{Code.INVALID_REQUEST}: the head of the request is too long")
        elif self._in_head and self._unmoved_bytes and self._due == math.inf:
            self._due = self.loop.time() + HTTP_HEAD_S

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser does not take."""
        self._refuse(400, f"{Code.INVALID_REQUEST}: the bytes are no HTTP request that is taken here")

    def on_response_complete(self) -> None:
        """Go on, or say the last words that waited for this answer."""
        super().on_response_complete()
        if self._last_words and not self._answering:
            self._close(self._last_words)

    def sweep(self, now: float) -> None:
        """Close what the client does not finish in time; drop what it does not take."""
        if self.transport.get_write_buffer_size() == 0:
            self._unsent_since = math.inf
        elif self._unsent_since == math.inf:
            self._unsent_since = now
        elif now - self._unsent_since > DRAIN_S:
            self.transport.abort()
            return
        if self.pipeline or (self._in_head and self._answering):
            self._due = max(self._due, now + HTTP_HEAD_S)  # it is not read meanwhile
        elif now > self._due:
            self._refuse(408, f"{Code.INVALID_REQUEST}: the request did not come whole in time")

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        super()._start_asgi_task(cycle, app)

    @property
    def _answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle  # uvicorn leaves it None until the first request
        return cycle is not None and not cycle.response_complete

    def _refuse(self, status: int, error: str) -> None:
        """Say why, after the answers to what came whole, and close.

        In the middle of a body whose answer has begun, or is behind others, there is no room for words.
        """
        body = orjson.dumps({"Error": error})
        words = _RESPONSE % (status, HTTPStatus(status).phrase.encode(), len(body), body)
        if self._in_head and self._answering:
            self._last_words = words
        elif self._in_head or not (self.pipeline or self.cycle.response_started):
            self._close(words)
        else:
            self._close(b"")

    def _close(self, words: bytes) -> None:
        if not self.transport.is_closing():
            if words:
                self.transport.write(words)
            self.transport.close()


_RESPONSE: Final = (
    b"HTTP/1.1 %d %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\nconnection: close\r\n\r\n%b"
)
