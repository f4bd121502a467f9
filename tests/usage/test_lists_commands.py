"""``usage list`` and ``charges export``: rows of a store as JSON, CSV and Parquet."""

import csv
import io
import json
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from cgrates_py.cli.usage_work import CsvWriter, JsonWriter
from cgrates_py.usage import parquet
from cgrates_py.usage.parquet import ParquetExport
from cgrates_py.usage.rows import CHARGE_COLUMNS, USAGE_COLUMNS, charge_members, usage_members
from rater.account import Account
from rater.instant import DAY, SECOND
from rater.usage.records import DayEntry, Numbered, Row
from storage.opening import open_store
from storage.store import Commit, Committed, Entry
from tests.shell.servers import COMMAND, DEADLINE_S, environment, run_here

MARCH_2 = 16_131
AT_NS = MARCH_2 * DAY
PRICE = "364077180301507.560000000000000000000000000000000001"
USAGES = (
    Row("=shop", "gb", "12.50", AT_NS, AT_NS + DAY),
    Row("shop", "gb", "1E+400", AT_NS, AT_NS + DAY, remarks='a "b"'),
)
CHARGES = (
    Row("u1", "cpu", "177576860000000", AT_NS, AT_NS + 5 * SECOND, PRICE, "", "cyclops:7"),
    Row("u2", "gb", "-2", AT_NS + DAY, AT_NS + DAY, "", "", "scrooge:1"),
)


@pytest.fixture
async def kept(tmp_path: Path) -> Path:
    """A store with a little of both."""
    async with open_store(tmp_path / "data") as store:
        await store.append("scrooge", [(MARCH_2, DayEntry(1, "push", USAGES))])
        entries = [(MARCH_2 + n, DayEntry(1, "run", (row,))) for n, row in enumerate(CHARGES)]
        await store.append("charges", entries)
    return tmp_path / "data"


def told(data_dir: Path, *words: str) -> str:
    done = run_here(*words, "--data-dir", data_dir)
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


def told_bytes(data_dir: Path, *words: str) -> bytes:
    done = subprocess.run(
        [*COMMAND, *words, "--data-dir", data_dir],
        capture_output=True,
        timeout=DEADLINE_S,
        env=environment(),
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_usage_of_a_namespace_is_listed_as_json_and_as_csv(kept: Path) -> None:
    of = ("usage", "list", "--namespace", "scrooge")
    text = told(kept, *of, "--json")
    assert '"value":12.50,' in text
    assert told(kept, "usage", "list", "--json") == text, "that of Scrooge, unless another is named"
    rows = json.loads(text, parse_float=Decimal)
    assert [(row["account"], row["value"], row["seq"]) for row in rows] == [
        ("=shop", Decimal("12.50"), 1),
        ("shop", Decimal("1E+400"), 2),
    ]
    (row,) = csv.DictReader(io.StringIO(told(kept, *of, "--date", "2014-03-02", "--account", "=shop")))
    assert (row["date"], row["account"], row["value"]) == ("2014-03-02", "'=shop", "12.50")
    assert json.loads(told(kept, *of, "--to", "2014-03-01", "--json")) == []


def test_charges_are_exported_with_every_digit_in_every_format(kept: Path) -> None:
    text = told(kept, "charges", "export", "--json")
    assert [row["amount"] for row in json.loads(text, parse_float=str)] == [PRICE, None]
    rows = list(csv.DictReader(io.StringIO(told(kept, "charges", "export", "--csv"))))
    assert tuple(rows[0]) == CHARGE_COLUMNS
    assert [(row["account"], row["amount"], row["source"]) for row in rows] == [
        ("u1", PRICE, "cyclops"),
        ("u2", "", "scrooge"),
    ]
    (row,) = csv.DictReader(io.StringIO(told(kept, "charges", "export", "--from", "2014-03-03")))
    assert row["account"] == "u2"


async def test_an_export_of_one_account_has_what_its_journal_took(tmp_path: Path) -> None:
    async with open_store(tmp_path / "data") as store:
        before = Account("vdf", "u1", credit=10**9)
        after = replace(before, credit=10**9 - 3)
        lines = [Entry(1, "Create", "", 10**9, Account("vdf", "u1"), before)]
        lines.append(Entry(AT_NS, "DebitBalance", "", 3, before, after))
        assert await store.commit(Commit(("vdf", "u1"), 0, after, lines)) == Committed(1)
        billed = CHARGES[0]._replace(account="vdf:u1")
        await store.append("charges", [(MARCH_2, DayEntry(1, "run", (billed,)))])
    of = ("charges", "export", "--account", "vdf:u1")
    rows = list(csv.DictReader(io.StringIO(told(tmp_path / "data", *of))))
    assert [(row["metric"], row["amount"], row["source"], row["seq"]) for row in rows] == [
        ("cpu", PRICE, "cyclops", "1"),
        ("balance", "0.000000003", "calls:1", ""),
    ]
    file = tmp_path / "u1.parquet"
    file.write_bytes(told_bytes(tmp_path / "data", *of, "--parquet"))
    assert pq.read_table(file).column("amount").to_pylist() == [PRICE, "0.000000003"]
    every = json.loads(told(tmp_path / "data", "charges", "export", "--json"))
    assert [(row["account"], row["metric"]) for row in every] == [("vdf:u1", "cpu"), ("vdf:u1", "balance")]


def test_days_that_were_archived_are_listed_as_before(kept: Path) -> None:
    def lists() -> list[str]:
        return [told(kept, "charges", "export"), told(kept, "usage", "list", "--namespace", "scrooge")]

    before = lists()
    moved = f"moved 3 days and 0 changes of accounts to {kept / 'archive'}\n"
    assert told(kept, "usage", "archive", "--older-than", "30") == moved
    names = sorted(each.name.rsplit(".", 2)[0] for each in (kept / "archive").iterdir())
    assert names == ["charges.16131", "charges.16132", "scrooge.16131"]
    assert lists() == before
    assert "moved 0 days" in told(kept, "usage", "archive", "--older-than", "30")


@pytest.mark.parametrize(
    ("words", "because"),
    [
        (("usage", "list", "--namespace", "charges"), "--namespace: expected one of scrooge"),
        (("usage", "list", "--namespace", "scrooge", "--json", "--csv"), "--json or --csv, not both"),
        (("charges", "export", "--json", "--parquet"), "one of --json, --csv, --parquet"),
        (("charges", "export", "--from", "soon"), "--from: expected a date YYYY-MM-DD"),
    ],
)
def test_bad_options_are_named(tmp_path: Path, words: tuple[str, ...], because: str) -> None:
    done = run_here(*words, "--data-dir", tmp_path)
    assert done.returncode == 2
    assert because in done.stderr


def test_no_rows_are_an_empty_array_and_a_line_of_names() -> None:
    out = io.StringIO()
    JsonWriter(out).end()
    CsvWriter(out, ("date", "account")).end()
    assert out.getvalue() == '[]\n"date","account"\r\n'


def test_rows_written_in_parts_are_one_array_and_one_table() -> None:
    members = [usage_members(Numbered(seq, 1, row)) for seq, row in enumerate(USAGES, 1)]
    as_json, as_csv = io.StringIO(), io.StringIO()
    for writer in (JsonWriter(as_json), CsvWriter(as_csv, USAGE_COLUMNS)):
        for part in ([], members[:1], [], members[1:], []):
            writer.write(part)
        writer.end()
    assert [row["seq"] for row in json.loads(as_json.getvalue())] == [1, 2]
    table = list(csv.DictReader(io.StringIO(as_csv.getvalue())))
    assert [(row["seq"], row["value"], row["remarks"]) for row in table] == [
        ("1", "12.50", ""),
        ("2", "1" + 400 * "0", 'a "b"'),
    ]


def test_a_number_too_long_to_be_spelt_out_is_a_text_in_csv() -> None:
    out = io.StringIO()
    row = usage_members(Numbered(1, 1, USAGES[0]._replace(value="1E+999999999")))
    CsvWriter(out, ("value",)).write([row])
    assert out.getvalue().splitlines() == ['"value"', '"1E+999999999"']


def test_parquet_has_every_digit_and_nanosecond(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "ROWS_AT_ONCE", 2)
    out = io.BytesIO()
    writer = ParquetExport(out, CHARGE_COLUMNS)
    members = [charge_members(Numbered(seq, 1, CHARGES[seq % 2])) for seq in range(5)]
    for part in (members[:1], members[1:4], [], members[4:]):
        writer.write(part)
    writer.end()
    table = pq.read_table(io.BytesIO(out.getvalue()))
    assert table.num_rows == 5
    assert table.column("seq").to_pylist() == [0, 1, 2, 3, 4]
    first, second = table.slice(0, 2).to_pylist()
    began = datetime(2014, 3, 2, tzinfo=UTC)
    assert (first["amount"], first["from"], first["source"]) == (PRICE, began, "cyclops")
    assert (second["amount"], second["quantity"], second["remarks"]) == (None, "-2", None)


def test_parquet_of_nothing_is_a_table_without_rows() -> None:
    out = io.BytesIO()
    ParquetExport(out, CHARGE_COLUMNS).end()
    assert pq.read_table(io.BytesIO(out.getvalue())).column_names == list(CHARGE_COLUMNS)
