"""What every process of ours does alike: end with its supervisor, stop on a signal, listen."""

import asyncio
import ctypes
import gc
import os
import resource
import signal
import socket
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

from cgrates_py.address import Address
from cgrates_py.garbage import look_rarely

SUPERVISOR_PID = "CGRATES_SUPERVISOR_PID"
"""Environment: the process that started this one and that it must not outlive."""
BACKLOG = 1024
"""Connections that wait to be accepted: a fleet of switches that all connect again at once."""

_PR_SET_PDEATHSIG = 1


class ListenError(Exception):
    """An address cannot be listened on. The text says which and why."""


def die_with_supervisor() -> None:
    """Have the kernel end this process when its supervisor ends, however that happens."""
    supervisor = os.environ.get(SUPERVISOR_PID)
    if supervisor is None:
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != int(supervisor):  # it ended before the line above
        os.kill(os.getpid(), signal.SIGKILL)


def allow_open_files() -> None:
    """Raise the limit of open files to what the system lets this process have: connections are files."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):  # a system that says no has its reasons
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def reserve(host: str, port: int) -> socket.socket:
    """Bind a TCP socket (port 0: a free one) that does not listen. Raises ListenError.

    While it is open, this machine gives its port to nobody who asks for a free one; a process of ours that
    names the port can listen there all the same (SO_REUSEADDR), and again after it was restarted.
    """
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        reserved = socket.socket(family, kind, protocol)
        try:
            reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            reserved.bind(address)
        except OSError:
            reserved.close()
            raise
    except OSError as error:
        raise ListenError(f"cannot listen on {Address(host, port)}: {error.strerror or error}") from None
    return reserved


def listen(host: str, port: int) -> socket.socket:
    """Open a listening TCP socket (port 0: a free one). Raises ListenError."""
    listener = reserve(host, port)
    try:
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise ListenError(f"cannot listen on {Address(host, port)}: {error.strerror or error}") from None
    listener.setblocking(False)
    return listener


def bound(listening: socket.socket) -> Address:
    """Tell the address that a socket listens on."""
    host, port = listening.getsockname()[:2]
    return Address(host, port)


def settle_memory() -> None:
    """Spare what is in memory now from the garbage collector: modules, tariffs, what lives as long as we do.

    A collection then looks at what requests left behind and nothing else. What the allocator holds for nobody
    goes back to the system, where the C library can do that: of a large tariff a tenth of a rater.
    """
    look_rarely()
    gc.freeze()
    if (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)


def run_until_signal(work: Coroutine[Any, Any, None], stop: asyncio.Event | None = None) -> None:
    """Run ``work`` under uvloop. SIGINT or SIGTERM sets ``stop``; without one it cancels the work."""
    import uvloop  # noqa: PLC0415 -- the command line's other commands do without

    async def supervised() -> None:
        loop = asyncio.get_running_loop()
        task = loop.create_task(work)
        on_signal = task.cancel if stop is None else stop.set
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, on_signal)
        try:
            await task
        except asyncio.CancelledError:
            if not task.cancelled():
                raise

    uvloop.run(supervised())
