"""The server under attack: its ports, processes and log, and a well-behaved client that watches over it."""

import http.client
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stress import metering, traffic
from stress.client import PAGE_CALL, JSONClient, RpcError
from stress.serving import load, memory_bytes, running, serve, wait_in_force

HOST = "127.0.0.1"
PARTS = ("http", "balancer", "rater")
_TRACEBACK = re.compile(r"Traceback \(most recent call last\):\n((?: .*\n)*)(.*)")


class Target:
    """A running server. Everything that it should still be after an attack can be asked of it."""

    def __init__(self, pid: int, rpc: int, http_port: int, rater: int, place: Path) -> None:
        self.rpc, self.http, self.rater = rpc, http_port, rater
        self.secret = (place / "data" / "secret").read_text("ascii").strip().encode()
        self._pid = pid
        self.place = place
        self._log = place / "serve.log"
        self._read = 0
        self._processes = self.processes()
        self._client = JSONClient((HOST, rpc))
        self._quote = self._client.call("Responder.GetCost", PAGE_CALL)
        self._page = self._http_page()

    def processes(self) -> dict[int, str]:
        """Tell the processes of the server by id."""
        found = {self._pid: "serve"}
        for text in Path(f"/proc/{self._pid}/task/{self._pid}/children").read_text().split():
            arguments = Path(f"/proc/{text}/cmdline").read_bytes().decode().split("\0")
            found[int(text)] = next((part for part in PARTS if part in arguments), "store")
        return found

    def memory(self) -> dict[str, int]:
        """Tell the resident bytes of every process by ``part pid``."""
        found = {}
        for pid, part in self.processes().items():
            with suppress(FileNotFoundError, ValueError):
                found[f"{part} {pid}"] = memory_bytes(pid)[0]
        return found

    def new_log(self) -> str:
        """Tell what the log has that was not told before."""
        with self._log.open("rb") as stream:
            stream.seek(self._read)
            text = stream.read()
        self._read += len(text)
        return text.decode(errors="replace")

    def harm(self) -> list[str]:
        """Tell what an attack broke: a process, the log's peace, the next request of somebody else."""
        found = []
        if self.processes() != self._processes:
            found.append(f"processes changed from {self._processes} to {self.processes()}")
            self._processes = self.processes()
        log = self.new_log()
        found += [f"the log has a traceback: {match[2]}{match[1]}" for match in _TRACEBACK.finditer(log)][:3]
        found += self._unserved()
        return found

    def close(self) -> None:
        """Close the well-behaved client's connection."""
        self._client.close()

    def _unserved(self) -> list[str]:
        found = []
        try:
            with JSONClient((HOST, self.rpc)) as fresh:
                answers = [client.call("Responder.GetCost", PAGE_CALL) for client in (self._client, fresh)]
            if answers != [self._quote] * 2:
                found.append("a well-behaved client got another answer")
        except (OSError, RpcError, ValueError) as error:
            found.append(f"a well-behaved client got {error!r}")
            with suppress(OSError):
                self._client.close()
                self._client = JSONClient((HOST, self.rpc))
        try:
            if self._http_page() != self._page:
                found.append("a well-behaved HTTP client got another answer")
        except (OSError, http.client.HTTPException) as error:
            found.append(f"a well-behaved HTTP client got {error!r}")
        return found

    def _http_page(self) -> bytes:
        connection = http.client.HTTPConnection(HOST, self.http, timeout=10)
        try:
            connection.request(
                "GET",
                "/getcost?cstmid=vdf&subj=rif&dest=0256&ts=2012-02-02T17:30:00Z&te=2012-02-02T18:30:00Z",
            )
            return connection.getresponse().read()
        finally:
            connection.close()


def free_port() -> int:
    """Find a port of this machine that nobody uses now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def under_attack(place: Path, *more: str) -> Iterator[Target]:
    """Run a server in ``place``, with the tariff of ``traffic`` and the service of ``metering``."""
    place.mkdir(parents=True, exist_ok=True)
    traffic.write_folder(place / "tariff")
    metering.write_folder(place / "tariff")
    http_port, rater = free_port(), free_port()
    ports = ("--http-port", str(http_port), "--rater-port", str(rater))
    with running(serve(place / "data", *ports, *more), place / "serve.log") as server:
        load(place / "tariff", place / "data")
        wait_in_force(server.port)
        target = Target(server.pid, server.port, http_port, rater, place)
        try:
            yield target
        finally:
            target.close()
