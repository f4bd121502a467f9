"""A server of objects that speaks what ``pyarrow.fs`` asks of S3: put whole or in parts, read, remove."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import parse_qs, urlsplit

BUCKET = "bucket"
_STARTED = b"<InitiateMultipartUploadResult><UploadId>1</UploadId></InitiateMultipartUploadResult>"
_ENDED = b'<CompleteMultipartUploadResult><ETag>"0"</ETag></CompleteMultipartUploadResult>'


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.objects: dict[str, bytes] = {}
        self.parts: dict[str, dict[int, bytes]] = {}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_PUT(self) -> None:
        name, query = self._asked()
        content = self._content()
        if "partNumber" in query:
            self.server.parts.setdefault(name, {})[int(query["partNumber"][0])] = content
        else:
            self.server.objects[name] = content
        self._answer(200, headers={"ETag": '"0"'})

    def do_POST(self) -> None:
        name, query = self._asked()
        self._content()
        if "uploads" in query:
            self._answer(200, _STARTED)
            return
        parts = self.server.parts.pop(name)
        self.server.objects[name] = b"".join(parts[number] for number in sorted(parts))
        self._answer(200, _ENDED)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        content = self.server.objects.get(self._asked()[0])
        if content is None:
            self._answer(404)
            return
        part = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
        if part is None:
            self._answer(200, content)
            return
        first, last = int(part[1]), min(int(part[2]), len(content) - 1)
        span = {"Content-Range": f"bytes {first}-{last}/{len(content)}"}
        self._answer(206, content[first : last + 1], span)

    def do_DELETE(self) -> None:
        self.server.objects.pop(self._asked()[0], None)
        self._answer(204)

    def _asked(self) -> tuple[str, dict[str, list[str]]]:
        asked = urlsplit(self.path)
        return asked.path.removeprefix(f"/{BUCKET}/"), parse_qs(asked.query, keep_blank_values=True)

    def _content(self) -> bytes:
        """Read the body, which may come in chunks, and in these in signed ones (``aws-chunked``)."""
        if self.headers.get("Transfer-Encoding") == "chunked":
            body = _joined(self.rfile)
            self.rfile.readline()
        else:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if "aws-chunked" in self.headers.get("Content-Encoding", ""):
            return _joined(io.BytesIO(body))
        return body

    def _answer(self, status: int, content: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


def _joined(chunks: io.BufferedIOBase) -> bytes:
    """Join chunks, each after a line with its size; the last is empty."""
    parts = []
    while size := int(chunks.readline().partition(b";")[0], 16):
        parts.append(chunks.read(size))
        chunks.readline()
    return b"".join(parts)


@contextmanager
def object_server() -> Iterator[tuple[str, dict[str, bytes]]]:
    """Run a server; give the URL of a place in its bucket, and all its objects by name."""
    with _Server() as server:
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        options = f"region=us-east-1&scheme=http&endpoint_override=127.0.0.1:{server.server_port}"
        yield f"s3://{BUCKET}/old/days?{options}", server.objects
        server.shutdown()
        thread.join()
