"""Our own acceptance cases: every part of the contract, and input that nobody sends in earnest."""

import pytest

from tests.threescale.cases import administration, answers, credentials, hostile, reports, usage
from tests.threescale.vectors_runner import Document, Runner

_PARTS = (credentials, usage, reports, answers, administration, hostile)
CASES: list[Document] = [case for part in _PARTS for case in part.CASES]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"].replace(" ", "-"))
def test_a_case_is_answered_as_the_contract_says(case: Document, runner: Runner) -> None:
    assert runner.run(case) == []
