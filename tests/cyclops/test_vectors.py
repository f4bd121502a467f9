"""The published acceptance cases, all of them, against one server over HTTP."""

import json
from typing import Any

import pytest

from tests.cyclops.vectors_runner import Case, run, shaped
from tests.cyclops.wire import Service
from tests.shell.servers import ROOT

VECTORS = ROOT.parent / "shared" / "vectors" / "cyclops_cases.json"
COUNT = 19


def published() -> list[Case]:
    """The cases; none without the file."""
    found: list[Case] = json.loads(VECTORS.read_text("utf-8"))["cases"] if VECTORS.is_file() else []
    return found


@pytest.mark.parametrize("case", published(), ids=lambda case: case["id"])
def test_a_published_case_is_answered_as_expected(case: Case, service: Service) -> None:
    run(service, case)


@pytest.mark.skipif(not VECTORS.is_file(), reason="the acceptance cases at ../shared are not here")
def test_every_published_case_is_run() -> None:
    assert len(published()) == COUNT


@pytest.mark.parametrize(
    ("wanted", "found", "same"),
    [
        ({"a": ["<int>", 3]}, {"a": [1, 3]}, True),
        ({"a": ["<int>", 3]}, {"a": ["1", 3]}, False),
        ({"a": []}, {"a": [1]}, False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        (3, "3", False),
    ],
)
def test_a_shape_is_compared_to_its_leaves(wanted: Any, found: Any, same: bool) -> None:
    assert same == shaped(wanted, found)
