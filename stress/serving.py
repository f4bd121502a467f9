"""Starts the programs that are measured, and ends each of them by its process id.

Should this process be killed, the kernel ends them.
"""

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from cgrates_py.process import SUPERVISOR_PID
from stress import traffic
from stress.client import JSONClient, RpcError

READY_S = 60.0
STOP_S = 15.0
LOAD_S = 300.0
IN_FORCE_S = 60.0
OUT_OF_REACH = "1000000000"

_PORTS = re.compile(r" rpc=127\.0\.0\.1:(\d+)(?: http=127\.0\.0\.1:(\d+))?")
_ANYWHERE = ("--rpc-port", "0", "--http-port", "0", "--rater-port", "0")


class ServingError(Exception):
    """A program to be measured did not start, or did not do its work. The text has its last words."""


@dataclass(frozen=True, slots=True)
class Running:
    """A program that is up: its process, its JSON-RPC port, how long it took to say so, its HTTP port."""

    pid: int
    port: int
    ready_s: float
    http_port: int = 0


@contextmanager
def running(arguments: Sequence[str], log: Path) -> Iterator[Running]:
    """Run ``python ARGUMENTS`` until the context ends. It says ``ready rpc=…`` on stdout when it is up."""
    started_s = time.monotonic()
    with log.open("ab") as stderr:
        process = subprocess.Popen(
            [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=stderr, env=environment()
        )
    try:
        port, http_port = _wait_ready(process, log)
        yield Running(process.pid, port, time.monotonic() - started_s, http_port)
    finally:
        _stop(process)


def serve(data_dir: Path, *more: str) -> Sequence[str]:
    """Tell the arguments of ``running`` for the whole server, on free ports."""
    return ("-m", "cgrates_py", "serve", "--data-dir", str(data_dir), *_ANYWHERE, *more)


def load(folder: Path, data_dir: Path) -> float:
    """Load a tariff folder into a server's store; tell how many seconds it took. Raises ServingError."""
    started_s = time.monotonic()
    _run("load", str(folder), "--data-dir", str(data_dir))
    return time.monotonic() - started_s


def make_key(data_dir: Path, port: int) -> str:
    """Make a key that the server asks everything about: it is for one tenant, and has limits out of reach.

    Returns when it is in force: from then on everybody is asked for a key. Raises ServingError.
    """
    options = ("--right", "charge", "--tenant", traffic.CUSTOMER, "--rate", OUT_OF_REACH)
    key = _run("key", "create", *options, "--in-flight", OUT_OF_REACH, "--data-dir", str(data_dir)).strip()
    give_up_s = time.monotonic() + IN_FORCE_S
    while time.monotonic() < give_up_s:
        with JSONClient(("127.0.0.1", port)) as rpc, suppress(RpcError):
            rpc.log_in(key)
            return key
        time.sleep(0.05)
    raise ServingError(f"the key is not in force after {IN_FORCE_S:g} s")


def _run(*arguments: str) -> str:
    """Run a command of ours to its end and return what it printed. Raises ServingError."""
    command = [sys.executable, "-m", "cgrates_py", *arguments]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=LOAD_S, env=environment(), check=False
    )
    if done.returncode:
        raise ServingError(f"{arguments[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


@contextmanager
def served(place: Path) -> Iterator[Running]:
    """Run the whole server in the directory ``place``, with the tariff and accounts of ``traffic``."""
    place.mkdir(parents=True, exist_ok=True)
    folder, data_dir = place / "tariff", data_of(place)
    traffic.write_folder(folder)
    with running(serve(data_dir), place / "serve.log") as server:
        load(folder, data_dir)
        wait_in_force(server.port)
        yield server


def data_of(place: Path) -> Path:
    """Tell the data directory of what ``served`` runs in ``place``."""
    return place / "data"


def wait_in_force(port: int) -> None:
    """Wait until every rater uses the tariff that was loaded. Raises ServingError after ``IN_FORCE_S``."""
    give_up_s = time.monotonic() + IN_FORCE_S
    with JSONClient(("127.0.0.1", port)) as rpc:
        while not all(
            rater["counters"].get("tariff_revision") for rater in rpc.call("Responder.Metrics", {})["raters"]
        ):
            if time.monotonic() > give_up_s:
                raise ServingError(f"the tariff is not in force after {IN_FORCE_S:g} s")
            time.sleep(0.05)


def children(pid: int, command: str) -> list[int]:
    """List the child processes of a server that run that command of ours."""
    found = []
    for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        arguments = Path(f"/proc/{text}/cmdline").read_bytes().split(b"\0")
        if b"cgrates_py" in arguments and command.encode() in arguments:
            found.append(int(text))
    return found


def memory_bytes(pid: int) -> tuple[int, int]:
    """Tell the resident memory of a process: (now, at its peak)."""
    status = Path(f"/proc/{pid}/status").read_text()
    now, peak = (
        int(line.split()[1]) * 1024
        for name in ("VmRSS:", "VmHWM:")
        for line in status.splitlines()
        if line.startswith(name)
    )
    return now, peak


def proportional_bytes(pid: int) -> int:
    """Tell the resident memory of a process, what it shares with others divided among them."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def environment() -> dict[str, str]:
    """Tell the environment without settings of ours, which leaves the defaults, and with us as supervisor."""
    root = str(Path(__file__).parents[1])
    plain = {name: value for name, value in os.environ.items() if not name.startswith("CGRATES_")}
    path = os.pathsep.join(filter(None, (root, plain.get("PYTHONPATH"))))
    return plain | {"PYTHONPATH": path, SUPERVISOR_PID: str(os.getpid())}


def _wait_ready(process: subprocess.Popen[bytes], log: Path) -> tuple[int, int]:
    stdout = process.stdout
    assert stdout is not None  # noqa: S101 -- a pipe was asked for
    line = ""
    if select.select([stdout], [], [], READY_S)[0]:
        line = stdout.readline().decode()
    match = _PORTS.search(line)
    if match is None:
        raise ServingError(f"{process.args!r} is not up:\n{line}{log.read_text()[-2000:]}")
    return int(match[1]), int(match[2] or 0)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
