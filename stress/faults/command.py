"""``python -m stress faults``: runs scenarios, prints what they found, ends with 1 if anything is wrong."""

import argparse
import asyncio
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import structlog

from stress.faults.scenario import Options, Result, Scenario, judge, scenarios

MINUTES = 10.0
QUICK_S = 6.0
AT_ONCE_QUICK = 3
"""Quick scenarios beside each other: they wait more than they work."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run as a program. The exit code is 1 if a scenario found a difference, or cannot find any."""
    known = scenarios()
    chosen = _parser(list(known)).parse_args(arguments)
    picked = [known[name] for name in chosen.only or known]
    if chosen.list:
        sys.stdout.write("".join(f"{each.name:16}{each.does}\n" for each in picked))
        return 0
    _quiet()
    seed = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(10**6)
    seconds = QUICK_S if chosen.quick else chosen.minutes * 60 / len(picked)
    place = Path(tempfile.mkdtemp(prefix="faults-"))
    options = Options(seed, seconds, chosen.quick, place)
    started_s = time.monotonic()
    results = asyncio.run(_run(picked, options))
    wrong = any(result.problems for result in results)
    if chosen.json:
        told = {"seed": seed, "results": [asdict(result) for result in results]}
        sys.stdout.write(json.dumps(told, indent=1, default=str) + "\n")
    else:
        sys.stdout.write(_report(results))
    names = " ".join(each.name for each in picked)
    span = "--quick" if chosen.quick else f"--minutes {chosen.minutes:g}"
    lasted = f"{time.monotonic() - started_s:.0f} s"
    sys.stderr.write(f"{lasted}; again: python -m stress faults {span} --seed {seed} --only {names}\n")
    if wrong:
        sys.stderr.write(f"logs and data are kept in {place}\n")
        sys.stderr.write(_problems(results))
    else:
        shutil.rmtree(place)
    return int(wrong)


async def _run(picked: Sequence[Scenario], options: Options) -> list[Result]:
    """Run the scenarios; quick ones side by side unless they want to be alone."""
    together = AT_ONCE_QUICK if options.quick else 1
    turn = asyncio.Semaphore(together)

    async def one(scenario: Scenario) -> Result:
        async with turn:
            result = await judge(scenario, options)
        sys.stderr.write(f"{scenario.name}: {'WRONG' if result.problems else 'ok'}, {result.seconds:.0f} s\n")
        return result

    results = await asyncio.gather(*(one(each) for each in picked if not each.alone))
    results += [await one(each) for each in picked if each.alone]
    places = {scenario.name: place for place, scenario in enumerate(picked)}
    return sorted(results, key=lambda result: places[result.name])


def _report(results: Sequence[Result]) -> str:
    lines = []
    for result in results:
        verdict = f"{len(result.problems)} WRONG" if result.problems else "ok"
        lines.append(f"{result.name:16}{verdict:12}{result.seconds:7.1f} s")
        lines += [f"    {name}: {value}" for name, value in result.figures.items()]
        lines += [f"    ! {problem}" for problem in result.problems]
    return "\n".join(lines) + "\n"


def _problems(results: Sequence[Result]) -> str:
    """List what was wrong once more: the end of a log is what people see of it."""
    return "".join(f"! {result.name}: {problem}\n" for result in results for problem in result.problems)


def _quiet() -> None:
    """Leave out the log lines of the product's parts that run in this process."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))


def _parser(names: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m stress faults", description="Break the server on purpose and check every answer."
    )
    parser.add_argument("--minutes", type=float, default=MINUTES, help="of faults in all (default 10)")
    parser.add_argument("--seed", type=int, help="replays the same requests and faults; drawn without one")
    parser.add_argument("--only", nargs="+", choices=names, metavar="NAME", help=", ".join(names))
    parser.add_argument("--quick", action="store_true", help="every scenario small, in a few minutes")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--list", action="store_true", help="list the scenarios")
    return parser
