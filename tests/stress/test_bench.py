"""The benchmark as a program: it measures the real server, tells what it found, leaves nothing behind."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from stress import serving
from stress.client import JSONClient, RpcError
from stress.report import Report, Single, Throughput, text
from tests.shell.servers import environment, gone


def stress(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "stress", *arguments],
        capture_output=True,
        text=True,
        timeout=100,
        env=environment(),
        check=False,
    )


@pytest.mark.slow
def test_a_short_bench_measures_every_figure_and_loses_no_debit() -> None:
    """Both depths beside the echo; the accounts have lost what the debits were answered."""
    done = stress(
        *("bench", "--seconds", "0.1", "--runs", "1", "--no-deck", "--json"),
        *("--only", "getcost", "--only", "debitbalance-one", "--only", "debitbalance-many"),
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)

    assert {
        (figure, depth): True
        for figure in ("echo", "getcost", "debitbalance-one", "debitbalance-many")
        for depth in (1, 16)
    } == {(row["figure"], row["depth"]): row["per_second"] > 0 for row in report["throughput"]}
    singles = {row["figure"]: row["value"] for row in report["singles"]}
    assert tuple(singles[f"debitbalance-{who}: lost or doubled"] for who in ("one", "many")) == (0, 0)
    assert 1500 < report["answer_bytes"] < 1700


@pytest.mark.slow
def test_a_bench_with_keys_measures_the_same_by_a_key(tmp_path: Path) -> None:
    done = stress(
        *("bench", "--seconds", "0.1", "--runs", "1", "--no-deck", "--json", "--with-keys"),
        *("--only", "debitbalance-one"),
    )
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)

    assert [row["per_second"] > 0 for row in report["throughput"]] == [True] * 4
    singles = {row["figure"]: row["value"] for row in report["singles"]}
    assert singles["debitbalance-one: lost or doubled"] == 0

    with serving.served(tmp_path) as server:
        serving.make_key(serving.data_of(tmp_path), server.port)
        with JSONClient(("127.0.0.1", server.port)) as rpc, pytest.raises(RpcError, match="UNAUTHENTICATED"):
            rpc.call("Responder.GetAccount", {"CstmId": "vdf", "Subject": "one"})


@pytest.mark.slow
def test_a_bench_of_metering_measures_beside_bare_http_and_loses_no_hit() -> None:
    """authrep and reports over HTTP; the applications have used what was answered."""
    done = stress(*("bench", "--seconds", "0.2", "--runs", "1", "--no-deck", "--json", "--only", "metering"))
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)

    rates = {(row["figure"], row["depth"]): row["per_second"] > 0 for row in report["metering"]}
    figures = ("bare HTTP", "authorize", "authrep-one", "authrep-many")
    assert rates == {(figure, connections): True for figure in figures for connections in (16, 64)}
    singles = {row["figure"]: row["value"] for row in report["singles"]}
    assert (singles["usage: lost or doubled"], singles["usage: answered"] > 0) == (0, True)
    assert singles["report of 1,000, one application"] > 0
    assert singles["report of 1,000, 100 applications"] > 0


@pytest.mark.slow
def test_an_open_loop_with_a_server_of_its_own_gets_every_answer() -> None:
    done = stress("openloop", "--rate", "500", "--seconds", "0.4", "--poisson", "--json")
    found = json.loads(done.stdout)

    assert (done.returncode, found["refused"]) == (0, 0), done.stderr
    assert found["asked"] == found["answered"] > 100


@pytest.mark.slow
def test_a_program_that_is_measured_ends_with_its_context(tmp_path: Path) -> None:
    with serving.running(("-m", "stress.echo"), tmp_path / "log") as echo:
        assert not gone(echo.pid)

    assert gone(echo.pid)
    with (
        pytest.raises(serving.ServingError, match=r"is not up:\n(.|\n)*No module named"),
        serving.running(("-m", "stress.nonsense"), tmp_path / "log"),
    ):
        pass


@pytest.mark.parametrize(
    ("arguments", "status", "expected"),
    [
        ([], 2, "usage: python -m stress COMMAND"),
        (["--help"], 0, "openloop"),
        (["nonsense"], 2, "usage: python -m stress COMMAND"),
        (["bench", "--runs", "0"], 2, "--runs at least 1"),
        (["openloop", "--rate", "0"], 2, "--rate × --seconds has to be"),
        (["openloop", "--address", "127.0.0.1:1"], 1, "openloop: "),
        (["client", "--address", "127.0.0.1:1"], 1, "client: "),
    ],
)
def test_wrong_use_is_told_in_a_sentence(arguments: list[str], status: int, expected: str) -> None:
    done = stress(*arguments)

    assert (status, True) == (done.returncode, expected in done.stdout + done.stderr)
    assert "Traceback" not in done.stderr


def test_the_report_tells_which_bars_are_reached() -> None:
    """Shares have least values; times, sizes and losses greatest ones."""
    report = Report(
        1565,
        [
            Throughput("echo", 1, 100_000.0, 100.0, None, 0.2, 0.5),
            Throughput("getcost", 1, 29_000.0, 29.0, 28.0, 0.8, 1.5),
            Throughput("getcost", 16, 70_000.0, 10.0, 11.0, None, None),
        ],
        [
            Single("ready", 6.0, "s", 5.0),
            Single("lost", 0.0, "debits", 0.0),
            Single("core", 1.25, "µs"),
            Single("report", 19_000.0, "hits/s", least=20_000.0),
        ],
        [Throughput("authrep", 1, 2_000.0, 26.0, 25.0, 0.8, 1.5)],
    )
    lines = [
        tuple(cell.strip() for cell in line.strip("|").split("|"))
        for line in text(report).splitlines()
        if re.match(r"\| (echo|getcost|ready|lost|core|report|authrep)", line)
    ]

    assert lines == [
        ("echo", "1", "100,000", "100.0 %", "", "", "0.20", "0.50"),
        ("getcost", "1", "29,000", "29.0 %", "≥ 28 %", "pass", "0.80", "1.50"),
        ("getcost", "16", "70,000", "10.0 %", "≥ 11 %", "FAIL", "", ""),
        ("authrep", "1", "2,000", "26.0 %", "≥ 25 %", "pass", "0.80", "1.50"),
        ("ready", "6", "s", "≤ 5 s", "FAIL"),
        ("lost", "0", "debits", "≤ 0 debits", "pass"),
        ("core", "1.25", "µs", "", ""),
        ("report", "19,000", "hits/s", "≥ 20,000", "FAIL"),
    ]
