"""Responder.Explain as a caller meets it: members in, an explanation or a refusal out."""

import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest

from cgrates_py.explain import responder as explaining
from protocol.access import Right, right_needed
from protocol.dispatch import Status
from protocol.methods import Method
from rater.tariff import Tariff
from tests.responder.desk import Desk, bucket, office, units

CALL = {
    "CstmId": "acme",
    "Subject": "office",
    "DestinationPrefix": "442071234567",
    "TimeStart": "2012-02-02T17:30:00Z",
    "TimeEnd": "2012-02-02T18:30:00Z",
}

EARLY = {"TimeStart": "2011-12-31T17:30:00Z", "TimeEnd": "2011-12-31T17:31:00Z"}
SOURCE = "INVALID_PARAMS: Source: expected calls:VERSION or calls:VERSION.LINE"


async def test_an_explanation_has_the_cost_of_getcost_and_its_steps_come_to_it() -> None:
    desk = Desk()
    buckets = (bucket("UK", 60), bucket("LONDON", 30, 0, "0.01"))
    await desk.open_account(
        office(credit=units(1000), plan_id="basic", volume_discount_ns=units(1500), buckets=buckets)
    )

    told = await desk.ask("Explain", **CALL)
    quoted = await desk.ask("GetCost", **CALL)

    assert (told["Cost"], told["ConnectFee"], told["Code"]) == (quoted["Cost"], quoted["ConnectFee"], "")
    assert sum(Fraction(span["Exact"]) for span in told["Spans"]) == Fraction(told["Exact"]) == told["Cost"]
    assert [(each["DestinationId"], each["Taken"], each["Why"]) for each in told["Minutes"]] == [
        ("LONDON", 30, ""),
        ("UK", 60, "shorter prefix, 2 digits after 4"),
    ]
    assert told["Discount"] == {"Factor": "9/10", "VolumeDiscountSeconds": 1500}
    (debit,) = told["Charges"]
    assert (debit["Operation"], debit["Code"], debit["Taken"]) == ("Debit", "", Decimal("470.1"))
    assert "Verified" not in told


@pytest.mark.parametrize(
    ("changed", "account", "code", "debit"),
    [
        ({}, {"credit": 1}, "", "INSUFFICIENT_CREDIT"),
        ({}, {"credit": 1000, "disabled": True}, "", "ACCOUNT_DISABLED"),
        ({"DestinationPrefix": "9"}, {"credit": 1000}, "RATE_NOT_FOUND", "RATE_NOT_FOUND"),
        ({"DestinationPrefix": "9"}, {"disabled": True}, "RATE_NOT_FOUND", "ACCOUNT_DISABLED"),
        (EARLY, {}, "RATE_NOT_ACTIVE", "RATE_NOT_ACTIVE"),
    ],
)
async def test_a_refusal_has_the_code_of_the_method_that_it_explains(
    changed: dict[str, str], account: dict[str, Any], code: str, debit: str
) -> None:
    desk = Desk()
    credit = units(account.pop("credit", 0))
    await desk.open_account(office(credit=credit, **account))

    told = await desk.ask("Explain", **CALL | changed)

    assert told["Code"] == code
    assert [each["Holds"] for each in told["Conditions"]][-1] == (not code)
    assert told["Charges"][0]["Code"] == await desk.ask("Debit", **CALL | changed) == debit
    assert told["Charges"][0]["Conditions"][-1]["Holds"] is False


async def test_nothing_changes_and_no_account_is_needed() -> None:
    desk = Desk()

    told = await desk.ask("Explain", **CALL)

    assert (told["Cost"], told["Charges"], told["Minutes"]) == (540, [], [])


async def test_the_seconds_of_amount_are_explained_as_debitseconds() -> None:
    desk = Desk()
    await desk.open_account(office(credit=units(10), buckets=(bucket("UK", 60, 0, "0.01"),)))

    told = await desk.ask("Explain", **CALL, Amount=50)

    assert [(each["Operation"], each["Taken"], each["Seconds"]) for each in told["Charges"][1:]] == [
        ("DebitSeconds", Decimal("0.5"), 50)
    ]


async def test_the_oracle_reads_the_stored_tariff_and_agrees() -> None:
    desk = Desk()

    told = await desk.ask("Explain", **CALL, Verify=True)

    assert told["Verified"] == {
        "Agrees": True,
        "Code": "",
        "Cost": 540,
        "ConnectFee": 0,
        "Prefix": "44",
        "Note": "",
    }


async def test_an_oracle_with_another_tariff_does_not_agree() -> None:
    desk = Desk()
    desk.tariff = Tariff()

    told = await desk.ask("Explain", **CALL, Verify=True)

    assert (told["Verified"]["Agrees"], told["Verified"]["Code"]) == (False, "RATE_NOT_FOUND")


async def test_what_the_oracle_is_not_asked_is_told() -> None:
    desk = Desk()

    told = await desk.ask("Explain", **CALL | {"TimeEnd": "2012-03-15T17:30:00Z"}, Verify=True)

    assert told["Verified"]["Agrees"] is None
    assert told["Verified"]["Note"] == "calls of more than 31 days are not recomputed"


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"Verify": "yes"}, "INVALID_PARAMS: Verify: expected true or false"),
        ({"Source": 7}, SOURCE),
        ({"Source": "calls:0"}, f"{SOURCE}, got 'calls:0'"),
        ({"Source": "usage:7"}, f"{SOURCE}, got 'usage:7'"),
        ({"Source": "calls:7"}, "ACCOUNT_NOT_FOUND: no account of subject 'office'"),
        ({"TimeEnd": None}, "INVALID_PARAMS: TimeEnd: expected an RFC 3339 time with a zone, got none"),
        ({"Amount": "x"}, "INVALID_PARAMS: Amount: "),
    ],
)
async def test_bad_input_is_refused_by_the_member_that_is_wrong(
    members: dict[str, Any], expected: str
) -> None:
    desk = Desk()

    status, body = await desk.raw("Explain", **CALL | members)

    assert (status, body.decode()[: len(expected)]) == (Status.REFUSED, expected)


async def test_a_year_of_days_with_two_prices_can_be_explained() -> None:
    desk = Desk()

    told = await desk.ask("Explain", **CALL | {"TimeEnd": "2013-02-01T17:30:00Z"})

    assert len(told["Spans"]) > 500
    assert sum(Fraction(span["Exact"]) for span in told["Spans"]) == told["Cost"]


async def test_too_many_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explaining, "EXPLAINING_MAX", 2)
    desk = Desk()
    descriptor = json.dumps(CALL).encode()

    answers = [await each for each in [desk.post("Explain", descriptor) for _ in range(3)]]

    assert [status for status, _ in answers] == [Status.OK, Status.OK, Status.REFUSED]
    assert answers[2][1].startswith(b"OVERLOADED: ")
    assert (await desk.post("Explain", descriptor))[0] == Status.OK, "there is room again"


def test_a_key_that_may_quote_may_have_it_explained() -> None:
    assert right_needed(Method.EXPLAIN) == right_needed(Method.GET_COST) == Right.READ
