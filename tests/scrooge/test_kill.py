"""Raters that are killed amid pushes that are sent until they are taken: everything counts once."""

import json
import os
import signal
import threading
from contextlib import suppress
from decimal import Decimal
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

from tests.scrooge.runner import ADMIN_KEY, Runner
from tests.shell.servers import DEADLINE_S, Server, serving, until
from tests.threescale.vectors_wire import Wire

PUSHERS, MESSAGES, KILL_EVERY = 4, 24, 20
DATE = "2014-03-02"


class Pushes:
    """What all pushers share: every so many answers, a rater is killed."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.kills = 0
        self._taken = 0
        self._lock = threading.Lock()

    def run(self, number: int) -> None:
        """Send the messages of one pusher, each until it is taken, every third of them once more."""
        wire = Wire(self.server.http)
        for turn in range(1, MESSAGES + 1):
            usages = [{"symbol": "requests", "value": f"0.{turn:03}"}, {"symbol": "requests", "value": 1}]
            self._push(wire, number, "no", usages, f"{number}/{turn}")
            if turn % 3 == 0:
                self._push(wire, number, "no", usages, f"{number}/{turn}")
            state = [{"symbol": "gb", "value": turn}]
            self._push(wire, number, "values_only", state, f"{number}/{turn}/state")
        wire.close()

    def _push(self, wire: Wire, number: int, overwrite: str, usages: list[Any], key: str) -> None:
        entries = [{"venture": f"v{number}", "usages": usages}]
        message = {"service": "s", "date": DATE, "overwrite": overwrite, "venture_usages": entries}
        headers = {
            "Authorization": "ApiKey pusher:key",
            "Content-Type": "application/json",
            "Idempotency-Key": key,
        }
        status = 0
        while status != 201:
            with suppress(OSError, HTTPException):
                status = wire.send(
                    "POST", "/scrooge/api/v0.9/serviceusages/", headers, json.dumps(message).encode()
                ).status
                assert status in (201, 503), status
        with self._lock:
            self._taken += 1
            if self._taken % KILL_EVERY == 0:
                raters = [pid for name, pid in self.server.children().items() if name.startswith("rater")]
                for pid in raters[: 1 + self.kills % 2]:
                    os.kill(pid, signal.SIGKILL)
                self.kills += 1


def _unserved(runner: Runner) -> list[str]:
    step = {"method": "GET", "url": "/scrooge/api/v0.9/", "expect": {"status": 200}}
    return runner.step(step)


@pytest.mark.slow
def test_totals_are_exact_whoever_is_killed(tmp_path: Path) -> None:
    environment = {"CGRATES_ADMIN_KEY": ADMIN_KEY, "CGRATES_RATERS": "2"}
    with serving(tmp_path / "data", "--test-clock", **environment) as server:
        runner = Runner(server, tmp_path)
        runner.load(
            {
                "users": [{"username": "pusher", "api_key": "key"}],
                "services": [{"symbol": "s"}],
                "usage_types": ["requests", "gb"],
                "ventures": [{"symbol": f"v{number}"} for number in range(PUSHERS)],
            }
        )
        pushes = Pushes(server)
        threads = [threading.Thread(target=pushes.run, args=(number,)) for number in range(PUSHERS)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(4 * DEADLINE_S)

        until(lambda: not _unserved(runner), "a rater")
        assert pushes.kills > 8
        for number in range(PUSHERS):
            rows = runner.usages(f"&date={DATE}&account=v{number}")
            used = [Decimal(str(row["value"])) for row in rows if row["metric"] == "requests"]
            assert len(used) == 2 * MESSAGES
            turns = [Decimal(f"0.{turn:03}") for turn in range(1, MESSAGES + 1)]
            assert sum(used) == sum(turns) + MESSAGES
            assert [row["value"] for row in rows if row["metric"] == "gb"] == [MESSAGES]
        runner.wire.close()
