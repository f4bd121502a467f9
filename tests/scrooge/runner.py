"""Runs acceptance cases of Scrooge on one server: set-up by ``load``, steps over HTTP, rows by ``/usages``.

Every case has days of its own: all its dates are moved by as many weeks as there were cases before it.
"""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from tests.shell.servers import Server, run_here
from tests.threescale.vectors_wire import Answer, Wire

Document = Mapping[str, Any]

ADMIN_KEY = "the-key-of-the-tests"
NOON = "2026-11-22T12:00:00Z"
"""The time of every case that sets none."""

_DATE = re.compile(r"\b20\d\d-[01]\d-[0-3]\d(?!\d)")
_NEXT = re.compile(r'<(?P<url>[^>]*)>; rel="next"')


class Runner:
    """One server with a held clock, and cases one after the other."""

    def __init__(self, server: Server, place: Path) -> None:
        self.server = server
        self.wire = Wire(server.http)
        self._folder = place / "scrooge"
        self._folder.mkdir()
        self._cases = 0
        self._set_up: list[Document] = []

    def run(self, case: Document) -> list[str]:
        """Run a case; tell what differs, with the number of the step."""
        self.hold(NOON)
        if case["setups"] != self._set_up:
            for setup in case["setups"]:
                self.load(setup)
            self._set_up = case["setups"]
        case = self._moved(case)
        found = [
            f"step {number}: {text}"
            for number, step in enumerate(case["steps"], 1)
            for text in self.step(step)
        ]
        if (wanted := case.get("rows")) is not None:
            days = sorted(set(_DATE.findall(json.dumps(case["steps"]))))
            stored = [
                [row["date"], row["account"], row["metric"], row["value"]]
                for day in days
                for row in self.usages(f"&date={day}")
            ]
            if stored != sorted(wanted, key=lambda row: str(row[0])):  # within a day in order of insertion
                found.append(f"rows {stored}, not {wanted}")
        return found

    def _moved(self, case: Document) -> dict[str, Any]:
        """Move the dates of a case to days that no other has."""
        self._cases += 1
        weeks = timedelta(weeks=self._cases)
        told = {"steps": case["steps"], "rows": case.get("rows")}
        moved = _DATE.sub(lambda found: (date.fromisoformat(found[0]) + weeks).isoformat(), json.dumps(told))
        return {**case, **json.loads(moved)}

    def load(self, setup: Document) -> str:
        """Load a set-up with the command line; tell what it printed."""
        (self._folder / "scrooge.json").write_text(json.dumps(setup))
        done = run_here("load", self._folder, "--data-dir", self.server.data_dir)
        assert done.returncode == 0, (done.stdout, done.stderr)
        return done.stdout

    def hold(self, instant: str) -> None:
        """Set the server's clock."""
        headers = {"Content-Type": "application/json"}
        answer = self.wire.send("POST", "/test/clock", headers, json.dumps({"now": instant}).encode())
        assert answer.status in (200, 204), answer

    def usages(self, more: str = "") -> list[dict[str, Any]]:
        """List what is stored."""
        target: str | None = f"/usages?namespace=scrooge{more}"
        found: list[dict[str, Any]] = []
        while target is not None:
            answer = self.wire.send("GET", target, {"Authorization": f"Bearer {ADMIN_KEY}"})
            assert answer.status == 200, answer
            found += answer.json
            following = _NEXT.search(answer.headers.get("link", ""))
            target = following["url"].removeprefix(self.server.http) if following else None
        return found

    def step(self, step: Document) -> list[str]:
        """Do one step; tell what differs."""
        if "load" in step:
            self.load(step["load"])
            self._set_up = []
            return []
        return list(_differences(step["expect"], self.send(step)))

    def send(self, step: Document) -> Answer:
        """Send the request of a step."""
        body = step["raw"].encode() if "raw" in step else b""
        if "json" in step:
            body = json.dumps(step["json"]).encode()
        return self.wire.send(step["method"], step["url"], step.get("headers", {}), body)


def _differences(expect: Document, answer: Answer) -> Iterator[str]:
    if answer.status != expect["status"]:
        yield f"status {answer.status}, not {expect['status']}: {answer.body[:300]!r}"
    if "body" in expect:
        body = expect["body"]
        same = answer.text == body if isinstance(body, str) else answer.body and answer.json == body
        if not same:
            yield f"body {answer.body[:300]!r}, not {body!r}"
    for name, value in expect.get("headers", {}).items():
        if answer.headers.get(name) != value:
            yield f"header {name} is {answer.headers.get(name)!r}, not {value!r}"
    if "json_path" in expect:
        yield from _at(expect, answer)


def _at(expect: Document, answer: Answer) -> Iterator[str]:
    value: Any = None
    try:
        value = answer.json
        for part in expect["json_path"]:
            value = value[part]
    except (KeyError, IndexError, TypeError, ValueError) as error:
        yield f"no {expect['json_path']} ({error!r}) in {answer.body[:300]!r}"
        return
    contained = expect.get("contains", [])
    for part in [contained] if isinstance(contained, str) else contained:
        if part not in value:
            yield f"{value!r} without {part!r}"
    if "equals" in expect and value != expect["equals"]:
        yield f"{value!r}, not {expect['equals']!r}"
