"""Every call of the public Python client, unmodified: prints what each came to as one JSON document.

Arguments: the address of the server, and one where nobody listens.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any

import ThreeScalePY  # type: ignore[import-untyped]  # -- it has no types

URL, NOBODY = sys.argv[1:3]
EARLIER = time.gmtime(1795338900)
SHOP = {"service_id": "3001", "service_token": "t/k", "backend_uri": URL}
USERS = {"service_id": "3002", "service_token": "ut", "backend_uri": URL}
LOGIN = {"service_id": "3003", "service_token": "ot", "backend_uri": URL}
OWNER = {"provider_key": "client", "backend_uri": URL}
APP = {"app_id": "app 1/b", "app_key": "k&1"}
TWO_KINDS = {"hits": 2, "other_metric": 5}


def authrep(client: Any, *arguments: Any, **named: Any) -> Any:
    """Ask; tell True, or status and reason."""
    if client.authrep(*arguments, **named):
        return client.build_response().get_reason() is None
    return [client.error_code, client.build_response().get_reason()]


def authorize(client: Any, **named: Any) -> Any:
    """Ask; tell plan and reports, or status and reason."""
    good = client.authorize(**named)
    told = client.build_auth_response()
    reports = [
        [
            report.get_metric(),
            report.get_period(),
            report.get_start_period(),
            report.get_end_period(),
            report.get_max_value(),
            report.get_current_value(),
        ]
        for report in told.get_usage_reports()
    ]
    return [told.get_plan(), *reports] if good else [client.error_code, told.get_reason(), told.get_plan()]


def report(client: Any, *transactions: dict[str, Any]) -> Any:
    return client.report(list(transactions))


def tried(work: Callable[[], Any]) -> Any:
    """Do something; an exception is told by its name."""
    try:
        return work()
    except ThreeScalePY.ThreeScaleException as error:
        return type(error).__name__


Rep, RepUser = ThreeScalePY.ThreeScaleAuthRep, ThreeScalePY.ThreeScaleAuthRepUserKey
Auth, AuthUser = ThreeScalePY.ThreeScaleAuthorize, ThreeScalePY.ThreeScaleAuthorizeUserKey
Report = ThreeScalePY.ThreeScaleReport

CALLS: dict[str, Callable[[], Any]] = {
    "authrep": lambda: authrep(Rep(**APP, **SHOP)),
    "authrep, all arguments": lambda: authrep(
        Rep(**APP, **SHOP), TWO_KINDS, {"referrer": "ex.org"}, {"code": 200}, timeout=20
    ),
    "authrep, too much": lambda: authrep(Rep(**APP, **SHOP), {"hits": 3}),
    "authrep, wrong key": lambda: authrep(Rep("", "app 1/b", "no", **SHOP)),
    "authrep, unknown application": lambda: authrep(Rep(app_id="boo", **SHOP)),
    "authrep, wrong token": lambda: authrep(Rep(**APP, **(SHOP | {"service_token": "no"}))),
    "authrep, unknown metric": lambda: authrep(Rep(**APP, **SHOP), {"bogus": 1}),
    "authrep, bad value": lambda: authrep(Rep(**APP, **SHOP), {"hits": "x"}),
    "authrep, end user": lambda: authrep(Rep(**APP, **SHOP), other_params={"user_id": 1}),
    "authrep, by provider key": lambda: authrep(Rep(**APP, **OWNER), {"other_metric": 1}),
    "authrep, no application": lambda: authrep(Rep(**SHOP)),
    "authrep, user key": lambda: authrep(RepUser(user_key="key 1", **USERS)),
    "authrep, wrong user key": lambda: authrep(RepUser(user_key="no", **USERS)),
    "authrep, oauth": lambda: authrep(Rep(app_id="phone", **LOGIN)),
    "authorize": lambda: authorize(Auth(**APP, **SHOP)),
    "authorize, too much": lambda: authorize(Auth(**APP, **SHOP), usage={"hits": 3}),
    "authorize, wrong key": lambda: authorize(Auth(app_id="app 1/b", **SHOP)),
    "authorize, unknown service": lambda: authorize(Auth(**APP, **OWNER), other_params={"service_id": "no"}),
    "authorize, user key": lambda: authorize(AuthUser(user_key="key 1", **USERS)),
    "authorize, wrong user key": lambda: authorize(AuthUser(user_key="no", **USERS)),
    "report": lambda: report(
        Report(**SHOP),
        {"app_id": "app 1/b", "usage": {"hits": 1, "other_metric": 5}, "timestamp": EARLIER},
        {"app_id": "app 1/b", "usage": {"hits": 1}, "log": {"code": 200}},
    ),
    "report, user keys": lambda: report(Report(**USERS), {"user_key": "key 1", "usage": {"hits": 3}}),
    "report, by provider key": lambda: report(
        Report(**OWNER), {"app_id": "app 1/b", "usage": {"other_metric": 1}}
    ),
    "report, unknown application": lambda: report(Report(**SHOP), {"app_id": "boo", "usage": {"hits": 1}}),
    "report, wrong token": lambda: report(
        Report(**(SHOP | {"service_token": "no"})), {"app_id": "app 1/b", "usage": {"hits": 1}}
    ),
    "report, nothing": lambda: report(Report(**SHOP)),
    "authorize, then report": lambda: [
        authorize(Auth(**APP, **SHOP), usage={})[0],
        report(Report(**SHOP), {"app_id": "app 1/b", "usage": {"hits": -0}}),
        authorize(Auth(**APP, **SHOP), usage={})[1:],
    ],
    "authorize, nobody there": lambda: authorize(Auth(**APP, **(SHOP | {"backend_uri": NOBODY}))),
}


if __name__ == "__main__":
    json.dump({name: tried(work) for name, work in CALLS.items()}, sys.stdout)
