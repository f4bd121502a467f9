"""Clients that others wrote, run as their own programs against a real server."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shell.servers import Server, environment

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
GO_BUILD_S = 100
"""The first build compiles Go's own packages."""


def test_the_published_snippet_prints_the_whole_answer(demo: Server) -> None:
    """It sends no newline, and reads once, at most 4096 bytes."""
    printed = subprocess.run(
        [sys.executable, HERE / "published_snippet.py", str(demo.rpc_port)],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    ).stdout
    answer = json.loads(printed)

    assert (answer["id"], answer["error"], answer["result"]["Cost"]) == (1, None, 540)
    assert len(answer["result"]["Timespans"]) == 2
    assert 1500 < len(printed) < 1700


def test_the_class_of_the_page_asks_one_by_one_and_all_at_once(demo: Server) -> None:
    """``python -m stress client``: the last result, then how many were answered."""
    for how in ([], ["--parallel"]):
        done = subprocess.run(
            [sys.executable, "-m", "stress", "client", "--address", demo.rpc, "--runs", "600", *how],
            capture_output=True,
            text=True,
            timeout=30,
            env=environment(),
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, ""), how
        result, count = done.stdout.splitlines()
        assert ("'Cost': 540" in result, count.split()[0]) == (True, "600"), how


@pytest.mark.skipif(shutil.which("go") is None, reason="Go is not installed (apt: golang-go)")
def test_a_go_program_reads_every_answer_into_its_own_types(demo: Server) -> None:
    """net/rpc with its JSON codec: one by one, 500 at once on one connection, debits, refusals."""
    done = subprocess.run(
        ["go", "run", "main.go", demo.rpc],
        cwd=HERE / "go",
        capture_output=True,
        text=True,
        timeout=GO_BUILD_S,
        env=os.environ | {"GOPROXY": "off", "GOTOOLCHAIN": "local", "GOFLAGS": "", "GO111MODULE": "off"},
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)

    spans = [(span["TimeStart"], span["TimeEnd"]) for span in report["Page"]["Timespans"]]
    assert spans == [
        ("2012-02-02T17:30:00Z", "2012-02-02T18:00:00Z"),
        ("2012-02-02T18:00:00Z", "2012-02-02T18:30:00Z"),
    ]
    assert (report["Page"]["Cost"], report["SequentialGood"], report["ConcurrentGood"]) == (540, 20, 500)
    debits = sorted(report["Debits"], reverse=True)
    assert debits == [debits[0] - 0.5 * number for number in range(100)]
    assert {name: text.partition(":")[0] for name, text in report["Errors"].items()} == {
        "unknown method": "METHOD_NOT_FOUND",
        "unknown account": "ACCOUNT_NOT_FOUND",
        "no rate": "RATE_NOT_FOUND",
        "wrong type": "INVALID_PARAMS",
    }
    assert (report["AfterErrors"], report["Status"].startswith("Connected raters:\n")) == (60, True)
