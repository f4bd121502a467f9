"""Every method, as a caller sees it: descriptor in, result or code out, and what it leaves on the account."""

import json
from decimal import Decimal
from typing import Any

import pytest

from rater.account import Account
from rater.compiler import compile_tariff
from rater.tariff import Tariff
from tests.responder.desk import Desk, bucket, office, units

CALL = {
    "CstmId": "acme",
    "Subject": "office",
    "DestinationPrefix": "442071234567",
    "TimeStart": "2012-02-02T17:30:00Z",
    "TimeEnd": "2012-02-02T18:30:00Z",
}
WHO = {key: CALL[key] for key in ("CstmId", "Subject", "DestinationPrefix")}

ONE_OPERATION = [
    # method, amount, account before → answer, members of the account afterwards
    ("DebitBalance", "6", {"credit": 21}, 15, {"Credit": 15}),
    ("DebitCents", "6", {"credit": 21}, 15, {"Credit": 15}),
    ("DebitBalance", "100", {"credit": 21}, -79, {"Credit": -79}),
    ("DebitBalance", "-100", {"credit": 21}, 121, {"Credit": 121}),
    ("DebitBalance", "0.1", {"credit": "0.3"}, Decimal("0.2"), {"Credit": Decimal("0.2")}),
    ("DebitBalance", "9000000000", {"credit": -1}, "AMOUNT_OUT_OF_RANGE", {"Credit": -1}),
    ("DebitSMS", "5", {"sms": 7}, 2, {"SmsCredit": 2}),
    ("DebitSMS", "8", {"sms": 7}, "INSUFFICIENT_CREDIT", {"SmsCredit": 7}),
    ("DebitSMS", "-8", {"sms": 7}, 15, {"SmsCredit": 15}),
    ("AddVolumeDiscountSeconds", "30.5", {}, 0, {"VolumeDiscountSeconds": Decimal("30.5")}),
    ("ResetVolumeDiscountSeconds", "0", {"volume_discount_ns": 9}, 0, {"VolumeDiscountSeconds": 0}),
    ("AddRecievedCallSeconds", "40", {"received_ns": 5}, 0, {"ReceivedCallSeconds": 45}),
    ("ResetUserBudget", "0", {}, "TARIFF_PLAN_NOT_FOUND", {}),
    ("ResetUserBudget", "0", {"plan_id": "gone"}, "TARIFF_PLAN_NOT_FOUND", {}),
    ("GetMaxSessionTime", "100", {"credit": 10}, 50, {"Credit": 10}),
    ("GetMaxSessionTime", "100", {"credit": 1}, 0, {}),
    ("GetMaxSessionTime", "0", {"credit": 1}, 0, {}),
    ("DebitBalance", "1", {"disabled": True}, "ACCOUNT_DISABLED", {"Credit": 0}),
]

_SCALED = {"credit", "sms", "volume_discount_ns", "received_ns"}


@pytest.mark.parametrize(("method", "amount", "before", "answer", "after"), ONE_OPERATION)
async def test_one_operation(
    method: str, amount: str, before: dict[str, Any], answer: object, after: dict[str, object]
) -> None:
    desk = Desk()
    fields = {name: units(value) if name in _SCALED else value for name, value in before.items()}
    await desk.open_account(office(**fields))
    status, body = await desk.post(method, _with_amount(WHO, amount))
    assert _read(status, body) == answer
    account = await desk.ask("GetAccount", **WHO)
    assert {name: account[name] for name in after} == after


def _with_amount(members: dict[str, str], amount: str) -> bytes:
    listed = ",".join(f'"{name}":"{value}"' for name, value in members.items())
    return f'{{{listed},"Amount":{amount}}}'.encode()


def _read(status: int, body: bytes) -> object:
    return body.decode().partition(":")[0] if status else json.loads(body, parse_float=Decimal)


@pytest.mark.parametrize(
    "method",
    [
        "DebitBalance",
        "DebitSMS",
        "DebitSeconds",
        "AddVolumeDiscountSeconds",
        "ResetVolumeDiscountSeconds",
        "AddRecievedCallSeconds",
        "ResetUserBudget",
        "GetMaxSessionTime",
        "GetAccount",
    ],
)
async def test_an_account_that_does_not_exist_is_an_error_for_every_method_that_needs_one(
    method: str,
) -> None:
    assert await Desk().ask(method, **WHO, Amount=1) == "ACCOUNT_NOT_FOUND"


async def test_debit_of_an_unknown_account_is_refused() -> None:
    assert await Desk().ask("Debit", **CALL) == "ACCOUNT_NOT_FOUND"


async def test_a_postpaid_server_answers_the_whole_amount_for_an_unknown_account() -> None:
    assert await Desk(unknown_account="postpaid").ask("GetMaxSessionTime", **WHO, Amount=77) == 77


async def test_a_quote_needs_no_account_and_repeats_what_it_was_asked() -> None:
    quote = await Desk().ask("Get", **CALL, TOR=0)
    assert {name: quote[name] for name in ("TOR", "CstmId", "Subject", "DestinationPrefix", "Cost")} == {
        "TOR": 0,
        "CstmId": "acme",
        "Subject": "office",
        "DestinationPrefix": "44",
        "Cost": 540,
    }
    assert [
        (span["TimeStart"], span["TimeEnd"], span["Interval"]["Price"]) for span in quote["Timespans"]
    ] == [
        ("2012-02-02T17:30:00Z", "2012-02-02T18:00:00Z", Decimal("0.2")),
        ("2012-02-02T18:00:00Z", "2012-02-02T18:30:00Z", Decimal("0.1")),
    ]


async def test_the_answer_repeats_the_zone_and_reads_the_clock_in_it() -> None:
    times = {"TimeStart": "2012-02-02T17:59:59.5+02:00", "TimeEnd": "2012-02-02T18:00:01+02:00"}
    quote = await Desk().ask("GetCost", **{**CALL, **times})
    assert quote["Cost"] == Decimal("0.2")
    assert [(span["TimeStart"], span["TimeEnd"]) for span in quote["Timespans"]] == [
        ("2012-02-02T17:59:59.5+02:00", "2012-02-02T18:00:00+02:00"),
        ("2012-02-02T18:00:00+02:00", "2012-02-02T18:00:01+02:00"),
    ]


async def test_a_quote_shows_the_minutes_of_the_account_first_and_changes_nothing() -> None:
    desk = Desk()
    await desk.open_account(office(buckets=(bucket("UK", 600), bucket("LONDON", 60, price="0.01"))))
    for _ in range(2):
        quote = await desk.ask("GetCost", **CALL)
        assert [(span["MinuteInfo"] or {}).get("DestinationId") for span in quote["Timespans"]] == [
            "LONDON",
            "UK",
            None,
            None,
        ]
        assert quote["Cost"] == Decimal("0.6") + 1140 * Decimal("0.2") + 1800 * Decimal("0.1")


async def test_a_quote_follows_what_another_rater_debits() -> None:
    desk = Desk()
    await desk.open_account(office(buckets=(bucket("UK", 3600),)))
    assert (await desk.ask("GetCost", **CALL))["Cost"] == 0
    assert await desk.other().ask("DebitSeconds", **WHO, Amount=3600) == 0
    assert (await desk.ask("GetCost", **CALL))["Cost"] == 540


async def test_debit_seconds_takes_each_bucket_at_its_own_price() -> None:
    desk = Desk()
    await desk.open_account(
        office(credit=units(100), buckets=(bucket("UK", 10, 20, "1"), bucket("UK", 100, 10, "1")))
    )
    assert await desk.ask("DebitSeconds", **WHO, Amount=50) == 0
    account = await desk.ask("GetAccount", **WHO)
    assert account["Credit"] == 50
    assert [each["Seconds"] for each in account["MinuteBuckets"]] == [0, 60]


async def test_debit_seconds_without_enough_seconds_or_credit_changes_nothing() -> None:
    desk = Desk()
    await desk.open_account(office(credit=units(5), buckets=(bucket("UK", 10, 20, "1"),)))
    before = await desk.ask("GetAccount", **WHO)
    assert await desk.ask("DebitSeconds", **WHO, Amount=11) == "INSUFFICIENT_CREDIT"
    assert await desk.ask("DebitSeconds", **WHO, Amount=6) == "INSUFFICIENT_CREDIT"
    assert await desk.ask("GetAccount", **WHO) == before


async def test_seconds_go_back_to_the_first_bucket_even_if_it_is_empty() -> None:
    desk = Desk()
    await desk.open_account(office(buckets=(bucket("LONDON", 0, price="0.5"), bucket("UK", 5))))
    assert await desk.ask("DebitSeconds", **WHO, Amount=-10) == 0
    account = await desk.ask("GetAccount", **WHO)
    assert [each["Seconds"] for each in account["MinuteBuckets"]] == [10, 5]
    assert account["Credit"] == 5
    assert (
        await desk.ask("DebitSeconds", **{**WHO, "DestinationPrefix": "49"}, Amount=-1) == "BUCKET_NOT_FOUND"
    )


async def test_received_calls_give_the_bonus_as_often_as_the_limit_is_reached() -> None:
    desk = Desk()
    await desk.open_account(office(plan_id="basic", received_ns=units(50)))
    assert await desk.ask("AddRecievedCallSeconds", **WHO, Amount=255) == 0
    account = await desk.ask("GetAccount", **WHO)
    assert (account["ReceivedCallSeconds"], account["Credit"], account["SmsCredit"]) == (5, 9, 6)
    assert [(each["DestinationId"], each["Seconds"]) for each in account["MinuteBuckets"]] == [("LONDON", 90)]


async def test_resetting_gives_what_the_plan_gives_and_leaves_the_money() -> None:
    desk = Desk()
    await desk.open_account(office(plan_id="basic", credit=units(4), sms=units(1), buckets=()))
    assert await desk.ask("ResetUserBudget", **WHO) == 0
    account = await desk.ask("GetAccount", **WHO)
    assert (account["Credit"], account["SmsCredit"], account["Traffic"]) == (4, 100, 7)
    assert [(each["DestinationId"], each["Seconds"]) for each in account["MinuteBuckets"]] == [("UK", 50)]


async def test_a_volume_discount_is_taken_off_what_is_not_minutes() -> None:
    desk = Desk()
    await desk.open_account(
        office(plan_id="basic", volume_discount_ns=units(1000), buckets=(bucket("UK", 1800, price="1"),))
    )
    assert (await desk.ask("GetCost", **CALL))["Cost"] == 1800 + 162


async def test_debit_takes_cost_fee_and_minutes_in_one_step() -> None:
    desk = Desk()
    await desk.open_account(
        Account(
            "acme", "shop", credit=units(30), buckets=(bucket("UK", 0), bucket("LONDON", 60, price="0.1"))
        )
    )
    call = {**CALL, "Subject": "shop", "TimeEnd": "2012-02-02T17:40:00Z"}
    charged = await desk.ask("Debit", **call)
    assert (charged["Cost"], charged["ConnectFee"]) == (15, 0)
    account = await desk.ask("GetAccount", **call)
    assert account["Credit"] == 15
    assert [each["Seconds"] for each in account["MinuteBuckets"]] == [0, 0]
    charged = await desk.ask("Debit", **call)
    assert (charged["Cost"], charged["ConnectFee"]) == (10, 5)
    assert (await desk.ask("GetAccount", **call))["Credit"] == 0
    assert await desk.ask("Debit", **call) == "INSUFFICIENT_CREDIT"
    assert (await desk.ask("GetAccount", **call))["Credit"] == 0


async def test_an_account_that_may_go_negative_is_charged_below_zero() -> None:
    desk = Desk()
    await desk.open_account(Account("acme", "shop", allow_negative=True))
    call = {**CALL, "Subject": "shop"}
    assert (await desk.ask("Debit", **call))["Cost"] == 60
    assert (await desk.ask("GetAccount", **call))["Credit"] == -65
    assert await desk.ask("GetMaxSessionTime", **call, Amount=600) == 600


async def test_free_seconds_are_a_session_whatever_the_credit() -> None:
    desk = Desk()
    await desk.open_account(office(credit=units(-5), buckets=(bucket("UK", 30),)))
    assert await desk.ask("GetMaxSessionTime", **WHO, Amount=100) == 30
    assert await desk.ask("GetMaxSessionTime", **WHO, Amount=20) == 20
    nowhere = {**WHO, "DestinationPrefix": "7"}
    assert await desk.ask("GetMaxSessionTime", **nowhere, Amount=20) == "RATE_NOT_FOUND"


async def test_a_session_starts_now_unless_it_says_when() -> None:
    desk = Desk()
    await desk.open_account(office(credit=units(10)))
    assert await desk.ask("GetMaxSessionTime", **WHO, Amount=100) == 50
    evening = {"TimeStart": "2012-02-02T18:00:00Z"}
    assert await desk.ask("GetMaxSessionTime", **WHO, **evening, Amount=100) == 100


async def test_an_account_without_customer_serves_customers_without_their_own() -> None:
    desk = Desk()
    await desk.open_account(Account("", "office", credit=units(10)))
    assert await desk.ask("DebitBalance", **WHO, Amount=1) == 9
    assert await desk.ask("DebitBalance", **{**WHO, "CstmId": "else"}, Amount=1) == 8
    await desk.open_account(office(credit=units(100)))
    assert await desk.ask("DebitBalance", **WHO, Amount=1) == 99
    assert await desk.ask("DebitBalance", **{**WHO, "CstmId": "else"}, Amount=1) == 7


async def test_an_account_created_later_is_found() -> None:
    desk = Desk()
    assert await desk.ask("GetAccount", **WHO) == "ACCOUNT_NOT_FOUND"
    assert (await desk.ask("GetCost", **CALL))["Cost"] == 540
    await desk.open_account(office(buckets=(bucket("UK", 3600),)))
    assert (await desk.ask("GetCost", **CALL))["Cost"] == 0
    assert (await desk.ask("GetAccount", **WHO))["Version"] == 1


async def test_another_tariff_prices_from_the_next_request_on() -> None:
    desk = Desk()
    assert (await desk.ask("GetCost", **CALL))["Cost"] == 540
    desk.responder.swap(compile_tariff(Tariff()))
    assert await desk.ask("GetCost", **CALL) == "RATE_NOT_FOUND"
