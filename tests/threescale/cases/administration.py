"""What a service keeps of its requests, and what its administration changes."""

from tests.threescale.cases.shorthand import (
    SHOP,
    app,
    case,
    clock,
    errors,
    get,
    internal,
    limited,
    report,
    service,
    token,
)

_APP = "services/1001/applications/a1"
_FIRST = ("first_traffic", "first_daily_traffic")


def _alerts(*types: str) -> dict[str, object]:
    """The events by their types."""
    return {f"events__{number}__type": name for number, name in enumerate(types)}


CASES = [
    case(
        "what a service's own data made impossible is kept for it, and nothing else",
        limited(day=1),
        get("authorize", "app_id=boo", 404),
        errors(1, "application_not_found", 'application with id="boo" was not found'),
        get("authrep", "app_id=a1&user_key=x", 403),
        errors(2, "authentication_error", "either app_id or user_key is allowed, not both"),
        get("authrep", "app_id=a1&user_id=x", 400),
        get("authorize", "app_id=a1&usage[hits]=9", 409),
        get("authorize", "provider_key=no&app_id=boo", 403),
        get("authorize", "service_id=no&app_id=boo", 403),
        report("t=", 400),
        errors(
            3,
            "end_users_no_longer_supported",
            "End-users are no longer supported, do not specify the user_id parameter",
        ),
        internal(
            "GET",
            "services/1001/errors/?page=2&per_page=2",
            None,
            200,
            count=3,
            errors__0__code="application_not_found",
        ),
    ),
    case(
        "the administration is for those who have its key",
        SHOP,
        {
            "request": {"method": "GET", "path": "/internal/services/1001", "anonymous": True},
            "expect": {"status": 401},
        },
        {
            "request": {
                "method": "DELETE",
                "path": "/internal/services/1001",
                "anonymous": True,
                "raw_body": "",
            },
            "expect": {"status": 401},
        },
        internal("GET", "services/1001", None, 200, status="found"),
    ),
    case(
        "a change is in force when it is answered",
        limited(day=1),
        get("authrep", "app_id=a1&usage[hits]=1", 200),
        get("authrep", "app_id=a1&usage[hits]=1", 409),
        internal("PUT", "services/1001/plans/p1/usagelimits/hits/day", {"usagelimit": {"day": 2}}, 200),
        get("authrep", "app_id=a1&usage[hits]=1", 200, shows={"hits day": 2}),
        internal("DELETE", "services/1001/plans/p1/usagelimits/hits/day", None, 200),
        get("authrep", "app_id=a1&usage[hits]=1", 200, counts={"usage_reports": 0}),
        internal("PUT", _APP, {"application": {"state": "suspended"}}, 200),
        get("authorize", "app_id=a1", 409, reason="application is not active", texts={"plan": "Basic"}),
        internal("DELETE", _APP, None, 200),
        get("authorize", "app_id=a1", 404),
    ),
    case(
        "keys come and go",
        (service(), app()),
        internal("POST", f"{_APP}/keys/", {"application_key": {"value": "k1"}}, 201),
        get("authorize", "app_id=a1", 409, reason="application key is missing"),
        get("authorize", "app_id=a1&app_key=k1", 200),
        internal("DELETE", f"{_APP}/keys/k1", None, 200),
        internal("DELETE", f"{_APP}/keys/k1", None, 404),
        get("authorize", "app_id=a1", 200),
    ),
    case(
        "user keys come and go",
        (service(backend_version="1"), app()),
        internal("PUT", f"{_APP}/key/u1", None, 200),
        internal("PUT", f"{_APP}/key/u2", None, 200),
        get("authorize", "user_key=u1", 200),
        get("authorize", "user_key=u2", 200),
        internal("DELETE", "services/1001/applications/key/u1", None, 200),
        get("authorize", "user_key=u1", 403, error=("user_key_invalid", 'user key "u1" is invalid')),
        get("authorize", "user_key=u2", 200),
    ),
    case(
        "a provider's key can be changed for another",
        (*SHOP, service("1002"), app("b1", "1002")),
        internal("PUT", "services/change_provider_key/pk", {"new_key": "pk2"}, 200),
        get("authorize", "app_id=a1", 403),
        get("authorize", "provider_key=pk2&app_id=a1", 200),
        get("authorize", "provider_key=pk2&service_id=1002&app_id=b1", 200),
        internal("PUT", "services/change_provider_key/pk2", {"new_key": "pk2"}, 400),
        internal("PUT", "services/change_provider_key/none", {"new_key": "pk3"}, 400),
    ),
    case(
        "what is made again under an old id begins anew",
        limited(day=9),
        get("authrep", "app_id=a1&usage[hits]=5", 200, shows={"hits day": 5}),
        internal("DELETE", _APP, None, 200),
        internal(
            "POST", _APP, {"application": {"state": "active", "plan_id": "p1", "plan_name": "Again"}}, 201
        ),
        get("authorize", "app_id=a1", 200, shows={"hits day": 0}, texts={"plan": "Again"}),
        internal("DELETE", "services/1001", None, 200),
        internal("POST", "services/", {"service": {"id": "1001", "provider_key": "pk"}}, 201),
        get("authorize", "app_id=a1", 404),
    ),
    case(
        "a token is of its service, and goes alone",
        (*SHOP, token("t1", "1001"), token("t2", "1001")),
        internal(
            "DELETE",
            "service_tokens/",
            {"service_tokens": [{"service_token": "t1", "service_id": "1001"}]},
            200,
            count=1,
        ),
        get("authorize", "service_token=t1&service_id=1001&app_id=a1", 403),
        get("authorize", "service_token=t2&service_id=1001&app_id=a1", 200),
    ),
    case(
        "the first use of an application, and the first of a day, are told once",
        SHOP,
        get("authrep", "app_id=a1&usage[hits]=1", 200),
        get("authrep", "app_id=a1&usage[hits]=1", 200),
        internal("GET", "events/", None, 200, **_alerts(*_FIRST)),
        clock("2026-11-23T12:00:00Z"),
        get("authrep", "app_id=a1&usage[hits]=1", 200),
        internal("GET", "events/", None, 200, **_alerts(*_FIRST, "first_daily_traffic")),
    ),
    case(
        "an alert comes with the bins a service asks for, once a day for each",
        limited(day=10),
        internal("POST", "services/1001/alert_limits/", {"alert_limit": {"value": 50}}, 201),
        internal("POST", "services/1001/alert_limits/", {"alert_limit": {"value": 100}}, 201),
        get("authrep", "app_id=a1&usage[hits]=4", 200),
        get("authrep", "app_id=a1&usage[hits]=1", 200),
        get("authrep", "app_id=a1&usage[hits]=1", 200),
        get("authrep", "app_id=a1&usage[hits]=4", 200),
        internal(
            "GET",
            "events/",
            None,
            200,
            **_alerts(*_FIRST, "alert", "alert"),
            events__2__object__utilization=50,
            events__3__object__utilization=100,
            events__3__object__limit="hits per day: 10/10",
        ),
    ),
]
