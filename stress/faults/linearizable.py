"""Scenario: concurrent histories of one account, while raters die, are linearizable.

Callers debit, take SMS and read, through the balancer and past it on a rater of its own, so that raters meet
on the account. A debit that got no answer is sent again under its id, as callers do, or sometimes given up:
then nobody knows whether it happened, and the judge must find it happened once or never.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from cgrates_py.address import Address
from stress.faults import folder, linear, sabotage
from stress.faults.linear import Fate, Operation
from stress.faults.load import AGAIN_S
from stress.faults.model import CALLED, CUSTOMER, ONE, REFUSED, Kind
from stress.faults.scenario import Findings, Options, Scenario
from stress.faults.wire import LostError, RpcWire, amount_text, read_amount
from stress.faults.world import Parts, Role, World

WORKERS = 16
OPERATIONS = 2_000
"""Of one history; the next is of another account."""
OPERATIONS_QUICK = 800
QUICK_S = 3.0
KILL_S = 0.4
"""Mean pause before the next rater is killed, when all are up."""
KILLS_MIN = 2
RATERS = 3
HASTY, HASTE_S = 0.02, 0.001
"""Share of the attempts of which nobody waits for the answer longer than this."""
GIVEN_UP = 0.3
"""Share of the debits without an answer that are not sent again."""
STALE = 0.05
"""Share of reads that a broken caller answers from what it read before."""


@dataclass(slots=True)
class Recorder:
    """Asks about one account, and keeps who asked what when, and what was answered."""

    account: str
    chance: random.Random
    stale: bool = False
    money: list[Operation] = field(default_factory=list)
    sms: list[Operation] = field(default_factory=list)
    _numbers: int = 0
    _read: tuple[int, int] | None = None

    @property
    def count(self) -> int:
        """How many operations there are."""
        return len(self.money) + len(self.sms)

    async def work(self, wire: RpcWire, until: int) -> None:
        """Ask until the history has that many operations."""
        while self.count < until:
            drawn = self.chance.random()
            if drawn < 0.3:
                await self.read(wire)
            elif drawn < 0.7:
                amount = self.chance.randrange(-300, 500) * ONE // 100
                await self._change(wire, Kind.MONEY, linear.Kind.DEBIT, amount)
            else:
                await self._change(wire, Kind.SMS, linear.Kind.TAKE, self.chance.randrange(-6, 12) * ONE)

    async def read(self, wire: RpcWire) -> None:
        """Read the account; a read without an answer says nothing."""
        called = time.monotonic_ns()
        if self.stale and self._read is not None and self.chance.random() < STALE:
            credit, sms = self._read
        else:
            try:
                result = await wire.call(
                    "Responder.GetAccount", {"CstmId": CUSTOMER, "Subject": self.account}
                )
            except LostError:
                await asyncio.sleep(AGAIN_S)
                return
            credit, sms = self._read = read_amount(result["Credit"]), read_amount(result["SmsCredit"])
        answered = time.monotonic_ns()
        self.money.append(Operation(linear.Kind.READ, 0, called, answered, Fate.OK, credit))
        self.sms.append(Operation(linear.Kind.READ, 0, called, answered, Fate.OK, sms))

    async def _change(self, wire: RpcWire, method: Kind, kind: linear.Kind, amount: int) -> None:
        self._numbers += 1
        asked = {
            "CstmId": CUSTOMER,
            "Subject": self.account,
            "DestinationPrefix": CALLED,
            "Amount": amount_text(amount),
            "RequestId": f"{self.account}-{self._numbers}",
        }
        called, fate, balance = time.monotonic_ns(), Fate.UNKNOWN, 0
        while True:
            try:
                async with asyncio.timeout(HASTE_S if self.chance.random() < HASTY else None):
                    answer = await wire.ask(method, asked)
            except (LostError, TimeoutError):
                if self.chance.random() < GIVEN_UP:
                    break
                await asyncio.sleep(AGAIN_S)
                continue
            if isinstance(answer, tuple):
                fate, balance = Fate.OK, answer[0]
            elif answer == REFUSED:
                fate = Fate.REFUSED
            else:
                raise ValueError(f"{method} was answered {answer}")
            break
        history = self.money if method is Kind.MONEY else self.sms
        history.append(Operation(kind, amount, called, time.monotonic_ns(), fate, balance))

    def judge(self, findings: Findings) -> None:
        """Check both histories."""
        opening = folder.opening(self.account)
        for what, history, start in (
            ("Credit", self.money, opening.credit),
            ("SmsCredit", self.sms, opening.sms),
        ):
            verdict = linear.check(history, start)
            if verdict.linearizable:
                continue
            why = "is not linearizable" if verdict.linearizable is False else "cannot be decided"
            stuck = "; ".join(str(each) for each in verdict.stuck[:4])
            findings.add(
                f"{what} of {self.account}, {len(history)} operations, {why}: at {verdict.stuck_balance} "
                f"none of these fits: {stuck}"
            )


async def _history(recorder: Recorder, servers: Sequence[Address], until: int) -> None:
    wires = [RpcWire(server) for server in servers for _ in range(2)]
    try:
        async with asyncio.TaskGroup() as group:
            for number in range(WORKERS):
                group.create_task(recorder.work(wires[number % len(wires)], until))
        await recorder.read(wires[0])
    finally:
        for wire in wires:
            wire.close()


async def _killing(world: World, chance: random.Random, killed: list[int]) -> None:
    while True:
        await world.whole(killed)  # one at a time: when all are dead nothing is concurrent
        await asyncio.sleep(chance.expovariate(1 / KILL_S))
        killed.append(await world.kill(Role.RATER, chance.choice(world.pids(Role.RATER))))


async def run(options: Options) -> Findings:
    """One history after the other, each of an account of its own, for as long as asked."""
    findings = Findings()
    until, seconds = (OPERATIONS_QUICK, QUICK_S) if options.quick else (OPERATIONS, options.seconds)
    chance = random.Random(options.seed)
    killed: list[int] = []
    recorders: list[Recorder] = []
    async with World(options.place, raters=RATERS) as world, Parts(options.place) as beside:
        servers = [world.rpc, await beside.start_listening_rater("beside", world.store_url)]
        killer = asyncio.create_task(_killing(world, chance, killed))
        give_up_s = time.monotonic() + seconds
        for account in (*folder.POOR[:1], *folder.HOT, *folder.POOR[1:], *folder.MANY):
            recorder = Recorder(account, random.Random(f"{options.seed} {account}"))
            recorders.append(recorder)
            await _history(recorder, servers, until)
            await asyncio.to_thread(recorder.judge, findings)
            if time.monotonic() > give_up_s and len(killed) >= KILLS_MIN:
                break
            if killer.done():
                killer.result()
        killer.cancel()
    both = [each for recorder in recorders for each in (*recorder.money, *recorder.sms)]
    findings.figures |= {
        "histories": 2 * len(recorders),
        "operations": len(both),
        "refused": sum(each.fate is Fate.REFUSED for each in both),
        "fate unknown": sum(each.fate is Fate.UNKNOWN for each in both),
        "raters killed": len(killed),
    }
    return findings


async def run_broken(options: Options) -> Findings:
    """A caller that reads from a stale cache; then two raters whose store compares no versions. Both show."""
    stale, unfenced = Findings(), Findings()
    async with Parts(options.place) as parts:
        url = await parts.start_store()
        raters = [await parts.start_listening_rater(f"rater-{number}", url) for number in (1, 2)]
        recorder = Recorder("many0", random.Random(options.seed), stale=True)
        await _history(recorder, raters, OPERATIONS_QUICK)
        recorder.judge(stale)
        await sabotage.break_store(url, sabotage.without_version_check())
        recorder = Recorder("many1", random.Random(options.seed))
        await _history(recorder, raters, OPERATIONS_QUICK)
        recorder.judge(unfenced)
    if not (stale.differences and unfenced.differences):
        return Findings()
    return Findings(stale.differences + unfenced.differences)


SCENARIO = Scenario(
    "linearizable", "concurrent histories of one account while raters die, judged", run, run_broken
)
