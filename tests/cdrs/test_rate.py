"""Files are rated to the last digit as the core rates each call, whatever format they come in and go to."""

import csv
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from cgrates_py.bulk.calls import Calls, Priced, Words
from cgrates_py.bulk.rating import BulkRater
from cgrates_py.cdrs import amounts
from cgrates_py.cdrs.blocks import Lines
from cgrates_py.cdrs.chunk import Chunk, RecordsError
from cgrates_py.cdrs.convert import Converter
from cgrates_py.cdrs.formats import Format, Records
from cgrates_py.cdrs.layout import GETCOST, LAYOUTS
from cgrates_py.cdrs.rate import FileRater
from cgrates_py.cdrs.writers import Output
from rater import instant, quantity
from rater.book import Book
from rater.compiler import compile_tariff
from rater.rating import Call, price_call
from rater.refusal import Refusal
from rater.tariff import Tariff
from tests.bulk.asking import calls_near
from tests.cdrs.files import parquet_rows, rate_file, retail, rows_of
from tests.strategies.calls import ANCHORS
from tests.strategies.dice import Dice, seeded
from tests.strategies.tariffs import interval_tariff, plan_tariff

HEAD = ["CstmId", "Subject", "TOR", "Destination", "TimeStart", "TimeEnd"]
RECORDS = """\
Tenant,Subject,TOR,Destination,TimeStart,TimeEnd,note
tel.example,x,call,40722123456,2026-01-30T10:00:00Z,2026-01-30T10:01:30Z,"so, so"
tel.example,x,call,40722123456,2026-01-30T10:00:00Z,soon,
tel.example,x,sms,40722123456,2026-01-30T10:00:00Z,2026-01-30T10:01:30Z,
alone
tel.example,acme,call,1202,2026-01-30T10:00:00Z,2026-01-30T10:00:00Z,"say ""hi"" now"
"""


def _texts(call: Call) -> list[str]:
    begun, ended = instant.text(call.start_ns, call.offset_ns), instant.text(call.end_ns)
    return [call.customer, call.subject, call.category, call.number, begun, ended]


def _by_core(book: Book, calls: Sequence[Call]) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = []
    for call in calls:
        answer = price_call(book, call, None)
        if isinstance(answer, Refusal):
            found.append(("", "", "", "", f"{answer.code}: {answer.sentence}"))
        else:
            total = quantity.text(answer.cost + answer.connect_fee)
            hole = any(span.rate is None for span in answer.spans)
            notice = "span without price" if hole else ""
            shown = quantity.text(answer.cost), quantity.text(answer.connect_fee)
            found.append((*shown, total, answer.prefix, notice))
    return found


@pytest.mark.parametrize("make", [interval_tariff, plan_tariff])
@pytest.mark.parametrize("seed", range(6))
def test_files_of_random_calls_cost_what_the_core_says(
    make: Callable[[Dice, int], Tariff], seed: int, tmp_path: Path
) -> None:
    dice = seeded(seed)
    near = dice.among(ANCHORS)
    tariff = make(dice, near)
    book = compile_tariff(tariff)
    calls = [call for call in calls_near(dice, near, tariff, 200) if call.category]
    with (tmp_path / "calls.csv").open("w", newline="") as file:
        csv.writer(file).writerows([HEAD, *map(_texts, calls)])

    summary = rate_file(book, tmp_path / "calls.csv", tmp_path / "out.csv", tmp_path / "unrated.csv")

    columns = ("cost", "connect_fee", "total", "prefix", "notice")
    told = [tuple(row[name] for name in columns) for row in rows_of(tmp_path / "out.csv")]
    expected = _by_core(book, calls)
    assert expected == told
    paid = [Decimal(total) for *_, total, _, _ in expected if total]
    assert (len(calls), len(paid)) == (summary.rows, summary.rated)
    assert sum(paid) == Decimal(quantity.text(summary.revenue))
    assert len(calls) - len(paid) == len(rows_of(tmp_path / "unrated.csv")) == summary.unrated.total()


def test_a_file_comes_out_with_its_columns_and_what_they_cost(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text(RECORDS)

    summary = rate_file(retail(), tmp_path / "calls.csv", tmp_path / "out.csv", tmp_path / "unrated.csv")

    assert (summary.rows, summary.rated, dict(summary.unrated)) == (5, 2, {"BAD_ROW": 2, "RATE_NOT_FOUND": 1})
    assert (summary.talk_ns, summary.revenue) == (90_000_000_000, 169_000_000)
    told = rows_of(tmp_path / "out.csv")
    assert [row["note"] for row in told] == ["so, so", "", "", 'say "hi" now']
    assert [row["total"] for row in told] == ["0.119", "", "", "0.05"]
    assert [row["cost"] for row in told] == ["0.099", "", "", "0"]
    assert [row["plan"] for row in told] == ["RETAIL", "", "", "RETAIL"]
    listed = [(row["line"], row["reason"], row["note"]) for row in rows_of(tmp_path / "unrated.csv")]
    assert listed == [("3", "BAD_ROW", ""), ("4", "RATE_NOT_FOUND", ""), ("5", "BAD_ROW", "")]


@pytest.mark.parametrize("middle", ["calls.parquet", "calls.jsonl", "calls.csv.gz", "calls.jsonl.zst"])
def test_formats_say_the_same(middle: str, tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text(RECORDS)
    book, unrated = retail(), tmp_path / "unrated.csv"
    rate_file(book, tmp_path / "calls.csv", tmp_path / middle, unrated)

    rate_file(book, tmp_path / middle, tmp_path / "again.csv", unrated)

    for row in rows_of(tmp_path / "again.csv"):
        for name in ("cost", "connect_fee", "total"):
            before, after = row[name], row[f"rated_{name}"]
            assert (Decimal(before) if before else "") == (Decimal(after) if after else "")
        assert row["notice"] == row["rated_notice"]


def test_a_file_may_be_rated_again_and_again(tmp_path: Path) -> None:
    (tmp_path / "0.csv").write_text(RECORDS)

    for time in range(3):
        rate_file(retail(), tmp_path / f"{time}.csv", tmp_path / f"{time + 1}.csv", tmp_path / "unrated.csv")

    for row in rows_of(tmp_path / "3.csv"):
        assert row["total"] == row["rated_total"] == row["rated_rated_total"]


def test_parquet_has_amounts_as_decimals_and_keeps_the_types_of_columns(tmp_path: Path) -> None:
    table = pa.table(
        {
            "Tenant": pa.array(["tel.example", "nobody"]).dictionary_encode(),
            "Destination": pa.array([40722123456, 1], pa.int64()),
            "TimeStart": pa.array([1_769_767_200_000] * 2, pa.timestamp("ms", "UTC")),
            "Usage": pa.array([90, 90], pa.duration("s")),
        }
    )
    pq.write_table(table, tmp_path / "calls.parquet")
    layout = GETCOST.having({"duration": "Usage", "subject": "=x", "category": "=call"})

    rate_file(retail(), tmp_path / "calls.parquet", tmp_path / "out.parquet", tmp_path / "u.parquet", layout)

    kept = pq.read_table(tmp_path / "out.parquet")
    assert table.schema.types[1:] == kept.schema.types[1:4]
    assert pa.decimal128(19, 9) == kept.schema.field("total").type
    assert [Decimal("0.119"), None] == kept.column("total").to_pylist()
    assert [row["reason"] for row in parquet_rows(tmp_path / "u.parquet")] == ["RATE_NOT_FOUND"]


def test_json_lines_keep_their_text(tmp_path: Path) -> None:
    record = (
        '{"Tenant":"tel.example", "Subject":"\\u0078", "TOR":0, "Destination":"40722123456",'
        '"TimeStart":"2026-01-30T10:00:00Z","TimeEnd":"2026-01-30T10:01:30Z","more":{"x":[1.0]}  }'
    )
    (tmp_path / "calls.jsonl").write_text(record + "\n")

    rate_file(retail(), tmp_path / "calls.jsonl", tmp_path / "out.jsonl", tmp_path / "unrated.jsonl")

    begun, _, _ = record.rpartition("}")
    sums = '"cost":"0.099","connect_fee":"0.02","total":"0.119"'
    expected = f'{begun},{sums},"prefix":"+4072","plan":"RETAIL","notice":""}}\n'
    assert expected == (tmp_path / "out.jsonl").read_text()


def test_calls_that_nobody_answered_cost_nothing_where_the_layout_says_so(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text('"a","1","40722","d","","","","5","0","NO_ANSWER","u","","x","",""\n')
    layout = LAYOUTS["freeswitch"].having({"customer": "=tel.example"})

    summary = rate_file(retail(), tmp_path / "calls.csv", tmp_path / "out.csv", tmp_path / "u.csv", layout)

    (row,) = rows_of(tmp_path / "out.csv")
    assert (row["total"], row["notice"], summary.unanswered, summary.rated) == ("0", "unanswered", 1, 0)


def test_numbers_called_that_a_tool_made_floats_keep_their_digits(tmp_path: Path) -> None:
    floats = pa.array([40722123456.0, None, 40722123456.5, 9e15], pa.float64())
    same = {name: ["x"] * 4 for name in ("Tenant", "Subject")} | {"TOR": ["call"] * 4}
    times = {"TimeStart": ["2026-01-30T10:00:00Z"] * 4, "TimeEnd": ["2026-01-30T10:01:00Z"] * 4}
    chunk = Chunk(pa.table({**same, "Destination": floats, **times}), np.arange(1, 5), [])

    calls = Converter(GETCOST).convert(chunk).calls

    assert calls.number.to_pylist() == ["40722123456", "", "4.07221234565e+10", "9000000000000000"]


def test_a_column_of_lists_that_a_call_is_read_from_is_refused_by_name() -> None:
    table = pa.table({"Destination": [["40"]], "TimeStart": ["2026-01-30T10:00:00Z"]})

    with pytest.raises(RecordsError, match="Destination: expected texts, numbers or times, got list"):
        Converter(GETCOST).convert(Chunk(table, np.arange(1, 2), []))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("out.csv", 'legs,raw,who,cost\n"[1,2]","/wA=","a","1"\n,,"b","2"\n'),
        (
            "out.jsonl",
            '{"legs":"[1,2]","raw":"/wA=","who":"a","cost":"1"}\n'
            '{"legs":null,"raw":null,"who":"b","cost":"2"}\n',
        ),
    ],
)
def test_columns_beside_the_call_that_are_lists_or_bytes_are_written_as_texts(
    name: str, expected: str, tmp_path: Path
) -> None:
    table = pa.table({"legs": [[1, 2], None], "raw": [b"\xff\0", None], "who": ["a", "b"]})

    with Output(tmp_path / name) as out:
        out.write(table, pa.table({"cost": ["1", "2"]}))

    assert (tmp_path / name).read_text() == expected


@pytest.mark.parametrize("name", ["out.csv", "out.jsonl", "out.parquet"])
def test_an_empty_file_makes_an_empty_file(name: str, tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text("")

    summary = rate_file(retail(), tmp_path / "calls.csv", tmp_path / name, tmp_path / "unrated.csv")

    assert (summary.rows, (tmp_path / name).exists()) == (0, True)


def test_a_run_that_breaks_off_leaves_no_file_and_keeps_the_one_of_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "calls.csv").write_text(RECORDS)
    (tmp_path / "out.csv").write_text("before")

    def breaking(*_: object) -> None:
        raise RecordsError("cannot be read on")

    monkeypatch.setattr(FileRater, "rate", breaking)
    with pytest.raises(RecordsError):
        rate_file(retail(), tmp_path / "calls.csv", tmp_path / "out.csv", tmp_path / "unrated.csv")

    assert {"calls.csv", "out.csv"} == {path.name for path in tmp_path.iterdir()}
    assert (tmp_path / "out.csv").read_text() == "before"


class _Dear(BulkRater):
    """Prices calls at the most that there is."""

    def __init__(self) -> None:
        super().__init__(retail())

    def rate(self, calls: Calls) -> Priced:
        rows = calls.rows
        most = np.full(rows, quantity.AMOUNT_MAX, dtype=np.int64)
        empty = Words.alike("", rows)
        return Priced(most, most, empty, empty, np.full(rows, -1, dtype=np.int32), [], empty, 0)


def test_a_total_beyond_what_an_amount_can_be_is_refused(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text("\n".join(RECORDS.splitlines()[:2]))
    records = Records(str(tmp_path / "calls.csv"), Format.CSV, ())

    with Output(tmp_path / "out.csv") as out:
        rater = FileRater(_Dear(), Converter(GETCOST), out, None)
        summary = rater.run(records, lambda _: None)
    records.close()

    assert (dict(summary.unrated), summary.revenue, summary.rated) == ({"AMOUNT_OUT_OF_RANGE": 1}, 0, 0)
    assert rows_of(tmp_path / "out.csv")[0]["total"] == ""


def test_columns_that_only_later_rows_have_are_told(tmp_path: Path) -> None:
    with Output(tmp_path / "out.csv") as out:
        for read in ({"a": ["1"]}, {"a": ["1"], "b": ["1"]}):
            out.write(pa.table(read), pa.table({"total": ["2"]}))

    assert ({"b"}, "a,total\n1,2\n1,2\n") == (out.left_out, (tmp_path / "out.csv").read_text())


AMOUNTS = [0, 1, 10, 999_999_999, 1_000_000_000, 300_000_000, 540 * quantity.SCALE, quantity.AMOUNT_MAX]


def test_columns_of_amounts_print_as_amounts_do() -> None:
    column = np.array(AMOUNTS, dtype=np.int64)
    known = np.array([each != 10 for each in AMOUNTS])

    expected = [quantity.text(each) if each != 10 else None for each in AMOUNTS]
    assert expected == amounts.texts(column, known).to_pylist()
    decimals = [Decimal(each).scaleb(-9) if each != 10 else None for each in AMOUNTS]
    assert decimals == amounts.decimals(column, known).to_pylist()
    assert sum(AMOUNTS * 4) == amounts.total(np.array(AMOUNTS * 4))


def test_standard_input_is_read_like_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "calls.csv").write_text(RECORDS)
    with (tmp_path / "calls.csv").open("rb") as stdin:
        monkeypatch.setattr("sys.stdin", type("Stdin", (), {"buffer": stdin}))
        lines = Lines("-", 16)
        assert RECORDS.encode() == b"".join(lines.blocks(quotes=True))
        assert (None, len(RECORDS)) == (lines.bytes_total, lines.bytes_read)
