"""Runs acceptance cases against a server over HTTP: set-up, steps, and what differs.

A case is a document with ``setup`` and ``steps``. Its ids are in the requests, so every case has them to
itself: what it made is deleted after it, and what is made again under the same id begins anew.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, quote_plus

from tests.threescale.vectors_check import differences
from tests.threescale.vectors_wire import Administrator, Answer, Wire

Document = Mapping[str, Any]

FORM = "application/x-www-form-urlencoded"
NOON = "2026-11-22T12:00:00Z"
"""The time of every case that sets none: nothing depends on when the tests run."""
_PERIODS = ("minute", "hour", "day", "week", "month", "year", "eternity")
_OWN_SETUP = {"metrics", "limits", "applications", "services", "service_tokens"}


class Runner:
    """One server with a held clock, and cases one after the other."""

    def __init__(self, url: str, admin_key: str) -> None:
        self.wire = Wire(url)
        self.admin = Administrator(self.wire, admin_key)

    def run(self, case: Document) -> list[str]:
        """Run a case; tell what differs, with the number of the step."""
        found: list[str] = []
        try:
            self.hold(NOON)
            self.set_up(case["setup"])
            for number, step in enumerate(case["steps"], 1):
                found += [f"step {number}: {text}" for text in self._step(step)]
        finally:
            self.clear(case)
        return found

    def hold(self, instant: str) -> None:
        """Set the server's clock."""
        body = json.dumps({"now": instant}).encode()
        answer = self.wire.send("POST", "/test/clock", {"Content-Type": "application/json"}, body)
        assert answer.status in (200, 204), answer

    def set_up(self, setup: Document) -> None:
        """Make services, metrics, limits, applications and tokens."""
        assert setup.keys() <= _OWN_SETUP, setup.keys()
        do = self.admin.do
        for service in setup.get("services", ()):
            members = {**service, "default_service": service.get("default")}
            tokens = members.pop("service_tokens", [])
            members.pop("default", None)
            do("POST", "services/", {"service": {k: v for k, v in members.items() if v is not None}})
            self._tokens([(token, service["id"]) for token in tokens])
        self._tokens([(each["token"], each["service"]) for each in setup.get("service_tokens", ())])
        for metric in setup.get("metrics", ()):
            members = {"name": metric["name"], "parent_id": metric.get("parent")}
            do(
                "POST",
                f"services/{_path(metric['service'])}/metrics/{_path(metric['id'])}",
                {"metric": members},
            )
        for limit in setup.get("limits", ()):
            parts = (limit["service"], "plans", limit["plan"], "usagelimits", limit["metric"])
            for period in _PERIODS:
                if period in limit:
                    do(
                        "PUT",
                        f"services/{'/'.join(map(_path, parts))}/{period}",
                        {"usagelimit": {period: limit[period]}},
                    )
        for application in setup.get("applications", ()):
            self._application(application)

    def _application(self, application: Document) -> None:
        do = self.admin.do
        place = f"services/{_path(application['service'])}/applications"
        name = f"{place}/{_path(application['id'])}"
        members = {key: application[key] for key in ("state", "plan_id", "plan_name") if key in application}
        members |= {"redirect_url": application["redirect_url"]} if "redirect_url" in application else {}
        do("POST", name, {"application": members})
        generated = application.get("keys_generated", {"prefix": "", "count": 0})
        keys = [f"{generated['prefix']}{number}" for number in range(generated["count"])]
        for key in [*application.get("keys", ()), *keys]:
            do("POST", f"{name}/keys/", {"application_key": {"value": key}})
        for key in application.get("user_keys", ()):
            do("PUT", f"{name}/key/{_path(key)}")
        for text in application.get("referrer_filters", ()):
            do("POST", f"{name}/referrer_filters", {"referrer_filter": text})

    def _tokens(self, pairs: list[tuple[str, str]]) -> None:
        for token, service in pairs:
            self.admin.do("POST", "service_tokens/", {"service_tokens": {token: {"service_id": service}}})

    def clear(self, case: Document) -> None:
        """Delete what a case made: its services (the default one last), tokens, errors and events."""
        setup = case["setup"]
        asked = [step["request"]["path"].split("/") for step in case["steps"] if "request" in step]
        names = {parts[3] for parts in asked if parts[1:3] == ["internal", "services"] and len(parts) > 3}
        made = [step["request"].get("json_body") or {} for step in case["steps"] if "request" in step]
        names |= {body["service"]["id"] for body in made if "id" in body.get("service", {})}
        left = sorted({service["id"] for service in setup.get("services", ())} | names - {""})
        tokens = [
            *(
                (token, each["id"])
                for each in setup.get("services", ())
                for token in each.get("service_tokens", ())
            ),
            *((each["token"], each["service"]) for each in setup.get("service_tokens", ())),
        ]
        if tokens:
            pairs = [{"service_token": token, "service_id": service} for token, service in tokens]
            self.admin.do("DELETE", "service_tokens/", {"service_tokens": pairs})
        for name in left:
            self.admin.ask("DELETE", f"services/{_path(name)}/errors/")
        while left:
            after = [name for name in left if self._kept(name)]
            assert after != left, f"services {left} cannot be deleted"
            left = after
        events = self.admin.do("GET", "events/")["events"]
        if events:
            self.admin.do("DELETE", f"events/?upto_id={max(event['id'] for event in events)}")

    def _kept(self, service: str) -> bool:
        """Try to delete a service: the default one stays until the others are gone."""
        return self.admin.ask("DELETE", f"services/{_path(service)}").status not in (200, 404)

    def _step(self, step: Document) -> list[str]:
        if "request" in step:
            return differences(step["expect"], self.send(step["request"]))
        if "clock" in step:
            self.hold(step["clock"])
        if "integration_errors" in step:
            return self._errors(step["integration_errors"])
        if "counter" in step:
            return self._counter(step["counter"])
        return []  # ``drain``: everything was visible when its answer came

    def send(self, request: Document) -> Answer:
        """Send the request of a step."""
        method, target = request["method"], request["path"]
        pairs = [*request.get("params", ()), *_repeated(request.get("params_repeat"))]
        form = "&".join(f"{quote_plus(name)}={quote_plus(value)}" for name, value in pairs)
        in_query = method in ("GET", "HEAD", "OPTIONS")
        query = request.get("raw_query", form if in_query else "")
        headers: dict[str, str | None] = {}
        if "json_body" in request:
            document = request["json_body"]
            body = b"" if document is None else json.dumps(document).encode()
            headers["Content-Type"] = "application/json"
        else:
            body = b"" if in_query else _body(request, form)
            headers["Content-Type"] = request.get("content_type", FORM if method == "POST" else None)
        if target.startswith("/internal/") and not request.get("anonymous"):
            headers |= self.admin.headers
        headers |= request.get("headers", {})
        return self.wire.send(method, f"{target}?{query}" if query else target, headers, body)

    def _errors(self, wanted: Document) -> list[str]:
        told = self.admin.do("GET", f"services/{_path(wanted['service'])}/errors/")
        if told["count"] != wanted["count"]:
            return [f"{told['count']} integration errors, not {wanted['count']}: {told['errors'][:3]}"]
        newest = told["errors"][0] if told["errors"] else {}
        expected = wanted.get("newest", {})
        return [
            f"the newest error's {name} is {newest.get(name)!r}, not {value!r}"
            for name, value in expected.items()
            if newest.get(name) != value
        ]

    def _counter(self, wanted: Document) -> list[str]:
        place = f"services/{_path(wanted['service'])}/applications/{_path(wanted['application'])}/stats"
        named = {name: wanted[name] for name in ("metric", "period", "at")}
        query = "&".join(f"{name}={quote(text, safe='')}" for name, text in named.items())
        value = self.admin.do("GET", f"{place}?{query}")["stats"]["value"]
        if int(value) == wanted["value"]:
            return []
        return [f"counter {wanted['metric']} per {wanted['period']} is {value}, not {wanted['value']}"]


def _path(name: str) -> str:
    return quote(name, safe="")


def _repeated(repeat: Document | None) -> list[tuple[str, str]]:
    if repeat is None:
        return []
    return [
        (name.replace("{i}", str(number)), value.replace("{i}", str(number)))
        for number in range(repeat["times"])
        for name, value in repeat["pairs"]
    ]


def _body(request: Document, form: str) -> bytes:
    if "body_repeat" in request:
        repeat = request["body_repeat"]
        return str(repeat["text"]).encode() * int(repeat["times"])
    return str(request.get("raw_body", form)).encode("utf-8", "surrogateescape")
