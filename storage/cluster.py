"""Links to the masters of a Valkey Cluster: every command goes to the one that has its key's slot.

What is known of the slots is a guess that the cluster corrects: a node that is asked for a slot of another
says where it is (MOVED), or where this one key is while its slot moves (ASK), and then has done nothing. So a
command is simply sent again.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import hiredis
import structlog
from redis.crc import REDIS_CLUSTER_HASH_SLOTS as SLOTS
from redis.crc import key_slot

from storage.connector import Connector
from storage.limits import StoreLimits
from storage.link import Counters, Link, pack
from storage.store import StoreUnavailableError

_log = structlog.get_logger(__name__)

Address = tuple[str, int]
_Range = tuple[int, int, Address]

REFRESH_S = 1.0
"""How often the slots are asked for anyway: so long may a quote trust an account that moved silently."""

RETRY_S = 0.02
"""Pause before the slots are asked for again, or a command is sent again whose keys are on their way."""

REDIRECTS_MAX = 8
"""More in a row are no move but nodes that contradict each other."""

_ASKING = pack("ASKING")
_CLUSTER_SLOTS = pack("CLUSTER", "SLOTS")
_OUTDATED = frozenset({"MOVED", "CLUSTERDOWN", "READONLY", "MASTERDOWN"})
"""Refusals that may mean that another node has the slot by now."""


def redirect_of(reply: Any) -> str:
    """Tell the word that a refusal begins with, if it stands for another time or another node."""
    word = str(reply).split(" ", 1)[0]
    return word if word in _OUTDATED or word in ("ASK", "TRYAGAIN") else ""


def target_of(refusal: str, asked: str) -> Address:
    """Read the address of ``MOVED slot host:port``; without a host it is that of the node ``asked``."""
    host, _, port = refusal.split(" ")[2].rpartition(":")
    return host.strip("[]") or asked, int(port)


class Cluster:
    """One connector for each master. ``seed`` is connected to any node, and stays a way to ask for the slots.

    ``on_moved`` is called when slots have another master: the old one will not tell of changes any more.
    """

    def __init__(
        self,
        seed: Connector,
        connect: Callable[[Address, Counters, Callable[[], None]], Connector],
        limits: StoreLimits,
        on_moved: Callable[[], None],
    ) -> None:
        self.counters = seed.counters
        self._seed = seed
        self._connect = connect
        self._limits = limits
        self._on_moved = on_moved
        self._nodes: dict[Address, Connector] = {}
        self._slots: list[Address | None] = [None] * SLOTS
        self._news = asyncio.Event()
        self._outdated = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closing: set[asyncio.Task[None]] = set()
        self._waiting = 0

    async def open(self) -> None:
        """Learn the slots and connect to their masters. Raises StoreUnavailableError.

        A master that is down does not keep the others from being used.
        """
        await self._refresh()
        self._task = asyncio.create_task(self._keep_fresh(), name="cluster slots")
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.connect_s):
                while not all(node.link_of() for node in self._nodes.values()):
                    await self._news.wait()
        if not any(node.link_of() for node in self._nodes.values()):
            raise StoreUnavailableError("no master of the cluster can be reached")

    async def close(self) -> None:
        """Disconnect; waiting calls fail."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
        await asyncio.gather(self._seed.close(), *(node.close() for node in self._nodes.values()))

    @property
    def masters(self) -> list[Address]:
        """The masters that have slots, as far as is known."""
        return list(dict.fromkeys(address for address in self._slots if address is not None))

    def address_of(self, name: bytes) -> Address | None:
        """Tell the master that has a key."""
        return self._slots[key_slot(name)]

    def link_of(self, name: bytes) -> Link | None:
        """Tell the connection to the master that has a key, if it is up."""
        node = self._nodes.get(self._slots[key_slot(name)])  # type: ignore[arg-type]  # -- None is no node
        return node.link_of() if node is not None else None

    async def call(self, name: bytes, packed: bytes) -> Any:
        """Send a packed command to where ``name`` is and return its reply; follow it where it moved.

        Without a connection this waits for the next one. Raises StoreUnavailableError.
        """
        slot = key_slot(name)
        give_up_s = asyncio.get_running_loop().time() + self._limits.deadline_s
        asked: Connector | None = None
        reply: Any = None
        redirects = 0
        while redirects < REDIRECTS_MAX:
            link = await self._link(slot, asked, give_up_s)
            if asked is not None:
                link.post(_ASKING, _ignore)
            reply = await link.send(packed)
            word = redirect_of(reply) if type(reply) is hiredis.ReplyError else ""
            asked = None
            if word == "MOVED":
                self.moved(str(reply))
            elif word == "ASK":
                asked = self._node(target_of(str(reply), self._host_of(slot)))
            elif word == "TRYAGAIN" and asyncio.get_running_loop().time() < give_up_s:
                await asyncio.sleep(RETRY_S)
                continue
            else:
                if word:
                    self._outdated.set()
                return reply
            redirects += 1
        return reply

    def moved(self, refusal: str) -> None:
        """Take a node's word for where a slot is, and ask for all of them."""
        slot = int(refusal.split(" ")[1])
        address = target_of(refusal, self._host_of(slot))
        self._node(address)
        if self._slots[slot] != address:
            self._slots[slot] = address
            self._on_moved()
        self._outdated.set()

    def _host_of(self, slot: int) -> str:
        address = self._slots[slot]
        return address[0] if address is not None else ""

    def _node(self, address: Address) -> Connector:
        node = self._nodes.get(address)
        if node is None:
            node = self._nodes[address] = self._connect(address, self.counters, self._turned)
            node.start()
        return node

    def _turned(self) -> None:
        """Wake those who wait for a link; a node that was lost may have been replaced."""
        self._outdated.set()
        self._tell()

    def _tell(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    async def _link(self, slot: int, asked: Connector | None, give_up_s: float) -> Link:
        """Wait for a link to the master of a slot, or to the node that was named for once."""
        while True:
            address = self._slots[slot]
            node = asked or (self._nodes.get(address) if address is not None else None)
            if node is not None and (link := node.link_of()) is not None:
                return link
            reason = node.reason if node is not None else "no node of the cluster has this account"
            if self._waiting >= self._limits.outstanding_max:
                raise StoreUnavailableError(reason)
            self._waiting += 1
            try:
                async with asyncio.timeout_at(give_up_s):
                    await self._news.wait()
            except TimeoutError:
                raise StoreUnavailableError(reason) from None
            finally:
                self._waiting -= 1

    async def _keep_fresh(self) -> None:
        while True:
            try:
                async with asyncio.timeout(REFRESH_S):
                    await self._outdated.wait()
                    await asyncio.sleep(RETRY_S)  # many hear of one change
            except TimeoutError:
                pass
            self._outdated.clear()
            try:
                await self._refresh()
            except StoreUnavailableError as error:
                _log.info("no node tells the slots of the cluster", reason=str(error))
                await asyncio.sleep(REFRESH_S)
            except Exception:
                _log.exception("the slots of the cluster cannot be read")
                await asyncio.sleep(REFRESH_S)

    async def _refresh(self) -> None:
        """Ask every node who has which slots, and believe most: one that was cut off knows old ones."""
        links = [link for node in (*self._nodes.values(), self._seed) if (link := node.link_of()) is not None]
        told = Counter(await asyncio.gather(*map(self._ask, links)))
        del told[()]
        if not told:
            raise StoreUnavailableError(
                self._seed.reason if not links else "the cluster does not tell its slots"
            )
        self._learn(told.most_common(1)[0][0])

    async def _ask(self, link: Link) -> tuple[_Range, ...]:
        try:
            async with asyncio.timeout(self._limits.connect_s):
                reply = await link.send(_CLUSTER_SLOTS)
        except (TimeoutError, StoreUnavailableError):
            return ()
        if not isinstance(reply, list):
            return ()
        ranges = [
            (first, last, ((host or b"").decode() or link.host, port))
            for first, last, (host, port, *_), *_replicas in reply
        ]
        return tuple(sorted(ranges))

    def _learn(self, ranges: tuple[_Range, ...]) -> None:
        slots: list[Address | None] = [None] * SLOTS
        for first, last, address in ranges:
            slots[first : last + 1] = [address] * (last + 1 - first)
        before, self._slots = self._slots, slots
        if before == slots:
            return
        masters = self.masters
        for address in masters:
            self._node(address)
        for address in self._nodes.keys() - set(masters):
            self._drop(address)
        self._tell()
        if any(was is not None and was != now for was, now in zip(before, slots, strict=True)):
            _log.info("slots of the cluster moved", masters=len(masters))
            self._on_moved()

    def _drop(self, address: Address) -> None:
        """Close the link to a node that has no slots; what waits for it is told to ask again."""
        task = asyncio.get_running_loop().create_task(self._nodes.pop(address).close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _ignore(_reply: object) -> None:
    """What ASKING answers concerns nobody: the command after it tells."""
