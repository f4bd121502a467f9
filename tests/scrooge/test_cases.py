"""Our own acceptance cases, against the same server."""

import pytest

from tests.scrooge.cases import CASES
from tests.scrooge.runner import Document, Runner


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["title"].replace(" ", "-"))
def test_a_case_is_answered_as_the_contract_says(case: Document, runner: Runner) -> None:
    assert runner.run(case) == []
