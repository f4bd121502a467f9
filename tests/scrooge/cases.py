"""Our own acceptance cases: what the contract says beyond the published ones, and odd input."""

from typing import Any

Document = dict[str, Any]

USERS = [
    {"username": "pusher", "api_key": "k-123"},
    {"username": "sleeper", "api_key": "k-999", "active": False},
    {"username": "boss", "api_key": "k-boss", "superuser": True, "password": "open sesame"},
]
SETUP: Document = {
    "users": USERS,
    "usage_types": [{"symbol": "requests"}, {"symbol": "7"}, {"symbol": "gb", "name": "Gigabytes"}],
    "prices": [{"usage_type": "gb", "start": "2016-01-01", "end": "2036-12-31", "price": "0.10"}],
    "services": [{"symbol": "objstore"}],
    "ventures": [{"symbol": "alpha"}, {"symbol": "beta"}, {"symbol": "omega", "active": False}],
    "pricing_services": [
        {
            "id": 1,
            "name": "Object Store",
            "symbol": "os",
            "usage_types": [{"symbol": "gb", "start": "2016-09-01", "end": "2036-12-31"}],
        }
    ],
    "service_environments": [
        {
            "service": "Shop",
            "service_id": 11,
            "service_uid": "sc-11",
            "environment": "prod",
            "pricing_objects": ["host-1", "host-3"],
        },
        {"service": "Search", "service_id": 12, "service_uid": "sc-12", "environment": "prod"},
    ],
}

DAY = "2016-10-10"
A = "/scrooge/api/v0.9/serviceusages/"
B = "/scrooge/api/v0.9/pricingserviceusages/"
C = "/scrooge/api/v0.10/pricing-service-usages/"
KEY = {"Authorization": "ApiKey pusher:k-123", "Content-Type": "application/json"}
TOKEN = {"Authorization": "Token k-123", "Content-Type": "application/json"}
FAILED = {"error_message": "Sorry, this request could not be processed. Please try again later."}
EMPTY = {"status": 201, "body": ""}


def used(venture: Any, **usages: Any) -> Document:
    """One of ``venture_usages``."""
    return {"venture": venture, "usages": [{"symbol": name, "value": each} for name, each in usages.items()]}


def pushed(
    *entries: Any, expect: Document = EMPTY, headers: Document = KEY, url: str = A, **more: Any
) -> Document:
    """A step: a push of ventures' usage."""
    body = {"service": "objstore", "date": DAY, "venture_usages": list(entries)} | more
    return {"method": "POST", "url": url, "headers": headers, "json": body, "expect": expect}


def priced(
    *entries: Any, expect: Document = EMPTY, headers: Document = TOKEN, url: str = B, **more: Any
) -> Document:
    """A step: a push of service environments' usage."""
    body = {"pricing_service": "Object Store", "date": DAY, "usages": list(entries)} | more
    return {"method": "POST", "url": url, "headers": headers, "json": body, "expect": expect}


def of(name: str, value: Any, symbol: str = "gb", **more: Any) -> Document:
    """One of ``usages``: a pricing object's."""
    return {"pricing_object": name, "usages": [{"symbol": symbol, "value": value} | more]}


def of_service(uid: str, value: Any, symbol: str = "gb") -> Document:
    """One of ``usages``: a service environment's."""
    return {"service_uid": uid, "environment": "prod", "usages": [{"symbol": symbol, "value": value}]}


def asked(method: str, url: str, status: int, headers: Document | None = None, **expect: Any) -> Document:
    """A step without a body."""
    return {"method": method, "url": url, "headers": headers or {}, "expect": {"status": status, **expect}}


def wrong(*path: Any, contains: Any) -> Document:
    """Expect a 400 that says what is wrong, and where."""
    return {"status": 400, "json_path": list(path), "contains": contains}


def flaw(text: Any) -> Document:
    """Expect a 400 of the older dialect."""
    return {"status": 400, "body": text}


def not_given(field: str, value: str) -> Document:
    """Expect what the older dialect says of an element that is no object."""
    error = (
        f"The '{field}' field was given data that was not a URI, not a dictionary-alike"
        f" and does not have a 'pk' attribute: {value}."
    )
    return flaw({"error": error})


def case(title: str, *steps: Document, rows: list[list[Any]] | None = None) -> Document:
    """One case; without ``rows`` nothing may be stored."""
    return {"title": title, "setups": [SETUP], "steps": list(steps), "rows": rows or []}


ONE = used("alpha", requests=1)
STORED = [[DAY, "alpha", "requests", 1]]

PUSHES = [
    case("a push without the final slash is stored", pushed(ONE, url=A[:-1]), rows=STORED),
    case(
        "days are truncated and written freely",
        pushed(ONE, date=f"{DAY}T05:00"),
        pushed(ONE, date=f"{DAY} 23:59:59 +05:00"),
        pushed(ONE, date=f"{DAY}T23:30:00Z"),
        rows=STORED * 3,
    ),
    case(
        "the address comes back",
        pushed(ONE, expect={**EMPTY, "headers": {"content-type": "text/html; charset=utf-8"}}),
        rows=STORED,
    ),
    case(
        "values are kept digit by digit",
        pushed(
            used("alpha", requests="0.1000"), used("alpha", requests=" 1e3 "), used("alpha", requests=10**25)
        ),
        pushed(used("alpha", requests=0), used("alpha", requests=-2.5)),
        rows=[[DAY, "alpha", "requests", each] for each in (0.1, 1000, 10**25, 0, -2.5)],
    ),
    case(
        "a symbol that is a number is its digits",
        pushed({"venture": "alpha", "usages": [{"symbol": 7, "value": 1}]}),
        rows=[[DAY, "alpha", "7", 1]],
    ),
    case(
        "unknown members and null elements are passed over", pushed(None, {**ONE, "x": 1}, y=2), rows=STORED
    ),
    case(
        "an unknown overwrite word is no",
        pushed(ONE),
        pushed(ONE, overwrite="all"),
        pushed(ONE, overwrite=5),
        rows=STORED * 3,
    ),
    case(
        "an empty message deletes nothing", pushed(ONE), pushed(overwrite="delete_all_previous"), rows=STORED
    ),
    case(
        "values_only replaces a venture's row of the type alone",
        pushed(used("alpha", requests=1, gb=2), used("beta", requests=3)),
        pushed(used("alpha", requests=9), overwrite="values_only"),
        rows=[[DAY, "alpha", "gb", 2], [DAY, "beta", "requests", 3], [DAY, "alpha", "requests", 9]],
    ),
    case(
        "what was written three times over is there once",
        *[pushed(used("alpha", requests=number), overwrite="delete_all_previous") for number in range(3)],
        rows=[[DAY, "alpha", "requests", 2]],
    ),
    case(
        "a key makes a repeat harmless, and other content under it a conflict",
        pushed(ONE, headers={**KEY, "Idempotency-Key": "once"}),
        pushed(ONE, headers={**KEY, "Idempotency-Key": "once"}),
        pushed(used("alpha", requests=2), headers={**KEY, "Idempotency-Key": "once"}, expect={"status": 409}),
        pushed(ONE, headers={**KEY, "Idempotency-Key": "k" * 256}, expect={"status": 400}),
        rows=STORED,
    ),
    case(
        "a repeat is known though its venture went out of use since",
        pushed(ONE, headers={**KEY, "Idempotency-Key": "late"}),
        {"load": {"ventures": [{"symbol": "alpha", "active": False}]}},
        pushed(ONE, headers={**KEY, "Idempotency-Key": "late"}),
        pushed(ONE, headers={**KEY, "Idempotency-Key": "later"}, expect={"status": 400}),
        pushed(ONE, date="2016-10-12", headers={**KEY, "Idempotency-Key": "late"}, expect={"status": 400}),
        {"load": {"ventures": [{"symbol": "alpha"}]}},
        pushed(ONE, date="2016-10-12", headers={**KEY, "Idempotency-Key": "later"}),
        rows=[*STORED, *[["2016-10-12", *row[1:]] for row in STORED]],
    ),
    case(
        "a key holds for a message that stores nothing, and for the place without its slash",
        pushed(headers={**KEY, "Idempotency-Key": "\u00e9mpty"}),
        pushed(headers={**KEY, "Idempotency-Key": "\u00e9mpty"}, url=A[:-1]),
        pushed(ONE, headers={**KEY, "Idempotency-Key": "\u00e9mpty"}, expect={"status": 409}),
    ),
    case(
        "a message as long as may be is stored, and a longer one is not",
        pushed(used("alpha", requests=1), *[used("beta")] * 20_000),
        pushed(ONE, x="x" * (1 << 20), expect={"status": 413}),
        rows=STORED,
    ),
    case(
        "a key is one of its user",
        pushed(ONE, headers={**KEY, "Idempotency-Key": "mine"}),
        pushed(ONE, headers={**KEY, "Authorization": "ApiKey boss:k-boss", "Idempotency-Key": "mine"}),
        rows=STORED * 2,
    ),
]

NO_VALUES: list[Any] = [
    None,
    "x",
    "nan",
    "Infinity",
    "",
    True,
    [],
    "1_000",
    "9" * 300,
    "1e999",
    10**40,
    "1e-99",
]
NO_DATES: list[Any] = [
    None,
    "",
    20161010,
    "x",
    "1969-12-31",
    "9999-12-31",
    "2262-12-31",
    "1" * 400,
    "(",
    ["x"],
]

REFUSALS = [
    case(
        "an inactive venture is refused",
        pushed(ONE, used("omega", requests=1), expect=flaw("Invalid or inactive venture (symbol: omega)")),
    ),
    case(
        "an unknown usage type is refused",
        pushed(ONE, used("alpha", nope=1), expect=flaw("Invalid usage type symbol: nope")),
    ),
    case("an absent service is None", pushed(ONE, service=None, expect=flaw("Invalid service symbol: None"))),
    case(
        "a symbol matches exactly",
        pushed(ONE, service="Objstore", expect=flaw("Invalid service symbol: Objstore")),
    ),
    case(
        "the shape comes before the service, the service before the date, the date before the ventures",
        pushed(
            {"venture": "ghost"},
            service="nope",
            date="x",
            expect=flaw({"error": "The 'usages' field has no data and doesn't allow a null value."}),
        ),
        pushed(
            used("ghost", requests=1), service="nope", date="x", expect=flaw("Invalid service symbol: nope")
        ),
        pushed(used("ghost", requests=1), date="x", expect=flaw(FAILED)),
        pushed(used("ghost", nope="x"), expect=flaw("Invalid or inactive venture (symbol: ghost)")),
        pushed(
            used("alpha", requests="x"),
            used("ghost"),
            expect=flaw("Invalid or inactive venture (symbol: ghost)"),
        ),
        pushed(used("alpha", requests="x", nope=1), expect=flaw("Invalid usage type symbol: nope")),
    ),
    case(
        "what is no list of objects is refused",
        pushed(5, expect=not_given("venture_usages", "5")),
        pushed({"venture": "alpha", "usages": [None, "x"]}, expect=not_given("usages", "x")),
        pushed(
            venture_usages=None,
            expect=flaw({"error": "The 'venture_usages' field has no data and doesn't allow a null value."}),
        ),
        pushed(venture_usages={"a": 1}, expect=flaw(FAILED)),
    ),
    *[
        case(
            f"value {number}, which is none, is refused",
            pushed(used("alpha", requests=value), expect=flaw(FAILED)),
        )
        for number, value in enumerate(NO_VALUES)
    ],
    *[
        case(f"date {number}, which is none, is refused", pushed(ONE, date=value, expect=flaw(FAILED)))
        for number, value in enumerate(NO_DATES)
    ],
    *[
        case(
            f"a body {raw[:20]!r} is refused",
            {"method": "POST", "url": A, "headers": KEY, "raw": raw, "expect": flaw(FAILED)},
        )
        for raw in (
            "",
            "[]",
            "5",
            "null",
            '"x"',
            "{",
            '{"service": NaN}',
            "[" * 5000,
            '{"service": "\\ud800"}',
        )
    ],
    case(
        "another content type is refused",
        *[
            pushed(ONE, headers={**KEY, "Content-Type": kind}, expect=flaw(FAILED))
            for kind in ("application/x-www-form-urlencoded", "text/plain", None)
        ],
    ),
    case(
        "markup that is repeated is no page",
        pushed(
            ONE,
            service="<b>",
            expect={"status": 400, "headers": {"content-type": "text/plain; charset=utf-8"}},
        ),
    ),
]

CREDENTIALS = [
    *[
        case(
            f"credentials {header!r} are none",
            pushed(
                ONE,
                headers={"Content-Type": "application/json", "Authorization": header},
                expect={"status": 401, "body": ""},
            ),
        )
        for header in (
            None,
            "ApiKey",
            "ApiKey pusher",
            "ApiKey pusher:",
            "ApiKey pusher: k-123",
            "Basic pusher:k-123",
            "ApiKey pusher:k-999",
            "ApiKey :",
            "Token k-123",
        )
    ],
    case(
        "a header that begins as one of ours wins over the query",
        pushed(
            ONE,
            url=f"{A}?username=pusher&api_key=k-123",
            headers={**KEY, "Authorization": "ApiKey pusher:bad"},
            expect={"status": 401},
        ),
        pushed(ONE, url=f"{A}?username=pusher&api_key=k-123", headers={**KEY, "Authorization": "Bearer x"}),
        rows=STORED,
    ),
    case(
        "credentials are looked at before the body",
        pushed(service=5, headers={}, expect={"status": 401, "body": ""}),
    ),
    case(
        "the method is looked at before the credentials",
        *[asked(verb, A, 405, body="") for verb in ("GET", "PUT", "PATCH", "DELETE", "HEAD")],
        {"method": "GET", "url": A, "expect": {"status": 405, "headers": {"allow": "POST"}}},
        {
            "method": "OPTIONS",
            "url": A,
            "headers": {},
            "expect": {"status": 200, "body": "POST", "headers": {"allow": "POST"}},
        },
    ),
    case(
        "the resources are listed to anyone",
        asked(
            "GET",
            "/scrooge/api/v0.9/",
            200,
            body={"serviceusages": {"list_endpoint": A, "schema": f"{A}schema/"}},
        ),
        asked("GET", "/scrooge/api/v0.9/nothing/", 404, body=""),
    ),
    case(
        "a user that was deactivated is refused at once, and one that was made is known",
        {
            "load": {
                "users": [
                    {"username": "pusher", "api_key": "k-123", "active": False},
                    {"username": "new", "api_key": "k-new"},
                ]
            }
        },
        pushed(ONE, expect={"status": 401}),
        pushed(ONE, headers={**KEY, "Authorization": "ApiKey new:k-new"}),
        {"load": SETUP},
        rows=STORED,
    ),
    case(
        "a password gives the key",
        *[
            {
                "method": "POST",
                "url": "/scrooge/api/v0.9/api-token-auth/",
                "json": {"username": name, "password": password},
                "expect": expect,
            }
            for name, password, expect in (
                ("boss", "open sesame", {"status": 200, "body": {"token": "k-boss"}}),
                (
                    "boss",
                    "open",
                    {
                        "status": 400,
                        "body": {"non_field_errors": ["Unable to log in with provided credentials."]},
                    },
                ),
                ("pusher", "", {"status": 400}),
                (5, "x", {"status": 400, "body": {"username": ["This field is required."]}}),
            )
        ],
    ),
]

HOST, SERVICE = "Shop/prod", "Search/prod"

PRICED = [
    case(
        "all three ways to address, in every dialect's place and with every word",
        priced(of("host-1", 1), url=C),
        priced(
            of_service("sc-12", "2.50"), url=C[:-1], headers={**TOKEN, "Authorization": "ApiKey anyone:k-123"}
        ),
        priced(
            {"service": "Shop", "environment": "prod", "usages": [{"symbol": "gb", "value": 3}]},
            date=f"{DAY}T10:00",
        ),
        rows=[[DAY, HOST, "gb", 1], [DAY, SERVICE, "gb", 2.5], [DAY, HOST, "gb", 3]],
    ),
    case(
        "values_only replaces by object, and what is addressed by service is an object of its own",
        priced(of("host-1", 1), of("host-3", 2), of_service("sc-11", 3), of_service("sc-12", 4)),
        priced(of("host-1", 10), of_service("sc-11", 30), overwrite="values_only"),
        rows=[[DAY, HOST, "gb", 2], [DAY, SERVICE, "gb", 4], [DAY, HOST, "gb", 10], [DAY, HOST, "gb", 30]],
    ),
    case(
        "delete_all_previous takes all of the types of the message",
        priced(of("host-1", 1), of("host-3", 2, "requests")),
        priced(of_service("sc-12", 5), overwrite="delete_all_previous"),
        rows=[[DAY, HOST, "requests", 2], [DAY, SERVICE, "gb", 5]],
    ),
    case(
        "what is not above zero replaces nothing",
        priced(of("host-1", 1)),
        priced(of("host-1", 0), of("host-1", -1), overwrite="values_only"),
        rows=[[DAY, HOST, "gb", 1]],
    ),
    case(
        "everything wrong is told where it stands",
        priced(
            of("host-1", 1),
            of("host-1", 1, "nope"),
            expect=wrong(
                "usages", 1, "usages", 0, "symbol", 0, contains='usage type for symbol "nope" does not exist'
            ),
        ),
        priced(
            of("host-1", 1),
            of("host-9", "x"),
            expect={
                "status": 400,
                "body": {
                    "usages": [
                        {},
                        {
                            "usages": [{"value": ["A valid number is required."]}],
                            "pricing_object": ["pricing_object host-9 does not exist"],
                        },
                    ]
                },
            },
        ),
        priced(
            {"pricing_object": "host-1", "usages": []},
            expect=wrong("usages", 0, "usages", 0, contains="This field cannot be empty."),
        ),
        priced(
            {"pricing_object": "host-1"},
            expect=wrong("usages", 0, "usages", 0, contains="This field is required."),
        ),
        priced(
            {"usages": [{"symbol": "gb", "value": 1}]},
            expect=wrong("usages", 0, "non_field_errors", 0, contains="Invalid combination of fields"),
        ),
        priced(
            {**of("host-1", 1), "environment": "prod"},
            expect=wrong("usages", 0, "non_field_errors", 0, contains="Invalid combination of fields"),
        ),
        priced(
            {**of_service("sc-11", 1), "service": "Shop"},
            expect=wrong("usages", 0, "non_field_errors", 0, contains="Invalid combination of fields"),
        ),
        priced(
            5, expect=wrong("usages", 0, "non_field_errors", 0, contains="Expected a dictionary, but got int")
        ),
        priced(usages={}, expect=wrong("usages", 0, contains="Expected a list")),
        priced(
            of("host-1", 1),
            date="x",
            overwrite="x",
            pricing_service="x",
            expect={
                "status": 400,
                "body": {
                    "pricing_service": ["Unknown pricing service name: x"],
                    "date": ["Date has wrong format. Use YYYY-MM-DD."],
                    "overwrite": ["Invalid value: x"],
                },
            },
        ),
        priced(
            of("host-1", None),
            expect=wrong("usages", 0, "usages", 0, "value", 0, contains="This field may not be null."),
        ),
        priced(
            of("host-1", 1, remarks=5),
            expect=wrong("usages", 0, "usages", 0, "remarks", 0, contains="Not a valid string."),
        ),
    ),
    case(
        "of many wrong entries thirty are told",
        priced(*[of("nope", 1)] * 500, expect=wrong("usages", 29, "pricing_object", 0, contains="nope")),
    ),
    case(
        "unknown services are passed over on request, unknown objects are not",
        priced(of_service("nope", 1), of("host-1", 2), ignore_unknown_services=True),
        priced(
            of_service("nope", 1),
            of("nope", 2),
            ignore_unknown_services=True,
            expect=wrong("usages", 1, "pricing_object", 0, contains="does not exist"),
        ),
        priced(
            of("host-1", 2),
            ignore_unknown_services="yes",
            expect=wrong("ignore_unknown_services", 0, contains="boolean"),
        ),
        rows=[[DAY, HOST, "gb", 2]],
    ),
    case(
        "nobody known is told so, and GET is no method of the place",
        priced(
            of("host-1", 1),
            headers={"Content-Type": "application/json"},
            expect={"status": 401, "body": {"detail": "Authentication credentials were not provided."}},
        ),
        priced(
            of("host-1", 1),
            headers={**TOKEN, "Authorization": "Token k-999"},
            expect={"status": 401, "body": {"detail": "Invalid token."}},
        ),
        priced(
            of("host-1", 1),
            url=f"{B}?username=pusher&api_key=k-123",
            headers={"Content-Type": "application/json"},
            expect={"status": 401},
        ),
        asked("GET", B, 405, TOKEN),
        priced(of("host-1", 1), headers={**TOKEN, "Content-Type": "text/plain"}, expect={"status": 415}),
        {
            "method": "POST",
            "url": B,
            "headers": TOKEN,
            "raw": "{",
            "expect": wrong("detail", contains="JSON parse error"),
        },
    ),
]

READS = [
    case(
        "what was pushed is read back, with the types that the service has that day",
        priced(of("host-1", "1.50", remarks="meter"), of("host-1", 2, "requests"), of_service("sc-12", 7)),
        pushed(used("alpha", gb=9)),
        asked(
            "GET",
            f"{B}1/{DAY}/",
            200,
            TOKEN,
            body={
                "pricing_service": "Object Store",
                "pricing_service_id": 1,
                "date": DAY,
                "usages": [
                    {
                        "service": "Shop",
                        "service_id": 11,
                        "service_uid": "sc-11",
                        "environment": "prod",
                        "pricing_object": "host-1",
                        "usages": [{"symbol": "gb", "value": 1.5, "remarks": "meter"}],
                    },
                    {
                        "service": "Search",
                        "service_id": 12,
                        "service_uid": "sc-12",
                        "environment": "prod",
                        "pricing_object": None,
                        "usages": [{"symbol": "gb", "value": 7, "remarks": ""}],
                    },
                ],
            },
        ),
        asked(
            "GET",
            f"{C}1/{DAY}?service_uid=sc-12",
            200,
            TOKEN,
            json_path=["usages", 0, "usages"],
            equals=[{"symbol": "gb", "value": 7, "remarks": ""}],
        ),
        asked(
            "GET",
            f"/scrooge/api/v0.10/daily-usages/?date__gte={DAY}&date__lte={DAY}&limit=2",
            200,
            TOKEN,
            json_path=["count"],
            equals=3,
        ),
        asked(
            "GET",
            f"/scrooge/api/v0.10/daily-usages/?date={DAY}&limit=2&offset=2&service_uid=sc-12",
            200,
            TOKEN,
            json_path=["previous"],
            contains="offset=0",
        ),
        asked(
            "GET",
            f"/scrooge/api/v0.10/daily-usages/?date={DAY}&symbol=requests",
            200,
            TOKEN,
            json_path=["results", 0, "value"],
            equals=2,
        ),
        rows=[
            [DAY, HOST, "gb", 1.5],
            [DAY, HOST, "requests", 2],
            [DAY, SERVICE, "gb", 7],
            [DAY, "alpha", "gb", 9],
        ],
    ),
    case(
        "what there is not is told",
        asked("GET", f"{B}9/{DAY}/", 400, TOKEN, json_path=["error"], contains="9"),
        asked("GET", f"{B}1/{DAY}/?service_uid=nope", 400, TOKEN, json_path=["error"], contains="nope"),
        asked(
            "GET",
            f"{B}1/2016-99-33/",
            400,
            TOKEN,
            body={"error": '"2016-99-33" has the correct format, but is an invalid date.'},
        ),
        asked("GET", f"{B}1/today/", 404, TOKEN),
        asked("GET", f"{B}1/{DAY}/", 401),
        *[
            asked(
                "GET",
                f"/scrooge/api/v0.10/daily-usages/?{query}",
                400,
                TOKEN,
                json_path=["error"],
                contains="expected",
            )
            for query in ("date=x", "limit=x", "offset=-1")
        ],
        asked("GET", "/scrooge/api/v0.10/usage-types/nope/", 404, TOKEN, body={"detail": "Not found."}),
    ),
    case(
        "types and services are looked up",
        asked(
            "GET",
            "/scrooge/api/v0.10/usage-types/gb/",
            200,
            TOKEN,
            json_path=["usage_price", 0, "price"],
            equals="0.10",
        ),
        asked("GET", "/scrooge/api/v0.10/usage-types/", 200, TOKEN, json_path=[0, "symbol"]),
        asked(
            "GET",
            "/scrooge/api/v0.10/pricing-services/os",
            200,
            TOKEN,
            json_path=["name"],
            equals="Object Store",
        ),
        asked("GET", "/scrooge/api/v0.10/pricing-services/", 200, TOKEN, json_path=[0, "id"], equals=1),
    ),
]

CASES = PUSHES + REFUSALS + CREDENTIALS + PRICED + READS
