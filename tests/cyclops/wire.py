"""A server as a client of Cyclops RC sees it, with its clock in our hands."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from tests.shell.servers import until
from tests.threescale.vectors_wire import Answer, Wire


class Service:
    """One server: ``/rc`` and the clock."""

    def __init__(self, url: str) -> None:
        self.wire = Wire(url)

    def hold(self, moment: str) -> None:
        """Set and hold the server's clock: ``2015-06-10 01:00:00``."""
        body = json.dumps({"now": moment.replace(" ", "T") + "Z"}).encode()
        answer = self.wire.send("POST", "/test/clock", {"Content-Type": "application/json"}, body)
        assert answer.status in (200, 204), answer

    def get(self, path: str, **query: str) -> Answer:
        """Ask for a path below ``/rc``."""
        words = "&".join(f"{name.rstrip('_')}={quote(value)}" for name, value in query.items())
        return self.wire.send("GET", f"/rc{path}?{words}" if words else f"/rc{path}")

    def post(self, path: str, document: Any, **headers: str) -> Answer:
        """Post JSON (a text as it stands)."""
        body = document if isinstance(document, str) else json.dumps(document)
        given = {"Content-Type": "application/json"} | {
            name.replace("_", "-"): text for name, text in headers.items()
        }
        return self.wire.send("POST", f"/rc{path}", given, body.encode())

    def static(self, rates: str, at: str) -> None:
        """Post static rates (JSON text) at a time."""
        self.hold(at)
        answer = self.post("/rate", f'{{"rate_policy": "static", "rate": {rates}}}')
        assert answer.status == 204, answer

    def meters(self, **status: int) -> None:
        """Set meters, and switch all others off."""
        listed = self.get("/meters").json["points"]
        off = {point[5]: 0 for point in listed}
        rows = [{"metername": name, "status": on} for name, on in (off | status).items()]
        assert not rows or self.post("/meters", rows).status == 200

    def use(self, meter: str, *usages: tuple[str, str, str]) -> None:
        """Push usages (user, JSON literal, time)."""
        rows = ",".join(
            f'{{"meter": "{meter}", "userid": "{user}", "usage": {value}, "timestamp": "{at}"}}'
            for user, value, at in usages
        )
        answer = self.post("/usage", f"[{rows}]")
        assert answer.status == 201, answer

    def rates(self, resource: str, from_: str, to: str) -> list[list[Any]]:
        """List the points of a resource."""
        page = self.get("/rate", resourcename=resource, from_=from_, to=to).json
        points: list[list[Any]] = page["rate"][resource]
        return points

    def charges(self, user: str, from_: str, to: str) -> list[list[Any]]:
        """List the charges of a user."""
        points: list[list[Any]] = self.get("/charge", userid=user, from_=from_, to=to).json["charge"][
            "points"
        ]
        return points

    def until_charged(self, user: str, count: int, from_: str, to: str) -> list[list[Any]]:
        """Wait until a user has so many charges."""
        until(lambda: len(self.charges(user, from_, to)) >= count, f"{count} charges of {user}")
        return self.charges(user, from_, to)


def milliseconds(moment: str) -> int:
    """Tell a moment as answers do."""
    return int(datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp() * 1000)


def after(moment: str, seconds: int) -> str:
    """Tell the moment so many seconds later."""
    return str(datetime.fromisoformat(moment) + timedelta(seconds=seconds))
