"""Reads bodies of reports, each within its bound and all of them within one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import Receive

from cgrates_py.http.threescale.params import ParameterSyntaxError, check_size
from protocol.errors import Code
from protocol.limits import PENDING_BYTES_MAX


class FullError(Exception):
    """The bodies under way take all the memory that there is for them; the text is the wire's error."""


class Intake:
    """Counts the bytes of all bodies that are being read: slow writers must not fill the memory."""

    def __init__(self) -> None:
        self.held_bytes = 0

    @asynccontextmanager
    async def reading(self, receive: Receive) -> AsyncIterator[bytes]:
        """Read a body, and hold its place until it has been made use of.

        Raises ParameterSyntaxError for one too long or without an end, or FullError.
        """
        body = bytearray()
        try:
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ParameterSyntaxError("the body has no end")
                part = message.get("body", b"")
                check_size(len(body) + len(part))
                if self.held_bytes + len(part) > PENDING_BYTES_MAX:
                    raise FullError(f"{Code.OVERLOADED}: too many bytes of reports are on their way")
                self.held_bytes += len(part)
                body += part
                more = message.get("more_body", False)
            yield bytes(body)
        finally:
            self.held_bytes -= len(body)
