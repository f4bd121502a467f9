"""The command ``rate``: what GetCost answers one by one, from a file at once."""

import json
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rater import instant
from tests.cdrs.files import RETAIL, rows_of
from tests.shell.servers import Server, ask, run_here, serving

SECOND = 1_000_000_000
MONTH = instant.parse("2026-01-01T00:00:00Z")[0]
HEAD = "CstmId,Subject,TOR,Destination,TimeStart,TimeEnd\n"
# none of them has an account with minutes, which GetCost uses and rate does not
PARTIES = (
    ("vdf", "nobody", "0256"),
    ("tel.example", "9001", "40722"),
    ("tel.example", "9001", "1268"),
    ("tel.example", "acme", "49"),
    ("tel.example", "acme", "999"),
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("rate") / "data", "--demo") as running:
        yield running


def _records(count: int) -> list[tuple[str, ...]]:
    dice = random.Random(6)
    found: list[tuple[str, ...]] = []
    for _ in range(count):
        customer, subject, prefix = dice.choice(PARTIES)
        begin = MONTH + dice.randrange(31 * 86_400) * SECOND
        end = begin + dice.choice([0, dice.randrange(7_200 * SECOND), dice.randrange(600) * SECOND])
        offset = dice.choice([0, 7_200, -18_000]) * SECOND
        number = f"{prefix}{dice.randrange(10**6):06d}"
        found.append((customer, subject, "call", number, instant.text(begin, offset), instant.text(end)))
    return found


def _getcost(server: Server, records: list[tuple[str, ...]]) -> list[tuple[str, str] | str]:
    """Ask for each; numbers as the texts that they are answered as."""
    names = ("CstmId", "Subject", "TOR", "DestinationPrefix", "TimeStart", "TimeEnd")
    found: list[tuple[str, str] | str] = []
    for record in records:
        asked = {"id": 1, "method": "Responder.GetCost", "params": [dict(zip(names, record, strict=True))]}
        line = ask(server.rpc_port, json.dumps(asked).encode() + b"\n")
        answer = json.loads(line, parse_float=str, parse_int=str)
        if answer.get("error"):
            found.append(str(answer["error"]))
        else:
            found.append((answer["result"]["Cost"], answer["result"]["ConnectFee"]))
    return found


def test_a_file_is_rated_to_the_last_digit_as_getcost_answers(server: Server, tmp_path: Path) -> None:
    records = _records(300)
    (tmp_path / "calls.csv").write_text(HEAD + "".join(f"{','.join(record)}\n" for record in records))

    out = tmp_path / "out.csv"
    done = run_here("rate", tmp_path / "calls.csv", "--out", out, "--data-dir", server.data_dir, "--json")

    assert done.returncode == 0, done.stderr
    rows = rows_of(out)
    told = [(row["cost"], row["connect_fee"]) if row["cost"] else row["notice"] for row in rows]
    assert _getcost(server, records) == told
    summary = json.loads(done.stdout)
    assert (summary["Rows"], summary["Rated"] + summary["Unrated"]) == (300, 300)
    assert summary["UnratedByReason"].keys() == {"RATE_NOT_FOUND"}


def test_a_folder_is_rated_with_without_a_server_from_standard_input(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cgrates_py", "rate", "-", "--format", "csv", "--tariff", RETAIL, "--json"],
        input=HEAD + "tel.example,x,call,40722123456,2026-01-30T10:00:00Z,2026-01-30T10:01:30Z\n",
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )

    assert json.loads(done.stdout)["Revenue"] == "0.119"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (
            ["--layout", "avaya"],
            "layout: expected one of getcost, freeswitch, asterisk, ",
        ),
        (["--column", "number"], "--column: expected MEMBER=COLUMN, got 'number'"),
        (["--column", "number=to"], "start: no column says it, expected --column start=COLUMN"),
        (["--national", "0"], "--national: expected PREFIX=CODE, got '0'"),
        (["--format", "xml"], "--format: expected one of csv, jsonl, parquet, got 'xml'"),
        (["--times", "late"], "times: expected one of auto, rfc3339, local, epoch, epoch-ms, got 'late'"),
        (["--timezone", "Mars"], "timezone: expected an IANA time zone"),
        (["--out", "out.xls"], "out.xls: expected a name that ends with .csv"),
        (["--version", "1"], "--tariff and --version: expected one of them"),
        (["--map", "no.toml"], "no.toml"),
    ],
)
def test_a_command_line_that_cannot_be_meant_changes_nothing(
    arguments: list[str], expected: str, tmp_path: Path
) -> None:
    (tmp_path / "calls.csv").write_text(HEAD)

    done = run_here("rate", "calls.csv", "--tariff", RETAIL, *arguments, cwd=tmp_path)

    assert (done.returncode, expected in done.stderr) == (2, True), done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["calls.csv"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, "No such file"),
        ("a,b\n1,2\n", "expected a column DestinationPrefix or Destination, got a, b"),
    ],
)
def test_a_file_that_cannot_be_rated_leaves_none(text: str | None, expected: str, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "calls.csv").write_text(text)

    done = run_here("rate", "calls.csv", "--tariff", RETAIL, "--out", "out.csv", cwd=tmp_path)

    assert (done.returncode, expected in done.stderr) == (1, True), done.stderr
    assert {"calls.csv"} >= {path.name for path in tmp_path.iterdir()}
