"""What messages are made of: days in any writing, exact numbers, JSON; and input that is none of these."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgrates_py.usage.scrooge import values

TODAY = values.iso_day("2026-11-22") or 0
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(max_size=3), each, max_size=3),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2014-03-02", "2014-03-02"),
        ("2014-03-02T05:00", "2014-03-02"),
        ("2014-03-02T23:59:59.999+14:00", "2014-03-02"),
        ("20140302", "2014-03-02"),
        ("2 Mar 2014", "2014-03-02"),
        ("Sunday, March 2nd, 2014", "2014-03-02"),
        ("03/02/2014", "2014-03-02"),
        ("2111-11-11", "2111-11-11"),
        ("10:30", "2026-11-22"),
        ("1970-01-01", "1970-01-01"),
        ("1969-12-31", None),
        ("2262-04-11", None),
        ("9999-12-31", None),
        ("2014-02-30", None),
        ("the day after", None),
        ("", None),
        (20140302, None),
        (None, None),
    ],
)
def test_a_day_is_read_in_any_usual_writing(text: Any, day: str | None) -> None:
    read = values.read_day(text, TODAY)

    assert (None if read is None else values.day_text(read)) == day


@given(st.text(max_size=80) | st.text("0123456789-:/. TZ+apm", max_size=30) | ANYTHING)
def test_whatever_comes_as_a_day_is_one_or_none(value: Any) -> None:
    day = values.read_day(value, TODAY)

    assert day is None or 0 <= day < values.DAYS_MAX


@given(st.dates(date(1970, 1, 1), date(2262, 4, 10)))
def test_every_day_that_can_be_kept_is_read_as_it_is_written(day: date) -> None:
    read = values.read_day(day.isoformat(), TODAY)

    assert read is not None
    assert values.day_text(read) == day.isoformat()
    assert (read + 1) * values.DAY_NS < 2**63


@given(ANYTHING | st.text("0123456789+-.eE ", max_size=40))
def test_a_quantity_is_an_exact_number_within_bounds_or_none(value: Any) -> None:
    text = values.read_quantity(value)

    if text is not None:
        assert Decimal(text) == Decimal(value)
        assert len(format(Decimal(text), "f")) <= 2 + values.INTEGER_DIGITS_MAX + values.DECIMALS_MAX
        json.loads(text)


@pytest.mark.parametrize(
    ("body", "kept"),
    [("1.50", "1.50"), ("1e3", "1e3"), ('"+.5"', "0.5"), ('"007"', "7"), ("12345678901234567890123", None)],
)
def test_a_number_keeps_its_digits(body: str, kept: str | None) -> None:
    assert values.read_quantity(values.read_json(body)) == (kept or body)


@given(st.text(max_size=60) | st.text('[]{}":,0123456789.eE\\u', max_size=40))
def test_whatever_comes_as_json_is_read_or_refused(text: str) -> None:
    try:
        values.write_json(values.shown(values.read_json(text)))
    except values.BodyError as error:
        assert str(error)
