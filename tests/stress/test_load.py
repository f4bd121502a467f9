"""The closed-loop client counts what is answered, and measures nothing that went wrong."""

import asyncio
from pathlib import Path

import pytest

from rater.tariff import Tariff
from storage.loading import load_folder
from stress import load, traffic
from stress.echo import messages
from stress.load import SUCCESS, LoadError, run_load
from stress.traffic import Kind
from tests.stress.servers import answering, good, refused

LINES = [traffic.request(number, body) for number, body in enumerate(traffic.bodies(Kind.GET_COST, 50))]
RUN_S = 0.02


@pytest.fixture(autouse=True)
def _no_long_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(load, "WARM_UP_S", 0.01)
    monkeypatch.setattr(load, "DRAIN_S", 0.2)


@pytest.mark.parametrize("depth", [1, 16])
async def test_every_answer_is_counted_and_every_request_answered(depth: int) -> None:
    async with answering(good) as (port, asked):
        measured = await run_load(port, LINES, depth, RUN_S, 3)

    assert len(asked) == measured.answered
    assert len({request["id"] for request in asked[: 3 * depth]}) == min(3 * depth, 48)
    assert (measured.per_second > 0, bool(measured.latencies_s)) == (True, depth == 1)


async def test_an_answer_in_pieces_is_one_answer() -> None:
    """Cut after each byte that could make the client miss or double its end."""
    pieces = [b'{"id":1,"result":0' + SUCCESS[:cut] for cut in range(len(SUCCESS))]
    run = load.Run(LINES * 2, timed=False)
    caller = load.Caller(run, 0)
    caller.connection_made(_Deaf())

    for piece in pieces:
        caller.data_received(piece)
        caller.data_received(SUCCESS[len(piece) - len(pieces[0]) :] + piece)
        caller.data_received(SUCCESS[len(piece) - len(pieces[0]) :])

    assert (2 * len(pieces), "") == (run.answered, run.fault)


class _Deaf(asyncio.Transport):
    def write(self, data: bytes | bytearray | memoryview) -> None:
        pass


async def test_a_refusal_ends_the_run_and_is_shown() -> None:
    async with answering(lambda asked: (refused if asked["id"] == 7 else good)(asked)) as (port, _):
        with pytest.raises(LoadError, match=r"no success: .*NO: not today"):
            await run_load(port, LINES, 16, RUN_S, 3)


async def test_a_lost_connection_ends_the_run() -> None:
    async with answering(lambda asked: None if asked["id"] == 7 else good(asked)) as (port, _):
        with pytest.raises(LoadError, match="a connection was lost: closed by the server"):
            await run_load(port, LINES, 16, RUN_S, 3)


async def test_requests_without_an_answer_end_the_run_in_time() -> None:
    async with answering(lambda asked: b"" if asked["id"] == 7 else good(asked)) as (port, _):
        with pytest.raises(LoadError, match="1 requests are unanswered"):
            await run_load(port, LINES[:8], 1, seconds=0.05, connections=1)


async def test_nobody_listening_is_an_error_of_the_run(unused_port: int) -> None:
    with pytest.raises(LoadError, match="cannot connect"):
        await run_load(unused_port, LINES, 1, RUN_S, 3)


@pytest.fixture
async def unused_port() -> int:
    async with answering(good) as (port, _):
        return port


@pytest.mark.parametrize("kind", Kind)
def test_requests_differ_and_are_the_same_every_time(kind: Kind) -> None:
    """So that no cache answers them, and two runs measure the same."""
    bodies = traffic.bodies(kind, 4096)

    assert len(set(bodies)) > 4000
    assert (bodies == traffic.bodies(kind, 4096), bodies == traffic.bodies(kind, 4096, seed=2)) == (
        True,
        False,
    )


def test_the_folder_of_the_traffic_loads_without_a_word(tmp_path: Path) -> None:
    traffic.write_folder(tmp_path)
    loaded = load_folder(tmp_path, Tariff(), now_ns=0)

    assert (loaded.problems, loaded.notices) == ((), ())
    assert len(loaded.accounts) == traffic.ACCOUNTS + 1
    assert {traffic.CREDIT * 10**9} == {seed.account.credit for seed in loaded.accounts}


def test_messages_of_the_echo_have_the_size_asked_for_and_end_as_good_answers() -> None:
    """One line each, all different."""
    lines = messages(1565)

    assert {1565} == {len(line) for line in lines}
    assert len(set(lines)) == len(lines)
    assert {(1, True)} == {(line.count(b"\n"), line.endswith(SUCCESS)) for line in lines}
