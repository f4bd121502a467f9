"""The published acceptance cases about pushing and reading, all of them, against one server over HTTP."""

import json
from typing import Any

import pytest

from tests.scrooge.runner import Document, Runner
from tests.shell.servers import ROOT

VECTORS = ROOT.parent / "shared" / "vectors" / "scrooge_cases.json"
COUNT = 35

TOKEN_USER = {"username": "reader", "api_key": "0123abcd"}
"""Whose token the cases of the later dialects send; their fixture names no users."""


def published() -> list[Document]:
    """The cases with steps, as the runner takes them; none without the file."""
    if not VECTORS.is_file():
        return []
    document = json.loads(VECTORS.read_text("utf-8"))
    return [_case(each, document["fixtures"]) for each in document["cases"] if "steps" in each]


def _case(case: dict[str, Any], fixtures: dict[str, Any]) -> Document:
    setups = [fixtures[case["fixture"]], {"users": [TOKEN_USER]}]
    if case.get("given") == "usage type su-gb inactive":
        setups.append({"usage_types": [{"symbol": "su-gb", "active": False}]})
    steps = [_step(each, case) for each in case["steps"]]
    rows = case.get("expect_rows_in_order", case.get("expect_rows"))
    return {"id": case["id"], "title": case["title"], "setups": setups, "steps": steps, "rows": rows}


def _step(step: dict[str, Any], case: dict[str, Any]) -> dict[str, Any]:
    expect = step["expect"]
    if expect["status"] == 500:  # the original blames itself for what its client did; the body is the same
        expect = expect | {"status": 400}
    step = step | {"expect": expect}
    if "raw_body" in case:
        step = {name: value for name, value in step.items() if name != "json"} | {"raw": case["raw_body"]}
    return step


@pytest.mark.parametrize("case", published(), ids=lambda case: case["id"])
def test_a_published_case_is_answered_and_stored_as_expected(case: Document, runner: Runner) -> None:
    assert runner.run(case) == [], f"{case['id']}: {case['title']}"


@pytest.mark.skipif(not VECTORS.is_file(), reason="the acceptance cases at ../shared are not here")
def test_every_published_case_with_steps_is_run() -> None:
    assert len(published()) == COUNT
