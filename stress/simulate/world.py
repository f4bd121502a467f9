"""One world: puts the machines of a plan together, lets time pass and things break, and has it judged."""

import asyncio
import gc
import logging
import random
from collections.abc import MutableMapping
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from typing import Any

import structlog

from rater.account import Account
from storage import journal, keys, records
from storage.store import Entry
from stress.simulate.callers import Caller, Record
from stress.simulate.clockwork import Clockwork, Loop
from stress.simulate.hosts import EPOCH_NS, BalancerHost, Host, RaterHost, StoreHost, nothing_left
from stress.simulate.judge import Judge
from stress.simulate.mutants import Mutant
from stress.simulate.network import Network
from stress.simulate.plan import TARIFFS, Ask, Fault, Kind, Plan, make
from stress.simulate.shelf import Shelf

WARM_S = 0.3
"""The processes are up by then; what callers do and what breaks begins after it."""

SETTLE_S = 25.0
"""Everything asked is answered so long after the last fault: callers' patience, twice, and reconnecting."""

REST_S = 6.0
"""And so long after that, nothing is left of it anywhere: the balancer's own deadline."""

_ERRORS = [b"-OOM command not allowed when used memory > 'maxmemory'.\r\n", b"-MISCONF the disk is full\r\n"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a world ended."""

    seed: int
    findings: tuple[str, ...]
    digest: str
    """Of everything that happened: two runs of a plan have the same."""
    events: int
    simulated_s: float
    trace: tuple[tuple[float, str], ...]


class World:
    """The machines of one plan."""

    def __init__(self, plan: Plan, mutant: Mutant) -> None:
        self.plan = plan
        self.mutant = mutant
        self.clockwork = Clockwork(plan.seed)
        self.network = Network(self.clockwork)
        self.shelf = Shelf(self.clockwork)
        mutant.network(self.network)
        mutant.shelf(self.shelf)
        self.loops: list[Loop] = []
        self.store = StoreHost(self, "store")
        self.balancer = BalancerHost(self, "balancer")
        self.raters = [RaterHost(self, f"r{number}") for number in range(plan.raters)]
        self.hosts: dict[str, Host] = {host.name: host for host in (self.store, self.balancer, *self.raters)}
        self.records = [Record(ask) for ask in plan.asks]
        self.troubles: dict[str, list[tuple[float, float]]] = {}
        """When a caller may wait longer than promised, because the balancer is not there or not reached."""
        self.tariffs = [0.0]
        """Since when each version is current."""

    def run(self) -> None:
        """Let the plan happen, then judge."""
        clockwork = self.clockwork
        for account in self.plan.accounts:
            self._open(account)
        self.shelf.set(keys.TARIFF_CURRENT, b"1")
        self.shelf.mark()
        self.shelf.sync()
        for host in self.hosts.values():
            host.start()
        clockwork.run(WARM_S, lambda: False)
        for fault in self.plan.faults:
            clockwork.at(WARM_S + fault.at, self._break, fault)
        ends_at = WARM_S + self.plan.ends_at
        self._call(self.records)
        clockwork.run(ends_at, lambda: False)
        if not clockwork.run(ends_at + SETTLE_S, lambda: all(record.settled for record in self.records)):
            clockwork.note("not everything is settled")
        last = self._last_words()
        self.records += last
        clockwork.run(
            clockwork.now + SETTLE_S, lambda: self._repeated.done() and all(record.settled for record in last)
        )
        rest_until = clockwork.now + REST_S
        while clockwork.now < rest_until and self._unrest():
            clockwork.run(clockwork.now + 0.25, lambda: False)
        self._judge(last)

    def close(self) -> None:
        """Take the world apart."""
        for loop in self.loops:
            loop.discard()

    def new_loop(self, name: str) -> Loop:
        """Make the loop of a process."""
        loop = Loop(self.clockwork, name, self.network)  # type: ignore[abstract]  # -- the rest nobody calls
        self.loops.append(loop)
        return loop

    def revive(self, host: Host, life: int) -> None:
        """Start a process again that ended, as a supervisor does."""
        if host.lives == life and host.loop.dead:
            host.start()

    # Before and after.

    def _open(self, account: Account) -> None:
        names = keys.of_account((account.customer, account.subject))
        entry = Entry(EPOCH_NS, "Create", "", 0, Account(account.customer, account.subject), account)
        element = journal.encode_element(records.NO_CHAIN, 0, account, [entry])
        self.shelf.push(names.journal, element)
        head = records.head(1, journal.chain_of(element))
        self.shelf.set(names.account, head + records.encode_account(account))

    def _call(self, wanted: list[Record]) -> None:
        for number in range(self.plan.callers):
            loop = self.new_loop(f"caller{number}")
            loop.spawn(
                _ask(loop, [record for record in wanted if record.ask.caller == number], self.clockwork.now)
            )

    def _last_words(self) -> list[Record]:
        """Ask for every account, and for what was answered once more."""
        now = self.clockwork.now
        numbers = range(10_000, 10_000 + len(self.plan.accounts))
        asks = [
            Ask(number, 0.0, 0, account.customer or "c2", account.subject, Kind.GET_ACCOUNT, 0, "")
            for number, account in zip(numbers, self.plan.accounts, strict=True)
        ]
        last = [Record(ask) for ask in asks]
        loop = self.new_loop("caller0")
        loop.spawn(_ask(loop, last, now))
        again = [record for record in self.records if record.ask.request_id and record.answer is not None]
        self._repeated = loop.spawn(_ask_again(loop, again[:5]))
        return last

    def _judge(self, last: list[Record]) -> None:
        clockwork = self.clockwork
        judge = Judge(self.plan, self.shelf, self.records, self.troubles, self.tariffs)
        for finding in judge.judge():
            clockwork.find(finding)
        if unrest := self._unrest():
            clockwork.find(unrest)
        for record in last:
            if record.answer is None or record.answer.error is not None:
                clockwork.find(f"after everything was whole again, {record.ask.subject} could not be read")

    def _unrest(self) -> str:
        """Tell what is not yet as it should be when nothing is asked and nothing breaks."""
        balancer = self.balancer.balancer
        if balancer is None:
            return "the balancer did not come back"
        if left := nothing_left(balancer):
            return f"left in the balancer: {left}"
        if len(balancer.pool.raters) != len(self.raters):
            return f"{len(balancer.pool.raters)} of {len(self.raters)} raters came back"
        return ""

    # What breaks.

    def _break(self, fault: Fault) -> None:
        host = self.hosts.get(fault.target)
        self.clockwork.note(f"{fault.kind} {fault.target} {fault.other} for {fault.seconds:.3f} s")
        if fault.kind in {"hold", "break", "stagger"}:
            self._break_path(fault)
        elif fault.kind == "tariff":
            self._publish()
        elif fault.kind == "refuse":
            self._refuse(fault)
        elif fault.kind == "strike":
            self._strike(fault)
        elif host is not None and not host.loop.dead:
            self._break_process(fault, host)

    def _break_process(self, fault: Fault, host: Host) -> None:
        loop, life = host.loop, host.lives
        if host is self.balancer:
            self._trouble([f"caller{number}" for number in range(self.plan.callers)], fault.seconds + 0.1)
        if fault.kind == "freeze":
            loop.freeze()
            self.clockwork.after(fault.seconds, loop.thaw)
        elif fault.kind == "slow":
            self._slow(loop, self.clockwork.now + fault.seconds)
        elif fault.kind == "leave":
            if host is self.balancer:
                self._trouble([f"caller{number}" for number in range(self.plan.callers)], 6.0)
            loop.spawn(self._leave(host, fault.seconds))
        elif fault.count and loop.is_busy:
            loop.doomed_in = fault.count
            loop.on_doom = lambda: self._die(host, life, fault)
        else:
            self._die(host, life, fault)

    def _die(self, host: Host, life: int, fault: Fault) -> None:
        if host.lives == life and not host.loop.dead:
            host.kill(silently=fault.kind == "vanish")
            self.clockwork.after(fault.seconds, self.revive, host, life)

    async def _leave(self, host: Host, seconds: float) -> None:
        life = host.lives
        await host.leave()
        self.clockwork.after(seconds, self.revive, host, life)

    def _slow(self, loop: Loop, until: float) -> None:
        if self.clockwork.now < until and not loop.dead:
            pause = self.clockwork.random.uniform(0.001, 0.3)
            loop.stall(pause)
            self.clockwork.after(pause + self.clockwork.random.uniform(0, 0.05), self._slow, loop, until)

    def _break_path(self, fault: Fault) -> None:
        one, other = fault.target, fault.other
        if one.startswith("caller"):
            self._trouble([one], fault.seconds + 0.1)
        if fault.kind == "break":
            self.network.break_streams(one, other)
        elif fault.kind == "hold":
            self.network.hold(one, other)
            self.clockwork.after(fault.seconds, self.network.let_go, one, other)
        else:
            self.network.path(one, other).slowness = 60.0
            self.clockwork.after(fault.seconds, self._hasten, one, other)

    def _hasten(self, one: str, other: str) -> None:
        self.network.path(one, other).slowness = 1.0

    def _strike(self, fault: Fault) -> None:
        if not self.store.loop.dead:
            victim = self.hosts[fault.other]
            life = victim.lives
            die = partial(self.clockwork.after, 0.0, self._die, victim, life, fault)
            self.store.server.strikes[fault.target] = die

    def _refuse(self, fault: Fault) -> None:
        if self.store.loop.dead:
            return
        server = self.store.server
        server.refusal = self.clockwork.random.choice(_ERRORS)
        server.refuses_reads = fault.count == 0
        self.clockwork.after(fault.seconds, lambda: setattr(server, "refusal", b""))

    def _publish(self) -> None:
        if len(self.tariffs) < TARIFFS and not self.store.loop.dead:
            self.tariffs.append(self.clockwork.now)
            self.store.loop.post(self.store.server.publish, len(self.tariffs))

    def _trouble(self, callers: list[str], seconds: float) -> None:
        now = self.clockwork.now
        for caller in callers:
            self.troubles.setdefault(caller, []).append((now, now + seconds))


async def _ask(loop: Loop, wanted: list[Record], since: float) -> None:
    Caller(loop, wanted, since)


async def _ask_again(loop: Loop, again: list[Record]) -> None:
    caller = Caller(loop, [], 0.0)
    for record in again:
        await caller.repeat(record)


def simulate(plan: Plan, mutant: type[Mutant] = Mutant) -> Outcome:
    """Let one plan happen. The same plan ends the same, in any process."""
    random.seed(plan.seed)  # the jitter of the store's connection
    world = World(plan, mutant())
    outer = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        with _Quiet(world.clockwork):
            world.run()
    finally:
        world.close()
        asyncio._set_running_loop(outer)
    clockwork = world.clockwork
    told = repr((clockwork.trace, clockwork.events, clockwork.now, clockwork.random.random()))
    return Outcome(
        plan.seed,
        tuple(clockwork.findings),
        blake2b(told.encode(), digest_size=8).hexdigest(),
        clockwork.events,
        clockwork.now,
        tuple(clockwork.trace),
    )


def simulate_seed(seed: int, mutant: type[Mutant] = Mutant) -> Outcome:
    """Let the plan of a seed happen."""
    return simulate(make(seed), mutant)


class _Quiet:
    """Takes the product's log for the time of a world: an error in it is a finding."""

    def __init__(self, clockwork: Clockwork) -> None:
        self._clockwork = clockwork

    def __enter__(self) -> None:
        self._configured = structlog.is_configured()
        self._before = structlog.get_config()
        structlog.configure(
            processors=[self._take], wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR)
        )
        self._level = logging.root.manager.disable
        logging.disable(logging.WARNING)
        self._collecting = gc.isenabled(), gc.get_threshold()
        gc.disable()

    def __exit__(self, *_: object) -> None:
        enabled, thresholds = self._collecting
        gc.set_threshold(*thresholds)
        if enabled:
            gc.enable()
        gc.unfreeze()  # a rater that takes a tariff freezes what it has, here what a world leaves behind
        logging.disable(self._level)
        if self._configured:
            structlog.configure(**self._before)
        else:
            structlog.reset_defaults()

    def _take(self, _logger: object, _name: str, event: MutableMapping[str, Any]) -> str:
        self._clockwork.find(f"the log says: {event}")
        raise structlog.DropEvent
