"""CSV that a spreadsheet shows and does not run."""

import csv
import io
from decimal import Decimal
from pathlib import Path

import pytest

from cgrates_py.csv_export import Cell, cell_text, csv_lines
from tests.shell.servers import run_here

CELLS: list[tuple[Cell, str]] = [
    ("", '""'),
    ("rif", '"rif"'),
    ("=1+1", '"\'=1+1"'),
    ("+40720", '"\'+40720"'),
    ("-1", '"\'-1"'),
    ("@SUM(A1)", '"\'@SUM(A1)"'),
    ("\t=1", '"\'\\x09=1"'),
    ("\r=1", '"\'\\x0d=1"'),
    ("\n=1", '"\'\\x0a=1"'),
    ("＝1", '"\'＝1"'),
    ("'=1", '"\'=1"'),
    ('a","=1', '"a"",""=1"'),
    ("a\r\n=1,=2", '"a\\x0d\\x0a=1,=2"'),
    ("\x1b]0;x\x07", '"\\x1b]0;x\\x07"'),
    ("\u202efdp.exe", '"\\u202efdp.exe"'),
    ("a=1", '"a=1"'),
    ("\0=1", '"\\x00=1"'),
    (-1, "-1"),
    (Decimal("-0.000000001"), "-0.000000001"),
    (Decimal("1E+2"), "100"),
    (True, "true"),
    (False, "false"),
    (None, ""),
]


@pytest.mark.parametrize(("value", "expected"), CELLS)
def test_a_text_never_begins_like_a_formula_and_a_number_stays_one(value: Cell, expected: str) -> None:
    assert expected == cell_text(value)


def test_a_reader_finds_the_cells_that_were_written() -> None:
    texts = ['a","b', "c d", "e,f;g", ' "', "plain"]

    lines = "".join(csv_lines(["x", "n"], [{"x": text, "n": 1} for text in texts]))

    assert [["x", "n"], *([text, "1"] for text in texts)] == list(csv.reader(io.StringIO(lines, newline="")))


def test_accounts_and_their_journals_come_as_csv(tmp_path: Path) -> None:
    place = ("--data-dir", tmp_path / "data")
    evil = "=HYPERLINK(1)"
    name = ("--cstmid", "@tenant", "--subject", evil)
    assert (
        run_here(
            "account", "create", *name, "--credit", "1.5", "--bucket", "+RO:60:1:0.01", *place
        ).returncode
        == 0
    )
    assert run_here("account", "topup", *name, "--credit", "-2", "--request-id", "-x", *place).returncode == 0

    listed = list(csv.DictReader(io.StringIO(run_here("account", "list", "--csv", *place).stdout)))
    history = list(csv.DictReader(io.StringIO(run_here("account", "history", *name, "--csv", *place).stdout)))

    assert [("'@tenant", f"'{evil}", "-0.5", "'+RO:60:1:0.01", "2")] == [
        (each["CstmId"], each["Subject"], each["Credit"], each["MinuteBuckets"], each["Version"])
        for each in listed
    ]
    assert [
        tuple(each[name] for name in ("Version", "RequestId", "Amount", "Member", "Before", "After"))
        for each in history
    ] == [
        ("1", "", "1.5", "Credit", "0", "1.5"),
        ("1", "", "1.5", "MinuteBuckets", "", "'+RO:60:1:0.01"),
        ("2", "'-x", "-2", "Credit", "1.5", "-0.5"),
    ]


@pytest.mark.parametrize("command", [("list",), ("history", "a:b")])
def test_one_format_at_a_time(command: tuple[str, ...], tmp_path: Path) -> None:
    done = run_here("account", *command, "--json", "--csv", "--data-dir", tmp_path / "none")

    assert (done.returncode, "not both" in done.stderr) == (2, True)
