"""The simulation finds nothing in the product, everything in broken variants, and the same every time."""

import subprocess
import sys

import pytest

from stress.simulate.command import main
from stress.simulate.mutants import MUTANTS
from stress.simulate.plan import make
from stress.simulate.regressions import REGRESSIONS
from stress.simulate.shrink import shrink
from stress.simulate.world import simulate, simulate_seed

SEEDS = range(100, 220)
MUTANT_SEEDS = 40
"""Each is found within ten today; what the product draws first may change that."""

DIGESTS = """
from stress.simulate.world import simulate_seed
print([simulate_seed(seed).digest for seed in range(100, 106)])
"""


@pytest.mark.slow
@pytest.mark.parametrize("first", SEEDS[::20])
def test_the_product_keeps_its_promises_in_every_world(first: int) -> None:
    outcomes = [simulate_seed(seed) for seed in range(first, first + 20)]
    assert [(each.seed, each.findings) for each in outcomes if each.findings] == []


@pytest.mark.parametrize("name", sorted(MUTANTS))
def test_a_broken_variant_is_found_within_forty_seeds(name: str) -> None:
    assert any(simulate_seed(seed, MUTANTS[name]).findings for seed in range(MUTANT_SEEDS))


@pytest.mark.parametrize("name", sorted(REGRESSIONS))
def test_a_world_that_failed_once_fails_no_more(name: str) -> None:
    outcome = simulate(REGRESSIONS[name].plan)
    assert outcome.findings == (), REGRESSIONS[name].why


def test_a_seed_gives_the_same_world_in_every_process() -> None:
    runs = [
        subprocess.run(
            [sys.executable, "-c", DIGESTS],
            env={"PYTHONHASHSEED": hash_seed},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
        for hash_seed in ("1", "2")
    ]
    assert runs[0] == runs[1]
    assert runs[0].strip() == str([simulate_seed(seed).digest for seed in range(100, 106)])


def test_different_seeds_give_different_worlds() -> None:
    assert len({simulate_seed(seed).digest for seed in range(100, 105)}) == 5


def test_a_failing_plan_is_made_smaller_and_still_fails() -> None:
    plan = make(0)
    smaller = shrink(plan, MUTANTS["hasty"], lambda _: None)
    assert len(smaller.asks) < len(plan.asks)
    assert simulate(smaller, MUTANTS["hasty"]).findings
    assert not simulate(smaller).findings


def test_a_failing_seed_is_told_with_the_command_that_replays_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seed", "0", "--mutant", "hasty"]) == 1
    printed = capsys.readouterr().out
    assert "replay: python -m stress simulate --seed 0 --trace --mutant hasty" in printed


def test_a_seed_without_a_finding_is_told_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seed", "100", "--trace"]) == 0
    printed = capsys.readouterr().out
    assert "seed 100, digest" in printed
    assert "asks" in printed
    assert "0 with findings" in printed
