"""Replays the exchanges recorded on the wire of 2012 against our real programs, and compares what they mean.

Cases of one sequence ran one after the other on one state; here each sequence gets its own copy of a data
directory into which the sample data of 2012 was loaded.
"""

import json
import re
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

from tests.shell.servers import Running, run_here, serving

VECTORS = Path(__file__).parents[2].parent / "shared" / "vectors"
FILE = VECTORS / "cgrates2012.json"
SAMPLE = VECTORS / "json2012"
TIMEOUT_S = 15.0

HTTP = "balancer HTTP"
RATER = "rater in JSON mode"

Case = dict[str, Any]
Meaning = tuple[Any, ...]

LEFT_OUT = {"W036": "Responder.ResetUserBudget"}
"""Calls that the record leaves out, though the note of the case named tells what they changed."""
NOT_UNDERSTOOD = (
    # how the error texts of Go begin
    ("json", "rpc: ", "parsing time"),
    # ours
    ("INVALID_PARAMS", "INVALID_REQUEST", "METHOD_NOT_FOUND", "PARSE_ERROR", "Incorrect parameters"),
)
"""Errors that speak of the request's form rather than of the business."""


@dataclass(frozen=True)
class Replayed:
    """One case, what 2012 meant and what we mean."""

    case: Case
    theirs: Meaning
    ours: Meaning

    @property
    def agrees(self) -> bool:
        return self.theirs == self.ours


def cases() -> list[Case]:
    """Every recorded exchange; none when the file is not there."""
    if not FILE.exists():
        return []
    recorded: list[Case] = json.loads(FILE.read_text("utf-8"))["wire"]["cases"]
    return recorded


def replay(place: Path) -> list[Replayed]:
    """Replay everything, with data directories in ``place``."""
    loaded = place / "loaded"
    done = run_here("load", SAMPLE, "--data-dir", loaded)
    assert done.returncode == 0, done.stderr
    found = []
    for sequence, group in groupby(cases(), key=lambda case: case["sequence"]):
        data = place / f"sequence{sequence}"
        shutil.copytree(loaded, data)
        each = list(group)
        with _direct(data) if each[0]["server"] == RATER else _whole(data) as ports:
            found += [_replay(case, *ports) for case in each]
    return found


@contextmanager
def _direct(data: Path) -> Iterator[tuple[int, int]]:
    """A rater that callers reach without a balancer."""
    rater = Running(
        data.with_suffix(".log"), "rater", "--listen", "127.0.0.1:0", "--data-dir", data, "--name", "one"
    )
    try:
        listening = rater.line()
        assert listening, rater.log.read_text()
        yield int(listening.rpartition(":")[2]), 0
    finally:
        rater.stop()


@contextmanager
def _whole(data: Path) -> Iterator[tuple[int, int]]:
    with serving(data) as server:
        yield server.rpc_port, server.http_port


def _replay(case: Case, rpc_port: int, http_port: int) -> Replayed:
    if case["id"] in LEFT_OUT:
        who = {"CstmId": "vdf", "Subject": "minutosu", "DestinationPrefix": "0723"}
        bridge = {"id": 0, "method": LEFT_OUT[case["id"]], "params": [who]}
        assert b'"error":null' in exchange(rpc_port, json.dumps(bridge))
    by_http = case["server"] == HTTP
    meaning = http_meaning if by_http else rpc_meaning
    answer = exchange(http_port if by_http else rpc_port, case["send"]).decode()
    theirs, ours = meaning(case["receive"]), meaning(answer)
    if case["note"] == "numbers vary":
        theirs, ours = figureless(theirs), figureless(ours)
    return Replayed(case, theirs, ours)


def exchange(port: int, text: str) -> bytes:
    """Send a text and read the whole answer: one line of JSON, or all that comes before the close."""
    with socket.create_connection(("127.0.0.1", port), timeout=TIMEOUT_S) as connection:
        connection.sendall(text.encode())
        with connection.makefile("rb") as answers:
            return answers.read() if " HTTP/1.0" in text else answers.readline()


def rpc_meaning(answer: str) -> Meaning:
    """What an answer of JSON-RPC says: a result, an error (its text is each server's own), or nothing."""
    if not answer:
        return ("no answer",)
    document = read(answer)
    if document["error"] is not None:
        return (refusal(document["error"]), document["id"])
    return ("result", document["id"], document["result"])


def http_meaning(answer: str) -> Meaning:
    """What an answer of HTTP says: status and document; of an error that there is one."""
    if not answer:
        return ("no answer",)
    head, _, body = answer.partition("\r\n\r\n")
    document = read(body)
    if isinstance(document, dict) and "Error" in document:
        return ("http", refusal(document["Error"]))
    return ("http", int(head.split()[1]), document)


def read(text: str) -> Any:
    """Read JSON with exact numbers. The days of a week are a set: their order says nothing."""
    return json.loads(text, parse_float=Decimal, object_hook=_week_sorted)


def _week_sorted(members: dict[str, Any]) -> dict[str, Any]:
    days = members.get("WeekDays")
    return members | {"WeekDays": sorted(days)} if days else members


def refusal(text: str) -> str:
    """What an error text says: that the request has not the form, or that the business refuses it."""
    return "not understood" if text.startswith(sum(NOT_UNDERSTOOD, ())) else "refused"


def figureless(value: Any) -> Any:
    """The same with every figure replaced, where they vary."""
    if isinstance(value, str):
        return re.sub(r"\d+", "0", value)
    if isinstance(value, list | tuple):
        return type(value)(figureless(each) for each in value)
    return 0 if isinstance(value, int) else value
