"""Raters that are killed while they charge: what was used is charged, all of it, and nothing twice."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from tests.cyclops.wire import Service
from tests.shell.servers import DEADLINE_S, Server, serving

USERS, ROUNDS, PUSHES, KILLS = 5, 6, 20, 6


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    with serving(tmp_path / "data", "--test-clock", CGRATES_RATERS="2") as running:
        yield running


@pytest.fixture
def service(server: Server) -> Iterator[Service]:
    asking = Service(server.http)
    yield asking
    asking.wire.close()


def push(service: Service, name: str) -> None:
    """Push one message under a key of its own until it is taken: repeats are known."""
    rows = [{"meter": "cpu", "userid": f"u{user}", "usage": user + 1} for user in range(USERS)]
    answer = None
    while answer is None or answer.status != 201:
        with suppress(OSError, HTTPException):
            answer = service.post("/usage", rows, Idempotency_Key=name)


def charge(server: Server, stop: threading.Event) -> None:
    service = Service(server.http)
    while not stop.is_set():
        with suppress(OSError, HTTPException):
            service.get("/generate/cdr")
    service.wire.close()


@pytest.mark.slow
def test_raters_that_are_killed_charge_every_usage_once(server: Server, service: Service) -> None:
    service.static('{"cpu": 2}', "2015-06-10 12:00:00")
    stop = threading.Event()
    chargers = [threading.Thread(target=charge, args=(server, stop)) for _ in range(2)]
    for each in chargers:
        each.start()
    for number in range(ROUNDS):
        for part in range(PUSHES):
            push(service, f"{number}/{part}")
        raters = [pid for name, pid in server.children().items() if name.startswith("rater")]
        if number < KILLS and raters:
            os.kill(raters[number % len(raters)], signal.SIGKILL)
    stop.set()
    for each in chargers:
        each.join(DEADLINE_S)
    service.hold("2015-06-10 12:10:00")
    while service.get("/generate/cdr").text != "Operation Failed":
        pass

    for user in range(USERS):
        charges = service.charges(f"u{user}", "2015-06-10 00:00", "2015-06-11 00:00")
        used = ROUNDS * PUSHES * (user + 1)
        assert sum(point[3] for point in charges) == used
        assert sum(point[4] for point in charges) == 2 * used
