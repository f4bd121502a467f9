"""Reports: their form, their times, all or nothing, and repeats that count once."""

from tests.threescale.cases.shorthand import (
    SHOP,
    app,
    ask,
    case,
    clock,
    counter,
    errors,
    escaped,
    get,
    limited,
    metric,
    report,
    service,
)

_TWO = (*SHOP, app("a2", user_keys=["u2"]))
_ONE = "t[0][app_id]=a1&t[0][usage][hits]=1"
_OLD = ("transaction_timestamp_too_old", "reporting transactions older than 86400 seconds is not allowed")
_NEW = (
    "transaction_timestamp_too_new",
    "reporting transactions more than 3600 seconds in the future is not allowed",
)
_FORM = ("transactions_format_invalid", "transactions format is invalid")
_NINE = "2026-11-22T09:00:00Z"
_PART = '--edge\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'


def _at(timestamp: str, number: int = 0) -> str:
    return f"t[{number}][app_id]=a1&t[{number}][usage][hits]=1&t[{number}][timestamp]={escaped(timestamp)}"


def _batch(count: int, bad: int) -> str:
    names = ("nobody" if number == bad else f"a{1 + number % 2}" for number in range(count))
    return "&".join(f"t[{n}][app_id]={name}&t[{n}][usage][hits]=1" for n, name in enumerate(names))


CASES = [
    case(
        "a report is answered with nothing, under the dialect's headers",
        SHOP,
        report(
            _ONE,
            body_is="",
            headers_are={
                "content-length": "0",
                "content-type": "application/vnd.3scale-v2.0+xml",
                "access-control-allow-origin": "*",
                "x-content-type-options": "nosniff",
            },
        ),
        counter(1),
    ),
    case(
        "one report counts on several applications, by id or user key, labelled anyhow",
        _TWO,
        report(
            "t[x][app_id]=a1&t[x][usage][hits]=1&t[7][user_key]=u2&t[7][usage][hits]=2&t[z][app_id]=a2&t[z][usage][hits]=4"
        ),
        counter(1),
        counter(6, of="a2"),
        errors(0),
    ),
    case(
        "transactions of one application add up, and the last set before an increment counts",
        SHOP,
        report(f"{_ONE}&t[1][app_id]=a1&t[1][usage][hits]=%2310&t[2][app_id]=a1&t[2][usage][hits]=5"),
        counter(15),
    ),
    case(
        "a batch whose four hundredth transaction is bad counts nothing at all",
        _TWO,
        report(_batch(400, 399)),
        errors(1, "application_not_found", 'application with id="nobody" was not found'),
        counter(0),
        counter(0, of="a2"),
        report(_batch(400, -1)),
        counter(200),
        counter(200, of="a2"),
        errors(1),
    ),
    case(
        "one bad metric, value or time among good transactions drops them all",
        _TWO,
        report(f"{_ONE}&t[1][app_id]=a2&t[1][usage][bogus]=1"),
        errors(1, "metric_invalid", 'metric "bogus" is invalid'),
        report(f"{_ONE}&t[1][app_id]=a2&t[1][usage][hits]=-1"),
        errors(2, "usage_value_invalid", 'usage value "-1" for metric "hits" is invalid'),
        report(f"{_ONE}&{_at('2026-11-20 00:00:00', 1)}"),
        errors(3, *_OLD),
        report(
            f"{_ONE}&t[1][app_id]=a2&t[1][usage][hits]={2**63}",
            403,
            error=("usage_value_invalid", f'usage value "{2**63}" for metric "hits" is invalid'),
        ),
        errors(4),
        counter(0),
        counter(0, of="a2"),
    ),
    case(
        "usage counts at its own time, however that is written",
        SHOP,
        *(
            report(_at(text))
            for text in (
                "2026-11-22 09:15:00",
                "2026-11-22 09:15:00 UTC",
                "2026-11-22 11:15:00 +0200",
                "2026-11-22 07:15:00 -02:00",
                "2026-11-22 01:15:00 PST",
                "2026-11-22T09:15:00Z",
                "2026-11-22T09:15:00.250Z",
                "22 Nov 2026 09:15:00 GMT",
                "1795338900",
                " 1795338900 ",
                "0x6b02b294",
            )
        ),
        counter(11, period="hour", at=_NINE),
        report(_at("2026/11/22")),
        report(_at("2026-11-22")),
        counter(2, period="hour", at="2026-11-22T00:00:00Z"),
        errors(0),
    ),
    case(
        "a time that is not understood is now",
        SHOP,
        *(
            report(_at(text))
            for text in (
                "",
                " ",
                "garbage",
                "04/22/2010",
                "12:00",
                "2026-11-22 25:00:00",
                "2026-13-01",
                "-5x",
            )
        ),
        counter(8, period="hour"),
        errors(0),
    ),
    case(
        "usage may be a day old and an hour early, to the second",
        SHOP,
        report(_at("2026-11-21 12:00:00")),
        report(_at("2026-11-22 13:00:00")),
        errors(0),
        report(_at("2026-11-21 11:59:59")),
        errors(1, *_OLD),
        report(_at("2026-11-22 13:00:01")),
        errors(2, *_NEW),
        counter(2, period="eternity"),
    ),
    case(
        "digits alone are seconds, even if they look like a date",
        SHOP,
        report(_at("20261122101500")),
        errors(1, *_NEW),
        report(_at("20261122")),
        errors(2, *_OLD),
        report(_at("9" * 30)),
        errors(3, *_NEW),
        counter(0, period="eternity"),
    ),
    case(
        "members that are no transaction are told, where the reference fails",
        SHOP,
        report("t[0]=text", 400, error=_FORM),
        report("t[0][app_id]=a1&t[0][usage]=5", 400, error=_FORM),
        report(f"{_ONE}&t[1][app_id]=a1&t[1][usage]=", 400, error=_FORM),
        counter(0),
    ),
    case(
        "the content type is looked at before everything else",
        SHOP,
        ask(
            "POST",
            "/transactions.xml",
            400,
            body="x",
            content_type="text/plain",
            error=("content_type_invalid", "invalid Content-Type: text/plain"),
        ),
        ask(
            "POST",
            "/transactions.xml",
            400,
            body="{}",
            content_type="application/json",
            error=("content_type_invalid", "invalid Content-Type: application/json"),
        ),
        report(_ONE, content_type="Application/X-WWW-Form-URLEncoded; charset=UTF-8"),
        report(_ONE, content_type=None),
        counter(2),
    ),
    case(
        "a form in parts is a form",
        SHOP,
        ask(
            "POST",
            "/transactions.xml",
            202,
            content_type="multipart/form-data; boundary=edge",
            body="".join(
                _PART.format(name, value)
                for name, value in (
                    ("provider_key", "pk"),
                    ("transactions[0][app_id]", "a1"),
                    ("transactions[0][usage][hits]", "3"),
                )
            )
            + "--edge--\r\n",
        ),
        counter(3),
    ),
    case(
        "parameters count from the query too, and those of the body go before them",
        SHOP,
        report(_ONE, query="provider_key=pk&service_id=1001"),
        report(_ONE, query="provider_key=pk&transactions[1][app_id]=a1&transactions[1][usage][hits]=5"),
        counter(2),
    ),
    case(
        "a service named inside a transaction is passed over",
        (*SHOP, service("1002"), metric("hits", of="1002"), app("a1", "1002")),
        report(f"{_ONE}&t[0][service_id]=1002"),
        counter(1),
        counter(0, service_id="1002"),
    ),
    case(
        "a report has a body to its errors even if none is asked for",
        SHOP,
        report(
            "t=", 400, options="no_body=1", error=("transactions_is_blank", "transactions parameter is blank")
        ),
        report("t=&no_body=1", 400, error=("transactions_is_blank", "transactions parameter is blank")),
    ),
    case(
        "a request that names itself counts once, however often it comes",
        limited(day=9),
        get(
            "authrep",
            "app_id=a1&usage[hits]=2",
            200,
            headers={"Idempotency-Key": "one"},
            shows={"hits day": 2},
        ),
        get(
            "authrep",
            "app_id=a1&usage[hits]=2",
            200,
            headers={"Idempotency-Key": "one"},
            shows={"hits day": 2},
        ),
        get("authrep", "app_id=a1&usage[hits]=2&request_id=two", 200, shows={"hits day": 4}),
        get("authrep", "app_id=a1&usage[hits]=2&request_id=two", 200, shows={"hits day": 4}),
        counter(4),
        get("authrep", "app_id=a1&usage[hits]=2", 200, shows={"hits day": 6}),
        get("authrep", "app_id=a1&usage[hits]=2", 200, shows={"hits day": 8}),
    ),
    case(
        "a report that names itself counts once, for one application and for many",
        _TWO,
        *[report(_ONE, headers={"Idempotency-Key": "r1"})] * 3,
        counter(1),
        *[report(f"{_ONE}&t[1][app_id]=a2&t[1][usage][hits]=1&request_id=r2")] * 3,
        counter(2),
        counter(1, of="a2"),
    ),
    case(
        "a repeat is the same on the next day",
        limited(day=9),
        clock("2026-11-22T23:59:59Z"),
        report(_ONE, headers={"Idempotency-Key": "late"}),
        clock("2026-11-23T00:00:01Z"),
        report(_ONE, headers={"Idempotency-Key": "late"}),
        counter(1, at="2026-11-22T23:00:00Z"),
        counter(0, at="2026-11-23T00:00:00Z"),
    ),
]
