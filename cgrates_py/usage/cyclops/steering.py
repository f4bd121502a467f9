"""What a request makes Cyclops RC do: rate or charge now, start and stop its scheduler."""

import asyncio
from collections.abc import Coroutine
from dataclasses import replace

import structlog

from cgrates_py.lane import Shop
from cgrates_py.usage.cyclops.asking import CONFLICT, TEXT, Call, RefusedError, receipt_of
from cgrates_py.usage.cyclops.generating import ConflictError, Generator, Run
from cgrates_py.usage.cyclops.remote import RemoteError
from cgrates_py.usage.cyclops.scheduler import Command
from cgrates_py.usage.cyclops.sources import RuleError
from cgrates_py.usage.cyclops.states import States
from protocol.usage import DialectAnswer
from rater.usage.cyclops import Window
from storage.cyclops_state import CyclopsState

_log = structlog.get_logger(__name__)

FAILED = "Operation Failed"


class Steering:
    """Answers ``/generate/…`` and ``/scheduler/…``. ``key_ttl_s``: how long an Idempotency-Key is known."""

    def __init__(
        self, shop: Shop, states: States, generator: Generator, frequency_ns: int, key_ttl_s: int
    ) -> None:
        self._shop = shop
        self._states = states
        self._generator = generator
        self._frequency_ns = frequency_ns
        self._key_ttl_s = key_ttl_s
        self._runs = set[asyncio.Task[Run]]()

    async def generate(self, call: Call) -> DialectAnswer:
        """Write a point of every rate, or charge. Raises StoreError and RefusedError."""
        action = call.name.lower()
        if action == "t-cdr":
            return DialectAnswer(200, TEXT, "The T-Nova cdr generation was successful")
        receipt = receipt_of(call, b"", self._key_ttl_s)
        try:
            if action == "rate":
                done = await self._to_its_end(self._generator.rates([call.now_ns], receipt))
            elif action == "cdr":
                window = Window(call.now_ns - self._frequency_ns, call.now_ns)
                done = await self._to_its_end(self._generator.charges([window], receipt))
            else:
                return DialectAnswer(200, TEXT, FAILED)
        except ConflictError:
            raise RefusedError(409, CONFLICT) from None
        except (RemoteError, RuleError) as error:
            _log.warning("nothing generated", action=action, reason=str(error))
            return DialectAnswer(200, TEXT, FAILED)
        return DialectAnswer(200, TEXT, f"The {action} generation was successful" if done.rows else FAILED)

    async def _to_its_end(self, run: Coroutine[None, None, Run]) -> Run:
        """Wait for a run, which goes on if nobody waits any more: begun anew it would take as long again."""
        task = asyncio.create_task(run)
        self._runs.add(task)
        task.add_done_callback(self._ended)
        return await asyncio.shield(task)

    def _ended(self, task: asyncio.Task[Run]) -> None:
        self._runs.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("a run ended early", reason=str(error))

    async def schedule(self, call: Call) -> DialectAnswer:
        """Tell about the scheduler or change it. Raises StoreError."""
        try:
            command = Command(call.name.lower())
        except ValueError:
            said = "Unsupported command - use either start, restart, stop, status or force"
            return DialectAnswer(200, TEXT, said)
        if command is Command.FORCE:
            self._shop.run(self._force(call.now_ns))
            return DialectAnswer(200, TEXT, "Records pulled manually")
        if command is Command.STATUS:
            running = (await self._states.read()).running
            return DialectAnswer(200, TEXT, "running" if running else "stopped")

        def change(state: CyclopsState) -> CyclopsState:
            if command is Command.STOP:
                return replace(state, running=False)
            if command is Command.START and state.running:
                return state
            return replace(state, running=True, started_ns=call.now_ns)

        before, _ = await self._states.change(change)
        said = {
            Command.START: "Scheduler has already been started" if before.running else "Scheduler started",
            Command.STOP: "Scheduler stopped" if before.running else "Scheduler was not running",
            Command.RESTART: "Scheduler restarted",
        }[command]
        return DialectAnswer(200, TEXT, said)

    async def _force(self, now_ns: int) -> None:
        """Rate and charge now, also while the scheduler is stopped; it is said to be done before it is."""
        try:
            await self._generator.rates([now_ns])
        except (RemoteError, RuleError) as error:
            _log.warning("forced run: no rates", reason=str(error))
        except Exception:
            _log.exception("forced run failed")
            return
        try:
            await self._generator.charges([Window(now_ns - self._frequency_ns, now_ns)])
        except Exception:
            _log.exception("forced run failed")
