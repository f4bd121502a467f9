"""The page about Cyclops RC beside the code: its tables and figures."""

import re
from typing import get_args

import pytest

from cgrates_py.usage.cyclops import remote
from cgrates_py.usage.cyclops.books import LOOK_BACK_DAYS
from cgrates_py.usage.cyclops.pushing import ROWS_MAX
from cgrates_py.usage.cyclops.scheduler import Command
from cgrates_py.usage.cyclops.sources import RANDOM_RATES, Occasion, _evaluator
from rater.usage.cyclops import DIGITS, WINDOWS_MAX
from storage.cyclops_state import MeterType
from tests.cyclops.desk import Desk
from tests.docs.documents import ROOT, table

PAGE = (ROOT / "docs/CYCLOPS.md").read_text()


async def test_the_table_of_requests_has_every_path_and_method() -> None:
    cells = [row[0].split("`") for row in table(PAGE, "request")]
    told = {(cell[0].strip(), cell[1]) for cell in cells}

    assert told == {(verb, path) for path, verbs in Desk().cyclops.paths.items() for verb in verbs}


def test_the_table_of_meters_has_every_type() -> None:
    assert {row[0].strip("`") for row in table(PAGE, "`metertype`")} == set(get_args(MeterType))


def test_every_name_of_a_formula_is_told() -> None:
    evaluator = _evaluator(Occasion("cpu", 0))
    names = set(evaluator.names) | set(evaluator.functions)

    assert names <= set(re.findall(r"`(\w+)`", PAGE))


@pytest.mark.parametrize(
    "said",
    [
        f"stores `[{{meter, userid, usage, timestamp}}]`, {ROWS_MAX:,} at most",
        f"{WINDOWS_MAX} of them at most",
        f"({LOOK_BACK_DAYS} days back)",
        f"whole or to {DIGITS} digits",
        f"decimals with {DIGITS} digits",
        f"**Chance**: {RANDOM_RATES[0]}, {RANDOM_RATES[1]} or {RANDOM_RATES[2]}",
        f"left alone for {remote.OPEN_S:g} seconds",
        ", ".join(f"`{each}`" for each in ("start", "stop", "restart", "status", "force")),
    ],
)
def test_a_figure_of_the_page_is_that_of_the_code(said: str) -> None:
    assert said in " ".join(PAGE.split())
    assert [each.value for each in Command] == ["start", "stop", "restart", "status", "force"]
    assert (remote.TIMEOUT_S, remote.TRIES, remote.FAILURES_MAX) == (1, 2, 5)
