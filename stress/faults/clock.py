"""Scenario: a clock that is set back and forth, leap days, and the days on which a zone changes its offset.

The server runs with a clock that the harness holds. What calls must cost is in tables below, worked out by
hand: 0.01 a second is cheap, 0.02 is dear. While the clock jumps, callers are at work, and afterwards every
account is judged as always: neither exactly-once nor the journal may depend on the time going forward.
"""

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cgrates_py.address import Address
from stress.faults.judge import judge_gauge, judge_store
from stress.faults.load import Load
from stress.faults.model import ONE
from stress.faults.scenario import Findings, Options, Scenario
from stress.faults.wire import LostError, RefusedError, RpcWire, amount_text, read_amount
from stress.faults.world import World
from stress.serving import environment, load

TENANT = "clock.example"
DST, LEAP = "dst", "leap"
NUMBERS = {DST: "88201", LEAP: "88101"}
WORKERS = 6
STEP_S = 0.2
"""Of load after each jump of the clock, in a quick run."""
TRY_S = 1000 * 101 // 100
"""Seconds asked for of a session: 20 money pay for 1000 dear ones, or for 2000 cheap ones."""

SPANS = (
    # dear begins at 02:30 by the clock of Berlin
    ("into the gap", DST, "2026-03-29T01:30:00+01:00", "2026-03-29T03:30:00+02:00", 18 + 36),
    ("a day of 23 hours", DST, "2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00", 72 + 1512),
    ("both turns of an hour", DST, "2026-10-25T02:00:00+02:00", "2026-10-25T03:00:00+01:00", 36 + 72),
    ("a day of 25 hours", DST, "2026-10-25T00:00:00+02:00", "2026-10-26T00:00:00+01:00", 108 + 1584),
    ("the same, told in UTC", DST, "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z", 108 + 1584),
    ("the hour before the gap", DST, "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z", 36),
    ("the hour after it", DST, "2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z", 72),
    # 29 February is dear, every other day cheap: a minute, perhaps that day, a minute
    ("over a leap day", LEAP, "2028-02-28T23:59:00+01:00", "2028-03-01T00:01:00+01:00", "1729.2"),
    ("the year before", LEAP, "2027-02-28T23:59:00+01:00", "2027-03-01T00:01:00+01:00", "1.2"),
    ("2000 was one", LEAP, "2000-02-28T23:59:00+01:00", "2000-03-01T00:01:00+01:00", "1729.2"),
    ("2100 is none", LEAP, "2100-02-28T23:59:00+01:00", "2100-03-01T00:01:00+01:00", "1.2"),
)
"""What is called, whose tariff, from when to when, and what it costs."""

INSTANTS = (
    # 20 money; asked are 1010 seconds, or else nine tenths of that
    ("a minute before the gap", DST, "2026-03-29T00:59:00Z", 1010),
    ("the gap", DST, "2026-03-29T01:00:00Z", 909),
    ("back before the gap", DST, "2026-03-29T00:59:00Z", 1010),
    ("half past two in summer", DST, "2026-10-25T00:30:00Z", 909),
    ("ten to three in summer: soon it is two again", DST, "2026-10-25T00:50:00Z", 1010),
    ("half past two in winter", DST, "2026-10-25T01:30:00Z", 909),
    ("back to summer", DST, "2026-10-25T00:29:00Z", 1010),
    ("noon of a leap day", LEAP, "2028-02-29T12:00:00Z", 909),
    ("a year earlier", LEAP, "2027-02-28T12:00:00Z", 1010),
    ("the leap day again", LEAP, "2028-02-29T12:00:00Z", 909),
)
"""Where the clock is set, one after the other, and how long a session from then may last."""

NOON = "2031-03-01T12:00:00Z"
JUMPS = (
    "2031-03-01T11:00:00Z",  # back an hour
    "2031-03-02T13:00:00Z",  # on by more than answers to a RequestId are promised to be kept
    "2031-02-28T23:59:59Z",  # back over the end of a month
    "2030-01-01T00:00:00Z",  # back more than a year
    "2031-03-01T12:00:00Z",
)


@dataclass(slots=True)
class Clocked:
    """A server whose clock is held, unless ``holds`` is False: then the harness only says so."""

    world: World
    wire: RpcWire
    findings: Findings
    holds: bool = True

    async def hold(self, now: str) -> None:
        """Set the clock of every part."""
        if self.holds:
            await http(self.world.http, "POST", "/test/clock", json.dumps({"now": now}))

    async def ask(self, method: str, subject: str, **more: Any) -> Any:
        """Ask, and give the result or the refusal's code."""
        asked = {"CstmId": TENANT, "Subject": subject, "DestinationPrefix": NUMBERS.get(subject, "99")}
        try:
            return await self.wire.call(f"Responder.{method}", asked | more)
        except (RefusedError, LostError) as refused:
            return str(refused)

    def expect(self, what: str, got: object, expected: object) -> None:
        """Add a difference if there is one."""
        if got != expected:
            self.findings.add(f"{what}: {got}, expected {expected}")


async def run(options: Options) -> Findings:
    """All tables, then jumps under load."""
    return await _run(options, zone="Europe/Berlin", holds=True)


async def run_broken(options: Options) -> Findings:
    """A tariff whose clocks know no zone, and a clock that does not follow. Both show."""
    found = await _run(options, zone="", holds=False)
    shown = [any(each.startswith(f"{what}: ") for each in found.differences) for what in ("call", "session")]
    return found if all(shown) else Findings()


async def _run(options: Options, zone: str, holds: bool) -> Findings:
    findings = Findings()
    async with World(options.place, arguments=("--test-clock",)) as world:
        for made in (_write_csv(options.place / "csv", zone), _write_2012(options.place / "2012")):
            await asyncio.to_thread(load, made, world.data_dir)
        clocked = Clocked(world, RpcWire(world.rpc), findings, holds)
        try:
            await _spans(clocked)
            await _instants(clocked)
            if holds:
                await _month(clocked)
                await _history(clocked)
                await _jumps(clocked, options)
        finally:
            clocked.wire.close()
        findings.add(*await judge_gauge(world.http))
    findings.figures |= {"calls": len(SPANS), "instants": len(INSTANTS), "jumps": len(JUMPS)}
    return findings


async def _spans(clocked: Clocked) -> None:
    for what, subject, begin, end, cost in SPANS:
        result = await clocked.ask("GetCost", subject, TimeStart=begin, TimeEnd=end)
        got = result if isinstance(result, str) else amount_text(read_amount(result["Cost"]))
        clocked.expect(f"call: {what}", got, amount_text(_nano(cost)))


async def _instants(clocked: Clocked) -> None:
    for what, subject, now, seconds in INSTANTS:
        await clocked.hold(now)
        clocked.expect(
            f"session: {what}", await clocked.ask("GetMaxSessionTime", subject, Amount=str(TRY_S)), seconds
        )
    await clocked.hold("2026-03-29T00:59:30Z")  # half a minute cheap, half a minute dear
    path = f"/getcost?cstmid={TENANT}&subj={DST}&dest={NUMBERS[DST]}"
    quoted = json.loads(await http(clocked.world.http, "GET", path), parse_float=str)
    clocked.expect("session: a quote over HTTP", str(quoted.get("Cost", quoted)), "0.9")


async def _month(clocked: Clocked) -> None:
    """No budget resets by the clock alone, and asking for it is done once however the clock goes."""
    answers = []
    for now, method, more in (
        ("2031-01-31T23:59:59Z", "DebitSMS", {"Amount": "3", "RequestId": "a"}),
        ("2031-02-01T00:00:01Z", "DebitSMS", {"Amount": "1", "RequestId": "b"}),
        ("2031-02-01T00:00:02Z", "ResetUserBudget", {"RequestId": "february"}),
        ("2031-02-01T00:00:03Z", "DebitSMS", {"Amount": "4", "RequestId": "c"}),
        ("2031-01-31T23:59:58Z", "ResetUserBudget", {"RequestId": "february"}),
        ("2031-02-01T00:00:01Z", "DebitSMS", {"Amount": "1", "RequestId": "d"}),
        ("2031-03-01T00:00:00Z", "DebitSMS", {"Amount": "1", "RequestId": "e"}),
        ("2030-12-31T23:59:59Z", "DebitSMS", {"Amount": "3", "RequestId": "a"}),
    ):
        await clocked.hold(now)
        answers.append(await clocked.ask(method, "month", **more))
    clocked.expect("budget of a month", answers, [17, 16, 0, 6, 0, 5, 4, 17])


async def _history(clocked: Clocked) -> None:
    """The state at an instant goes by the journal's order, so a clock set back hides nothing."""
    for now, amount in (("2031-03-01T12:00:00Z", "1"), ("2031-03-01T11:00:00Z", "2")):
        await clocked.hold(now)
        await clocked.ask("DebitBalance", "back", Amount=amount, RequestId=f"back {amount}")
    states = (("2031-03-01T10:59:59Z", "20"), ("2031-03-01T11:30:00Z", "17"), ("2031-03-01T12:00:00Z", "17"))
    told = await asyncio.gather(*(_state_at(clocked.world, at) for at, _ in states))
    for (at, credit), got in zip(states, told, strict=True):
        clocked.expect(f"state at {at}", got, credit)


async def _state_at(world: World, at: str) -> str:
    """Ask the command line what an account had at an instant."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cgrates_py", "account", "history", f"{TENANT}:back"),
        *("--at", at, "--json", "--data-dir", str(world.data_dir)),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env=environment(),
    )
    said = (await process.communicate())[0].decode().strip()
    return said if process.returncode else str(json.loads(said, parse_int=str)["Account"]["Credit"])


async def _jumps(clocked: Clocked, options: Options) -> None:
    """Callers at work while the clock jumps; a request sent again long after, or before, stays the same."""
    wires = [RpcWire(clocked.world.rpc) for _ in range(4)]
    work = Load(options.seed, wires)
    await clocked.hold(NOON)
    first = await clocked.ask("DebitSMS", "back", Amount="1", RequestId="once")
    work.start(WORKERS)
    seconds = STEP_S if options.quick else options.seconds / len(JUMPS)
    try:
        for now in JUMPS:
            await work.go_on(seconds)
            await clocked.hold(now)
            again = await clocked.ask("DebitSMS", "back", Amount="1", RequestId="once")
            clocked.expect(f"a repeat at {now}", again, first)
        await work.go_on(seconds)
    finally:
        await work.stop()
        for wire in wires:
            wire.close()
    world = clocked.world
    archive = world.data_dir / "archive"
    clocked.findings.add(*await judge_store(world.store_url, work.history, archive=archive))
    clocked.findings.figures["requests"] = len(work.history.records)


async def http(address: Address, method: str, path: str, body: str = "") -> bytes:
    """Ask over HTTP once; give the body. Raises OSError."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        head = f"{method} {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write((head + body).encode())
        return (await reader.read()).partition(b"\r\n\r\n")[2]
    finally:
        writer.close()


def _nano(amount: int | str) -> int:
    whole, _, part = str(amount).partition(".")
    return int(whole) * ONE + int(part.ljust(9, "0"))


def _write_csv(place: Path, zone: str) -> Path:
    files = {
        "Destinations": ["DST,882", "LEAP,881"],
        "Timings": [
            f"DAY,*any,*any,*any,*any,00:00:00,{zone}",
            f"LATE,*any,*any,*any,*any,02:30:00,{zone}",
            f"LEAPDAY,*any,2,29,*any,00:00:00,{zone}",
        ],
        "Rates": ["CHEAP,0,0.01,1s,1s,0s", "DEAR,0,0.02,1s,1s,0s"],
        "DestinationRates": [
            "DST_CHEAP,DST,CHEAP,*up,4,0,",
            "DST_DEAR,DST,DEAR,*up,4,0,",
            "LEAP_CHEAP,LEAP,CHEAP,*up,4,0,",
            "LEAP_DEAR,LEAP,DEAR,*up,4,0,",
        ],
        "RatingPlans": [
            "DST_PLAN,DST_CHEAP,DAY,10",
            "DST_PLAN,DST_DEAR,LATE,10",
            "LEAP_PLAN,LEAP_CHEAP,DAY,10",
            "LEAP_PLAN,LEAP_DEAR,LEAPDAY,20",
        ],
        "RatingProfiles": [
            f"{TENANT},call,{DST},1990-01-01T00:00:00Z,DST_PLAN,",
            f"{TENANT},call,{LEAP},1990-01-01T00:00:00Z,LEAP_PLAN,",
        ],
        "Actions": ["TWENTY,*topup_reset,,,,*monetary,,*any,,,*unlimited,,20,10,false,false,10"],
        "ActionPlans": ["TWENTY_PLAN,TWENTY,*asap,10"],
        "AccountActions": [f"{TENANT},{subject},TWENTY_PLAN,,false,false" for subject in (DST, LEAP)],
    }
    place.mkdir()
    for name, lines in files.items():
        (place / f"{name}.csv").write_text("\n".join(lines) + "\n", "utf-8")
    return place


def _write_2012(place: Path) -> Path:
    budget = {"CstmId": TENANT, "SmsCredit": 20, "Credit": 20}
    documents = {
        "tariff_plans.json": [{"Id": "MONTHLY", "SmsCredit": 10}],
        "user_budgets.json": [
            budget | {"Id": "month", "ResetDayOfTheMonth": 1, "TariffPlanId": "MONTHLY"},
            budget | {"Id": "back"},
        ],
    }
    place.mkdir()
    for name, document in documents.items():
        (place / name).write_text(json.dumps(document), "utf-8")
    return place


SCENARIO = Scenario("clock", "a clock set back and forth, leap days, offsets that change", run, run_broken)
