"""What a rater is asked: queries and bodies, and the members of the request that they mean."""

import json
from typing import Any

import msgspec
import pytest

from cgrates_py.http.threescale.errors import STATUS
from cgrates_py.http.threescale.params import parse
from cgrates_py.http.threescale.requests import (
    Headers,
    RequestIdError,
    check_request,
    identify,
    read_options,
    report_request,
)
from protocol.metering import FLAWS, MeteringRequest


def asked(request: MeteringRequest) -> dict[str, Any]:
    """Show what the request says, but for its routing."""
    members: dict[str, Any] = json.loads(msgspec.json.encode(request))
    return {name: value for name, value in members.items() if name not in {"CstmId", "Subject"}}


CHECKS: list[tuple[bytes, dict[str, Any]]] = [
    (b"", {}),
    (
        b"provider_key=pk&service_id=1&app_id=a&app_key=k&referrer=r",
        {"ProviderKey": "pk", "ServiceId": "1", "AppId": "a", "AppKey": "k", "Referrer": "r"},
    ),
    (
        b"service_token=t&service_id=1&user_key=u",
        {"ServiceToken": "t", "ServiceId": "1", "UserKey": "u"},
    ),
    (b"provider_key=+&service_id=&app_id=%09&user_key=%0A", {}),
    (b"provider_key[]=a&service_id[x]=1&app_id&user_key[]=1", {}),
    (b"app_id=+a+&app_key=+k+", {"AppId": " a ", "AppKey": "k"}),
    (b"app_key=", {"AppKey": ""}),
    (b"app_key=+", {"AppKey": ""}),
    (b"app_key", {}),
    (b"referrer=", {"Referrer": ""}),
    (
        b"usage[b]=1&usage[a]=%235&usage[b]=2",
        {"Usage": [["b", "2"], ["a", "#5"]]},
    ),
    (b"usage[a]=&usage[b]&usage[c][]=1&usage[d]=+", {"Usage": [[name, None] for name in "abcd"]}),
    (b"usage[+a+]=1", {"Usage": [[" a ", "1"]]}),
    (b"usage", {}),
    (b"usage=", {"Flaw": "forbidden"}),
    (b"usage=5", {"Flaw": "forbidden"}),
    (b"usage[]=5", {"Flaw": "forbidden"}),
    (b"user_id=1&usage=5", {"Flaw": "end_users_no_longer_supported"}),
    (b"user_id=", {"Flaw": "end_users_no_longer_supported"}),
    (b"log[code]=200&log[request]=x", {"Code": "200"}),
    (b"log=200", {}),
    (b"log[code][]=200", {}),
    (b"no_body=1", {"NoBody": True}),
    (b"no_body=", {"NoBody": True}),
    (b"no_body=0", {}),
    (b"no_body=false", {}),
    (b"redirect_url=u", {}),
    (b"request_id=r", {}),
]


@pytest.mark.parametrize(("query", "expected"), CHECKS)
def test_a_query_of_authorize_or_authrep(query: bytes, expected: dict[str, Any]) -> None:
    assert asked(check_request(parse(query), frozenset(), oauth=False)) == expected


def test_only_the_endpoints_of_oauth_pass_on_redirects() -> None:
    query = parse(b"redirect_url=a&redirect_uri=b")

    assert asked(check_request(query, frozenset(), oauth=True)) == {
        "OAuth": True,
        "RedirectUrl": "a",
        "RedirectUri": "b",
    }


REPORTS: list[tuple[bytes, dict[str, Any]]] = [
    (b"", {"Flaw": "transactions_is_blank"}),
    (b"transactions", {"Flaw": "transactions_is_blank"}),
    (b"transactions=+", {"Flaw": "transactions_is_blank"}),
    (b"transactions=x", {"Flaw": "transactions_format_invalid"}),
    (b"transactions[][app_id]=a", {"Flaw": "transactions_format_invalid"}),
    (b"transactions[0]=x", {"Flaw": "transactions_format_invalid"}),
    (b"transactions[0][]=x", {"Flaw": "transactions_format_invalid"}),
    (b"transactions[0][usage]=x", {"Flaw": "transactions_format_invalid"}),
    (b"transactions[0][usage][]=1", {"Flaw": "transactions_format_invalid"}),
    (b"transactions[0]=x&transactions[1]", {"Flaw": "transactions_has_nil_transaction"}),
    (b"transactions[0]=x&transactions[1][user_id]=", {"Flaw": "end_users_no_longer_supported"}),
    (
        b"provider_key=pk&service_id=1",
        {"ProviderKey": "pk", "ServiceId": "1", "Flaw": "transactions_is_blank"},
    ),
    (
        b"service_token=t&transactions[x][app_id]=a&transactions[x][usage][hits]=1"
        b"&transactions[x][timestamp]=2026-11-22+10%3A15%3A00&transactions[x][log][code]=200"
        b"&transactions[y][user_key]=u&transactions[y][service_id]=7",
        {
            "ServiceToken": "t",
            "Transactions": [
                {"AppId": "a", "Usage": [["hits", "1"]], "Timestamp": "2026-11-22 10:15:00", "Code": "200"},
                {"UserKey": "u"},
            ],
        },
    ),
    (
        b"transactions[0][app_id][]=a&transactions[0][timestamp][x]=1&transactions[0][log]=%7B%7D"
        b"&transactions[0][usage]",
        {"Transactions": [{}]},
    ),
    (b"transactions[0][usage][a]=", {"Transactions": [{"Usage": [["a", None]]}]}),
]


@pytest.mark.parametrize(("form", "expected"), REPORTS)
def test_a_form_of_a_report(form: bytes, expected: dict[str, Any]) -> None:
    assert asked(report_request(parse(form), frozenset())) == expected


def test_a_report_that_is_no_utf_8_says_nothing_but_its_credentials() -> None:
    form = parse(b"provider_key=pk&transactions[0][app_id]=%FF", lenient=True)

    request = report_request(form, frozenset(), valid_text=False)

    assert asked(request) == {"ProviderKey": "pk", "Flaw": "not_valid_data"}


@pytest.mark.parametrize(
    ("query", "route"),
    [
        (b"provider_key=pk&service_id=1&app_id=a", ("1", "a")),
        (b"provider_key=pk&user_key=u", ("pk", "u")),
        (b"service_token=t", ("t", "")),
        (b"", ("", "")),
    ],
)
def test_requests_about_one_application_go_one_way(query: bytes, route: tuple[str, str]) -> None:
    request = check_request(parse(query), frozenset(), oauth=False)

    assert (request.CstmId, request.Subject) == route


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            b"rejection_reason_header=1&limit_headers=1&no_body=1",
            "rejection_reason_header limit_headers no_body",
        ),
        (b"hierarchy=1&flat_usage=1&list_app_keys=1", "hierarchy flat_usage list_app_keys"),
        (b"hierarchy=true&flat_usage=0&limit_headers=&list_app_keys=01", ""),
        (b"Hierarchy=1", "Hierarchy"),
        (b"no_body=", "no_body"),
        (b"no_body=anything", "no_body"),
        (b"no_body=0", ""),
        (b"no_body=false", ""),
        (b"%zz", ""),
        (b"no_body=1&x=%FF", ""),
        (b"a" * 300 + b"=1&no_body=1", "a" * 300 + " no_body"),
    ],
)
def test_options_are_on_by_their_exact_value(header: bytes, expected: str) -> None:
    assert read_options([(b"accept", b"*/*"), (b"3scale-options", header)]) == set(expected.split())


def test_options_reach_the_rater() -> None:
    options = read_options(
        [(b"3scale-options", b"hierarchy=1&flat_usage=1&list_app_keys=1&limit_headers=1&no_body")]
    )

    assert asked(check_request({}, options, oauth=False)) == {
        "NoBody": True,
        "FlatUsage": True,
        "LimitHeaders": True,
        "Hierarchy": True,
        "ListAppKeys": True,
    }
    assert report_request({}, options).FlatUsage


KEY = b"idempotency-key"


@pytest.mark.parametrize(
    ("query", "headers", "expected"),
    [
        (b"request_id=r", [], "r"),
        (b"", [(KEY, b"r")], "r"),
        (b"request_id=r", [(KEY, b"r")], "r"),
        (b"request_id=" + b"r" * 128, [], "r" * 128),
        (b"", [(KEY, b"\xc4\x83")], "ă"),
        (b"", [(KEY, b"r"), (KEY, b"r")], "r"),
    ],
)
def test_the_callers_id_is_taken_from_either_place(query: bytes, headers: Headers, expected: str) -> None:
    request = MeteringRequest()

    identify(request, parse(query), headers)

    assert (request.RequestId, request.RetryId) == (expected, None)


@pytest.mark.parametrize(
    ("query", "headers", "named"),
    [
        (b"request_id=", [], "request_id"),
        (b"request_id", [], "request_id"),
        (b"request_id[]=r", [], "request_id"),
        (b"request_id=" + b"r" * 129, [], "request_id"),
        (b"", [(KEY, b"")], "Idempotency-Key"),
        (b"", [(KEY, b"r" * 129)], "Idempotency-Key"),
        (b"", [(KEY, b"\xff")], "Idempotency-Key"),
        (b"request_id=r", [(KEY, b"s")], "request_id"),
        (b"", [(KEY, b"r"), (KEY, b"s")], "request_id"),
    ],
)
def test_an_id_that_cannot_be_taken_is_named(query: bytes, headers: Headers, named: str) -> None:
    with pytest.raises(RequestIdError, match=f"^{named}: "):
        identify(MeteringRequest(), parse(query), headers)


def test_who_gives_no_id_gets_one_of_ours_each_time() -> None:
    requests = [MeteringRequest(), MeteringRequest()]
    for request in requests:
        identify(request, {}, [])

    ours = {request.RetryId for request in requests}
    assert (len(ours), {request.RequestId for request in requests}) == (2, {None})


def test_every_flaw_has_a_status() -> None:
    assert FLAWS.keys() <= STATUS.keys()
