"""The yardstick of HTTP: the product's own HTTP stack around an application that only answers.

``python -m stress.http_echo BYTES`` reads each request and its query, and answers with so many bytes.
"""

import sys

import uvloop
from starlette.types import Receive, Scope, Send

from cgrates_py.http.server import serve_app
from cgrates_py.process import die_with_supervisor, listen, settle_memory
from cgrates_py.settings import load
from stress.http_load import ANSWER_END


class Answering:
    """An ASGI application with one answer for everything."""

    def __init__(self, size: int) -> None:
        body = b"x" * (size - len(ANSWER_END)) + ANSWER_END
        length = str(len(body)).encode()
        headers = [(b"content-type", b"application/xml"), (b"content-length", length)]
        self._start = {"type": "http.response.start", "status": 200, "headers": headers}
        self._body = {"type": "http.response.body", "body": body}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that has a query."""
        if not scope["query_string"].count(b"="):
            raise ValueError("expected a query")
        await send(self._start)
        await send(self._body)


async def _serve(size: int) -> None:
    listener = listen("127.0.0.1", 0)
    _, serving = serve_app(load(), Answering(size), listener)
    settle_memory()  # as the product's HTTP process does
    sys.stdout.write(f"ready rpc=127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    await serving


if __name__ == "__main__":
    die_with_supervisor()
    uvloop.run(_serve(int(sys.argv[1])))
