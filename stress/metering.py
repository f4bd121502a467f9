"""The part of the benchmark that asks for metered usage, over HTTP: authrep and reports, beside bare HTTP."""

import http.client
import json
import random
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from statistics import median
from typing import Any
from xml.etree import ElementTree as ET

import uvloop

from stress import serving
from stress.figures import percentile
from stress.http_load import CONNECTIONS, HttpCaller
from stress.load import Measured, run_load
from stress.report import Single, Throughput

YARDSTICK = "bare HTTP"
AUTHORIZE, ONE, MANY = "authorize", "authrep-one", "authrep-many"
REPORT_ONE, REPORT_MANY = "report of 1,000, one application", "report of 1,000, 100 applications"
SHARE_BARS = {ONE: 25.0, MANY: 25.0}
"""Least share of bare HTTP, in percent."""
TRANSACTIONS_BAR = 20_000.0
"""Least transactions a second in reports."""
TRANSACTIONS = 1_000
"""Of one report."""
REPORTED = 100
REPORT_CONNECTIONS = 4
APPLICATIONS = 1_000
POOL = 4_096
"""Different requests: many more than are in flight."""
IN_FORCE_S = 20.0

_PLENTY = 10**15
_CREDENTIALS = "provider_key=bench&service_id=5001"
_HOST = "Host: 127.0.0.1\r\n"
_USED = "usage_reports/usage_report[@period='eternity']/current_value"


def app_name(number: int) -> str:
    """Name one of the applications 0 to ``APPLICATIONS`` − 1."""
    return f"app{number}"


def write_folder(out: Path) -> None:
    """Write the tariff folder with a service, its metric, limits out of reach and applications."""
    out.mkdir(parents=True, exist_ok=True)
    limits = dict.fromkeys(("minute", "day", "eternity"), _PLENTY)
    plan = {"plan_id": "p1", "plan_name": "Bench"}
    document: dict[str, list[dict[str, Any]]] = {
        "services": [{"id": "5001", "provider_key": "bench"}],
        "metrics": [{"service_id": "5001", "id": "m1", "name": "hits"}],
        "limits": [{"service_id": "5001", "plan_id": "p1", "metric_id": "m1", **limits}],
        "applications": [
            {"service_id": "5001", "id": app_name(number), "application_keys": [f"key{number}"], **plan}
            for number in range(APPLICATIONS)
        ],
    }
    (out / "threescale.json").write_text(json.dumps(document), "utf-8")


def checks(endpoint: str, applications: Sequence[int]) -> list[bytes]:
    """Make a request to an endpoint for each of the applications, of one hit."""
    return [
        f"GET {_check_path(endpoint, number)}&usage%5Bhits%5D=1 HTTP/1.1\r\n{_HOST}\r\n".encode()
        for number in applications
    ]


def reports(applications: int) -> list[bytes]:
    """Make reports of ``TRANSACTIONS`` hits that go round so many applications, beginning anywhere."""
    made = []
    for start in range(REPORT_CONNECTIONS):
        names = [app_name((start + n) % applications) for n in range(TRANSACTIONS)]
        pieces = (
            f"transactions[{n}][app_id]={name}&transactions[{n}][usage][hits]=1"
            for n, name in enumerate(names)
        )
        body = "&".join([_CREDENTIALS, *pieces])
        form = "Content-Type: application/x-www-form-urlencoded"
        head = f"POST /transactions.xml HTTP/1.1\r\n{_HOST}{form}\r\nContent-Length: {len(body)}"
        made.append(f"{head}\r\n\r\n{body}".encode())
    return made


def measure(
    place: Path, seconds: float, runs: int, say: Callable[[str], None]
) -> tuple[list[Throughput], list[Single]]:
    """Measure a server of its own in ``place``. Raises LoadError or ServingError."""
    write_folder(place / "tariff")
    with serving.running(serving.serve(place / "data"), place / "serve.log") as server:
        serving.load(place / "tariff", place / "data")
        size = _answer_bytes(server.http_port)
        with serving.running(("-m", "stress.http_echo", str(size)), place / "http_echo.log") as echo:
            rounds = uvloop.run(_rounds(server.http_port, echo.port, seconds, runs, say))
        return _throughput(rounds), [*_reported(rounds), *_kept(server.http_port, rounds)]


Rounds = dict[tuple[str, int], list[Measured]]
"""By figure and connections."""
_CHECKS = (YARDSTICK, AUTHORIZE, ONE, MANY)
_REPORTS = (REPORT_ONE, REPORT_MANY)


async def _rounds(port: int, echo_port: int, seconds: float, runs: int, say: Callable[[str], None]) -> Rounds:
    chance = random.Random(1)
    anyone = [chance.randrange(APPLICATIONS) for _ in range(POOL)]
    requests = {
        YARDSTICK: checks("authrep", anyone),
        AUTHORIZE: checks("authorize", anyone),
        ONE: checks("authrep", [0] * POOL),
        MANY: checks("authrep", anyone),
        REPORT_ONE: reports(1),
        REPORT_MANY: reports(REPORTED),
    }
    plan = [(name, connections) for connections in CONNECTIONS for name in _CHECKS]
    plan += [(name, REPORT_CONNECTIONS) for name in _REPORTS]
    rounds: Rounds = {each: [] for each in plan}
    for number in range(runs):
        for name, connections in plan:
            say(f"round {number + 1} of {runs}: {name}, {connections} connections")
            at = echo_port if name == YARDSTICK else port
            measured = await run_load(at, requests[name], 1, seconds, connections, speak=HttpCaller)
            rounds[name, connections].append(measured)
    return rounds


def _throughput(rounds: Rounds) -> list[Throughput]:
    rows = []
    for connections in CONNECTIONS:
        yardstick = [run.per_second for run in rounds[YARDSTICK, connections]]
        for name in _CHECKS:
            measured = rounds[name, connections]
            rates = [run.per_second for run in measured]
            share = median(100 * rate / bare for rate, bare in zip(rates, yardstick, strict=True))
            waits_s = sorted(wait for run in measured for wait in run.latencies_s)
            p50_ms, p99_ms = (percentile(waits_s, percent) * 1000 for percent in (50, 99))
            bar = SHARE_BARS.get(name)
            rows.append(Throughput(name, connections, median(rates), share, bar, p50_ms, p99_ms))
    return rows


def _reported(rounds: Rounds) -> list[Single]:
    rows = []
    for name in _REPORTS:
        rate = median(run.per_second for run in rounds[name, REPORT_CONNECTIONS]) * TRANSACTIONS
        rows.append(Single(name, rate, "transactions/s", least=TRANSACTIONS_BAR))
    return rows


def _kept(port: int, rounds: Rounds) -> list[Single]:
    """Compare what the applications have used with what was answered."""
    hits = {ONE: 1, MANY: 1, REPORT_ONE: TRANSACTIONS, REPORT_MANY: TRANSACTIONS}
    answered = sum(hits.get(name, 0) * run.answered for (name, _), runs in rounds.items() for run in runs)
    used = 0
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        for number in range(APPLICATIONS):
            root = ET.fromstring(_checked(connection, number))  # noqa: S314 -- our own server made it
            used += int(root.findtext(_USED, "0"))
    return [
        Single("usage: answered", answered, "hits"),
        Single("usage: lost or doubled", answered - used, "hits", 0.0),
    ]


def _answer_bytes(port: int) -> int:
    """Tell the length of an answer, once the service is in force. Raises ServingError."""
    give_up_s = time.monotonic() + IN_FORCE_S
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as connection:
        while not (body := _checked(connection, 0)).startswith(b"<?xml") or b"<plan>" not in body:
            if time.monotonic() > give_up_s:
                raise serving.ServingError(f"the service is not in force: {body[:300]!r}")
            time.sleep(0.05)
    return len(body)


def _checked(connection: http.client.HTTPConnection, number: int) -> bytes:
    connection.request("GET", _check_path("authorize", number))
    return connection.getresponse().read()


def _check_path(endpoint: str, number: int) -> str:
    return f"/transactions/{endpoint}.xml?{_CREDENTIALS}&app_id={app_name(number)}&app_key=key{number}"
