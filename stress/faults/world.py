"""Runs the real server, whole or in parts, knows its processes by their roles, and ends each by its id.

A process ends with this one, however that ends: ours ask the kernel for it, and so does the embedded store.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Self

from cgrates_py.address import Address
from cgrates_py.process import bound, reserve
from storage.embedded import EmbeddedStore, socket_path
from stress.faults import folder
from stress.faults.model import CUSTOMER
from stress.faults.wire import LostError, RefusedError, RpcWire
from stress.serving import environment, load

READY_S = 60.0
STOP_S = 20.0
POLL_S = 0.02
SECRET = "of the harness"  # noqa: S105 -- shared by processes on the loopback that live for seconds
HOST = "127.0.0.1"


class WorldError(Exception):
    """A part of the world did not come up or is not there. The text has the last words of its log."""


class Role(StrEnum):
    """What a process is for."""

    RATER = "rater"
    BALANCER = "balancer"
    HTTP = "http"
    STORE = "store"
    SUPERVISOR = "supervisor"


class Program:
    """One process of ours: its id, its log, and the line that it says when it is up."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self.process = process
        self.log = log
        self.line = ""

    @classmethod
    async def start(cls, arguments: Sequence[str], log: Path, more: Mapping[str, str]) -> Self:
        """Start ``python -m cgrates_py ARGUMENTS``; its stderr goes to the end of ``log``."""
        with log.open("ab") as stderr:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "cgrates_py",
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=stderr,
                env={**environment(), **more},
                start_new_session=True,
            )
        return cls(process, log)

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self.process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self.process.returncode is None

    async def says(self) -> str:
        """Wait for its first line on stdout. Raises WorldError if it ends or stays silent."""
        stdout = self.process.stdout
        assert stdout is not None  # noqa: S101 -- a pipe was asked for
        try:
            async with asyncio.timeout(READY_S):
                self.line = (await stdout.readline()).decode()
        except TimeoutError:
            self.line = ""
        if not self.line:
            raise WorldError(f"{self.log.name} is not up: …{self.log.read_text()[-1500:]}")
        return self.line

    async def kill(self) -> None:
        """End it at once, and wait until it is gone."""
        if self.is_alive:
            send(self.pid, signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> None:
        """Ask it to end; end it when it does not."""
        if self.is_alive:
            send(self.pid, signal.SIGCONT)
            send(self.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_S):
                await self.process.wait()
        except TimeoutError:
            await self.kill()


def send(pid: int, number: signal.Signals) -> bool:
    """Send a signal; tell whether the process was there."""
    with suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False


def address_in(line: str, name: str) -> Address:
    """Find ``NAME=HOST:PORT`` in what a program says. Raises WorldError."""
    for word in line.split():
        key, equals, value = word.partition("=")
        if equals and key == name:
            return Address.parse(value)
    raise WorldError(f"no {name}= in {line!r}")


class World:
    """The whole server under its supervisor, on a data directory in ``place``, loaded and ready to charge.

    Ports stay the same when the supervisor is started again.
    """

    def __init__(
        self,
        place: Path,
        raters: int = 2,
        more: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
    ) -> None:
        self.place = place
        self.data_dir = place / "data"
        self.raters = raters
        self._more = dict(more or {})
        self._arguments = arguments
        self._stack = AsyncExitStack()
        self._supervisor: Program | None = None
        self.rpc = self.http = Address(HOST, 0)

    @property
    def store_url(self) -> str:
        """The URL of the embedded store, which it has also after a restart."""
        return f"unix://{socket_path(self.data_dir)}"

    async def __aenter__(self) -> Self:
        self.place.mkdir(parents=True, exist_ok=True)
        try:
            self.rpc, self.http = (
                bound(self._stack.enter_context(reserve(HOST, 0))) for _ in ("rpc", "http")
            )
            await self.start()
            await asyncio.to_thread(load, folder.write(self.place / "tariff"), self.data_dir)
            await self.whole()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for pid in self.pids():  # one that is frozen could not stop in order
            send(pid, signal.SIGCONT)
        if self._supervisor is not None:
            await self._supervisor.stop()
        await self._stack.aclose()

    async def start(self) -> None:
        """Start the supervisor, the first time or after it was killed; return when all parts are up."""
        ports = ("--rpc-port", str(self.rpc.port), "--http-port", str(self.http.port), "--rater-port", "0")
        arguments = ("serve", "--data-dir", str(self.data_dir), "--raters", str(self.raters), *ports)
        log = self.place / "serve.log"
        self._supervisor = await Program.start((*arguments, *self._arguments), log, self._more)
        await self._supervisor.says()

    def pids(self, role: Role | None = None) -> list[int]:
        """List the processes that have a role now, or all of them."""
        supervisor = self._supervisor
        if supervisor is None or not supervisor.is_alive:
            return []
        found = {supervisor.pid: Role.SUPERVISOR} | roles_below(supervisor.pid)
        return [pid for pid, has in found.items() if role in (None, has)]

    async def kill(self, role: Role, pid: int | None = None) -> int:
        """Kill a process of that role, the first unless ``pid`` says which; tell its id. Raises WorldError.

        A killed supervisor takes all others with it, and ``start`` brings them back.
        """
        victims = self.pids(role)
        if not victims or (pid is not None and pid not in victims):
            raise WorldError(f"no {role} to kill")
        victim = pid or victims[0]
        below = self.pids() if role is Role.SUPERVISOR else []
        send(victim, signal.SIGKILL)
        if role is Role.SUPERVISOR and self._supervisor is not None:
            await self._supervisor.process.wait()
            await gone(below)
        return victim

    async def whole(self, replaced: Sequence[int] = ()) -> None:
        """Wait until every part is up, none of them one of ``replaced``. Raises WorldError."""
        wire = RpcWire(self.rpc)

        async def holds() -> bool:
            return (
                self._complete(replaced)
                and await raters_ready(wire, self.raters)
                and await store_answers(wire)
            )

        try:
            async with asyncio.timeout(READY_S):
                await until(holds)
                await listening(self.http)
        except TimeoutError:
            raise WorldError(f"not whole after {READY_S:g} s, see {self.place / 'serve.log'}") from None
        finally:
            wire.close()

    def _complete(self, replaced: Sequence[int]) -> bool:
        wanted = {Role.RATER: self.raters, Role.BALANCER: 1, Role.HTTP: 1, Role.STORE: 1, Role.SUPERVISOR: 1}
        return all(
            len([pid for pid in self.pids(role) if pid not in replaced]) >= count
            for role, count in wanted.items()
        )


class Parts:
    """The parts of a server as processes of their own, so that something can stand between them.

    Nothing starts them again. The store is the embedded one, on a data directory in ``place``; the parts have
    another one there, so that they meet no files of whatever else runs in the working directory.
    """

    def __init__(self, place: Path, more: Mapping[str, str] | None = None) -> None:
        self.place = place
        self.data_dir = place / "data"
        self.store = EmbeddedStore(self.data_dir)
        self.programs: dict[str, Program] = {}
        own = {"CGRATES_SECRET": SECRET, "CGRATES_DATA_DIR": str(place / "parts")}
        self._more = own | dict(more or {})

    async def __aenter__(self) -> Self:
        self.place.mkdir(parents=True, exist_ok=True)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for program in reversed(self.programs.values()):
            await program.stop()
        if self.store.pid is not None:
            send(self.store.pid, signal.SIGCONT)
        await self.store.stop()

    async def start_store(self) -> str:
        """Start the store with the folder's tariff and accounts, or again; tell its URL."""
        fresh = not self.data_dir.exists()
        url = await self.store.start()
        if fresh:
            await asyncio.to_thread(load, folder.write(self.place / "tariff"), self.data_dir)
        return url

    async def start_balancer(self, name: str = "balancer") -> tuple[Address, Address]:
        """Start a balancer; tell where callers and where raters find it."""
        line = await self._start(name, ("balancer", "--rpc-port", "0", "--rater-port", "0"))
        return address_in(line, "rpc"), address_in(line, "raters")

    async def start_rater(
        self, name: str, store_url: str, register: Address, more: Mapping[str, str] | None = None
    ) -> None:
        """Start a rater that joins a balancer; ``raters_ready`` tells when it is there."""
        own = {
            "CGRATES_REDIS_URL": store_url,
            "CGRATES_REGISTER_ADDRESS": str(register),
            "CGRATES_NAME": name,
        }
        await self._start(name, ("rater",), own | dict(more or {}), wait=False)

    async def start_listening_rater(self, name: str, store_url: str) -> Address:
        """Start a rater that serves callers itself; tell where."""
        more = {"CGRATES_REDIS_URL": store_url, "CGRATES_NAME": name}
        return address_in(await self._start(name, ("rater", "--listen", f"{HOST}:0"), more), "rpc")

    async def start_http(self, rpc: Address, name: str = "http") -> Address:
        """Start an HTTP front before a balancer; tell where it listens."""
        more = {"CGRATES_RPC_ADDRESS": str(rpc)}
        return address_in(await self._start(name, ("http", "--http-port", "0"), more), "http")

    async def _start(
        self,
        name: str,
        arguments: Sequence[str],
        more: Mapping[str, str] | None = None,
        *,
        wait: bool = True,
    ) -> str:
        log = self.place / f"{name}.log"
        program = await Program.start(arguments, log, self._more | dict(more or {}))
        self.programs[name] = program
        return await program.says() if wait else ""


def roles_below(supervisor: int) -> dict[int, Role]:
    """Tell the roles of a supervisor's children."""
    found = {}
    with suppress(OSError):
        for text in Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split():
            role = _role_of(int(text))
            if role is not None:
                found[int(text)] = role
    return found


def _role_of(pid: int) -> Role | None:
    try:
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return None
    if b"valkey" in arguments[0] or b"redis" in arguments[0]:
        return Role.STORE
    roles = {role.value.encode(): role for role in (Role.RATER, Role.BALANCER, Role.HTTP)}
    return next((roles[each] for each in arguments if each in roles), None)


async def raters_ready(wire: RpcWire, count: int) -> bool:
    """Tell whether so many raters are up at a balancer and price by a tariff."""
    try:
        figures = await wire.call("Responder.Metrics", {})
    except (LostError, RefusedError):
        return False
    raters = figures["raters"]
    return len(raters) >= count and all(rater["counters"].get("tariff_revision") for rater in raters)


async def store_answers(wire: RpcWire) -> bool:
    """Tell whether every account can be read from the store."""
    calls = [
        wire.call("Responder.GetAccount", {"CstmId": CUSTOMER, "Subject": each}) for each in folder.ACCOUNTS
    ]
    answers = await asyncio.gather(*calls, return_exceptions=True)
    return not any(isinstance(answer, LostError) for answer in answers)


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Ask again and again until it holds: what other processes do sets no event here."""
    while not await holds():  # noqa: ASYNC110 -- just said
        await asyncio.sleep(POLL_S)


async def listening(address: Address) -> None:
    """Wait until something accepts connections there."""

    async def accepts() -> bool:
        try:
            _, writer = await asyncio.open_connection(*address)
        except OSError:
            return False
        writer.close()
        return True

    await until(accepts)


async def gone(pids: Sequence[int]) -> None:
    """Wait until none of these processes is there any more."""

    async def absent() -> bool:
        return not any(is_there(pid) for pid in pids)

    await until(absent)


def is_there(pid: int) -> bool:
    """Tell whether there is such a process."""
    return Path(f"/proc/{pid}").exists()
