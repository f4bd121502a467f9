"""A raw HTTP client: sends what it is given byte by byte, and reads one answer after each request."""

import http.client
import json
import select
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

TIMEOUT_S = 20.0


@dataclass(frozen=True)
class Answer:
    """What came back; the names of ``headers`` in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class Wire:
    """One keep-alive connection, opened anew when the server has closed it."""

    def __init__(self, url: str) -> None:
        self.url = url
        place = urlsplit(url)
        self._address = (place.hostname or "", place.port or 80)
        self._socket: socket.socket | None = None

    def send(
        self, method: str, target: str, headers: Mapping[str, str | None] | None = None, body: bytes = b""
    ) -> Answer:
        """Send a request as it is given; ``content-length`` is added for a body, a header of None is not."""
        given = {"Host": f"{self._address[0]}:{self._address[1]}", **(headers or {})}
        if body or method in ("POST", "PUT"):
            given["Content-Length"] = str(len(body))
        lines = [
            f"{method} {target} HTTP/1.1",
            *(f"{name}: {value}" for name, value in given.items() if value),
        ]
        return self.exchange(method, "\r\n".join([*lines, "", ""]).encode() + body)

    def exchange(self, method: str, request: bytes) -> Answer:
        """Send bytes and read the answer; what was not taken is not missed if there is an answer."""
        if self._socket is not None and select.select([self._socket], [], [], 0)[0]:
            self.close()  # nothing is to come, so this is its end: the server closes what is idle for long
        connection = self._socket or socket.create_connection(self._address, timeout=TIMEOUT_S)
        self._socket = connection
        with suppress(ConnectionError):  # refused early: the answer is there all the same
            connection.sendall(request)
        response = http.client.HTTPResponse(connection, method=method)
        try:
            response.begin()
            body = response.read()
        except BaseException:
            self.close()
            raise
        finally:
            response.close()
        if response.will_close:
            self.close()
        return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, body)

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class Administrator:
    """The administration's JSON API with its key."""

    def __init__(self, wire: Wire, key: str) -> None:
        self._wire = wire
        self.headers = {"Authorization": f"Bearer {key}"}

    def ask(self, method: str, path: str, document: Any = None) -> Answer:
        """Ask ``path`` below the API's root; tell whatever comes back."""
        headers: dict[str, str | None] = {**self.headers, "Content-Type": "application/json"}
        body = b"" if document is None else json.dumps(document).encode()
        return self._wire.send(method, f"/internal/{path}", headers, body)

    def do(self, method: str, path: str, document: Any = None) -> Any:
        """The same, of something that must succeed."""
        answer = self.ask(method, path, document)
        assert answer.status in (200, 201), (method, path, document, answer)
        return answer.json if answer.body else None
