"""Rates and charges every so often, in one rater of a store, each window once.

Whoever holds the lease runs what is due: the windows since the one that was charged last, also those that
nobody was there to run. The marks of rating and charging move with what they are about, so a rater that dies
between the two, or one that was slow to notice that its lease is over, changes nothing twice.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from enum import StrEnum

import structlog

from cgrates_py.clock import Clock
from cgrates_py.usage.cyclops.books import LAST_RATED, LAST_RUN, Books, ns_bytes, read_ns
from cgrates_py.usage.cyclops.generating import Generator
from cgrates_py.usage.cyclops.remote import RemoteError
from cgrates_py.usage.cyclops.sources import RuleError
from cgrates_py.usage.cyclops.states import States
from rater.usage.cyclops import due
from storage.cyclops_state import CyclopsState
from storage.daybook import Mark
from storage.store import StoreError

_log = structlog.get_logger(__name__)

POLL_S = 1.0
"""How often it is looked whether a window is due."""
LEASE_S = 10.0
"""A rater that dies is followed by another after this long."""

Lease = Callable[[int], Awaitable[bool]]
"""Become the one that runs windows, or stay it, for so many milliseconds; tells whether."""


class Command(StrEnum):
    """What a scheduler can be told."""

    START = "start"
    STOP = "stop"
    RESTART = "restart"
    STATUS = "status"
    FORCE = "force"


class Scheduler:
    """Runs windows while ``run`` runs."""

    def __init__(
        self,
        lease: Lease,
        books: Books,
        states: States,
        generator: Generator,
        clock: Clock,
        frequency_ns: int,
    ) -> None:
        self._lease = lease
        self._books = books
        self._states = states
        self._generator = generator
        self._clock = clock
        self._frequency_ns = frequency_ns
        self.runs = 0
        """How many windows this rater has run."""

    @property
    def unrated(self) -> int:
        """How many times a meter was not charged here because it has no rate."""
        return self._generator.unrated

    async def run(self) -> None:
        """Run what is due, for ever; wait while another rater does, or the store is away."""
        away = False
        while True:
            try:
                if await self._lease(int(LEASE_S * 1000)):
                    await self.tick()
                away = False
            except StoreError as error:
                if not away:
                    _log.info("no windows are run while the store is away", reason=str(error))
                away = True
            except Exception:
                _log.exception("a scheduled run failed")
            await asyncio.sleep(POLL_S)

    async def tick(self) -> int:
        """Run the windows that are due now; tell how many. Raises StoreError."""
        state = await self._states.read()
        if state.running and not state.started_ns:
            _, state = await self._states.change(self._begun)
        if not state.running:
            return 0
        run, rated = await self._books.marks([LAST_RUN, LAST_RATED])
        now_ns = self._clock.now_ns()
        windows = due(now_ns, read_ns(run), state.started_ns, self._frequency_ns)
        if not windows:
            return 0
        after = ns_bytes(windows[-1].upto_ns)
        rated_ns = read_ns(rated)
        times = [each.upto_ns for each in windows if rated_ns is None or each.upto_ns > rated_ns]
        try:
            if times:
                await self._generator.rates(times, marks=[Mark(LAST_RATED, rated, after)])
        except (RemoteError, RuleError) as error:
            _log.warning("a window is charged without rates of its own", reason=str(error))
        try:
            done = await self._generator.charges(windows, marks=[Mark(LAST_RUN, run, after)])
        except RemoteError as error:
            _log.warning("windows are not charged yet", reason=str(error), windows=len(windows))
            return 0
        if done.rows is None:
            return 0
        self.runs += len(windows)
        if done.rows:
            _log.info("charged", windows=len(windows), charges=done.rows)
        return len(windows)

    def _begun(self, state: CyclopsState) -> CyclopsState:
        return state if state.started_ns else replace(state, started_ns=self._clock.now_ns())
