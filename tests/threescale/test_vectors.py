"""The published acceptance cases, all of them, against one server over HTTP.

``python -m tests.threescale.test_vectors`` prints the counts and every difference.
"""

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from tests.shell.servers import ROOT, serving
from tests.threescale.vectors_check import differences
from tests.threescale.vectors_runner import Document, Runner
from tests.threescale.vectors_wire import Answer

VECTORS = ROOT.parent / "shared" / "vectors" / "threescale_cases.json"
COUNT = 110

_HITS_TODAY = "usage_reports/usage_report[@metric='hits'][@period='day']/current_value"


def _answered(endpoint: str, status: int, authorized: str, query: str = "") -> dict[str, Any]:
    request = {
        "method": "GET",
        "path": f"/transactions/{endpoint}.xml",
        "raw_query": f"provider_key=pk&app_id=a1{query}",
    }
    xml = [{"path": "authorized", "text": authorized}, {"path": _HITS_TODAY, "text": "1"}]
    return {"request": request, "expect": {"status": status, "xml": xml}}


def _booked(day: int, value: int) -> dict[str, Any]:
    named = {"service": "1001", "application": "a1", "metric": "m1", "period": "day"}
    return {"counter": {**named, "at": f"2010-05-{day}T12:00:00Z", "value": value}}


BETTER: dict[str, list[Document]] = {
    # two calls at a limit of one: the second is refused, for the first is booked when it is answered
    "AS01": [
        _answered("authrep", 200, "true", "&usage[hits]=1"),
        _answered("authrep", 409, "false", "&usage[hits]=1"),
        _answered("authorize", 200, "true"),
    ],
    # usage without a timestamp counts when it came, not on the day after
    "AS02": [
        {"clock": "2010-05-15T23:59:59Z"},
        {
            "request": {
                "method": "POST",
                "path": "/transactions.xml",
                "raw_body": "provider_key=pk&transactions[0][app_id]=a1&transactions[0][usage][hits]=1",
            },
            "expect": {"status": 202},
        },
        {"clock": "2010-05-16T00:00:01Z"},
        _booked(15, 1),
        _booked(16, 0),
    ],
}
"""What happens here where the cases document a side effect of the reference's queue: the better thing."""


def published() -> list[Document]:
    """The cases, those of ``BETTER`` with our steps; none without the file."""
    if not VECTORS.is_file():
        return []
    cases = json.loads(VECTORS.read_text("utf-8"))["cases"]
    return [case | {"steps": BETTER[case["id"]]} if case.get("reference_only") else case for case in cases]


@pytest.mark.parametrize("case", published(), ids=lambda case: case["id"])
def test_a_published_case_is_answered_as_expected(case: Document, runner: Runner) -> None:
    assert runner.run(case) == [], f"{case['id']}: {case['title']}"


@pytest.mark.skipif(not VECTORS.is_file(), reason="the acceptance cases at ../shared are not here")
def test_every_published_case_is_run_and_only_two_of_them_otherwise() -> None:
    cases = json.loads(VECTORS.read_text("utf-8"))["cases"]

    assert (len(cases), len(published())) == (COUNT, COUNT)
    assert {case["id"] for case in cases if case.get("reference_only")} == BETTER.keys()


_ANSWER = Answer(
    200,
    {"content-type": "application/xml", "x-left": "3"},
    b'<status><plan>Basic</plan><report metric="hits" of="a b"/><report metric="bytes"/></status>',
)


@pytest.mark.parametrize(
    ("expect", "difference"),
    [
        ({}, ""),
        ({"status": 409}, "status 200, not 409"),
        ({"body": ""}, "body b'<status>"),
        ({"headers_are": {"x-left": "3"}}, ""),
        ({"headers_are": {"x-left": "4"}}, "header x-left is '3', not '4'"),
        ({"header_contains": {"content-type": "xml"}}, ""),
        ({"header_contains": {"content-type": "json"}}, "without 'json'"),
        ({"headers_absent": ["x-left"]}, "there is a header x-left"),
        ({"headers_present": ["x-right"]}, "there is no header x-right"),
        ({"xml_root": "error"}, "root status, not error"),
        ({"json": [{"path": "a", "value": 1}]}, "no a ("),
        ({"xml": [{"path": "plan", "text": "Basic"}]}, ""),
        ({"xml": [{"path": "plan", "text": "Gold"}]}, "plan: 'Basic', not 'Gold'"),
        ({"xml": [{"path": "reason", "text": ""}]}, "reason: no such element"),
        ({"xml": [{"path": "report", "count": 2}, {"path": "reason", "count": 0}]}, ""),
        ({"xml": [{"path": "report", "count": 1}]}, "report: 2, not 1"),
        ({"xml": [{"path": "report", "attr": "of", "value": "a b"}]}, ""),
        ({"xml": [{"path": "report", "attr": "of", "value": None}]}, "report: 'a b', not None"),
        ({"xml": [{"path": "report", "attr": "of", "words": ["b", "a"]}]}, ""),
        ({"xml": [{"path": "report", "attr": "of", "words": ["b"]}]}, "not ['b']"),
        ({"xml": [{"path": "report", "attr": "metric", "sequence": ["hits", "bytes"]}]}, ""),
        ({"xml": [{"path": "report", "attr": "metric", "sequence": ["hits"]}]}, "not ['hits']"),
        ({"xml": [{"path": "plan", "matches": "^Bas"}]}, ""),
        ({"xml": [{"path": "plan", "matches": "^as"}]}, "'Basic' does not match"),
    ],
)
def test_what_differs_from_an_expectation_is_told(expect: dict[str, Any], difference: str) -> None:
    found = differences({"status": 200} | expect, _ANSWER)

    assert (difference in " ".join(found), bool(found)) == (True, bool(difference))


@pytest.mark.parametrize(
    ("value", "wanted", "same"), [("true", "true", True), ("true", "1", False), ('"x"', '"x"', True)]
)
def test_members_of_json_are_compared_with_their_types(value: str, wanted: str, same: bool) -> None:
    answer = Answer(200, {}, f'{{"list":[{{"it":{value}}}]}}'.encode())
    expect = {"status": 200, "json": [{"path": "list.0.it", "value": json.loads(wanted)}]}

    assert (differences(expect, answer) == []) is same


def main() -> int:
    """Run all cases, print what differs, tell how many are as expected."""
    cases, good = published(), 0
    with (
        tempfile.TemporaryDirectory() as name,
        serving(Path(name) / "data", "--test-clock", CGRATES_ADMIN_KEY="key") as server,
    ):
        runner = Runner(server.http, "key")
        for case in cases:
            try:
                found = runner.run(case)
            except (AssertionError, OSError) as error:
                found = [f"{type(error).__name__}: {str(error)[:600]}"]
            good += not found
            for text in found:
                sys.stdout.write(f"{case['id']} ({case['title']})\n    {text}\n")
        runner.wire.close()
    better = ", ".join(BETTER)
    sys.stdout.write(f"{good} of {len(cases)} as expected; better than the reference: {better}\n")
    return 0 if good == len(cases) else 1


if __name__ == "__main__":
    sys.exit(main())
