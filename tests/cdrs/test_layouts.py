"""Records of each switch become the calls that they tell of."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from cgrates_py.cdrs.chunk import Chunk, RecordsError
from cgrates_py.cdrs.convert import Converted, Converter
from cgrates_py.cdrs.layout import LAYOUTS, Layout, LayoutError, Times
from cgrates_py.cdrs.layout_file import adjusted, named, read_map
from cgrates_py.cdrs.numbers import rewrite
from cgrates_py.cdrs.times import EXPECTED
from rater.rating import Call
from tests.cdrs.files import chunks_of
from tests.rater.tables import SECOND, instant

TEN = instant("2026-01-31T10:00:00Z")[0]
OFTEN = {"customer": "=tel", "number": "to", "start": "at"}


def _convert(layout: Layout, chunk: Chunk) -> Converted:
    return Converter(layout).convert(chunk)


def _calls(converted: Converted) -> list[Call]:
    return converted.calls.calls(np.arange(converted.calls.rows))


def _of(layout: Layout, *rows: Mapping[str, Any]) -> Converted:
    table = pa.Table.from_pylist([dict(row) for row in rows])
    return _convert(layout, Chunk(table, np.arange(1, len(rows) + 1), []))


FREESWITCH = (
    '"Ann","1001","0040722123456","default","2026-01-31 09:59:50","2026-01-31 10:00:00",'
    '"2026-01-31 10:01:30","100","90","NORMAL_CLEARING","u-1","u-2","acme","PCMA","PCMA"\n'
    '"Ann","1001","0040722123456","default","2026-01-31 10:00:00","","2026-01-31 10:00:00",'
    '"0","0","NO_ANSWER","u-3","","acme","",""\n'
)
ASTERISK = (
    '"acme","1001","0722123456","from-internal","""Ann"" <1001>","PJSIP/1001-0001","PJSIP/out-0002","Dial",'
    '"PJSIP/0722123456@out,30","2026-01-31 09:59:50","2026-01-31 10:00:00","2026-01-31 10:01:30",100,90,'
    '"ANSWERED","DOCUMENTATION","1769853590.1",""\n'
    '"acme","1001","0722123456","from-internal","","PJSIP/1001-0003","","Dial","",'
    '"2026-01-31 10:00:00",,"2026-01-31 10:00:20",20,0,"NO ANSWER","DOCUMENTATION","1769853600.3",""\n'
)
CGRATES = (
    "CGRID,RunID,ToR,OriginID,RequestType,Tenant,Category,Account,Subject,Destination,SetupTime,AnswerTime,Usage,Cost\n"
    "a,*default,*voice,o1,*rated,tel.example,call,acme,,40722123456,2026-01-31T09:59:50Z,2026-01-31T10:00:00Z,1m30s,-1\n"
    "b,*default,*voice,o2,*rated,tel.example,call,x,acme,40722123456,2026-01-31T09:59:50Z,2026-01-31T10:00:00Z,90000000000,-1\n"
    "c,*default,*sms,o3,*rated,tel.example,sms,acme,,40722123456,2026-01-31T09:59:50Z,2026-01-31T10:00:00Z,1,-1\n"
    "d,*default,*voice,o4,*rated,tel.example,call,acme,,40722123456,2026-01-31T09:59:50Z,,0s,-1\n"
)
PLAIN = (
    "a,*raw,*voice,o1,*rated,*out,tel.example,call,x,acme,40722123456,"
    "2026-01-31T09:59:50Z,2026-01-31T10:00:00Z,90s,-1\n"
)
GETCOST = (
    "Tenant,Subject,TOR,Destination,TimeStart,TimeEnd\n"
    "tel.example,acme,0,40722123456,2026-01-31T12:00:00+02:00,2026-01-31T10:01:30Z\n"
    "tel.example,acme,,40722123456,2026-01-31T10:00:00Z,2026-01-31T10:00:00Z\n"
)


@pytest.mark.parametrize(
    ("name", "text", "number", "answered", "unanswered", "no_calls"),
    [
        ("freeswitch", FREESWITCH, "0040722123456", 1, [1], []),
        ("asterisk", ASTERISK, "0722123456", 1, [1], []),
        ("cgrates", CGRATES, "40722123456", 2, [3], [2]),
        ("cgrates-plain", PLAIN, "40722123456", 1, [], []),
    ],
)
def test_records_of_switches_are_read_by_the_name_of_their_layout(
    name: str,
    text: str,
    number: str,
    answered: int,
    unanswered: list[int],
    no_calls: list[int],
    tmp_path: Path,
) -> None:
    layout = LAYOUTS[name]
    if "customer" not in layout.members:
        layout = layout.having({"customer": "=tel.example"})
    path = tmp_path / "cdrs.csv"
    path.write_text(text)

    (chunk,) = chunks_of(path, layout.columns)
    found = _convert(layout, chunk)

    call = Call("tel.example", "acme", "call", number, TEN, TEN + 90 * SECOND)
    assert [call] * answered == _calls(found)
    assert (unanswered, no_calls, []) == (found.unanswered.tolist(), found.passed_over.tolist(), found.bad)


def test_a_call_descriptor_is_what_it_is_to_getcost(tmp_path: Path) -> None:
    path = tmp_path / "cdrs.csv"
    path.write_text(GETCOST)

    (chunk,) = chunks_of(path)

    assert [
        Call("tel.example", "acme", "call", "40722123456", TEN, TEN + 90 * SECOND, 7_200 * SECOND),
        Call("tel.example", "acme", "call", "40722123456", TEN, TEN),
    ] == _calls(_convert(named("getcost"), chunk))


DURATION = Layout({}).having(OFTEN | {"duration": "for"})
END = Layout({}).having(OFTEN | {"end": "until"})


@pytest.mark.parametrize(
    ("layout", "row", "expected"),
    [
        (DURATION, {"at": "soon", "for": "1"},
         f"at: expected {EXPECTED[Times.AUTO]}, got 'soon'"),
        (DURATION, {"at": "2026-01-31T10:00:00Z", "for": "long"},
         "for: expected a duration such as 90, 1m30s or 00:01:30, got 'long'"),
        (DURATION, {"at": "2026-01-31T10:00:00Z", "for": "31622401"},
         "for: expected a call of at most 366 days, got '31622401'"),
        (END, {"at": "2026-01-31T10:00:00Z", "until": "2026-01-31T09:59:59.999999999Z"},
         "until: expected a time at or after the start, got '2026-01-31T09:59:59.999999999Z'"),
        (END, {"at": "2026-01-31T10:00:00Z", "until": "2028-01-31T10:00:00Z"},
         "until: expected a call of at most 366 days, got '2028-01-31T10:00:00Z'"),
        (DURATION, {"to": "4" * 257, "at": "2026-01-31T10:00:00Z", "for": "1"},
         f"to: expected at most 256 characters, got '{'4' * 60}…'"),
        (DURATION.having({"subject": "to"}), {"to": "4" * 257, "at": "2026-01-31T10:00:00Z", "for": "1"},
         f"to: expected at most 256 characters, got '{'4' * 60}…'"),
    ],
)  # fmt: skip
def test_a_row_that_is_no_call_says_where_and_what_was_expected(
    layout: Layout, row: dict[str, str], expected: str
) -> None:
    fine = {"to": "40", "at": "2026-01-31T10:00:00Z", "for": "5", "until": "2026-01-31T10:00:05Z"}
    found = _of(layout, fine, fine | row, fine)

    assert [(2, expected)] == [(bad.line, bad.sentence) for bad in found.bad]
    assert (found.bad_rows.tolist(), found.rows.tolist(), found.calls.rows) == ([1], [0, 2], 2)


def test_a_column_that_the_layout_needs_and_the_file_lacks_is_named() -> None:
    with pytest.raises(RecordsError, match="expected a column until, got to, at"):
        _of(END, {"to": "40", "at": "2026-01-31T10:00:00Z"})


def test_the_first_column_that_is_not_empty_counts() -> None:
    found = _of(
        DURATION.having({"subject": "a|b|c"}),
        {"to": "40", "at": "2026-01-31T10:00:00Z", "for": "5", "a": "", "B": "b1", "c": "c1"},
        {"to": "40", "at": "2026-01-31T10:00:00Z", "for": "5", "a": "a2", "B": "b2", "c": ""},
        {"to": "40", "at": "2026-01-31T10:00:00Z", "for": "5", "a": "", "B": "", "c": None},
    )

    assert found.calls.subject.texts() == ["b1", "a2", ""]


def test_columns_of_parquet_are_taken_by_their_types() -> None:
    found = _of(
        adjusted(DURATION, timezone="Europe/Bucharest"),
        {"to": 40722, "at": 1_769_853_600, "for": 90},
    )

    assert [Call("tel", "", "call", "40722", TEN, TEN + 90 * SECOND, 7_200 * SECOND)] == _calls(found)


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("+40722", "40722"),
        ("0040722", "40722"),
        ("00040722", "40722"),
        ("0722", "40722"),
        ("06722", "406722"),
        ("061", "431"),
        ("722", "722"),
        ("+0722", "0722"),
        ("", ""),
    ],
)
def test_numbers_begin_with_a_country_code_as_declared(number: str, expected: str) -> None:
    layout = Layout({}, international=("00", "000"), national=(("0", "40"), ("06", "43"), ("067", "4067")))

    assert [expected] == rewrite(pa.array([number]), layout).to_pylist()


def test_numbers_stay_as_they_are_where_nothing_is_declared() -> None:
    assert rewrite(pa.array(["+40", "0040"]), Layout({})).to_pylist() == ["+40", "0040"]


MAP = """\
header = ["id", "who", "to", "at", "for"]
times = "epoch-ms"
duration_unit = "ms"
unanswered = "skip"
timezone = "Europe/Bucharest"
international = ["00"]
national = { "0" = "40" }
[columns]
customer = "=tel"
subject = "who"
number = "to"
start = "at"
duration = "for"
"""


def test_a_map_says_all_that_a_layout_can(tmp_path: Path) -> None:
    (tmp_path / "map.toml").write_text(MAP)
    (tmp_path / "cdrs.csv").write_text("1,acme,0722,1769853600000,90000\n2,acme,0722,1769853600000,0\n")
    layout = read_map(tmp_path / "map.toml", Layout({})).check()

    (chunk,) = chunks_of(tmp_path / "cdrs.csv", layout.columns)
    found = _convert(layout, chunk)

    assert [Call("tel", "acme", "call", "40722", TEN, TEN + 90 * SECOND, 7_200 * SECOND)] == _calls(found)
    assert found.unanswered.tolist() == [1]


def test_a_map_begins_with_the_layout_that_it_names(tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    path.write_text('{"layout": "cgrates", "columns": {"subject": "Account"}, "only": {"RunID": "*raw"}}')

    layout = read_map(path, Layout({}))

    assert (layout.only, layout.members["subject"].columns) == (("RunID", "*raw"), ("Account",))
    assert LAYOUTS["cgrates"].members["number"] == layout.members["number"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('colums = "x"', "colums: expected one of layout, columns, "),
        ('layout = "avaya"', "layout: expected one of getcost, freeswitch, "),
        ('times = "later"', "times: expected one of auto, rfc3339, "),
        ('timezone = "Mars/Base"', "timezone: expected an IANA time zone"),
        ("header = [1]", "header: expected a list of texts"),
        ("national = { 0 = 40 }", "national: expected texts by their names"),
        ('only = { a = "b", c = "d" }', "only: expected one column and its value"),
        ('[columns]\nnumbr = "to"', "numbr: expected one of customer, "),
        ('[columns]\nnumber = ""', "number: expected a column or =constant"),
        ("= nothing", "map.toml: "),
    ],
)
def test_a_map_that_cannot_be_used_is_told_of_by_member(text: str, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "map.toml"
    path.write_text(text)

    with pytest.raises(LayoutError) as told:
        read_map(path, Layout({}))
    assert expected in str(told.value)


@pytest.mark.parametrize("missing", ["number", "start", "duration"])
def test_a_layout_without_what_a_price_depends_on_is_refused(missing: str) -> None:
    members = {"number": "to", "start": "at", "duration": "for"}
    del members[missing]

    with pytest.raises(LayoutError, match=f"{missing}: no column says it"):
        Layout({}).having(members).check()
