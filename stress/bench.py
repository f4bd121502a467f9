"""``python -m stress bench``: starts the real server and measures it beside a bare echo of the same bytes.

The figures of one round follow each other at once, so that a busy minute of the machine weighs on all of
them; each share is taken within a round, and the table tells the median over the rounds. Bars are shown, not
asserted.
"""

import argparse
import json
import random
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path
from statistics import median

import uvloop

from rater import rating
from rater.compiler import compile_tariff
from rater.instant import parse as parse_time
from rater.tariff import Tariff
from storage.loading import load_folder
from stress import bulk, metering, scale, serving, traffic, usage, whatif
from stress.client import JSONClient, RpcError
from stress.decks import write_deck
from stress.echo import messages
from stress.figures import percentile
from stress.load import LoadError, Measured, run_load
from stress.report import Report, Single, Throughput, text
from stress.traffic import Kind

DEPTHS = (1, 16)
POOL = 4096
"""Different requests of each kind: many more than are in flight."""
DECK_PREFIXES = 300_000
DECK_SEED = 1
PRICED_CALLS = 2_000
_PASSES = 30
"""So many that a processor which slept or was shared has woken and been free in one."""

METERING = "metering"
"""Stands beside the kinds of traffic: authrep and reports over HTTP."""
BULK = "bulk"
"""Rates a month of calls by columns, in this process: no traffic."""
WHATIF = "whatif"
"""Compares two price lists by a month of calls, as a command: no traffic."""
SCALE = "scale"
"""A million prefixes, ten thousand plans, a hundred thousand subjects: a minute, so only when asked for."""
USAGE = "usage"
"""Pushes a month of usage and asks for its report."""
ECHO = "echo"
SHARE_BARS = {
    (Kind.GET_COST, 1): 28.0,
    (Kind.GET_COST, 16): 11.0,
    (Kind.DEBIT_ONE, 16): 3.5,
    (Kind.DEBIT_MANY, 16): 3.5,
}
"""Least share of the echo, in percent."""
READY_BAR_S = 5.0
MEMORY_BAR_MIB = 400.0
LOAD_BAR_S = 10.0


def bench(seconds: float, runs: int, only: Sequence[str], deck: bool, with_keys: bool = False) -> Report:
    """Measure everything; ``only`` narrows the kinds of traffic, ``deck`` False leaves out the large tariff.

    ``with_keys``: the traffic goes by a key that has a tenant and both limits, so nothing is left unasked.

    Raises LoadError or ServingError when something could not be measured.
    """
    with tempfile.TemporaryDirectory(prefix="cgrates-py-bench-") as name:
        place = Path(name)
        besides = bulk.measure(place / "bulk", runs, _say) if not only or BULK in only else []
        if not only or WHATIF in only:
            besides += whatif.measure(place / "whatif", runs, _say)
        if SCALE in only:
            besides += scale.measure(place / "scale", _say)
        if not only or USAGE in only:
            besides += usage.measure(place / "usage", runs, _say)
        if only and set(only) <= {BULK, WHATIF, SCALE, USAGE}:
            return Report(0, [], besides)
        singles = [*_core(place / "core"), *_start_up(place)]
        size, throughput, checks = _traffic(place, seconds, runs, only, with_keys)
        singles += checks
        over_http: list[Throughput] = []
        if not only or METERING in only:
            over_http, used = metering.measure(place / "metering", seconds, runs, _say)
            singles += used
        if deck:
            singles += _deck(place, seconds)
        return Report(size, throughput, singles + besides, over_http)


def _traffic(
    place: Path, seconds: float, runs: int, only: Sequence[str], with_keys: bool
) -> tuple[int, list[Throughput], list[Single]]:
    kinds = [kind for kind in Kind if not only or kind in only]
    with (
        serving.served(place / "main") as server,
        serving.running(("-m", "stress.echo"), place / "echo.log") as echo,
        JSONClient(("127.0.0.1", server.port)) as rpc,
    ):
        greeting = b""
        if with_keys:
            key = serving.make_key(serving.data_of(place / "main"), server.port)
            rpc.log_in(key)
            greeting = traffic.login(key)
        size = _answer_bytes(server.port, greeting)
        plan: Plan = [(ECHO, echo.port, messages(size), b"")]
        for kind in kinds:
            lines = [traffic.request(number, body) for number, body in enumerate(traffic.bodies(kind, POOL))]
            plan.append((kind, server.port, lines, greeting))
        rounds = uvloop.run(_rounds(plan, seconds, runs))
        return size, _throughput(plan, rounds), _kept(rpc, rounds)


Plan = list[tuple[str, int, list[bytes], bytes]]
"""Figure, port, requests, and what each connection says first."""
Rounds = dict[tuple[str, int], list[Measured]]


async def _rounds(plan: Plan, seconds: float, runs: int) -> Rounds:
    rounds: Rounds = {(name, depth): [] for depth in DEPTHS for name, *_ in plan}
    for number in range(runs):
        for depth in DEPTHS:
            for name, port, lines, greeting in plan:
                _say(f"round {number + 1} of {runs}: {name}, {depth} in flight")
                measured = await run_load(port, lines, depth, seconds, greeting=greeting)
                rounds[name, depth].append(measured)
    return rounds


def _throughput(plan: Plan, rounds: Rounds) -> list[Throughput]:
    rows = []
    for depth in DEPTHS:
        yardstick = [run.per_second for run in rounds[ECHO, depth]]
        for name, *_ in plan:
            rates = [run.per_second for run in rounds[name, depth]]
            share = median(100 * rate / echo for rate, echo in zip(rates, yardstick, strict=True))
            waits_s = sorted(wait for run in rounds[name, depth] for wait in run.latencies_s)
            p50_ms, p99_ms = (
                (percentile(waits_s, percent) * 1000 for percent in (50, 99)) if waits_s else (None, None)
            )
            bar = SHARE_BARS.get((Kind(name), depth)) if name != ECHO else None
            rows.append(Throughput(name, depth, median(rates), share, bar, p50_ms, p99_ms))
    return rows


def _kept(rpc: JSONClient, rounds: Rounds) -> list[Single]:
    """Compare what the accounts have lost with what their debits were answered."""
    subjects = {
        Kind.DEBIT_ONE: [traffic.ONE],
        Kind.DEBIT_MANY: [traffic.account_name(number) for number in range(traffic.ACCOUNTS)],
    }
    rows = []
    for kind, names in subjects.items():
        answered = sum(run.answered for depth in DEPTHS for run in rounds.get((kind, depth), ()))
        if answered:
            accounts = rpc.call_all(
                "Responder.GetAccount", [({"CstmId": traffic.CUSTOMER, "Subject": name},) for name in names]
            )
            taken = sum(traffic.CREDIT - Decimal(account["Credit"]) for account in accounts)
            missing = answered - taken / Decimal(traffic.DEBIT)
            rows.append(Single(f"{kind}: answered", answered, "debits"))
            rows.append(Single(f"{kind}: lost or doubled", float(missing), "debits", 0.0))
    return rows


def _answer_bytes(port: int, greeting: bytes) -> int:
    """Tell the length of the answer to the page's call, newline included: 1.6 kB."""
    (line,) = traffic.bodies(Kind.GET_COST, 1)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(greeting + traffic.request(1, line))
        with connection.makefile("rb") as answers:
            if greeting:
                answers.readline()
            return len(answers.readline())


def _start_up(place: Path) -> list[Single]:
    """Measure how long ``serve`` takes to be ready: first with the demo data to load, then again."""
    rows = []
    for what in ("first start, demo data loaded", "second start"):
        _say(what)
        with serving.running(serving.serve(place / "demo", "--demo"), place / "demo.log") as server:
            rows.append(Single(f"ready: {what}", server.ready_s, "s", READY_BAR_S))
    return rows


def _deck(place: Path, seconds: float) -> list[Single]:
    """Load the large tariff into a running server and look at its raters' memory."""
    _say(f"{DECK_PREFIXES} prefixes")
    write_deck(place / "deck", DECK_PREFIXES, DECK_SEED)
    with serving.running(serving.serve(place / "large"), place / "large.log") as server:
        load_s = serving.load(place / "deck", place / "large")
        serving.wait_in_force(server.port)
        lines = _deck_lines(place / "deck")
        rate = uvloop.run(run_load(server.port, lines, DEPTHS[-1], seconds)).per_second
        memory = [serving.memory_bytes(pid) for pid in serving.children(server.pid, "rater")]
    now, peak = (max(each) / 2**20 for each in zip(*memory, strict=True))
    return [
        Single(f"load of {DECK_PREFIXES} prefixes", load_s, "s", LOAD_BAR_S),
        Single(f"rater with {DECK_PREFIXES} prefixes", now, "MiB", MEMORY_BAR_MIB),
        Single("the same at its peak, while loading", peak, "MiB", MEMORY_BAR_MIB),
        Single(f"getcost anywhere in it, {DEPTHS[-1]} in flight", rate, "req/s"),
    ]


def _deck_lines(folder: Path) -> list[bytes]:
    """Make requests for calls to prefixes all over the deck."""
    rows = (folder / "Destinations.csv").read_text().splitlines()[1:]
    numbers = [row.rpartition("+")[2] for row in random.Random(DECK_SEED).sample(rows, POOL)]
    return [
        traffic.request(number, traffic.quote("deck.example", "anyone", f"{dialled}55"))
        for number, dialled in enumerate(numbers)
    ]


def _core(folder: Path) -> list[Single]:
    """Time the scalar core in this process: µs per call, the best of many short passes."""
    traffic.write_folder(folder)
    book = compile_tariff(load_folder(folder, Tariff(), now_ns=time.time_ns()).tariff)
    how = "compiled" if rating.__file__.endswith(".so") else "interpreted"
    rows = []
    for spans, ends, bar_us in ((1, "17:59", 3.0), (2, "18:59", 6.0)):
        calls = [_priced_call(number, ends) for number in range(PRICED_CALLS)]

        def work(calls: Sequence[rating.Call] = calls) -> None:
            for call in calls:
                rating.price_call(book, call, None)

        figure = f"core, {how}: {spans}-span call"
        rows.append(Single(figure, _best_s(work) / PRICED_CALLS * 1e6, "µs", bar_us))
    return rows


def _priced_call(number: int, ends: str) -> rating.Call:
    start_ns, offset_ns = parse_time(f"2012-02-02T17:{number % 60:02d}:00Z")
    end_ns, _ = parse_time(f"2012-02-02T{ends}:59.5Z")
    return rating.Call(
        traffic.CUSTOMER, traffic.QUOTED, "call", f"0256{number:06d}", start_ns, end_ns, offset_ns
    )


def _best_s(work: Callable[[], None], passes: int = _PASSES) -> float:
    durations = []
    for _ in range(passes):
        started_s = time.perf_counter()
        work()
        durations.append(time.perf_counter() - started_s)
    return min(durations)


def _say(what: str) -> None:
    sys.stderr.write(f"\r\033[K{what}" if sys.stderr.isatty() else "")
    sys.stderr.flush()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a program. The status is 0 when everything was measured, bars reached or not."""
    parser = argparse.ArgumentParser(
        prog="python -m stress bench", description="Measure the server beside a bare echo."
    )
    parser.add_argument("--seconds", type=float, default=2.0, help="length of each measurement (default 2)")
    parser.add_argument("--runs", type=int, default=3, help="rounds; medians are told (default 3)")
    parser.add_argument(
        "--only",
        action="append",
        choices=[*Kind, METERING, BULK, WHATIF, SCALE, USAGE],
        default=[],
        help="only this part",
    )
    parser.add_argument("--no-deck", action="store_true", help="leave out the large tariff")
    parser.add_argument("--with-keys", action="store_true", help="ask by a key with a tenant and limits")
    parser.add_argument("--json", action="store_true", help="print JSON")
    chosen = parser.parse_args(arguments)
    if chosen.seconds <= 0 or chosen.runs < 1:
        parser.error("--seconds has to be above 0, --runs at least 1")
    try:
        report = bench(chosen.seconds, chosen.runs, chosen.only, not chosen.no_deck, chosen.with_keys)
    except (LoadError, RpcError, serving.ServingError, OSError) as error:
        sys.stderr.write(f"\nbench: {error}\n")
        return 1
    _say("")
    sys.stdout.write((json.dumps(asdict(report), indent=1) if chosen.json else text(report)) + "\n")
    return 0
