"""Windows, means, exact prices: the arithmetic of Cyclops RC."""

from decimal import Decimal
from fractions import Fraction

import pytest

from rater.usage.cyclops import (
    WINDOWS_MAX,
    Bill,
    Rate,
    RatePoint,
    Tally,
    Window,
    aggregate,
    decimal_text,
    due,
    mean_rate,
    number,
)
from rater.usage.records import Numbered, Row


def bills(kind: str, rows: list[Numbered], windows: list[Window], points: list[RatePoint]) -> list[Bill]:
    tally = Tally(kind, windows, points)
    for each in rows:
        tally.add(each.seq, each.row)
    return tally.bills()


@pytest.mark.parametrize(
    ("now", "last", "started", "ends"),
    [
        (100, None, 100, [100]),
        (99, None, 100, []),
        (104, None, 100, [100]),
        (125, None, 100, [100, 110, 120]),
        (125, 110, 100, [120]),
        (119, 110, 100, []),
        (120, 110, 100, [120]),
        (90, 110, 100, []),
        (300, 110, 295, [295]),
        (310, 110, 295, [295, 305]),
        (105, 110, 102, []),
    ],
)
def test_windows_follow_each_other_from_the_start_on(
    now: int, last: int | None, started: int, ends: list[int]
) -> None:
    windows = due(now, last, started, 10)

    assert [each.upto_ns for each in windows] == ends
    assert [each.from_ns for each in windows[1:]] == ends[:-1]


def test_of_many_missed_windows_the_first_reaches_back_over_what_is_not_listed() -> None:
    windows = due(100_000, 0, 0, 10)

    assert len(windows) == WINDOWS_MAX
    assert (windows[0].from_ns, windows[0].upto_ns) == (0, 100_000 - (WINDOWS_MAX - 1) * 10)
    assert windows[-1] == Window(99_990, 100_000)


@pytest.mark.parametrize(
    ("points", "rate"),
    [
        ([], None),
        ([(11, 2), (20, 4)], Rate(Fraction(3), 2)),
        ([(10, 9), (11, 2)], Rate(Fraction(2), 1)),
        ([(10, 9), (21, 2)], Rate(Fraction(9), 1)),
        ([(5, 1), (10, 9), (7, 3)], Rate(Fraction(9), 1)),
        ([(5, 1), (5, 2)], Rate(Fraction(2), 1)),
        ([(21, 2)], None),
        ([(11, 1), (12, 1), (13, 2)], Rate(Fraction(4, 3), 3)),
    ],
)
def test_a_rate_is_the_mean_of_the_window_or_the_latest_before(
    points: list[tuple[int, int]], rate: Rate | None
) -> None:
    made = [RatePoint(at_ns, Fraction(value)) for at_ns, value in points]

    assert mean_rate(made, Window(10, 20)) == rate


def test_the_price_of_the_wiki_comes_out_to_the_last_digit() -> None:
    rates = [3] * 10 + [2] * 189
    points = [RatePoint(1 + place, Fraction(rate)) for place, rate in enumerate(rates)]
    rows = [Numbered(1, 0, Row("u", "cpu", "177576860000000", 5, 5))]

    (bill,) = bills("cumulative", rows, [Window(0, 300)], points)

    assert bill.price == Fraction(177576860000000) * 408 / 199
    assert float(Decimal(decimal_text(bill.price))) == 364077180301507.56
    assert float(bill.rate.mean) == 2.050251256281407


@pytest.mark.parametrize(
    ("kind", "total"), [("gauge", Fraction(15)), ("cumulative", Fraction(30)), ("external", Fraction(30))]
)
def test_a_gauge_is_averaged_and_everything_else_summed(kind: str, total: Fraction) -> None:
    assert aggregate(kind, [Decimal(10), Decimal(20)]) == total


def test_usage_is_charged_by_the_window_it_falls_in() -> None:
    windows = [Window(0, 10), Window(10, 20), Window(20, 30)]
    points = [RatePoint(15, Fraction(2)), RatePoint(25, Fraction(3))]
    used = [(5, "1"), (10, "10"), (11, "100"), (30, "1000"), (99, "10000")]
    rows = [Numbered(seq, 0, Row("u", "cpu", value, at, at)) for seq, (at, value) in enumerate(used, 1)]

    found = [(each.window, each.usage, each.price) for each in bills("external", rows, windows, points)]

    assert found == [
        (windows[1], Fraction(111), Fraction(222)),
        (windows[2], Fraction(11000), Fraction(33000)),
    ]


def test_usage_without_any_rate_is_not_charged() -> None:
    rows = [Numbered(1, 0, Row("u", "cpu", "1", 5, 5))]

    assert bills("external", rows, [Window(0, 10)], [RatePoint(11, Fraction(1))]) == []


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Fraction(30), "30"),
        (Fraction(3, 2), "1.5"),
        (Fraction(100), "100"),
        (Fraction(-1, 4), "-0.25"),
        (Fraction(1, 3), "0." + "3" * 34),
        (Fraction(10**40 + 1, 10**20), "100000000000000000000.00000000000000000001"),
        (Fraction(0), "0"),
    ],
)
def test_an_amount_that_ends_is_printed_whole(value: Fraction, text: str) -> None:
    assert decimal_text(value) == text


@pytest.mark.parametrize("text", [".0000000000001", "4e-05", "+3", "-0.5", "7.", "1e99", "0"])
def test_a_number_is_read_as_it_stands(text: str) -> None:
    assert number(text) == Decimal(text)


@pytest.mark.parametrize(
    "text", ["", ".", "1e100", "1e-101", "NaN", "Infinity", "1_0", "0x1", "١", "1" * 121, "1e9999", " 1"]
)
def test_what_is_no_number_or_a_huge_one_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a number"):
        number(text)
