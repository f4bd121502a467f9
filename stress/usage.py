"""The part of the benchmark that pushes a month of usage and asks what it cost: all of it has to be told."""

import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from http.client import HTTPConnection
from pathlib import Path
from statistics import median

from stress import serving
from stress.report import Single

DAYS = 31
MESSAGES = 32
"""Messages of a day."""
USAGES = 1_000
"""Usages of a message."""
VENTURES = 500
METRICS = 8
CONNECTIONS = 4
PUSH_BAR = 20_000.0
REPORT_BAR_S = 2.0
_MONTH = "2026-01"
_CENTS = 1
"""Of a unit of any metric."""
_HEADERS = {"Authorization": "ApiKey bench:bench-key", "Content-Type": "application/json"}
_WORK = 3_000_000


def measure(place: Path, runs: int, say: Callable[[str], None]) -> list[Single]:
    """Measure a server of its own in ``place``. Raises ServingError if it tells another sum than it got."""
    _write_folder(place / "setup")
    messages, units = _messages()
    total = DAYS * MESSAGES * USAGES
    with serving.running(serving.serve(place / "data"), place / "usage.log") as server:
        serving.load(place / "setup", place / "data")
        say(f"{total} usages in messages of {USAGES}")
        push_s = _timed(lambda: _push(server.http_port, messages))
        durations, shares = [], []
        for number in range(runs):
            say(f"round {number + 1} of {runs}: the report of the month")
            work_s = _timed(_work)
            durations.append(_timed(lambda: _check(_report(server.http_port), units)))
            shares.append(durations[-1] / work_s)
        peaks = [max(serving.memory_bytes(pid)) for pid in serving.children(server.pid, "rater")]
    return [
        Single(f"pushed in messages of {USAGES}", total / push_s, "usages/s", least=PUSH_BAR),
        Single(f"report of a month of {total}", median(durations), "s", REPORT_BAR_S),
        Single(f"the same, of the time of counting to {_WORK} in Python", 100 * median(shares), "%"),
        Single("rater at its peak", max(peaks) / 2**20, "MiB"),
    ]


def _write_folder(out: Path) -> None:
    out.mkdir(parents=True)
    metrics = [f"metric-{number}" for number in range(METRICS)]
    document = {
        "users": [{"username": "bench", "api_key": "bench-key", "superuser": True}],
        "services": [{"symbol": "service"}],
        "usage_types": [{"symbol": metric, "kind": "RU"} for metric in metrics],
        "prices": [{"usage_type": metric, "price": str(Decimal(_CENTS) / 100)} for metric in metrics],
        "ventures": [{"symbol": f"venture-{number}"} for number in range(VENTURES)],
    }
    (out / "scrooge.json").write_text(json.dumps(document), "utf-8")


def _messages() -> tuple[list[bytes], int]:
    """Make the messages of a month, and tell how many units are in them."""
    chance = random.Random(1)
    made: list[bytes] = []
    units = 0
    for day in range(1, DAYS + 1):
        for _ in range(MESSAGES):
            ventures = []
            for number in chance.sample(range(VENTURES), USAGES // METRICS):
                values = [chance.randrange(1, 1_000) for _ in range(METRICS)]
                units += sum(values)
                usages = [
                    {"symbol": f"metric-{metric}", "value": value} for metric, value in enumerate(values)
                ]
                ventures.append({"venture": f"venture-{number}", "usages": usages})
            message = {"service": "service", "date": f"{_MONTH}-{day:02d}", "venture_usages": ventures}
            made.append(json.dumps(message).encode())
    return made, units


def _push(port: int, messages: Sequence[bytes]) -> None:
    failed: list[str] = []

    def caller(first: int) -> None:
        connection = HTTPConnection("127.0.0.1", port)
        for number in range(first, len(messages), CONNECTIONS):
            headers = {**_HEADERS, "Idempotency-Key": f"message-{number}"}
            connection.request("POST", "/scrooge/api/v0.9/serviceusages/", messages[number], headers)
            answer = connection.getresponse()
            if answer.read() and answer.status != 201:
                failed.append(f"a push was answered with {answer.status}")
        connection.close()

    callers = [threading.Thread(target=caller, args=(first,)) for first in range(CONNECTIONS)]
    for each in callers:
        each.start()
    for each in callers:
        each.join()
    if failed:
        raise serving.ServingError(failed[0])


def _report(port: int) -> bytes:
    connection = HTTPConnection("127.0.0.1", port)
    query = f"start={_MONTH}-01&end={_MONTH}-{DAYS}&format=json"
    connection.request("GET", f"/scrooge/all-ventures/?{query}", headers=_HEADERS)
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:
        raise serving.ServingError(f"the report was answered with {answer.status}: {body[:200]!r}")
    return body


def _check(told: bytes, units: int) -> None:
    report = json.loads(told, parse_float=Decimal, parse_int=Decimal)
    kinds = [column["kind"] for column in report["columns"]]
    counted = sum(
        cell
        for line in report["ventures"]
        for kind, cell in zip(kinds, line["cells"], strict=True)
        if kind == "count"
    )
    cost = sum(line["total_cost"] for line in report["ventures"])
    if (counted, 100 * cost) != (units, units * _CENTS):
        raise serving.ServingError(f"{units} units were pushed, the report tells {counted} for {cost}")


def _work() -> None:
    number = 0
    while number < _WORK:
        number += 1


def _timed(work: Callable[[], object]) -> float:
    started_s = time.perf_counter()
    work()
    return time.perf_counter() - started_s
