"""The Python client of the published page, rewritten for today.

::

    rpc = JSONClient(("127.0.0.1", 2001))
    result = rpc.call("Responder.Get", cd)

``python -m stress client`` asks for the page's call again and again, one after the other or all at once.
"""

import argparse
import json
import socket
import sys
import threading
import time
from collections.abc import Iterable, Sequence
from decimal import Decimal
from itertools import count
from typing import Any, Self

from cgrates_py.address import Address

TIMEOUT_S = 10.0
"""Longer than the server takes to answer anything, refusals included."""
PAGE_CALL = {
    "Tor": 0,
    "CstmId": "vdf",
    "Subject": "rif",
    "DestinationPrefix": "0256",
    "TimeStart": "2012-02-02T17:30:00Z",
    "TimeEnd": "2012-02-02T18:30:00Z",
}
"""The call descriptor of the page."""


class RpcError(Exception):
    """The server refused the call; the text is its own, ``CODE: sentence``."""


class JSONClient:
    """A connection to a balancer, or to a rater that listens itself. Not for several threads at once."""

    def __init__(self, address: tuple[str, int], timeout_s: float = TIMEOUT_S) -> None:
        """Connect. Raises OSError."""
        self._socket = socket.create_connection(address, timeout=timeout_s)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._answers = self._socket.makefile("rb")
        self._ids = count()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._answers.close()
        self._socket.close()

    def call(self, method: str, *params: Any) -> Any:
        """Ask and wait for the result; numbers with a fraction come as Decimal, exact.

        Raises RpcError when the server refuses, ConnectionError or TimeoutError when no answer comes.
        """
        return self.call_all(method, [params])[0]

    def log_in(self, key: str) -> None:
        """Show a key, by which everything on this connection goes. Raises RpcError."""
        self.call("Auth.Login", {"auth": key})

    def call_all(self, method: str, calls: Iterable[Sequence[Any]]) -> list[Any]:
        """Ask everything at once on this connection; the results come in the order of ``calls``.

        ``calls`` has the parameters of each. Raises as ``call`` does, after the first refusal.
        """
        asked = {next(self._ids): params for params in calls}
        requests = b"".join(_request(number, method, params) for number, params in asked.items())
        sender = threading.Thread(target=self._send, args=(requests,), daemon=True)
        sender.start()  # beside the reading: a server need not read on while its answers are not taken
        results = {}
        for _ in asked:
            number, result = self._answer()
            results[number] = result
        sender.join()
        return [results[number] for number in asked]

    def _send(self, requests: bytes) -> None:
        try:
            self._socket.sendall(requests)
        except OSError:
            self._socket.close()  # the reader, which waits for the answers, reports it

    def _answer(self) -> tuple[int, Any]:
        line = self._answers.readline()
        if not line.endswith(b"\n"):
            raise ConnectionError("the server closed the connection")
        answer = json.loads(line, parse_float=Decimal)
        if answer["error"] is not None:
            raise RpcError(answer["error"])
        return answer["id"], answer["result"]


def _request(number: int, method: str, params: Sequence[Any]) -> bytes:
    return json.dumps({"id": number, "method": method, "params": params}).encode() + b"\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a program; tells the last result, and how many calls were answered in a second."""
    parser = argparse.ArgumentParser(
        prog="python -m stress client", description="Ask for the page's call again and again."
    )
    parser.add_argument("--address", type=Address.parse, default=Address("127.0.0.1", 2001))
    parser.add_argument("--runs", type=int, default=10_000, help="how many calls (default 10000)")
    parser.add_argument("--parallel", action="store_true", help="send all at once, on one connection")
    chosen = parser.parse_args(arguments)
    try:
        with JSONClient(chosen.address) as rpc:
            started_s = time.perf_counter()
            if chosen.parallel:
                results = rpc.call_all("Responder.Get", [(PAGE_CALL,)] * chosen.runs)
            else:
                results = [rpc.call("Responder.Get", PAGE_CALL) for _ in range(chosen.runs)]
            lasted_s = time.perf_counter() - started_s
    except (OSError, RpcError) as error:
        sys.stderr.write(f"client: {error}\n")
        return 1
    if results:
        sys.stdout.write(f"{results[-1]}\n")
    sys.stdout.write(f"{len(results)} calls in {lasted_s:.2f} s, {len(results) / lasted_s:.0f} a second\n")
    return 0
