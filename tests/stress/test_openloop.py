"""The open-loop client counts a wait from when a request was due."""

import itertools
from typing import Any

import pytest

from stress import openloop, traffic
from stress.figures import percentile, table
from stress.openloop import due_times, outcome, run_open_loop
from stress.traffic import Kind
from tests.stress.servers import answering, good, refused

BODIES = traffic.bodies(Kind.DEBIT_ONE, 10)


@pytest.mark.parametrize(
    ("percent", "expected"), [(0.1, 1), (50, 5), (50.1, 6), (90, 9), (99, 10), (99.9, 10), (100, 10)]
)
def test_a_percentile_is_a_value_that_was_measured(percent: float, expected: int) -> None:
    assert expected == percentile(range(1, 11), percent)


def test_a_table_is_markdown_in_columns() -> None:
    expected = """\
| figure |   b |
| ------ | --: |
| x      | 1.5 |
| long   |     |"""

    assert expected == table(("figure", "b"), [("x", "1.5"), ("long", "")])


def test_even_requests_are_due_at_equal_distances() -> None:
    assert due_times(4, 1, poisson=False, seed=1) == [0.0, 0.25, 0.5, 0.75]


def test_poisson_requests_are_due_at_the_rate_and_the_same_for_a_seed() -> None:
    """About as many as asked for, in order, all within the time; pauses are far from equal."""
    due_s = due_times(1000, 10, poisson=True, seed=1)
    pauses_s = [after - before for before, after in itertools.pairwise(due_s)]

    assert due_s == sorted(due_times(1000, 10, poisson=True, seed=1))
    assert due_s != due_times(1000, 10, poisson=True, seed=2)
    assert (9_500 < len(due_s) <= 10_000, max(due_s) < 10) == (True, True)
    assert 0.3 < sum(pause_s > 0.001 for pause_s in pauses_s) / len(pauses_s) < 0.45  # 1/e


def test_a_server_that_stops_for_a_second_delays_everything_due_in_it() -> None:
    """No coordinated omission: what left late because the client was held up shows whole."""
    due_s = [number / 10 for number in range(20)]
    stopped_s = {number: max(due, 1.5) for number, due in enumerate(due_s)}
    found = outcome(due_s, [max(due, 0.5) for due in due_s], stopped_s, [])

    assert (found.asked, found.answered, found.refused) == (20, 20, 0)
    assert {name: round(ms, 6) for name, ms in found.latency_ms.items()} == {
        "p50": 500.0,
        "p90": 1300.0,
        "p99": 1500.0,
        "p99.9": 1500.0,
        "max": 1500.0,
    }
    assert found.late_p99_ms == 500.0


async def test_answers_in_another_order_find_their_requests_and_refusals_are_counted() -> None:
    """The server holds every answer back until the next request of the same connection."""
    held: list[bytes] = []

    def answer(request: dict[str, Any]) -> bytes:
        held.insert(0, (refused if request["id"] % 3 == 0 else good)(request))
        if len(held) == 1:
            return b""
        two = b"".join(held)
        held.clear()
        return two

    async with answering(answer) as (port, asked):
        found = await run_open_loop(("127.0.0.1", port), due_times(1000, 0.03, False, 1), BODIES, 1)

    assert list(range(30)) == [request["id"] for request in asked]
    assert (found.asked, found.answered, found.refused) == (30, 30, 10)
    assert "NO: not today" in found.first_refusal


async def test_missing_answers_are_told_and_not_waited_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openloop, "ANSWER_S", 0.05)
    async with answering(lambda asked: b"" if asked["id"] == 3 else good(asked)) as (port, _):
        found = await run_open_loop(("127.0.0.1", port), due_times(1000, 0.01, False, 1), BODIES, 2)

    assert (found.asked, found.answered) == (10, 9)


async def test_a_lost_connection_ends_the_run_and_what_was_answered_counts() -> None:
    async with answering(lambda asked: None if asked["id"] == 3 else good(asked)) as (port, _):
        found = await run_open_loop(("127.0.0.1", port), due_times(1000, 0.01, False, 1), BODIES, 1)

    assert (found.asked, found.answered) == (10, 3)
    assert "3" in openloop.text(found)
