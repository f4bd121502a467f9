"""Files in every format and cut come out as the same rows; what is no row is told with its line."""

import csv
import gzip
import io
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgrates_py.cdrs import blocks, json_reader
from cgrates_py.cdrs.blocks import Lines
from cgrates_py.cdrs.chunk import Chunk, RecordsError
from cgrates_py.cdrs.csv_reader import read_csv
from cgrates_py.cdrs.formats import Format, Records, format_of
from cgrates_py.cdrs.json_reader import read_json_lines
from tests.cdrs.files import chunks_of

Row = tuple[int, tuple[str, ...]]


def _rows(chunks: list[Chunk]) -> list[Row]:
    found: list[Row] = []
    for chunk in chunks:
        columns = [column.to_pylist() for column in chunk.table.columns]
        found += zip(chunk.lines.tolist(), zip(*columns, strict=True), strict=True)
    return found


def _bad(chunks: list[Chunk]) -> list[tuple[int, str]]:
    return [(bad.line, bad.sentence) for chunk in chunks for bad in chunk.bad]


CELLS = st.text(alphabet=st.sampled_from('ab",; \n+é'), max_size=6)


@settings(derandomize=True, deadline=None)
@given(rows=st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=12), block_bytes=st.integers(1, 200))
def test_csv_is_read_alike_however_it_is_cut(
    rows: list[tuple[str, ...]], block_bytes: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    rows = [row for row in rows if any(row) and sum(cell.count("\n") for cell in row) < 8]
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([("x", "y", "z"), *rows])
    path = tmp_path_factory.mktemp("cut") / "calls.csv"
    path.write_text(text.getvalue())

    with closing(Lines(str(path), block_bytes)) as lines:
        chunks = list(read_csv(lines, ()))

    assert rows == [row for _, row in _rows(chunks)]
    assert _bad(chunks) == []


def test_a_row_with_an_odd_number_of_columns_is_told_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_bytes(b'a,b\n1,2\nalone\n"3",4\n5,6,7\n\n10,"1\n1"\n"8,9\n\xff,12\n13,14')

    chunks = chunks_of(path)

    assert _rows(chunks) == [(2, ("1", "2")), (4, ("3", "4")), (7, ("10", "1\n1")), (11, ("13", "14"))]
    assert _bad(chunks) == [
        (3, "expected 2 columns, got 'alone'"),
        (5, "expected 2 columns, got '5,6,7'"),
        (9, "expected 2 columns, got '\"8,9'"),
        (10, "expected UTF-8, got '\ufffd,12'"),
    ]


def test_every_line_is_read_or_told_where_quotes_and_ends_of_lines_stand_oddly(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_bytes(b'a,b\n1,5" pipe\n2,6" pipe\n3,4\r5,6\n7,8" pipe\n9,"10\n11,12\nalone\n')

    chunks = chunks_of(path)

    assert _rows(chunks) == [
        (2, ("1", '5" pipe')),
        (3, ("2", '6" pipe')),
        (5, ("7", '8" pipe')),
        (7, ("11", "12")),
    ]
    assert _bad(chunks) == [
        (4, "expected a row of CSV, got '3,4\\r5,6'"),
        (6, "expected 2 columns, got '9,\"10'"),
        (8, "expected 2 columns, got 'alone'"),
    ]


def test_a_file_of_a_heading_alone_has_its_columns_and_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_bytes(b"a,b\n")

    (chunk,) = chunks_of(path)

    assert (chunk.table.column_names, chunk.table.num_rows, chunk.bad) == (["a", "b"], 0, [])


@pytest.mark.parametrize("content", [b"\x1f\x8b\x08\0a\rb\n1,2\n", b"a,b\r1,2\r3,4\r"])
def test_a_first_line_that_is_no_csv_is_told_as_it_stands(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_bytes(content)

    with pytest.raises(RecordsError, match="a first line of CSV"):
        chunks_of(path)


def test_a_bad_line_costs_its_block_time_and_the_other_lines_nothing(tmp_path: Path) -> None:
    good = "".join(f"{number},x\n" for number in range(1000))
    path = tmp_path / "calls.csv"
    path.write_text(f"a,b\n{good}bad\n{good}")

    with closing(Lines(str(path), 500)) as lines:
        chunks = list(read_csv(lines, ()))

    assert [*range(2, 1002), *range(1003, 2003)] == [line for line, _ in _rows(chunks)]
    assert _bad(chunks) == [(1002, "expected 2 columns, got 'bad'")]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_first_line_tells_what_separates_columns(delimiter: str, tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text(f"\ufeffa{delimiter}b\r\n1{delimiter}2\r\n")

    (chunk,) = chunks_of(path)

    assert (chunk.table.column_names, _rows([chunk])) == (["a", "b"], [(2, ("1", "2"))])


def test_columns_without_names_have_those_of_the_layout_and_then_their_places(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text("1,2,3\n")

    (chunk,) = chunks_of(path, ("a", "b"))

    assert (chunk.table.column_names, _rows([chunk])) == (["a", "b", "column_3"], [(1, ("1", "2", "3"))])


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv"
    path.write_text("a,a\n1,2\n")

    with pytest.raises(RecordsError, match="a name of its own"):
        chunks_of(path)


JSON = (
    '{"a":"x","b":1}\n{"b":0.1000000000000000055,"a":"y"}\n\nnope\n[1]\n'
    '{"a":null,"c":{"d":[1.50]}}  \n{"a":"\\u0031"}'
)


@pytest.mark.parametrize("block_bytes", [1, 20, 1 << 20])
def test_json_lines_keep_the_digits_of_numbers(block_bytes: int, tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text(JSON)

    with closing(Lines(str(path), block_bytes)) as lines:
        chunks = list(read_json_lines(lines))
    rows = [row for chunk in chunks for row in chunk.table.to_pylist()]

    told = [{name: value for name, value in row.items() if value} for row in rows]
    assert told == [
        {"a": "x", "b": "1"},
        {"b": "0.1000000000000000055", "a": "y"},
        {"c": '{"d":[1.50]}'},
        {"a": "1"},
    ]
    assert [line for chunk in chunks for line in chunk.lines.tolist()] == [1, 2, 6, 7]
    assert _bad(chunks) == [
        (4, "expected a JSON object, got 'nope'"),
        (5, "expected a JSON object, got '[1]'"),
    ]


@pytest.mark.parametrize(
    ("text", "rows", "bad"),
    [
        ('{"a":"1"}\n{"a":"2"}{"a":"3"}\n\n', [(1, ("1",))], [2]),
        ('{"a":"1"}\n{"a":\n"2"}\n{"a":"3"}{"a":"4"}\n', [(1, ("1",))], [2, 3, 4]),
        ('{"a":"1"}\r\n{"a":"2"}\r\n{"a":"3"}', [(1, ("1",)), (2, ("2",)), (3, ("3",))], []),
    ],
)
def test_a_line_of_json_is_one_object(text: str, rows: list[Row], bad: list[int], tmp_path: Path) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_bytes(text.encode())

    chunks = chunks_of(path)

    assert (_rows(chunks), [line for line, _ in _bad(chunks)]) == (rows, bad)
    assert sum(len(chunk.texts) for chunk in chunks if chunk.texts is not None) == len(rows)


@pytest.mark.parametrize("odd", ["", "nope\n"], ids=["at once", "line by line"])
@pytest.mark.parametrize("before", [0, 3_000])
def test_records_whose_members_are_names_of_things_are_refused(
    before: int, odd: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_reader, "NAMES_MAX", 10)
    path = tmp_path / "calls.jsonl"
    lines = ['{"a":"1"}\n'] * before + [f'{{"a":"1","k{number}":"x"}}\n' for number in range(10)]
    path.write_text(odd + "".join(lines))

    with pytest.raises(RecordsError, match="at most 10 different members"):
        chunks_of(path)

    path.write_text(odd + "".join(lines[:-1]))
    assert len(_rows(chunks_of(path))) == before + 9


@pytest.mark.parametrize("end", ["", ".gz", ".zst"])
def test_compression_is_told_by_the_name(end: str, tmp_path: Path) -> None:
    path = tmp_path / f"calls.csv{end}"
    codec = {".gz": "gzip", ".zst": "zstd"}.get(end)
    with pa.output_stream(path, compression=codec) as out:
        out.write(b"a\n1\n2\n")

    assert _rows(chunks_of(path)) == [(2, ("1",)), (3, ("2",))]


def test_a_file_that_breaks_off_inside_its_compression_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "calls.csv.gz"
    path.write_bytes(gzip.compress(b"a\n1\n" * 1000)[:-12])

    with pytest.raises(RecordsError):
        chunks_of(path)


def test_rows_of_parquet_are_numbered_from_one(tmp_path: Path) -> None:
    path = tmp_path / "calls.parquet"
    pq.write_table(pa.table({"a": ["1", "2"]}), path)

    assert _rows(chunks_of(path)) == [(1, ("1",)), (2, ("2",))]


def test_what_is_no_parquet_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "calls.parquet"
    path.write_text("nope")

    with pytest.raises(RecordsError, match="expected Parquet"):
        chunks_of(path)


def test_a_file_without_an_end_of_line_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "LINE_BYTES_MAX", 100)
    path = tmp_path / "calls.csv"
    path.write_text("x" * 200)

    with closing(Lines(str(path), 50)) as lines, pytest.raises(RecordsError, match="without an end of line"):
        list(lines.blocks(quotes=True))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("calls.csv", Format.CSV),
        ("calls.CSV.gz", Format.CSV),
        ("calls.jsonl.zst", Format.JSON),
        ("calls.parquet", Format.PARQUET),
    ],
)
def test_the_name_tells_the_format(name: str, expected: Format) -> None:
    assert expected is format_of(name)


def test_a_name_that_tells_nothing_needs_a_format() -> None:
    with pytest.raises(RecordsError, match=r"calls\.xls: expected a name that ends with"):
        format_of("calls.xls")
    assert format_of("-", Format.JSON) is Format.JSON


def test_parquet_cannot_be_read_from_standard_input() -> None:
    with pytest.raises(RecordsError, match="Parquet cannot be read from standard input"):
        Records("-", Format.PARQUET, ())
