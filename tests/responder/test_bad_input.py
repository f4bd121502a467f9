"""Bad descriptors: a code, the member's name, what was expected; nothing changes and nothing crashes."""

import asyncio
from decimal import Decimal

import pytest

from protocol.dispatch import Status
from rater.tariff import ActivationPeriod, Interval, PrefixRate, Tariff, TariffPlan
from tests.responder.desk import Desk, office, units

REFUSED = [
    # method, descriptor → code, word in the sentence
    ("GetCost", b"{}", "INVALID_PARAMS", "TimeStart"),
    ("GetCost", b'{"TimeStart":"2012-02-02T10:00:00Z"}', "INVALID_PARAMS", "TimeEnd"),
    ("GetCost", b'{"TimeStart":"2012-02-02"}', "INVALID_PARAMS", "TimeStart"),
    (
        "GetCost",
        b'{"TimeStart":"2012-02-02T10:00:00","TimeEnd":"2012-02-02T10:00:00Z"}',
        "INVALID_PARAMS",
        "zone",
    ),
    ("GetCost", b'{"TimeStart":"2012-02-30T10:00:00Z"}', "INVALID_PARAMS", "TimeStart"),
    ("GetCost", b'{"TimeStart":7}', "INVALID_PARAMS", "TimeStart"),
    (
        "GetCost",
        b'{"TimeStart":"2012-02-02T10:00:01Z","TimeEnd":"2012-02-02T10:00:00Z"}',
        "INVALID_PARAMS",
        "TimeEnd",
    ),
    (
        "GetCost",
        b'{"TimeStart":"2012-02-02T10:00:00Z","TimeEnd":"2013-02-03T10:00:00Z"}',
        "INVALID_PARAMS",
        "366",
    ),
    ("DebitBalance", b'{"Amount":"7"}', "INVALID_PARAMS", "Amount"),
    ("DebitBalance", b'{"Amount":[7]}', "INVALID_PARAMS", "Amount"),
    ("DebitBalance", b'{"Amount":true}', "INVALID_PARAMS", "Amount"),
    ("DebitBalance", b'{"Amount":9000000000.000000001}', "AMOUNT_OUT_OF_RANGE", "Amount"),
    ("DebitBalance", b'{"Amount":-1e300}', "AMOUNT_OUT_OF_RANGE", "Amount"),
    ("DebitBalance", b'{"CstmId":5}', "INVALID_PARAMS", "CstmId"),
    ("DebitBalance", b'{"TOR":1.5}', "INVALID_PARAMS", "TOR"),
    ("DebitBalance", b'{"RequestId":""}', "INVALID_PARAMS", "RequestId"),
    ("DebitBalance", b'{"RequestId":"' + b"x" * 129 + b'"}', "INVALID_PARAMS", "RequestId"),
    ("DebitBalance", b'{"Subject":"' + b"x" * 300 + b'"}', "INVALID_PARAMS", "Subject"),
    ("GetMaxSessionTime", b'{"Amount":-1}', "INVALID_PARAMS", "Amount"),
    ("GetMaxSessionTime", b'{"Amount":31622401}', "INVALID_PARAMS", "Amount"),
]


@pytest.mark.parametrize(("method", "descriptor", "code", "word"), REFUSED)
async def test_what_is_wrong_is_named(method: str, descriptor: bytes, code: str, word: str) -> None:
    status, body = await Desk().post(method, descriptor)
    assert status == Status.REFUSED
    assert body.decode().startswith(f"{code}: ")
    assert word in body.decode()


@pytest.mark.parametrize(
    "descriptor",
    [
        b'{"Amount":1e400}',
        b'{"Amount":1e-400}',
        b'{"Amount":' + b"9" * 400 + b"}",
        b'{"other":1e400}',
        b'{"TOR":' + b"9" * 400 + b"}",
    ],
)
async def test_a_number_beyond_range_is_malformed(descriptor: bytes) -> None:
    for method in ("DebitBalance", "GetCost"):
        status, body = await Desk().post(method, descriptor)
        assert (status, body.partition(b":")[0]) == (Status.MALFORMED, b"PARSE_ERROR")


@pytest.mark.parametrize(
    ("literal", "left"),
    [
        ("0.000000001", b"9.999999999"),
        ("1.0000000004", b"9"),
        ("0.30000000000000004", b"9.7"),
        ("123.45e-2", b"8.7655"),
        ("-0", b"10"),
        ("1E1", b"0"),
        ("null", b"10"),
    ],
)
async def test_amounts_are_read_exactly_and_printed_exactly(literal: str, left: bytes) -> None:
    desk = Desk()
    await desk.open_account(office(credit=units(10)))
    answer = await desk.post(
        "DebitBalance", f'{{"CstmId":"acme","Subject":"office","Amount":{literal}}}'.encode()
    )
    assert answer == (Status.OK, left)


async def test_names_match_in_any_case_the_exact_one_preferred() -> None:
    desk = Desk()
    await desk.open_account(office(credit=units(10)))
    answer = await desk.post(
        "DebitBalance", b'{"CSTMID":"acme","subject":"no","Subject":"office","amount":3}'
    )
    assert answer == (Status.OK, b"7")


async def test_a_call_with_too_many_prices_is_refused_and_a_session_of_it_is_shortened() -> None:
    halves = tuple(
        Interval(Decimal(number % 2 + 1), start_s=1800 * number, end_s=1800 * (number + 1))
        for number in range(48)
    )
    desk = Desk(tariff=Tariff(rates={("acme", "office"): {"44": PrefixRate((ActivationPeriod(0, halves),))}}))
    await desk.open_account(office(allow_negative=True))
    year = b'{"CstmId":"acme","Subject":"office","DestinationPrefix":"44","Amount":31622400'
    times = b',"TimeStart":"2012-01-01T00:00:00Z","TimeEnd":"2013-01-01T00:00:00Z"}'
    for method in ("GetCost", "Debit"):
        status, body = await desk.post(method, year + times)
        assert (status, body.partition(b":")[0]) == (Status.REFUSED, b"INVALID_PARAMS")
    assert await desk.post("GetMaxSessionTime", year + times) == (Status.OK, b"3162240")
    assert b'"Credit":0,' in (await desk.post("GetAccount", year + b"}"))[1]


async def test_a_fault_in_one_operation_leaves_its_neighbours_alone() -> None:
    bad = TariffPlan("bad", received_limit_ns=1, bonus="broken")  # type: ignore[arg-type]  # the fault
    desk = Desk(tariff=Tariff(plans={"bad": bad}))
    await desk.open_account(office(credit=units(10), plan_id="bad"))
    who = b'{"CstmId":"acme","Subject":"office","Amount":'
    answers = await asyncio.gather(
        desk.post("DebitBalance", who + b"1}"),
        desk.post("AddRecievedCallSeconds", who + b"2}"),
        desk.post("DebitBalance", who + b"3}"),
    )
    assert [body.partition(b":")[0] for _, body in answers] == [b"9", b"INTERNAL", b"6"]
