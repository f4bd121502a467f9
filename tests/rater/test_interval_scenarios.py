"""Calls priced by activation periods and intervals, as tables: number, start, seconds → cost, fee, spans.

A span is told as ``seconds@price``, ``seconds@price/unit``, ``seconds@-`` in a hole, or on minutes as
``seconds@DESTINATION``.
"""

from decimal import Decimal

import pytest

from rater.account import Account, MinuteBucket
from rater.tariff import Tariff, TariffPlan, VolumeDiscount
from tests.rater.tables import SECOND, asked, from_2012, interval, prefixes, rows

WORKING_DAY = prefixes(
    p0256=(
        from_2012(
            interval("0.2", "-18:00", "12345"),
            interval("0.1", "18:00-", "12345"),
            interval("0.1", "", "60"),
        ),
    ),
    p02565=(from_2012(interval("1", billing_unit=Decimal(60))),),
)


@pytest.mark.parametrize(
    ("number", "start", "seconds", "expected"),
    rows(
        """
        0256      | 2012-02-02T17:30:00Z      | 3600   | 540 : 1800@0.2, 1800@0.1
        0256308   | 2012-02-02T17:30:00Z      | 3600   | 540 : 1800@0.2, 1800@0.1
        +0256308  | 2012-02-02T17:30:00Z      | 3600   | 540 : 1800@0.2, 1800@0.1
        0256308   | 2012-02-02T17:30:00+02:00 | 3600   | 540 : 1800@0.2, 1800@0.1
        0256308   | 2012-02-02T17:30:00-09:30 | 3600   | 540 : 1800@0.2, 1800@0.1
        0256308   | 2012-02-02T17:30:00.5Z    | 59.5   | 11.9 : 59.5@0.2
        0256308   | 2012-02-02T17:59:59.999999999Z | 0.000000002 | 0 : 0.000000001@0.2, 0.000000001@0.1
        0256308   | 2012-02-02T18:00:00Z      | 1      | 0.1 : 1@0.1
        0256308   | 2012-02-02T17:59:59Z      | 1      | 0.2 : 1@0.2
        0256308   | 2012-02-02T17:30:00Z      | 0      | 0 : 0@0.2
        0256308   | 2012-02-02T18:00:00Z      | 0      | 0 : 0@0.1
        0256308   | 2012-02-06T17:00:00Z      | 86400  | 15120 : 3600@0.2, 21600@0.1, 61200@0.2
        0256308   | 2012-02-03T23:00:00Z      | 7200   | 720 : 3600@0.1, 3600@0.1
        0256308   | 2012-02-05T23:45:00Z      | 1500   | 210 : 900@0.1, 600@0.2
        02565     | 2012-02-02T17:30:00Z      | 90     | 1.5 : 90@1/60
        02565     | 2012-02-02T17:30:00Z      | 1      | 0.016666667 : 1@1/60
        02565     | 2012-02-02T17:30:00Z      | 0.5    | 0.008333333 : 0.5@1/60
        0255      | 2012-02-02T17:30:00Z      | 60     | RATE_NOT_FOUND
        025       | 2012-02-02T17:30:00Z      | 60     | RATE_NOT_FOUND
        0256      | 2011-12-31T23:59:59.999999999Z | 60 | RATE_NOT_ACTIVE
        0256      | 2012-01-01T00:00:00Z      | 60     | 6 : 60@0.1
        """
    ),
)
def test_a_working_day_and_its_evening(number: str, start: str, seconds: str, expected: str) -> None:
    assert expected == asked(WORKING_DAY, number, start, seconds)


WEIGHTS = prefixes(
    p1=(
        from_2012(
            interval("0.1"),
            interval("1", "18:00-20:00", weight=Decimal(10)),
            interval("0.5", "19:00-21:00", weight=Decimal(10)),
            interval("0.05", "00:00-00:00:01"),
        ),
    ),
    p2=(from_2012(interval("1", "10:00-11:00")),),
    p3=(from_2012(interval("2", "10:00-11:00", connect_fee=Decimal(5))),),
)


@pytest.mark.parametrize(
    ("number", "start", "seconds", "expected"),
    rows(
        """
        1 | 2012-02-02T17:00:00Z | 14400 | 7560 : 3600@0.1, 3600@1, 7200@0.5
        1 | 2012-02-02T17:00:00Z | 18000 | 7920 : 3600@0.1, 3600@1, 7200@0.5, 3600@0.1
        1 | 2012-02-02T23:59:59Z | 3     | 0.25 : 1@0.1, 1@0.05, 1@0.1
        2 | 2012-02-02T09:00:00Z | 10800 | 3600 : 3600@-, 3600@1, 3600@-
        2 | 2012-02-02T09:00:00Z | 60    | 0 : 60@-
        2 | 2012-02-02T10:30:00Z | 86400 | 3600 : 1800@1, 82800@-, 1800@1
        3 | 2012-02-02T10:59:59Z | 2     | 2 + 5 : 1@2, 1@-
        3 | 2012-02-02T09:59:59Z | 2     | 2 : 1@-, 1@2
        3 | 2012-02-02T10:00:00Z | 0     | 0 + 5 : 0@2
        """
    ),
)
def test_weight_then_price_then_order_and_holes_are_free(
    number: str, start: str, seconds: str, expected: str
) -> None:
    assert expected == asked(WEIGHTS, number, start, seconds)


DATED = prefixes(
    p1=(
        from_2012(interval("3"), since="2012-02-09T00:00:00Z"),
        from_2012(interval("1"), since="2012-01-01T00:00:00Z"),
        from_2012(interval("2"), since="2012-02-08T00:00:00Z"),
        from_2012(interval("4"), since="2012-02-08T12:00:00.000000001Z"),
    ),
)


@pytest.mark.parametrize(
    ("number", "start", "seconds", "expected"),
    rows(
        """
        1 | 2012-02-07T23:59:00Z      | 120    | 180 : 60@1, 60@2
        1 | 2012-02-08T00:00:00Z      | 60     | 120 : 60@2
        1 | 2012-02-08T02:00:00+02:00 | 60     | 120 : 60@2
        1 | 2012-02-08T11:59:59Z      | 2      | 5.999999998 : 1.000000001@2, 0.999999999@4
        1 | 2012-02-07T23:59:00Z      | 86460  | 259259.999999998 : 60@1, 43200.000000001@2, 43199.999999999@4
        1 | 2012-02-07T23:59:00Z      | 86520  | 259439.999999998 : 60@1, 43200.000000001@2, 43199.999999999@4, 60@3
        """  # noqa: E501 -- a row of a table
    ),
)
def test_every_activation_inside_the_call_counts_whatever_the_order(
    number: str, start: str, seconds: str, expected: str
) -> None:
    assert expected == asked(DATED, number, start, seconds)


CALENDAR = prefixes(
    p1=(
        from_2012(
            interval("1"),
            interval("2", month_days=(29,), months=(2,), weight=Decimal(1)),
            interval("3", month_days=(31,), weight=Decimal(1)),
            interval("4", months=(1,), month_days=(1,), weight=Decimal(1)),
        ),
    ),
)


@pytest.mark.parametrize(
    ("number", "start", "seconds", "expected"),
    rows(
        """
        1 | 2012-02-28T23:59:50Z      | 20    | 30 : 10@1, 10@2
        1 | 2012-02-29T23:59:50Z      | 20    | 30 : 10@2, 10@1
        1 | 2013-02-28T23:59:50Z      | 20    | 20 : 20@1
        1 | 2012-04-30T23:59:50Z      | 20    | 20 : 20@1
        1 | 2012-03-30T23:59:50Z      | 20    | 40 : 10@1, 10@3
        1 | 2012-12-31T23:59:50Z      | 20    | 70 : 10@3, 10@4
        1 | 2012-12-31T23:59:50-12:00 | 20    | 70 : 10@3, 10@4
        1 | 2012-12-31T23:59:50+14:00 | 20    | 70 : 10@3, 10@4
        1 | 2012-02-28T00:00:00Z      | 259200 | 345600 : 86400@1, 86400@2, 86400@1
        """
    ),
)
def test_leap_days_and_the_ends_of_months(number: str, start: str, seconds: str, expected: str) -> None:
    assert expected == asked(CALENDAR, number, start, seconds)


BERLIN = prefixes(
    "Europe/Berlin",
    p1=(from_2012(interval("1"), interval("2", "02:00-03:00", weight=Decimal(1))),),
    p2=(from_2012(interval("1", "-12:00"), interval("2", "12:00-")),),
    p3=(from_2012(interval("1", "12:00-12:00:01", months=(7,), month_days=(1,))),),
)


@pytest.mark.parametrize(
    ("number", "start", "seconds", "expected"),
    rows(
        """
        1 | 2024-03-31T00:30:00Z      | 3600  | 3600 : 3600@1
        1 | 2024-03-30T00:30:00Z      | 7200  | 10800 : 1800@1, 3600@2, 1800@1
        1 | 2024-10-26T23:30:00Z      | 10800 | 18000 : 1800@1, 7200@2, 1800@1
        1 | 2024-10-27T02:30:00+02:00 | 3600  | 7200 : 3600@2
        1 | 2024-10-27T02:30:00+01:00 | 3600  | 5400 : 1800@2, 1800@1
        2 | 2024-03-31T00:00:00+01:00 | 43200 | 46800 : 39600@1, 3600@2
        2 | 2024-10-27T00:00:00+02:00 | 46800 | 46800 : 46800@1
        2 | 2024-07-01T05:30:00-04:00 | 3600  | 5400 : 1800@1, 1800@2
        3 | 2024-01-01T00:00:00+01:00 | 31622400 | 1 : 15764400@-, 1@1, 15857999@-
        """
    ),
)
def test_a_tariff_with_a_zone_reads_its_own_clock_over_the_gap_and_the_overlap(
    number: str, start: str, seconds: str, expected: str
) -> None:
    assert expected == asked(BERLIN, number, start, seconds)


TOLL = Tariff(
    rates=prefixes(p0723=(from_2012(interval("1", billing_unit=Decimal(60), connect_fee=Decimal(5))),)).rates,
    destinations={"nationale": ("0256", "0723"), "retea": ("07231", "0723"), "mobil": ("+0723045",)},
    plans={
        "seara": TariffPlan(
            "seara",
            discounts=(VolumeDiscount(100 * SECOND, Decimal(10)), VolumeDiscount(500 * SECOND, Decimal(20))),
        )
    },
)


def holder(*buckets: MinuteBucket, volume: int = 0) -> Account:
    return Account(
        "vdf", "rif", credit=-SECOND, volume_discount_ns=volume * SECOND, plan_id="seara", buckets=buckets
    )


NATIONAL = MinuteBucket("nationale", 10 * SECOND, 10, Decimal("0.01"))
NETWORK = MinuteBucket("retea", 100 * SECOND, 20)


@pytest.mark.parametrize(
    ("account", "number", "seconds", "expected"),
    [
        (holder(), "0723", "3600", "60 + 5 : 3600@1/60"),
        (holder(volume=99), "0723", "3600", "60 + 5 : 3600@1/60"),
        (holder(volume=100), "0723", "3600", "54 + 5 : 3600@1/60"),
        (holder(volume=501), "0723", "3600", "48 + 5 : 3600@1/60"),
        (holder(NATIONAL, NETWORK), "0723", "110", "0.1 : 100@retea, 10@nationale"),
        (holder(NATIONAL, NETWORK), "0723", "170", "1.1 : 100@retea, 10@nationale, 60@1/60"),
        (holder(NATIONAL, NETWORK, volume=100), "0723", "170", "1 : 100@retea, 10@nationale, 60@1/60"),
        (holder(NATIONAL, NETWORK), "0723", "99.999999999", "0 : 99.999999999@retea"),
        (holder(NATIONAL, NETWORK), "0723", "0", "0 + 5 : 0@1/60"),
        (
            holder(MinuteBucket("nationale", SECOND, 5), MinuteBucket("mobil", SECOND, 5, Decimal(1))),
            "0723045326",
            "2",
            "1 : 1@mobil, 1@nationale",
        ),
        (
            holder(
                MinuteBucket("nationale", SECOND, 5, Decimal(2)), MinuteBucket("retea", SECOND, 5, Decimal(1))
            ),
            "0723",
            "2",
            "3 : 1@retea, 1@nationale",
        ),
        (
            holder(MinuteBucket("nationale", SECOND, 5), MinuteBucket("retea", 2 * SECOND, 5)),
            "0723",
            "2",
            "0 : 1@nationale, 1@retea",
        ),
        (
            holder(MinuteBucket("retea", 0, 5), MinuteBucket("unknown", SECOND)),
            "0723",
            "60",
            "1 + 5 : 60@1/60",
        ),
        (holder(MinuteBucket("nationale", 9 * SECOND)), "0256", "5", "RATE_NOT_FOUND"),
    ],
)
def test_minutes_go_first_and_volume_discounts_the_rest(
    account: Account, number: str, seconds: str, expected: str
) -> None:
    assert expected == asked(TOLL, number, "2012-02-02T10:00:00Z", seconds, account)
