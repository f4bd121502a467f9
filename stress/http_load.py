"""The load client for HTTP: each connection kept alive, one request in flight on each."""

from typing import Final

from stress.load import Caller

CONNECTIONS: Final = (16, 64)
"""How many callers wait for an answer each: a few gateways, and as many as the reference is measured with."""
_GOOD: Final = b"HTTP/1.1 20"
_NO_BODY: Final = b"content-length: 0\r\n"
_HEAD_END: Final = b"\r\n\r\n"
ANSWER_END: Final = b"</status>"
"""How the body of every good answer ends that has one, of ours and of the yardstick."""


class HttpCaller(Caller):
    """One connection: asks again when the answer is whole."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type]  # -- as Caller takes them
        self._answer = b""

    def data_received(self, data: bytes) -> None:
        """Look whether the answer is whole by how it ends, and that it is a good one."""
        answer = self._answer + data if self._answer else data
        if not answer.startswith(_GOOD):
            self.run.fail(f"an answer is no success: {answer[:600]!r}")
        elif answer.endswith(ANSWER_END) or (answer.endswith(_HEAD_END) and _NO_BODY in answer):
            self._answer = b""
            self.answered(1)
        else:
            self._answer = answer
