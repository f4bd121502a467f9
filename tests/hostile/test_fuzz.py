"""A bounded run of every fuzzer against one server: the corpus, and the same mutations each time."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from stress.hostile import corpus
from stress.hostile.fuzz import Findings, fuzz
from stress.hostile.target import Target, under_attack

MUTATIONS = 300


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with under_attack(tmp_path_factory.mktemp("hostile")) as running:
        yield running


@pytest.mark.slow
@pytest.mark.parametrize("protocol", corpus.PROTOCOLS)
def test_nothing_hostile_breaks_anything(protocol: str, target: Target) -> None:
    found = asyncio.run(fuzz(target, protocol, seed=1, seconds=0, inputs_max=MUTATIONS))

    assert found.problems == []
    assert found.inputs > MUTATIONS + len(corpus.read(protocol))


def test_a_traceback_in_the_log_is_harm(target: Target, tmp_path: Path) -> None:
    assert target.harm() == []

    with (target.place / "serve.log").open("a") as log:
        log.write("Traceback (most recent call last):\n  File\nOopsError: x\n")

    assert target.harm() == ["the log has a traceback: OopsError: x  File\n"]


def test_a_process_that_was_replaced_is_harm(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "_processes", {})

    assert [each.partition(" to ")[0] for each in target.harm()] == ["processes changed from {}"]


def test_an_answer_that_changed_is_harm(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "_quote", "another")

    assert target.harm() == ["a well-behaved client got another answer"]


def test_growth_is_told_by_process() -> None:
    found = Findings("jsonrpc", 1, memory=[{"a": 1, "b": 1}, {"a": 5, "b": 1}, {"a": 9, "b": 1, "c": 7}])

    assert found.growth() == {"a": 4, "b": 0}


@pytest.mark.parametrize("protocol", corpus.PROTOCOLS)
def test_a_seed_makes_the_same_inputs_again(protocol: str) -> None:
    first, second, other = (corpus.Source(protocol, seed) for seed in (1, 1, 2))
    made = [first.made() for _ in range(50)]

    assert made == [second.made() for _ in range(50)]
    assert made != [other.made() for _ in range(50)]
