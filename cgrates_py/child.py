"""One supervised process: started, watched, started again when it dies, stopped when asked."""

import asyncio
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from cgrates_py.process import SUPERVISOR_PID

PAUSES_S = (0.0, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
"""Before each start after a death; the last repeats. The first is none: most deaths are single."""
STEADY_S = 10.0
"""A process that lived this long begins anew with no pause."""

_log = structlog.get_logger(__name__)


class Backoff:
    """Tells how long to wait before the next start."""

    def __init__(self, pauses_s: Sequence[float] = PAUSES_S) -> None:
        self.deaths = 0
        self._pauses_s = pauses_s

    def pause_s(self, lived_s: float) -> float:
        """Count a death after ``lived_s`` seconds of life, and tell the pause."""
        if lived_s >= STEADY_S:
            self.deaths = 0
        pause = self._pauses_s[min(self.deaths, len(self._pauses_s) - 1)]
        self.deaths += 1
        return pause


class Child:
    """Runs ``python -m cgrates_py COMMAND`` until it is stopped; its settings come by environment."""

    def __init__(self, name: str, command: str, environment: Mapping[str, str]) -> None:
        self.name = name
        self._command = command
        tree = str(Path(__file__).parents[1])
        self._environment = {
            **os.environ,
            **environment,
            "PYTHONPATH": os.pathsep.join(filter(None, (tree, os.environ.get("PYTHONPATH")))),
            SUPERVISOR_PID: str(os.getpid()),
        }
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopping = False
        self.backoff = Backoff()

    @property
    def pid(self) -> int | None:
        """The id of the running process."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start the process, and again whenever it dies."""
        self._task = asyncio.create_task(self._keep_running(), name=self.name)

    async def stop(self, grace_s: float) -> None:
        """Ask the process to end; kill it after ``grace_s`` seconds."""
        self._stopping = True
        if self._task is None:
            return
        if self._process is None:
            self._task.cancel()
        else:
            self._signal("terminate")
        _, late = await asyncio.wait({self._task}, timeout=grace_s)
        if late:
            _log.warning("killed", child=self.name, after_s=grace_s)
            self.kill()
            await asyncio.wait({self._task})

    def kill(self) -> None:
        """End the process at once."""
        self._stopping = True
        self._signal("kill")

    def _stopped(self) -> bool:
        return self._stopping  # by a function, because it changes during an await

    def _signal(self, how: str) -> None:
        if self._process is not None and self._process.returncode is None:
            with suppress(ProcessLookupError):
                getattr(self._process, how)()

    async def _keep_running(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._stopping:
            started_s = loop.time()
            status = await self._run_once()
            if self._stopped():
                return
            pause_s = self.backoff.pause_s(loop.time() - started_s)
            _log.warning("died, starting it again", child=self.name, status=status, pause_s=pause_s)
            await asyncio.sleep(pause_s)

    async def _run_once(self) -> int:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # a folder of the working directory must not pass for one of our packages
            "-m",
            "cgrates_py",
            self._command,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,  # ours has one line, and that is the supervisor's
            start_new_session=True,  # Ctrl-C reaches the supervisor alone, which stops things in order
        )
        _log.info("started", child=self.name, child_pid=self._process.pid)
        if self._stopped():
            self._signal("terminate")
        try:
            return await self._process.wait()
        finally:
            self._process = None
