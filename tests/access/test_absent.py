"""What a tenant hears about others is, byte for byte, what one hears about a customer that does not exist."""

import asyncio
import json
from typing import Any, Literal

import pytest

from cgrates_py.access.absent import absent_responder
from protocol.dispatch import Status
from protocol.methods import BY_NAME, HOST_METHODS, METERING, USAGE
from tests.responder.desk import Desk, bucket, office, units

METHODS = sorted(
    name.partition(".")[2]
    for name, method in BY_NAME.items()
    if method not in HOST_METHODS | METERING | USAGE
)

DESCRIPTORS: list[dict[str, Any]] = [
    {"DestinationPrefix": "4420", "TimeStart": "2012-02-02T10:00:00Z", "TimeEnd": "2012-02-02T10:01:00Z"},
    {"Amount": 5, "RequestId": "one"},
    {"Amount": 5, "DestinationPrefix": "+44'20", "TimeStart": "2012-02-02T10:00:00Z"},
    {"Amount": -5},
    {"Amount": 1e300},
    {"Amount": "5"},
    {"TimeStart": "yesterday"},
    {},
]


class Heard:
    """A sink for one answer."""

    def __init__(self) -> None:
        self.answer_of: tuple[int, bytes] | None = None

    def answer(self, token: object, status: int, body: bytes) -> None:
        assert self.answer_of is None
        self.answer_of = (status, body)

    def request_id(self, token: object) -> str:
        return "#1"


@pytest.mark.parametrize("unknown_account", ["refuse", "postpaid"])
@pytest.mark.parametrize("method", METHODS)
async def test_an_answer_about_another_is_that_about_nobody(
    method: str, unknown_account: Literal["refuse", "postpaid"]
) -> None:
    desk = Desk(unknown_account=unknown_account)
    await desk.open_account(office(credit=units(10), buckets=(bucket("UK", 100),)))
    absent = absent_responder(unknown_account)
    for members in DESCRIPTORS:
        descriptor = json.dumps({"CstmId": "ghost", "Subject": "office"} | members).encode()
        heard = Heard()
        absent.submit(heard, 1, int(BY_NAME[f"Responder.{method}"]), descriptor)

        assert heard.answer_of == await desk.post(method, descriptor), members


async def test_an_answer_about_another_does_not_tell_whether_it_exists() -> None:
    """The same words for acme, which has accounts and rates, as for ghost, which has not."""
    absent = absent_responder("refuse")
    for method in METHODS:
        for members in DESCRIPTORS:
            answers = []
            for customer in ("acme", "ghost"):
                heard = Heard()
                descriptor = json.dumps({"CstmId": customer, "Subject": "office"} | members).encode()
                absent.submit(heard, 1, int(BY_NAME[f"Responder.{method}"]), descriptor)
                assert heard.answer_of is not None, "at once, without a look at anything"
                status, body = heard.answer_of
                answers.append((status, body.replace(customer.encode(), b"")))
            assert answers[0] == answers[1]


async def test_nothing_is_remembered_of_whom_was_asked_for() -> None:
    absent = absent_responder("refuse")
    for number in range(100):
        absent.submit(Heard(), 1, int(BY_NAME["Responder.GetAccount"]), b'{"CstmId":"c%d"}' % number)
    await asyncio.sleep(0)

    assert absent.accounts_remembered == 0


async def test_request_ids_of_one_tenant_do_not_meet_anothers() -> None:
    desk = Desk()
    for customer in ("acme", "rival"):
        account = office(credit=units(10))
        account.customer = customer
        await desk.open_account(account)
    answers = [
        await desk.raw("DebitBalance", CstmId=customer, Subject="office", Amount=amount, RequestId="leg-1")
        for customer, amount in (("acme", 1), ("rival", 2), ("acme", 1), ("rival", 2))
    ]

    assert answers == [(Status.OK, b"9"), (Status.OK, b"8")] * 2


async def test_an_account_without_a_customer_serves_every_tenant() -> None:
    """By definition: who makes one shares it. Keys of tenants make no difference."""
    desk = Desk()
    shared = office(credit=units(10))
    shared.customer = ""
    await desk.open_account(shared)

    assert await desk.ask("GetAccount", CstmId="acme", Subject="office") != "ACCOUNT_NOT_FOUND"
    assert await desk.ask("GetAccount", CstmId="rival", Subject="office") != "ACCOUNT_NOT_FOUND"
