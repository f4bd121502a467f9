"""Requests about usage, from credentials to counters, against one rater or two in memory."""

import asyncio
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from protocol.dispatch import Status
from protocol.metering import MeteringAnswer, Transaction
from rater.metering.catalogue import Metric, UsageLimit
from rater.metering.period import Period
from storage.documents import Replacement, key_of
from tests.metering.desk import AUTHORIZE, AUTHREP, NOW_NS, REPORT, SERVICE, Desk, application, request

HOUR = 3600 * 10**9


@pytest.fixture
async def desk() -> Desk:
    return await Desk().fill()


REFUSED_BY_CREDENTIALS: list[tuple[dict[str, Any], str]] = [
    ({"ProviderKey": None}, "provider_key_or_service_token_required"),
    ({"ProviderKey": "", "ServiceToken": "token"}, "service_id_missing"),
    ({"ServiceToken": "token", "ServiceId": "2002"}, "service_token_invalid"),
    ({"ServiceToken": "token", "ServiceId": "9009"}, "service_token_invalid"),
    ({"ProviderKey": "nobody"}, "provider_key_invalid_or_service_missing"),
    ({"ServiceId": "7"}, "service_id_invalid"),
    ({"ServiceId": "3003"}, "service_id_invalid"),
    ({"ProviderKey": "nobody", "ServiceId": "3003"}, "provider_key_invalid"),
    ({"ProviderKey": "nobody", "ServiceToken": "token", "ServiceId": "7"}, "service_id_invalid"),
    ({"ProviderKey": "nobody", "Flaw": "forbidden"}, "forbidden"),
    ({"ProviderKey": None, "Flaw": "forbidden"}, "provider_key_or_service_token_required"),
    ({"AppId": "a1", "UserKey": "uk"}, "authentication_error"),
    ({}, "application_not_found"),
    ({"AppId": "nobody"}, "application_not_found"),
    ({"UserKey": "uk"}, "application_not_found"),
    ({"ServiceId": "2002", "AppId": "u"}, "user_key_invalid"),
    ({"ServiceId": "2002", "UserKey": "nobody"}, "user_key_invalid"),
    ({"OAuth": True, "UserKey": "uk", "AppKey": "k"}, "application_not_found"),
    ({"AppId": "a1", "Usage": [("nope", "1"), ("hits", "x")]}, "metric_invalid"),
    ({"AppId": "a1", "Usage": [("hits", "x"), ("nope", "1")]}, "usage_value_invalid"),
    ({"AppId": "a1", "Usage": [("hits", " ")]}, "usage_value_invalid"),
    ({"AppId": "a1", "Usage": [("hits", None)]}, "usage_value_invalid"),
    ({"AppId": "a1", "Usage": [("hits", str(2**63))]}, "usage_value_invalid"),
    ({"AppId": "keyed", "Usage": [("nope", "1")], "NoBody": True}, "metric_invalid"),
]


@pytest.mark.parametrize(("members", "code"), REFUSED_BY_CREDENTIALS)
async def test_what_is_wrong_first_is_the_error(desk: Desk, members: dict[str, Any], code: str) -> None:
    assert (await desk.ask(AUTHORIZE, **members)).Error == code


REFUSED_BY_STATE: list[tuple[dict[str, Any], str]] = [
    ({"AppId": "keyed"}, "application_key_invalid"),
    ({"AppId": "keyed", "AppKey": "k3", "Usage": [("nope", "1")]}, "application_key_invalid"),
    ({"AppId": "asleep"}, "application_not_active"),
    ({"AppId": "a1", "OAuth": True}, "oauth_not_enabled"),
    ({"ProviderKey": "other", "AppId": "c", "AppKey": ""}, "application_key_invalid"),
    ({"ProviderKey": "other", "AppId": "c", "OAuth": True, "RedirectUrl": "x"}, "redirect_url_invalid"),
    ({"ProviderKey": "other", "AppId": "c", "OAuth": True, "RedirectUri": "x"}, "redirect_uri_invalid"),
    ({"AppId": "a1", "Usage": [("hits", "11")]}, "limits_exceeded"),
    ({"AppId": "a1", "Usage": [("searches", "5")]}, "limits_exceeded"),
    ({"AppId": "payer", "Usage": [("bytes", "7")]}, "limits_exceeded"),
    ({"AppId": "keyed", "AppKey": "k2", "Usage": [("hits", "10")]}, ""),
    ({"ServiceToken": "token", "ServiceId": "name-1001", "AppId": "a1"}, ""),
    ({"ServiceId": "2002", "UserKey": "uk", "AppKey": "any"}, ""),
    ({"ProviderKey": "other", "AppId": "c"}, ""),
    (
        {"ProviderKey": "other", "AppId": "c", "OAuth": True, "AppKey": "ck", "RedirectUrl": "https://here"},
        "",
    ),
    ({"AppId": "payer", "Usage": [("bytes", "6")]}, ""),
    ({"AppId": "a1", "Usage": [("hits", "#10")]}, ""),
]


@pytest.mark.parametrize(("members", "code"), REFUSED_BY_STATE)
async def test_a_status_tells_the_first_reason_against_it(
    desk: Desk, members: dict[str, Any], code: str
) -> None:
    answer = await desk.ask(AUTHREP, **members)
    assert (answer.Error, answer.Code) == ("", code)


async def test_authrep_counts_on_every_level_and_period_or_not_at_all(desk: Desk) -> None:
    answer = await desk.ask(AUTHREP, AppId="a1", Usage=[("hits", "2"), ("searches", "3")])
    assert [(each.metric, each.period, each.current) for each in answer.Reports] == [
        ("hits", "eternity", "5"),
        ("hits", "day", "5"),
        ("searches", "minute", "3"),
    ]
    assert [await desk.counted("a1", "m1", period) for period in Period] == [5] * len(Period)
    refused = await desk.ask(AUTHREP, AppId="a1", Usage=[("bytes", "1"), ("hits", "6")])
    assert refused.Reason == "usage limits are exceeded"
    assert [await desk.counted("a1", each) for each in ("m1", "m2", "m3")] == [5, 3, 0]


async def test_a_request_id_counts_once_and_other_content_under_it_is_refused(desk: Desk) -> None:
    other = desk.other()
    first = await desk.ask(AUTHREP, AppId="a1", Usage=[("hits", "2")], RequestId="r")
    again = await other.ask(AUTHREP, AppId="a1", Usage=[("hits", "2")], RequestId="r")
    assert first == again
    status, body = await other.post(AUTHREP, request(AppId="a1", Usage=[("hits", "3")], RequestId="r"))
    assert (status, body[:17]) == (Status.REFUSED, b"REQUEST_ID_REUSED")
    assert await desk.counted("a1", "m1") == 2


async def test_a_request_that_is_sent_again_by_the_front_counts_once(desk: Desk) -> None:
    for rater in (desk, desk.other()):
        await rater.ask(AUTHREP, AppId="a1", Usage=[("hits", "2")], RetryId="once")
    assert await desk.counted("a1", "m1") == 2


async def test_raters_together_never_pass_a_limit(desk: Desk) -> None:
    raters = [desk, desk.other(), desk.other()]
    asked = request(AppId="a1", Usage=[("hits", "1")])
    waiting = [rater.post(AUTHREP, asked) for _ in range(10) for rater in raters]
    codes = [
        msgspec.json.decode(body, type=MeteringAnswer).Code for _, body in await asyncio.gather(*waiting)
    ]
    assert (codes.count(""), codes.count("limits_exceeded")) == (10, 20)
    assert await desk.counted("a1", "m1") == 10


async def test_authrep_takes_the_money_with_the_count(desk: Desk) -> None:
    assert (await desk.ask(AUTHREP, AppId="payer", Usage=[("bytes", "5")])).Code == ""
    refused = await desk.ask(AUTHREP, AppId="payer", Usage=[("bytes", "2")])
    assert (refused.Code, refused.Reason) == ("limits_exceeded", "insufficient credit")
    stored = await desk.store.read(("", "rif"))
    assert stored is not None
    assert stored.account.credit == 500_000_000
    assert await desk.counted("payer", "m3") == 5
    assert await desk.store.verify(("", "rif")) == stored


async def test_a_report_is_never_refused_for_limits_states_or_credit(desk: Desk) -> None:
    members = [
        Transaction(AppId="asleep", Usage=[("hits", "999")]),
        Transaction(AppId="payer", Usage=[("bytes", "8")]),
    ]
    assert await desk.ask(REPORT, Transactions=members) == MeteringAnswer()
    assert await desk.counted("asleep", "m1") == 999
    stored = await desk.store.read(("", "rif"))
    assert stored is not None
    assert stored.account.credit == -1_000_000_000


BAD_TRANSACTIONS = [
    (Transaction(AppId="nobody", Usage=[("hits", "1")]), "application_not_found"),
    (Transaction(Usage=[("hits", "1")]), "application_not_found"),
    (Transaction(AppId="a1", UserKey="uk", Usage=[("hits", "1")]), "authentication_error"),
    (Transaction(UserKey="nobody", Usage=[("hits", "1")]), "user_key_invalid"),
    (Transaction(AppId="a1", Usage=[("nope", "1")]), "metric_invalid"),
    (Transaction(AppId="a1", Usage=[("hits", "1.5")]), "usage_value_invalid"),
    (
        Transaction(AppId="a1", Usage=[("hits", "1")], Timestamp="2026-03-03 05:06:06"),
        "transaction_timestamp_too_old",
    ),
    (
        Transaction(AppId="a1", Usage=[("hits", "1")], Timestamp="2026-03-04 06:06:08"),
        "transaction_timestamp_too_new",
    ),
]


@pytest.mark.parametrize(("bad", "code"), BAD_TRANSACTIONS)
async def test_one_bad_transaction_drops_the_report_and_is_listed(
    desk: Desk, bad: Transaction, code: str
) -> None:
    good = Transaction(AppId="a2", Usage=[("hits", "1")])
    assert await desk.ask(REPORT, Transactions=[good, bad, good]) == MeteringAnswer()
    total, errors = await desk.store.errors("1001", 0, 10)
    assert (total, errors[0].code, errors[0].at_ns) == (1, code, NOW_NS)
    assert await desk.counted("a2", "m1") == 0


async def test_a_value_beyond_64_bits_is_refused_at_once_and_nothing_is_counted(desk: Desk) -> None:
    members = [
        Transaction(AppId="a1", Usage=[("hits", "1")]),
        Transaction(AppId="a2", Usage=[("hits", "9" * 30)]),
    ]
    assert (await desk.ask(REPORT, Transactions=members)).Error == "usage_value_invalid"
    assert await desk.counted("a1", "m1") == 0


async def test_transactions_count_at_their_own_time(desk: Desk) -> None:
    members = [
        Transaction(AppId="a1", Usage=[("hits", "1")], Timestamp="2026-03-03 05:06:07"),
        Transaction(AppId="a1", Usage=[("hits", "2")], Timestamp="1772604367"),
        Transaction(AppId="a1", Usage=[("hits", "4")], Timestamp="not a time"),
        Transaction(AppId="nobody", Usage=[("hits", "0")]),
    ]
    await desk.ask(REPORT, Transactions=members)
    yesterday, soon = NOW_NS - 24 * HOUR, NOW_NS + HOUR
    assert await desk.counted("a1", "m1", Period.DAY, yesterday) == 1
    assert await desk.counted("a1", "m1", Period.HOUR, soon) == 2
    assert await desk.counted("a1", "m1", Period.HOUR) == 4
    assert await desk.counted("a1", "m1") == 7


async def test_a_report_for_several_accounts_is_counted_once_under_its_request_id(desk: Desk) -> None:
    other = desk.other()
    members = [Transaction(AppId=each, Usage=[("hits", "1")]) for each in ("a1", "a2", "a1")]
    for rater in (desk, other, desk):
        assert await rater.ask(REPORT, Transactions=members, RequestId="r") == MeteringAnswer()
    status, body = await other.post(REPORT, request(Transactions=members[:2], RequestId="r"))
    assert (await desk.counted("a1", "m1"), await desk.counted("a2", "m1")) == (2, 1)
    assert (status, body[:17]) == (Status.REFUSED, b"REQUEST_ID_REUSED")
    assert await desk.store.open_batches() == []


async def test_what_a_dead_rater_left_of_a_report_is_booked_by_who_gets_it_again(desk: Desk) -> None:
    """The first rater keeps the report and books one account of two; then it is gone."""
    other = desk.other()
    members = [Transaction(AppId=each, Usage=[("hits", "1")]) for each in ("a1", "a2")]
    resolve, taken = desk.responder._batches._resolve, []

    def first_alone(operation: Any) -> None:
        taken.append(operation)
        if len(taken) == 1:
            resolve(operation)

    desk.responder._batches._resolve = first_alone
    waiting = desk.post(REPORT, request(Transactions=members, RequestId="r"))
    while await desk.counted("a1", "m1") == 0:  # noqa: ASYNC110 -- a commit takes some turns of the loop
        await asyncio.sleep(0)
    assert not waiting.done()
    assert (await desk.counted("a1", "m1"), await desk.counted("a2", "m1")) == (1, 0)
    assert await other.ask(REPORT, Transactions=members, RequestId="r") == MeteringAnswer()
    assert (await desk.counted("a1", "m1"), await desk.counted("a2", "m1")) == (1, 1)


async def test_first_traffic_and_alerts_are_events_once(desk: Desk) -> None:
    other = desk.other()
    for rater in (desk, other):
        await rater.ask(AUTHREP, AppId="a1", Usage=[("hits", "8")], RequestId="r")
    await desk.ask(AUTHREP, AppId="a1", Usage=[("hits", "1")])
    found = [
        (each.type, each.members.get("utilization"), each.members.get("limit"))
        for each in await desk.store.events()
    ]
    assert found == [
        ("first_traffic", None, None),
        ("first_daily_traffic", None, None),
        ("alert", 80, "hits per day: 8/10"),
    ]


async def test_a_change_of_the_catalogue_is_in_force_for_whoever_was_told_of_it(desk: Desk) -> None:
    other = desk.other()
    assert (await other.ask(AUTHORIZE, AppId="a1")).Code == ""
    before, after = application("a1"), application("a1", state="suspended")
    assert await desk.store.replace([Replacement(key_of(before), before, after)])
    assert (await other.ask(AUTHORIZE, AppId="a1", Epoch=1)).Code == "application_not_active"


async def test_an_application_of_a_service_that_was_made_anew_is_not_found(desk: Desk) -> None:
    anew = replace(SERVICE, generation="new")
    assert await desk.store.replace([Replacement(key_of(SERVICE), SERVICE, anew)])
    assert (await desk.ask(AUTHORIZE, AppId="a1")).Error == "application_not_found"


async def test_an_application_made_anew_begins_anew_and_the_record_forgets_the_former(desk: Desk) -> None:
    first, second = ("a1", "00000000a1"), ("a1", "00000000b2")
    neighbour = application("a1~x", account=("", "rif"))
    values = [replace(application(name), generation=generation) for name, generation in (first, second)]
    former, anew = (replace(each, account=("", "rif")) for each in values)
    assert await desk.store.replace([Replacement(key_of(former), application("a1"), former)])
    assert await desk.store.replace([Replacement(key_of(neighbour), None, neighbour)])
    for app_id in ("a1", "a1~x"):
        await desk.ask(AUTHREP, AppId=app_id, Usage=[("hits", "7")])
    assert await desk.store.replace([Replacement(key_of(former), former, anew)])
    other = desk.other()
    answer = await other.ask(AUTHREP, AppId="a1", Usage=[("hits", "5")])
    assert [each.current for each in answer.Reports] == ["5", "5", "0"]
    stored = await desk.store.read(("", "rif"))
    assert stored is not None
    usage = stored.account.usage or {}
    assert all(series.startswith((anew.series[:-1], neighbour.series[:-1])) for series in usage)
    assert {usage[each.series + "m1"][0] for each in (anew, neighbour)} == {5, 7}


async def test_a_name_longer_than_any_is_unknown_without_a_look_and_told_in_short(desk: Desk) -> None:
    remembered = desk.responder._catalogue.size
    answer = await desk.ask(AUTHORIZE, AppId="x" * 100_000)
    assert answer.Message == f'application with id="{"x" * 256}…" was not found'
    assert desk.responder._catalogue.size == remembered + 2  # the provider and its service


async def test_an_id_of_a_report_is_no_id_of_an_authrep_of_the_same_content(desk: Desk) -> None:
    await desk.ask(REPORT, Transactions=[Transaction("a1", None, [("hits", "100")])], RequestId="r")
    status, body = await desk.post(AUTHREP, request(AppId="a1", Usage=[("hits", "100")], RequestId="r"))
    assert (status, body[:17]) == (Status.REFUSED, b"REQUEST_ID_REUSED")


async def test_a_call_whose_answer_no_link_would_take_is_refused_and_counts_nothing(desk: Desk) -> None:
    metrics = [Metric(f"long{each}", f"{each:0250}") for each in range(600)]
    limits = [UsageLimit("gold", each.metric_id, period, 1) for each in metrics for period in Period]
    long = replace(SERVICE, metrics=(*SERVICE.metrics, *metrics), limits=tuple(limits))
    assert await desk.store.replace([Replacement(key_of(SERVICE), SERVICE, long)])
    status, body = await desk.post(AUTHREP, request(AppId="a1", Usage=[("hits", "1")]))
    assert (status, body.partition(b",")[0]) == (
        Status.REFUSED,
        b"INVALID_PARAMS: the answer would be longer than 1000000 bytes",
    )
    assert await desk.counted("a1", "m1") == 0
