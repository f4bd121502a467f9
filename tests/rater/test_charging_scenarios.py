"""What each operation takes from an account and answers, as tables."""

from dataclasses import replace
from decimal import Decimal

import pytest

from rater.account import Account, MinuteBucket
from rater.charging import Operation, Request, decide
from rater.compiler import compile_tariff
from rater.quantity import AMOUNT_MAX, text
from rater.rating import Call, CallCost
from rater.refusal import Refusal
from rater.tariff import Bonus, BucketTemplate, Tariff, TariffPlan, VolumeDiscount
from tests.rater.tables import SECOND, from_2012, instant, interval, ns, prefixes, told

GERMANY_EVERY_SECOND_ONE = prefixes(
    p49=(from_2012(interval("1")),),
    p50=(from_2012(interval("1", connect_fee=Decimal(5))),),
    p51=(from_2012(interval("0")),),
    p52=(from_2012(interval("0.3")),),
)

TARIFF = Tariff(
    rates=GERMANY_EVERY_SECOND_ONE.rates,
    destinations={"HOME": ("49",), "MOBILE": ("491",), "WORLD": ("4", "5"), "ELSEWHERE": ("7",)},
    plans={
        "gold": TariffPlan(
            "gold",
            sms=100 * SECOND,
            traffic=7 * SECOND,
            received_limit_ns=10 * SECOND,
            bonus=Bonus(100 * SECOND, 2 * SECOND, SECOND, BucketTemplate("HOME", 30 * SECOND, 5)),
            buckets=(
                BucketTemplate("HOME", 10 * SECOND, 10, Decimal("0.01")),
                BucketTemplate("MOBILE", SECOND),
            ),
            discounts=(VolumeDiscount(100 * SECOND, Decimal(10)),),
        ),
        "iron": TariffPlan("iron", credit=3 * SECOND, received_limit_ns=0, bonus=Bonus(credit=SECOND)),
    },
)

BOOK = compile_tariff(TARIFF)


def account(credit: str = "21", *buckets: MinuteBucket, plan: str = "", sms: str = "100") -> Account:
    return Account("vdf", "rif", credit=ns(credit), sms=ns(sms), plan_id=plan, buckets=buckets)


def bucket(destination: str, seconds: str, price: str = "0", priority: int = 0) -> MinuteBucket:
    return MinuteBucket(destination, ns(seconds), priority, Decimal(price))


def after(
    before: Account, operation: Operation, amount: str = "0", number: str = "49", talk: str = "0"
) -> str:
    """``answer; credit [seconds of each bucket]`` of one operation, or the refusal's code before them."""
    start_ns, offset_ns = instant("2024-05-15T12:00:00Z")
    call = Call("vdf", "rif", "call", number, start_ns, start_ns + ns(talk), offset_ns=offset_ns)
    decision = decide(BOOK, before, Request(operation, call, ns(amount)))
    answer = decision.answer
    if isinstance(answer, Refusal):
        assert decision.account == before
        said = answer.code
    elif isinstance(answer, CallCost):
        said = told(answer)
    else:
        assert isinstance(answer, int)
        said = text(answer)
    left = " ".join(text(each.seconds_ns) for each in decision.account.buckets)
    return f"{said}; {text(decision.account.credit)} [{left}]"


@pytest.mark.parametrize(
    ("before", "amount", "expected"),
    [
        (account("21"), "6", "15; 15 []"),
        (account("21"), "0", "21; 21 []"),
        (account("21"), "21", "0; 0 []"),
        (account("21"), "22", "-1; -1 []"),
        (account("-1"), "0.000000001", "-1.000000001; -1.000000001 []"),
        (account("21"), "-15", "36; 36 []"),
        (account("9000000000"), "-0.000000001", "AMOUNT_OUT_OF_RANGE; 9000000000 []"),
        (account("-9000000000"), "0.000000001", "AMOUNT_OUT_OF_RANGE; -9000000000 []"),
        (replace(account("21"), disabled=True), "1", "ACCOUNT_DISABLED; 21 []"),
    ],
)
def test_money_has_no_floor_but_a_range(before: Account, amount: str, expected: str) -> None:
    assert expected == after(before, Operation.DEBIT_BALANCE, amount)


@pytest.mark.parametrize(
    ("sms", "amount", "expected"),
    [
        ("100", "12", "88"),
        ("100", "100", "0"),
        ("100", "100.000000001", "INSUFFICIENT_CREDIT"),
        ("100", "110", "INSUFFICIENT_CREDIT"),
        ("100", "-15", "115"),
        ("-3", "0", "INSUFFICIENT_CREDIT"),
    ],
)
def test_no_more_sms_than_there_are(sms: str, amount: str, expected: str) -> None:
    said, _, _ = after(account(sms=sms), Operation.DEBIT_SMS, amount).partition(";")
    assert expected == said


FREE = (bucket("HOME", "10", priority=10), bucket("WORLD", "100", priority=20))
PRICED = (bucket("HOME", "10", priority=10), bucket("WORLD", "100", "1", priority=20))
TWO_PRICED = (bucket("HOME", "10", "1", priority=20), bucket("HOME", "100", "1", priority=10))


@pytest.mark.parametrize(
    ("before", "number", "amount", "expected"),
    [
        (account("21", *FREE), "49", "6", "0; 21 [10 94]"),
        (account("21", *FREE), "49", "105", "0; 21 [5 0]"),
        (account("21", *FREE), "49", "110", "0; 21 [0 0]"),
        (account("21", *FREE), "49", "110.000000001", "INSUFFICIENT_CREDIT; 21 [10 100]"),
        (account("21", *FREE), "50", "100.5", "INSUFFICIENT_CREDIT; 21 [10 100]"),
        (account("21", *FREE), "50", "99.5", "0; 21 [10 0.5]"),
        (account("-5", *FREE), "49", "110", "0; -5 [0 0]"),
        (account("21", *PRICED), "49", "5", "0; 16 [10 95]"),
        (account("21", *PRICED), "49", "21", "0; 0 [10 79]"),
        (account("21", *PRICED), "49", "25", "INSUFFICIENT_CREDIT; 21 [10 100]"),
        (account("100", *PRICED), "49", "105", "0; 0 [5 0]"),
        (account("100", *TWO_PRICED), "49", "50", "0; 50 [0 60]"),
        (account("21", *FREE), "49", "-15", "0; 21 [10 115]"),
        (account("21", *PRICED), "49", "-15", "0; 36 [10 115]"),
        (account("21", bucket("HOME", "0", "2")), "49", "-15", "0; 51 [15]"),
        (account("21", *FREE), "7", "-15", "BUCKET_NOT_FOUND; 21 [10 100]"),
        (account("21"), "49", "0", "0; 21 []"),
        (account("1", bucket("HOME", "1", "0.0000000015")), "49", "1", "0; 0.999999998 [0]"),
        (account("1", bucket("HOME", "1", "0.0000000025")), "49", "1", "0; 0.999999998 [0]"),
    ],
)
def test_seconds_come_from_the_buckets_in_order_at_the_price_of_exactly_those_seconds(
    before: Account, number: str, amount: str, expected: str
) -> None:
    assert expected == after(before, Operation.DEBIT_SECONDS, amount, number)


@pytest.mark.parametrize(
    ("before", "received", "amount", "expected"),
    [
        (account(plan="gold"), "1", "8", "0; 21 [] received 9 sms 100 traffic 0"),
        (account(plan="gold"), "1", "9", "0; 121 [30] received 0 sms 102 traffic 1"),
        (account(plan="gold"), "1", "12", "0; 121 [30] received 3 sms 102 traffic 1"),
        (account(plan="gold"), "1", "34", "0; 321 [90] received 5 sms 106 traffic 3"),
        (
            account("21", bucket("HOME", "1"), bucket("MOBILE", "2"), bucket("HOME", "0"), plan="gold"),
            "0",
            "10",
            "0; 121 [31 2 30] received 0 sms 102 traffic 1",
        ),
        (account(plan="gold"), "5", "-7", "0; 21 [] received -2 sms 100 traffic 0"),
        (account(plan="iron"), "0", "50", "0; 21 [] received 50 sms 100 traffic 0"),
        (account(plan="lost"), "0", "50", "0; 21 [] received 50 sms 100 traffic 0"),
        (account(), "0", "50", "0; 21 [] received 50 sms 100 traffic 0"),
    ],
)
def test_received_seconds_earn_the_bonus_each_time_the_limit_is_reached(
    before: Account, received: str, amount: str, expected: str
) -> None:
    start = replace(before, received_ns=ns(received))
    call = Call("vdf", "rif", "call", "", 0, 0)
    left = decide(BOOK, start, Request(Operation.ADD_RECIEVED_CALL_SECONDS, call, ns(amount))).account
    said = after(start, Operation.ADD_RECIEVED_CALL_SECONDS, amount)
    balances = f"received {text(left.received_ns)} sms {text(left.sms)} traffic {text(left.traffic)}"
    assert expected == f"{said} {balances}"


def test_a_bonus_that_would_leave_the_range_of_amounts_is_refused() -> None:
    before = replace(account(plan="gold"), credit=AMOUNT_MAX)
    expected = "AMOUNT_OUT_OF_RANGE; 9000000000 []"
    assert expected == after(before, Operation.ADD_RECIEVED_CALL_SECONDS, "10")


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        ("gold", "0; 21 [10 1]"),
        ("iron", "0; 3 []"),
        ("lost", "TARIFF_PLAN_NOT_FOUND; 21 [5]"),
        ("", "TARIFF_PLAN_NOT_FOUND; 21 [5]"),
    ],
)
def test_a_reset_gives_what_the_tariff_plan_gives(plan: str, expected: str) -> None:
    assert expected == after(account("21", bucket("HOME", "5"), plan=plan), Operation.RESET_USER_BUDGET)


def test_volume_seconds_are_added_and_reset() -> None:
    call = Call("vdf", "rif", "call", "", 0, 0)
    added = decide(BOOK, account(), Request(Operation.ADD_VOLUME_DISCOUNT_SECONDS, call, ns("100.5"))).account
    assert ns("100.5") == added.volume_discount_ns
    again = decide(BOOK, added, Request(Operation.ADD_VOLUME_DISCOUNT_SECONDS, call, ns("-200"))).account
    assert ns("-99.5") == again.volume_discount_ns
    reset = decide(BOOK, again, Request(Operation.RESET_VOLUME_DISCOUNT_SECONDS, call)).account
    assert reset.volume_discount_ns == 0


@pytest.mark.parametrize(
    ("before", "number", "talk", "expected"),
    [
        (account("21"), "49", "21", "21 : 21@1; 0 []"),
        (account("21"), "49", "21.000000001", "INSUFFICIENT_CREDIT; 21 []"),
        (account("26"), "50", "21", "21 + 5 : 21@1; 0 []"),
        (account("25.999999999"), "50", "21", "INSUFFICIENT_CREDIT; 25.999999999 []"),
        (account("4"), "50", "0", "INSUFFICIENT_CREDIT; 4 []"),
        (replace(account("1"), allow_negative=True), "50", "21", "21 + 5 : 21@1; -25 []"),
        (account("-1", bucket("HOME", "60")), "49", "60", "0 : 60@HOME; -1 [0]"),
        (account("-1", bucket("HOME", "60")), "49", "61", "INSUFFICIENT_CREDIT; -1 [60]"),
        (account("1", bucket("HOME", "60")), "49", "61", "1 : 60@HOME, 1@1; 0 [0]"),
        (account("59", bucket("HOME", "200", "1")), "49", "60", "INSUFFICIENT_CREDIT; 59 [200]"),
        (account("1000", bucket("HOME", "200", "1")), "49", "60", "60 : 60@HOME; 940 [140]"),
        (account("-1"), "51", "60", "0 : 60@0; -1 []"),
        (account("21"), "7", "60", "RATE_NOT_FOUND; 21 []"),
        (replace(account("21"), disabled=True), "49", "1", "ACCOUNT_DISABLED; 21 []"),
        (
            replace(account("54", plan="gold"), volume_discount_ns=ns("100")),
            "49",
            "60",
            "54 : 60@1; 0 []",
        ),
    ],
)
def test_a_debited_call_takes_seconds_cost_and_fee_in_one_step(
    before: Account, number: str, talk: str, expected: str
) -> None:
    assert expected == after(before, Operation.DEBIT, number=number, talk=talk)


@pytest.mark.parametrize(
    ("before", "number", "amount", "expected"),
    [
        (account("100"), "49", "100", "100"),
        (account("99"), "49", "100", "90"),
        (account("90"), "49", "100", "90"),
        (account("10"), "49", "100", "10"),
        (account("9.999999999"), "49", "100", "0"),
        (account("5"), "49", "100", "0"),
        (account("15"), "50", "100", "10"),
        (account("14"), "50", "100", "0"),
        (account("0"), "49", "100", "0"),
        (account("0"), "51", "100", "100"),
        (account("-1"), "51", "100", "0"),
        (account("-1", bucket("HOME", "100")), "49", "50", "50"),
        (account("0", bucket("HOME", "100")), "49", "5400", "100"),
        (account("5", bucket("HOME", "95")), "49", "100", "100"),
        (account("4", bucket("HOME", "95")), "49", "100", "95"),
        (account("4", bucket("HOME", "95")), "50", "10", "0"),
        (account("1", bucket("HOME", "95", "0.01")), "49", "95", "95"),
        (account("0", bucket("ELSEWHERE", "40")), "7", "100", "40"),
        (account("9"), "7", "100", "RATE_NOT_FOUND"),
        (account("2"), "52", "7", "6.3"),
        (account("1.05"), "52", "0.000000007", "0.000000007"),
        (account("0.000000001"), "49", "0.000000007", "0.000000001"),
        (replace(account("-7"), allow_negative=True), "49", "100", "100"),
        (replace(account("100"), disabled=True), "49", "100", "ACCOUNT_DISABLED"),
    ],
)
def test_a_session_lasts_as_long_as_the_first_tenth_that_the_credit_pays(
    before: Account, number: str, amount: str, expected: str
) -> None:
    said, _, _ = after(before, Operation.GET_MAX_SESSION_TIME, amount, number).partition(";")
    assert expected == said
