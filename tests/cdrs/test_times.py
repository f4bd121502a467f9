"""Columns of times and durations say what one of them says alone, to the nanosecond."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgrates_py.cdrs.durations import duration_column, read_durations, read_numbers
from cgrates_py.cdrs.layout import Times, Unit
from cgrates_py.cdrs.times import read_times, time_column
from rater import instant

BUCHAREST = ZoneInfo("Europe/Bucharest")
SECOND = 1_000_000_000
EARLIEST, LATEST = -8_520_336_000, 9_151_488_000


def _one(text: str, times: Times, zone: ZoneInfo | None = None) -> tuple[int, int] | None:
    found = read_times(pa.array([text], pa.string()), times, zone)
    return (int(found.ns[0]), int(found.offset_ns[0])) if found.good[0] else None


def _by_core(text: str) -> tuple[int, int] | None:
    try:
        ns, offset = instant.parse(text)
    except instant.InstantError:
        return None
    return (ns, offset) if EARLIEST * SECOND <= ns + offset < LATEST * SECOND else None


TEXTS = st.one_of(
    st.builds(
        lambda s, f, z: instant.text(s * SECOND + f, z * 60 * SECOND),
        st.integers(-9_000_000_000, 10_000_000_000),
        st.one_of(st.just(0), st.integers(0, SECOND - 1)),
        st.one_of(st.just(0), st.integers(-1439, 1439)),
    ),
    st.from_regex(
        r"\d{4}-[0-3]\d-[0-3]\dT[0-2]\d:[0-6]\d:[0-6]\d(\.\d{0,12})?(Z|z|[+-]\d\d:\d\d)?", fullmatch=True
    ),
    st.text(max_size=30),
)


@settings(derandomize=True, deadline=None)
@given(st.lists(TEXTS, max_size=12))
def test_a_column_of_times_is_read_as_the_core_reads_each(texts: list[str]) -> None:
    found = read_times(pa.array(texts, pa.string()), Times.RFC3339, None)
    pairs = zip(found.ns.tolist(), found.offset_ns.tolist(), strict=True)

    assert [_by_core(text) for text in texts] == [
        pair if good else None for pair, good in zip(pairs, found.good.tolist(), strict=True)
    ]


@pytest.mark.parametrize(
    ("text", "times", "zone", "expected"),
    [
        ("2026-07-01 10:00:00", Times.AUTO, BUCHAREST, "2026-07-01T10:00:00+03:00"),
        ("2026-07-01 10:00:00", Times.AUTO, None, "2026-07-01T10:00:00Z"),
        ("2026-07-01T10:00:00.5", Times.LOCAL, BUCHAREST, "2026-07-01T10:00:00.5+03:00"),
        ("2026-07-01 10:00:00+05:30", Times.AUTO, BUCHAREST, "2026-07-01T10:00:00+05:30"),
        ("2026-10-25 03:30:00", Times.AUTO, BUCHAREST, "2026-10-25T03:30:00+03:00"),
        ("2026-03-29 03:30:00", Times.AUTO, BUCHAREST, "2026-03-29T03:30:00+02:00"),
        ("1769860000", Times.AUTO, None, "2026-01-31T11:46:40Z"),
        ("1769860000.000000001", Times.EPOCH, BUCHAREST, "2026-01-31T13:46:40.000000001+02:00"),
        ("1769860000123", Times.EPOCH_MS, None, "2026-01-31T11:46:40.123Z"),
        ("1769860000123", Times.EPOCH, None, None),
        ("2026-07-01 10:00:00", Times.RFC3339, None, None),
        ("2026-07-01T10:00:00Z", Times.LOCAL, None, None),
        ("2026-02-29T10:00:00Z", Times.AUTO, None, None),
        ("2024-02-29T10:00:00Z", Times.AUTO, None, "2024-02-29T10:00:00Z"),
        ("1699-12-31T23:59:59Z", Times.AUTO, None, None),
        ("", Times.AUTO, None, None),
        ("-5", Times.AUTO, None, None),
    ],
)
def test_a_time_is_read_by_its_form_and_zone(
    text: str, times: Times, zone: ZoneInfo | None, expected: str | None
) -> None:
    assert (instant.parse(expected) if expected else None) == _one(text, times, zone)


def test_local_times_of_a_year_have_the_offsets_that_the_zone_has() -> None:
    seconds = np.arange(1_767_225_600, 1_798_761_600, 1_237)
    texts = [instant.text(second * SECOND)[:19] for second in seconds.tolist()]
    found = read_times(pa.array(texts), Times.LOCAL, BUCHAREST)

    expected = [datetime.fromisoformat(text).replace(tzinfo=BUCHAREST).utcoffset() for text in texts]
    assert [each.total_seconds() for each in expected if each] == (found.offset_ns / SECOND).tolist()


def test_times_of_parquet_are_local_unless_their_type_has_a_zone() -> None:
    naive = time_column(pa.array([1_769_860_000_250, None], pa.timestamp("ms")), BUCHAREST)
    aware = time_column(pa.array([1_769_860_000_250, None], pa.timestamp("ms", "UTC")), BUCHAREST)

    assert naive is not None and aware is not None
    assert (naive.ns.tolist(), naive.good.tolist()) == ([1_769_852_800_250_000_000, 0], [True, False])
    assert (aware.ns.tolist(), aware.good.tolist()) == ([1_769_860_000_250_000_000, 0], [True, False])
    assert aware.offset_ns[0] == 7_200 * SECOND
    assert time_column(pa.array(["2026-01-01"]), None) is None


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("90", Unit.S, 90 * SECOND),
        ("0", Unit.S, 0),
        ("90", Unit.MS, 90_000_000),
        ("1500", Unit.NS, 1_500),
        ("1.5", Unit.S, 1_500_000_000),
        ("0.1", Unit.S, 100_000_000),
        ("0.0000000001", Unit.S, None),
        ("1.0000000000", Unit.S, SECOND),
        ("0.5", Unit.NS, None),
        ("1m30s", Unit.NS, 90 * SECOND),
        ("25s", Unit.NS, 25 * SECOND),
        ("1h0m0.5s", Unit.S, 3_600_500_000_000),
        ("00:01:30", Unit.S, 90 * SECOND),
        ("100:00:00.25", Unit.S, 360_000_250_000_000),
        ("00:60:00", Unit.S, None),
        ("-1", Unit.S, None),
        ("", Unit.S, None),
        ("0x10", Unit.S, None),
        (" 5", Unit.S, None),
        ("1e3", Unit.S, None),
        ("٣", Unit.S, None),
        ("99999999999999999999", Unit.S, None),
        ("9223372036854775807", Unit.NS, None),
    ],
)
def test_a_duration_is_exact_or_none(text: str, unit: Unit, expected: int | None) -> None:
    alone = read_durations(pa.array([text], pa.string()), unit)
    among = read_durations(pa.array(["7", text, "1m"], pa.string()), unit)

    for found, row in ((alone, 0), (among, 1)):
        assert expected == (int(found.ns[row]) if found.good[row] else None)


def test_counted_time_is_bare_numbers_alone() -> None:
    found = read_numbers(pa.array(["1.5", "1m"]), Unit.S)

    assert found.good.tolist() == [True, False]


def test_durations_of_parquet_are_what_they_are() -> None:
    found = duration_column(pa.array([5, None, -1], pa.duration("ms")))

    assert found is not None
    assert (found.ns.tolist(), found.good.tolist()) == ([5_000_000, 0, 0], [True, False, False])
