"""A Valkey Cluster of three masters on this machine, of the same binary as the embedded store."""

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import redis

from storage.embedded import _binary

SLOTS = 16_384
UP_WITHIN_S = 20.0
RANGES = ((0, 5460), (5461, 10922), (10923, 16383))


def free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


class Node:
    """One server of the cluster."""

    def __init__(self, directory: Path, port: int, bus: int, *more: str) -> None:
        directory.mkdir(exist_ok=True)
        self.port, self.bus, self._directory, self._more = port, bus, directory, more
        self.admin = redis.Redis(host="127.0.0.1", port=port)
        self.start()

    def start(self) -> None:
        words = {
            "port": self.port, "cluster-port": self.bus, "bind": "127.0.0.1", "dir": self._directory,
            "cluster-enabled": "yes", "cluster-config-file": "nodes.conf", "cluster-node-timeout": 1000,
            "cluster-require-full-coverage": "no", "appendonly": "yes", "appendfsync": "always", "save": "",
            "logfile": self._directory / "log", "repl-diskless-sync-delay": 0,
        }  # fmt: skip
        options = [text for name, value in words.items() for text in (f"--{name}", str(value))]
        self.process = subprocess.Popen([_binary(), *options, *self._more], stdout=subprocess.DEVNULL)
        until(self._answers)

    def _answers(self) -> bool:
        with contextlib.suppress(redis.exceptions.RedisError):
            return bool(self.admin.ping())
        return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        self.admin.close()
        self.kill()

    def ask(self, *command: str | int | bytes) -> Any:
        return self.admin.execute_command(*command)  # type: ignore[no-untyped-call]  # -- redis-py's own

    @property
    def id(self) -> str:
        return str(self.ask("CLUSTER", "MYID").decode())


def until(condition: Callable[[], bool]) -> None:
    """Wait for another process; there is nothing that tells of it."""
    give_up = time.monotonic() + UP_WITHIN_S
    while not condition():
        assert time.monotonic() < give_up, "waited in vain for the cluster"
        os.sched_yield()


class ValkeyCluster:
    """Three masters with a third of the slots each."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.nodes[0].port}"

    def flush(self) -> None:
        for node in self.nodes:
            node.admin.flushall()

    def owner(self, slot: int) -> Node:
        """The node that has a slot by the word of all of them."""
        (port,) = {self._owner_by(node, slot) for node in self.nodes}
        return next(node for node in self.nodes if node.port == port)

    def _owner_by(self, node: Node, slot: int) -> int:
        for first, last, master, *_ in node.ask("CLUSTER", "SLOTS"):
            if first <= slot <= last:
                return int(master[1])
        return 0

    def is_whole(self) -> bool:
        """Whether every node knows every other and all the slots."""
        states = [node.ask("CLUSTER", "INFO") for node in self.nodes]
        known = [len(node.ask("CLUSTER", "SLOTS")) for node in self.nodes]
        return min(known) >= len(RANGES) and all(b"cluster_state:ok" in state for state in states)

    def agree(self, slot: int, node: Node) -> bool:
        return {node.port} == {
            self._owner_by(each, slot) for each in self.nodes if each.process.poll() is None
        }

    def move(self, slot: int, target: Node) -> None:
        """Move a slot key by key, the way that every version knows."""
        source = self.owner(slot)
        target.ask("CLUSTER", "SETSLOT", slot, "IMPORTING", source.id)
        source.ask("CLUSTER", "SETSLOT", slot, "MIGRATING", target.id)
        while names := source.ask("CLUSTER", "GETKEYSINSLOT", slot, 100):
            source.ask("MIGRATE", "127.0.0.1", target.port, "", 0, 5000, "KEYS", *names)
        for node in (target, source, *self.nodes):
            node.ask("CLUSTER", "SETSLOT", slot, "NODE", target.id)
        until(lambda: self.agree(slot, target))


@contextmanager
def valkey_cluster(directory: Path) -> Iterator[ValkeyCluster]:
    with ExitStack() as stack:
        ports = free_ports(6)
        nodes = []
        for number in range(3):
            node = Node(directory / str(number), ports[2 * number], ports[2 * number + 1])
            stack.callback(node.close)
            nodes.append(node)
        for node, (first, last) in zip(nodes, RANGES, strict=True):
            node.ask("CLUSTER", "ADDSLOTSRANGE", first, last)
        for node in nodes[1:]:
            nodes[0].ask("CLUSTER", "MEET", "127.0.0.1", node.port, node.bus)
        cluster = ValkeyCluster(nodes)
        until(cluster.is_whole)
        yield cluster
