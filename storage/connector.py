"""Keeps the fast link to a server up; ``redis.asyncio`` reads its URL and makes its TLS context."""

import asyncio
import random
from collections.abc import Callable
from typing import Any

import hiredis
import structlog
from redis.asyncio.connection import SSLConnection, parse_url

from storage.acked import AckedLink
from storage.limits import StoreLimits
from storage.link import Counters, Link, pack
from storage.store import StoreError, StoreUnavailableError

_log = structlog.get_logger(__name__)

_PORT = 6379
_SWEEPS_PER_DEADLINE = 16


class Connector:
    """Keeps one Link up: connects again with bounded, jittered backoff until it is closed.

    ``greet`` runs on every new link before any call does; ``on_push`` gets the server's notifications, and
    ``on_turn`` hears of every link that came up or went down. ``address`` takes the place of the URL's.
    """

    def __init__(
        self,
        url: str,
        limits: StoreLimits,
        greet: Callable[[Link], Any],
        on_push: Callable[[list[Any]], None],
        jitter: Callable[[], float] = random.random,
        *,
        address: tuple[str, int] | None = None,
        counters: Counters | None = None,
        on_turn: Callable[[], None] = lambda: None,
    ) -> None:
        self.counters = counters or Counters()
        self._settings: dict[str, Any] = dict(parse_url(url))
        if address is not None:
            self._settings |= {"host": address[0], "port": address[1]}
        self._limits = limits
        self._greet = greet
        self._on_push = on_push
        self._on_turn = on_turn
        self._jitter = jitter
        self._link: Link | None = None
        self._up = asyncio.Event()
        self._reason = "not connected to the store yet"
        self._task: asyncio.Task[None] | None = None
        self._waiting = 0

    async def open(self) -> None:
        """Connect. Raises StoreUnavailableError when the deadline passes first."""
        self.start()
        try:
            await self._wait_up()
        except BaseException:
            await self.close()
            raise

    def start(self) -> None:
        """Begin to connect."""
        self._task = asyncio.create_task(self._keep_up(), name="store connection")

    async def close(self) -> None:
        """Disconnect; waiting calls fail."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._task = None

    @property
    def reason(self) -> str:
        """Why there is no connection."""
        return self._reason

    def link_of(self, _name: bytes = b"") -> Link | None:
        """Tell the connection that is up now: one server has all keys."""
        return self._link

    async def call(self, _name: bytes, packed: bytes) -> Any:
        """Send a packed command and return its reply, an error as a ``hiredis.ReplyError``.

        Without a connection this waits for the next one. Raises StoreUnavailableError.
        """
        link = self._link
        if link is None:
            link = await self._wait_up()
        return await link.send(packed)

    async def _wait_up(self) -> Link:
        if self._waiting >= self._limits.outstanding_max:
            raise StoreUnavailableError(self._reason)
        self._waiting += 1
        try:
            async with asyncio.timeout(self._limits.deadline_s):
                while self._link is None:
                    await self._up.wait()
                return self._link
        except TimeoutError:
            raise StoreUnavailableError(self._reason) from None
        finally:
            self._waiting -= 1

    async def _keep_up(self) -> None:
        backoff = self._limits.backoff_min_s
        connected_before = False
        while True:
            try:
                async with asyncio.timeout(self._limits.connect_s):
                    link = await self._connect()
            except Exception as error:  # whatever it is, the next attempt may succeed, and callers hear why
                if not isinstance(error, OSError | TimeoutError | StoreError | ValueError):
                    _log.exception("the connection to the store failed")
                self._reason = f"cannot reach the store: {str(error) or 'no answer'}"
                await asyncio.sleep(backoff * (0.5 + self._jitter() / 2))
                backoff = min(backoff * 2, self._limits.backoff_max_s)
                continue
            backoff = self._limits.backoff_min_s
            self.counters.reconnects += connected_before
            connected_before = True
            await self._serve(link)

    async def _serve(self, link: Link) -> None:
        link.on_lost = self._down
        if not link.lost.done():
            self._link = link
            self._up.set()
            self._on_turn()
        period = self._limits.deadline_s / _SWEEPS_PER_DEADLINE
        try:
            while not link.lost.done():
                await asyncio.wait([link.lost], timeout=period)
                link.sweep(self._limits.deadline_s)
        finally:
            link.abort("the store connection was closed")
        _log.warning("store connection lost", reason=self._reason)

    def _down(self, reason: str) -> None:
        self._link = None
        self._up.clear()
        self._reason = reason
        self._on_turn()

    async def _connect(self) -> Link:
        loop = asyncio.get_running_loop()
        link = self._new_link(loop)
        link.on_push = self._on_push
        settings = self._settings
        if path := settings.get("path"):
            await loop.create_unix_connection(lambda: link, path)
        else:
            tls = None
            if settings.get("connection_class") is SSLConnection:
                tls = SSLConnection(**_tls_settings(settings)).ssl_context.get()
            link.host, port = settings.get("host", "localhost"), settings.get("port", _PORT)
            await loop.create_connection(lambda: link, link.host, port, ssl=tls)
        try:
            await self._hello(link)
            await self._greet(link)
        except BaseException:
            link.abort("the store refused the connection")
            raise
        return link

    def _new_link(self, loop: asyncio.AbstractEventLoop) -> Link:
        limits = self._limits
        if not limits.replicas:
            return Link(loop, self.counters, limits.outstanding_max)
        return AckedLink(loop, self.counters, limits.outstanding_max, limits.replicas, limits.replicas_s)

    async def _hello(self, link: Link) -> None:
        settings = self._settings
        hello = ["HELLO", "3"]
        if password := settings.get("password"):
            hello += ["AUTH", settings.get("username") or "default", password]
        commands = [hello, ["CLIENT", "SETNAME", "cgrates-py"], ["CLIENT", "TRACKING", "ON", "NOLOOP"]]
        if settings.get("db"):
            commands.append(["SELECT", str(settings["db"])])
        replies = await asyncio.gather(*[link.send(pack(*command)) for command in commands])
        for reply in replies:
            if isinstance(reply, hiredis.ReplyError):
                raise StoreUnavailableError(f"the store refused the connection: {reply}")
        link.in_cluster = replies[0].get(b"mode") == b"cluster"


def _tls_settings(settings: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if name.startswith("ssl_")}
