"""What a scenario is: a name, a line on what it does, and two runs: of the product, and of a broken one."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

MODULES = (
    "kills",
    "failpoints",
    "frozen",
    "network",
    "store_faults",
    "linearizable",
    "swap",
    "activation",
    "clock",
    "cluster",
    "lost_update",
    "soak",
)
"""The modules under ``stress.faults`` that define a ``SCENARIO``, in the order in which they run."""

DIFFERENCES_SHOWN = 20
"""Of one run; a thousand times the same says no more."""


@dataclass(frozen=True, slots=True)
class Options:
    """How to run: ``seconds`` of faults (aim, not deadline); ``quick`` shrinks everything for every check."""

    seed: int
    seconds: float
    quick: bool
    place: Path
    """A directory of the run's own, which exists and is removed afterwards unless something was found."""


@dataclass(slots=True)
class Findings:
    """What a run found: ``differences`` from what must be, in sentences; ``figures`` to be reported."""

    differences: list[str] = field(default_factory=list)
    figures: dict[str, object] = field(default_factory=dict)

    def add(self, *differences: str) -> None:
        """Add differences."""
        self.differences += differences


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario. ``run`` must find nothing, ``run_broken`` (a sabotaged product) at least one difference.

    ``alone`` ones never run beside another.
    """

    name: str
    does: str
    run: Callable[[Options], Awaitable[Findings]]
    run_broken: Callable[[Options], Awaitable[Findings]]
    alone: bool = False


def scenarios() -> dict[str, Scenario]:
    """List every scenario by its name."""
    found: list[Scenario] = [import_module(f"stress.faults.{module}").SCENARIO for module in MODULES]
    return {each.name: each for each in found}


@dataclass(slots=True)
class Result:
    """A scenario's outcome: red when ``problems`` has anything."""

    name: str
    problems: list[str]
    figures: dict[str, object]
    seconds: float


async def judge(scenario: Scenario, options: Options) -> Result:
    """Run a scenario on a broken product, which it must notice, and then on ours."""
    loop = asyncio.get_running_loop()
    started_s = loop.time()
    problems: list[str] = []
    figures: dict[str, object] = {}
    for broken in (True, False):
        name = "broken" if broken else "run"
        place = options.place / scenario.name / name
        place.mkdir(parents=True)
        chosen = Options(options.seed, options.seconds, options.quick, place)
        try:
            findings = await (scenario.run_broken if broken else scenario.run)(chosen)
        except Exception as error:
            problems.append(f"{name}: {type(error).__name__}: {error}")
            (place / "error.txt").write_text(traceback.format_exc(), "utf-8")
            continue
        if broken:
            figures["found when broken"] = len(findings.differences)
            if not findings.differences:
                problems.append("cannot fail: a broken product was not noticed")
        else:
            problems += findings.differences[:DIFFERENCES_SHOWN]
            more = len(findings.differences) - DIFFERENCES_SHOWN
            problems += [f"… and {more} more"] if more > 0 else []
            figures |= findings.figures
    return Result(scenario.name, problems, figures, loop.time() - started_s)
