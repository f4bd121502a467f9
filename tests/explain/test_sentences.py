"""What people read: the sentence of an explanation, for every way in which a call is priced or is not."""

from dataclasses import replace
from decimal import Decimal

import pytest

from rater.account import Account, MinuteBucket
from rater.book import Book
from rater.charging import Operation, Request
from rater.compiler import compile_tariff
from rater.explain.nearest import completed
from rater.explain.pricing import explain, explain_charge
from rater.explain.sentence import charge_sentence, sentence
from rater.explain.values import Explanation
from rater.rating import Call
from rater.tariff import (
    ANY,
    ActivationPeriod,
    DestinationRate,
    Interval,
    MaxCostStrategy,
    PlanLine,
    PrefixRate,
    ProfileActivation,
    RateGroup,
    Rounding,
    Tariff,
    TariffPlan,
    Timing,
    VolumeDiscount,
)
from tests.rater.tables import SECOND, instant

START = instant("2026-03-02T12:00:00Z")[0]
MINUTE = 60 * SECOND


def group(price: str, increment: int, start: int = 0, fee: str = "0") -> RateGroup:
    return RateGroup(Decimal(fee), Decimal(price), MINUTE, increment * SECOND, start * SECOND)


TARIFF = Tariff(
    rates={
        ("vdf", "rif"): {
            "0256": PrefixRate(
                (
                    ActivationPeriod(
                        instant("2012-01-01T00:00:00Z")[0],
                        (
                            Interval(Decimal("0.2"), Decimal(60), week_days=(1, 2, 3, 4, 5), end_s=43_260),
                            Interval(Decimal("0.1"), Decimal(60), week_days=(0, 6)),
                        ),
                    ),
                )
            )
        }
    },
    destinations={"RO": ("40",), "RO_MOBILE": ("407",), "FAR": ("99",)},
    plans={"gold": TariffPlan("gold", discounts=(VolumeDiscount(100 * SECOND, Decimal("12.5")),))},
    timings={"PEAK": Timing("PEAK", week_days=(1, 2, 3, 4, 5), start_s=28_800)},
    rate_groups={"R": (group("0.2", 60, fee="0.05"), group("0.1", 1, 60)), "F": (group("3", 60),)},
    destination_rates={
        "D": (DestinationRate("RO", "R", Rounding.UP, 2),),
        "W": (DestinationRate("FAR", "F", max_cost=Decimal(5), max_cost_strategy=MaxCostStrategy.FREE),),
    },
    rating_plans={"RETAIL": (PlanLine("D", "PEAK"),), "WORLD": (PlanLine("W", ANY),)},
    profiles={
        ("tel", "call", ANY): (ProfileActivation(0, "RETAIL", ("carrier", "nobody")),),
        ("tel", "call", "carrier"): (ProfileActivation(0, "WORLD"),),
        ("tel", "call", "late"): (ProfileActivation(START + SECOND, "WORLD"),),
    },
)
BOOK = compile_tariff(TARIFF).as_version(3)


def told(
    who: str, number: str, seconds: int, account: Account | None = None, book: Book = BOOK
) -> Explanation:
    customer, _, subject = who.partition(":")
    call = Call(customer, subject, "call", number, START, START + seconds * SECOND)
    return completed(book, explain(book, call, account))


MINUTES = Account(
    "vdf",
    "rif",
    credit=SECOND // 20,
    plan_id="gold",
    volume_discount_ns=100 * SECOND,
    buckets=(
        MinuteBucket(ANY, 5 * SECOND, 10, Decimal("0.01")),
        MinuteBucket("RO", 5 * SECOND, 30),
        MinuteBucket(ANY, 10 * SECOND, 20),
    ),
)


@pytest.mark.parametrize(
    ("who", "number", "seconds", "account", "expected"),
    [
        (
            "vdf:rif",
            "0256",
            0,
            None,
            "Call of 0 s to 0256 by rif of vdf at 2026-03-02T12:00:00Z is priced by the subject's own"
            " prices (version 3) for prefix 0256 since 2012-01-01: 0 s at 0.2 per 60 s (Mon to Fri"
            " until 12:01) = 0; total 0.",
        ),
        (
            "vdf:rif",
            "02561",
            100,
            None,
            "Call of 1 min 40 s to 02561 by rif of vdf at 2026-03-02T12:00:00Z is priced by the"
            " subject's own prices (version 3) for prefix 0256 since 2012-01-01: 1 min at 0.2 per 60 s"
            " (Mon to Fri until 12:01) = 0.2; 40 s without a price; total 0.2.",
        ),
        (
            "vdf:rif",
            "0256",
            10,
            MINUTES,
            "Call of 10 s to 0256 by rif of vdf at 2026-03-02T12:00:00Z is served by minutes: 10 s from"
            " the minutes of any destination, free; total 0.",
        ),
        (
            "vdf:rif",
            "0256",
            25,
            MINUTES,
            "Call of 25 s to 0256 by rif of vdf at 2026-03-02T12:00:00Z is priced by the subject's own"
            " prices (version 3) for prefix 0256 since 2012-01-01: 10 s from the minutes of any"
            " destination, free; 5 s from the minutes of any destination (lower priority, 10 after 20)"
            " at 0.01 a second = 0.05; 10 s at 0.2 per 60 s (Mon to Fri until 12:01) = about"
            " 0.033333333; less 12.5 % of the prices for 1 min 40 s of placed calls; total 0.079166667"
            " after rounding.",
        ),
        (
            "tel:1001",
            "40722",
            91,
            None,
            "Call of 1 min 31 s to 40722 by 1001 of tel at 2026-03-02T12:00:00Z is priced by plan"
            " RETAIL (version 3) for prefix 40 (RO) since 1970-01-01, the plan of all subjects without"
            " a profile: 1 min at 0.2 per 60 s (Mon to Fri from 08:00), 1 × 60 s = 0.2; 31 s at 0.1 per"
            " 60 s (Mon to Fri from 08:00, after 1 min), 31 × 1 s = about 0.051666667; about"
            " 0.251666667 becomes 0.26, rounded up to 2 decimals; total 0.31 with a connect fee of 0.05.",
        ),
        (
            "tel:1001",
            "991",
            150,
            None,
            "Call of 2 min 30 s to 991 by 1001 of tel at 2026-03-02T12:00:00Z is priced by plan WORLD"
            " (version 3) for prefix 99 (FAR) since 1970-01-01, the fallback to carrier, because plan"
            " RETAIL of all subjects has no prefix for it: 2 min 30 s at 3 per 60 s, 3 × 60 s = 9; 9"
            " becomes 5, nothing more is charged beyond 5; total 5.",
        ),
        (
            "vdf:rif",
            "02",
            10,
            None,
            "Call of 10 s to 02 by rif of vdf at 2026-03-02T12:00:00Z has no price in version 3"
            " (RATE_NOT_FOUND): subject 'rif' of customer 'vdf' has prefixes of its own, none of which"
            " begins the number, and neither rating profile vdf/call/rif nor vdf/call/*any; 02 of the"
            " number is known, the nearest prefixes are 0256.",
        ),
        (
            "tel:1001",
            "412",
            10,
            None,
            "Call of 10 s to 412 by 1001 of tel at 2026-03-02T12:00:00Z has no price in version 3"
            " (RATE_NOT_FOUND): the rating plans of subject '1001' have no rate for '412' at"
            " 2026-03-02T12:00:00Z; plan RETAIL of all subjects has no prefix for it, plan WORLD of"
            " carrier has no prefix for it, nobody has no profile; 4 of the number is known, the"
            " nearest prefixes are 40.",
        ),
        (
            "tel:late",
            "991",
            10,
            None,
            "Call of 10 s to 991 by late of tel at 2026-03-02T12:00:00Z has no price in version 3"
            " (RATE_NOT_ACTIVE): the call starts before 2026-03-02T12:00:01Z, from when on the rate of"
            " 'late' is active.",
        ),
    ],
)
def test_a_price_is_told_in_a_sentence(
    who: str, number: str, seconds: int, account: Account | None, expected: str
) -> None:
    assert sentence(told(who, number, seconds, account)) == expected


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        (
            MINUTES,
            "Debit would be refused (INSUFFICIENT_CREDIT): 0.079166667 is needed, the credit is 0.05:"
            " 0.029166667 is missing.",
        ),
        (
            replace(MINUTES, credit=SECOND),
            "Debit would take 0.079166667 of the credit of 1 and 15 s of minutes; 0.920833333 is left.",
        ),
        (
            replace(MINUTES, allow_negative=True),
            "Debit would take 0.079166667 of the credit of 0.05 and 15 s of minutes; -0.029166667 is left.",
        ),
        (
            replace(MINUTES, disabled=True),
            "Debit would be refused (ACCOUNT_DISABLED): the account is disabled.",
        ),
    ],
)
def test_a_debit_is_told_as_well(account: Account, expected: str) -> None:
    explained = told("vdf:rif", "0256", 25, account)

    assert charge_sentence(explained.charges[0], account) == expected


def test_seconds_are_told_if_they_are_asked_for() -> None:
    call = Call("vdf", "rif", "call", "0256", START, START)
    explained = explain(BOOK, call, MINUTES, 20 * SECOND)

    assert charge_sentence(explained.charges[1], MINUTES) == (
        "DebitSeconds would be refused (INSUFFICIENT_CREDIT): 20 s are needed, the buckets for the"
        " number have 15 s."
    )


def test_a_call_that_two_versions_price_tells_both() -> None:
    def flat(price: str) -> Tariff:
        period = ActivationPeriod(0, (Interval(Decimal(price)),))
        return Tariff(rates={("vdf", "rif"): {"02": PrefixRate((period,), None, spanwise=True)}})

    later = compile_tariff(flat("2")).as_version(2)
    book = compile_tariff(flat("1")).as_version(1, later, START + 10 * SECOND)

    explained = told("vdf:rif", "02", 15, book=book)

    assert [each.version for each in explained.sellers] == [1, 2]
    assert sentence(explained).endswith(
        "for prefix 02 since 1970-01-01, then by the subject's own prices of version 2 from"
        " 2026-03-02T12:00:10Z: 10 s at 1 a second = 10; 5 s at 2 a second = 10; total 20."
    )


def test_a_stored_debit_of_seconds_is_explained_by_its_seconds() -> None:
    request = Request(Operation.DEBIT_SECONDS, Call("vdf", "rif", "call", "0256", 0, 0), 12 * SECOND)
    explained = explain_charge(BOOK, request, MINUTES)

    assert [each.operation for each in explained.charges] == ["DebitSeconds"]
    assert explained.charges[0].money == SECOND // 50
