"""Short names for the parts of a case: what there is, what is sent, what has to come back.

Queries and bodies are written as they are sent; ``provider_key=pk&`` is put before each unless it names a
credential itself. Services are of ``pk``, and everything belongs to service 1001, if nothing else is said.
"""

import re
from typing import Any
from urllib.parse import quote

Part = dict[str, Any]
Step = dict[str, Any]

REASON = "rejection_reason_header=1"
HEADERS = "limit_headers=1"
_CREDENTIAL = re.compile(r"(^|&)(provider_key|service_token)\b")
_KIND = "kind"


def service(name: str = "1001", key: str = "pk", **more: Any) -> Part:
    return {_KIND: "services", "id": name, "provider_key": key, **more}


def metric(name: str, parent: str | None = None, of: str = "1001") -> Part:
    """A metric; its id is its name."""
    return {_KIND: "metrics", "service": of, "id": name, "name": name, "parent": parent}


def limit(name: str, plan: str = "p1", of: str = "1001", **periods: int) -> Part:
    return {_KIND: "limits", "service": of, "plan": plan, "metric": name, **periods}


def app(name: str = "a1", of: str = "1001", **more: Any) -> Part:
    plan = {"state": "active", "plan_id": "p1", "plan_name": "Basic"}
    return {_KIND: "applications", "service": of, "id": name, **plan, **more}


def token(name: str, of: str) -> Part:
    return {_KIND: "service_tokens", "token": name, "service": of}


SHOP = (service(), metric("hits"), app())
"""A service with one metric without limits, and one application."""


def limited(**periods: int) -> tuple[Part, ...]:
    """The same with limits on the metric."""
    return (*SHOP, {**limit("hits"), **periods})


def case(title: str, there_is: tuple[Part, ...], *steps: Step) -> Part:
    """Put a case together."""
    setup: dict[str, list[Part]] = {}
    for part in there_is:
        members = {name: value for name, value in part.items() if name != _KIND}
        setup.setdefault(part[_KIND], []).append(members)
    return {"title": title, "setup": setup, "steps": list(steps)}


def get(endpoint: str, query: str, status: int | None, options: str = "", **more: Any) -> Step:
    """Ask one of the four endpoints; ``more``: the members of ``expected``."""
    return ask("GET", f"/transactions/{endpoint}.xml", status, _with_key(query), options=options, **more)


def report(body: str, status: int | None = 202, query: str = "", options: str = "", **more: Any) -> Step:
    """Send a report; its transactions are called ``t[0]`` here."""
    text = body if _CREDENTIAL.search(query) else _with_key(body)
    full = re.sub(r"(^|&)t(?=[\[=])", r"\1transactions", text)
    return ask("POST", "/transactions.xml", status, query, body=full, options=options, **more)


def ask(
    method: str,
    path: str,
    status: int | None,
    query: str = "",
    *,
    body: str | None = None,
    options: str = "",
    headers: dict[str, str] | None = None,
    content_type: str | None = "application/x-www-form-urlencoded",
    **more: Any,
) -> Step:
    """Send any request."""
    request: dict[str, Any] = {"method": method, "path": path, "raw_query": query}
    if body is not None:
        request |= {"raw_body": body, "content_type": content_type}
    request["headers"] = (headers or {}) | ({"3scale-options": options} if options else {})
    return {"request": request, "expect": expected(status, **more)}


def internal(method: str, path: str, document: Any, answered: int, **members: Any) -> Step:
    """Ask the administration; ``members`` by their dotted paths, dots written as two underscores."""
    request = {"method": method, "path": f"/internal/{path}", "json_body": document}
    wanted = [{"path": name.replace("__", "."), "value": value} for name, value in members.items()]
    return {"request": request, "expect": {"status": answered} | ({"json": wanted} if wanted else {})}


def expected(
    status: int | None,
    error: tuple[str, str] | None = None,
    reason: str | None = None,
    shows: dict[str, int] | None = None,
    texts: dict[str, str] | None = None,
    counts: dict[str, int] | None = None,
    xml: list[dict[str, Any]] | None = None,
    body_is: str | None = None,
    **plain: Any,
) -> dict[str, Any]:
    """Say what has to come back: ``shows`` is current values by ``metric period``, ``plain`` stays as it is;
    a status of None where it says ``status_in``.

    ``error`` is code and message, ``reason`` why it is refused.
    """
    wanted: list[dict[str, Any]] = list(xml or ())
    expect: dict[str, Any] = {"status": status, **plain} | ({} if body_is is None else {"body": body_is})
    if error is not None:
        wanted += [{"path": ".", "attr": "code", "value": error[0]}, {"path": ".", "text": error[1]}]
        expect["xml_root"] = "error"
    if reason is not None:
        wanted += [{"path": "authorized", "text": "false"}, {"path": "reason", "text": reason}]
    for name, value in (shows or {}).items():
        which, period = name.rsplit(" ", 1)
        report_of = f"usage_reports/usage_report[@metric='{which}'][@period='{period}']"
        wanted.append({"path": f"{report_of}/current_value", "text": str(value)})
    wanted += [{"path": path, "text": text} for path, text in (texts or {}).items()]
    wanted += [{"path": path, "count": count} for path, count in (counts or {}).items()]
    return expect | ({"xml": wanted} if wanted else {})


def clock(instant: str) -> Step:
    return {"clock": instant}


def counter(
    value: int,
    name: str = "hits",
    period: str = "day",
    at: str = "2026-11-22T12:00:00Z",
    of: str = "a1",
    service_id: str = "1001",
) -> Step:
    named = {"service": service_id, "application": of, "metric": name, "period": period, "at": at}
    return {"counter": {**named, "value": value}}


def errors(count: int, code: str = "", message: str = "", of: str = "1001") -> Step:
    newest = {"newest": {"code": code, "message": message}} if code else {}
    return {"integration_errors": {"service": of, "count": count, **newest}}


def escaped(text: str) -> str:
    """Percent-encode all of a text."""
    return quote(text, safe="")


def _with_key(query: str) -> str:
    return query if _CREDENTIAL.search(query) else f"provider_key=pk&{query}" if query else "provider_key=pk"
