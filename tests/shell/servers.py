"""Starts the product's own processes for tests, and waits for what they say."""

import contextlib
import io
import os
import queue
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest import mock

import structlog

from cgrates_py.cli import main

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-m", "cgrates_py"]
DEADLINE_S = 30.0

_READY = re.compile(r"ready rpc=127\.0\.0\.1:(\d+) http=127\.0\.0\.1:(\d+)(?: admin=127\.0\.0\.1:(\d+))?\n")


def environment(**more: str) -> dict[str, str]:
    """The environment without settings of ours, the tree importable from any directory.

    What Python compiles is kept, whatever is said here: else every process would compile the product anew.
    """
    plain = {name: value for name, value in os.environ.items() if not name.startswith("CGRATES_")}
    plain.pop("PYTHONDONTWRITEBYTECODE", None)
    return plain | {"PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])} | more


def run(*arguments: str | Path, cwd: Path | None = None, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
        env=environment(**more),
        cwd=cwd,
        check=False,
    )


_ONE_AT_A_TIME = threading.Lock()


def run_here(
    *arguments: str | Path, cwd: Path | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end within this process: the same as ``run`` without the start of Python.

    Not for tests of the process itself: its signals, its pipes, what its start needs. It runs in a thread of
    its own, because the test may have an event loop.
    """
    outputs = [io.TextIOWrapper(io.BytesIO(), "utf-8", newline="", write_through=True) for _ in range(2)]
    with (
        _ONE_AT_A_TIME,  # environment, arguments and outputs are those of the whole process
        mock.patch.dict(os.environ, environment(**more), clear=True),
        mock.patch.object(sys, "argv", ["cgrates-py", *map(str, arguments)]),
        contextlib.chdir(cwd or Path.cwd()),
        contextlib.redirect_stdout(outputs[0]),
        contextlib.redirect_stderr(outputs[1]),
        ThreadPoolExecutor(1) as thread,
    ):
        try:
            thread.submit(main).result(DEADLINE_S)
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else 1
        finally:
            structlog.reset_defaults()  # else logs of later tests would go where this command's went
    texts = [each.buffer.getvalue().decode().replace("\r\n", "\n") for each in outputs]
    return subprocess.CompletedProcess(sys.argv, code, *texts)


def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition, at most ``DEADLINE_S``."""
    give_up = time.monotonic() + DEADLINE_S
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < give_up, f"waited in vain for {what}"
        pause.wait(0.02)


class Running:
    """A process of ours: its lines on stdout as they come, its log on stderr in a file.

    Its data directory is beside its log unless it is told another: ``make run`` has one where tests run.
    """

    def __init__(self, log: Path, *arguments: str | Path, secret: str = "", **more: str) -> None:
        self.log = log
        self._lines: queue.Queue[str] = queue.Queue()
        with log.open("ab") as stderr:
            self.process = subprocess.Popen(
                [*COMMAND, *map(str, arguments)],
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                env=environment(
                    **{"CGRATES_DATA_DIR": str(log.parent / "own"), "CGRATES_SECRET": secret} | more
                ),
            )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stdout:
            for line in stdout:
                self._lines.put(line)
        self._lines.put("")

    def line(self) -> str:
        """The next line of stdout; empty at its end."""
        return self._lines.get(timeout=DEADLINE_S)

    def wait(self) -> int:
        return self.process.wait(DEADLINE_S)

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.wait()


class Server(Running):
    """``serve`` on free ports, ready when built."""

    def __init__(self, data_dir: Path, *more: str, **variables: str) -> None:
        super().__init__(
            data_dir.with_suffix(".log"),
            *("serve", "--data-dir", data_dir, "--rpc-port", "0", "--http-port", "0", "--rater-port", "0"),
            *more,
            **variables,
        )
        self.data_dir = data_dir
        self.ready_line = self.line()
        match = _READY.fullmatch(self.ready_line)
        assert match is not None, f"{self.ready_line!r}\n{self.log.read_text()}"
        self.rpc_port, self.http_port = int(match[1]), int(match[2])
        self.admin_port = int(match[3] or match[2])

    @property
    def rpc(self) -> str:
        return f"127.0.0.1:{self.rpc_port}"

    @property
    def http(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    def children(self) -> dict[str, int]:
        """The processes of the server by what they are: ``store``, or the command and a number."""
        found: dict[str, int] = {}
        pid = self.process.pid
        for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            with contextlib.suppress(FileNotFoundError):
                arguments = Path(f"/proc/{text}/cmdline").read_bytes().split(b"\0")
                ours = b"cgrates_py" in arguments
                name = arguments[arguments.index(b"cgrates_py") + 1].decode() if ours else "store"
                while name in found:
                    name += "'"
                found[name] = int(text)
        return found


def gone(pid: int) -> bool:
    """Whether a process has ended (a zombie has)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def ask(port: int, text: bytes) -> bytes:
    """Send bytes to a port of this machine and read one line."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(text)
        with connection.makefile("rb") as lines:
            return lines.readline()


@contextlib.contextmanager
def serving(data_dir: Path, *more: str, **variables: str) -> Iterator[Server]:
    """Run a server, with variables in its environment, for the length of a test."""
    server = Server(data_dir, *more, **variables)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()
