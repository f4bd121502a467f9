"""The command line of the simulation."""

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from itertools import count

from stress.simulate.mutants import MUTANTS, Mutant
from stress.simulate.plan import make
from stress.simulate.shrink import shrink
from stress.simulate.world import Outcome, simulate

_REPORT_S = 10.0


def main(arguments: Sequence[str]) -> int:
    """Simulate the seeds asked for; 1 if there was a finding."""
    options = _options(arguments)
    mutant = MUTANTS[options.mutant] if options.mutant else Mutant
    started = said = time.monotonic()
    worlds = failed = 0
    simulated_s = 0.0
    for seed in _seeds(options):
        outcome = simulate(make(seed), mutant)
        worlds += 1
        simulated_s += outcome.simulated_s
        if options.trace:
            _print_trace(outcome)
        if outcome.findings:
            failed += 1
            _print_findings(outcome, options.mutant)
            if options.shrink:
                print(shrink(make(seed), mutant, lambda text: print(f"  {text}", file=sys.stderr)))
            if failed >= options.stop_after:
                break
        now = time.monotonic()
        if options.minutes and now - started > 60 * options.minutes:
            break
        if now - said > _REPORT_S:
            said = now
            print(f"seed {seed}: {worlds} worlds, {failed} with findings", file=sys.stderr)
    took_s, cpu_s = time.monotonic() - started, time.process_time()
    print(
        f"{worlds} worlds ({simulated_s / 3600:.1f} simulated hours) in {took_s:.1f} s,"
        f" {60 * worlds / cpu_s:.0f} a minute of one core: {failed} with findings"
    )
    return 1 if failed else 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m stress simulate",
        description="Play many small worlds on simulated time, network and disk, and judge each of them.",
    )
    parser.add_argument("--seed", type=int, help="one world")
    parser.add_argument("--seeds", metavar="FROM:TO", help="worlds, the last not included; 0:1000")
    parser.add_argument(
        "--minutes", type=float, default=0.0, help="stop after that; without --seeds, go on until then"
    )
    parser.add_argument("--trace", action="store_true", help="print everything that happens")
    parser.add_argument("--mutant", choices=sorted(MUTANTS), help="break this, to see that it is found")
    parser.add_argument("--shrink", action="store_true", help="print the smallest plan that still fails")
    parser.add_argument("--stop-after", type=int, default=10, metavar="N", help="stop after N failing seeds")
    return parser.parse_args(arguments)


def _seeds(options: argparse.Namespace) -> Iterable[int]:
    if options.seed is not None:
        return [options.seed]
    if options.seeds is None and options.minutes:
        return count()
    first, _, last = (options.seeds or "0:1000").partition(":")
    return range(int(first), int(last)) if last else count(int(first))


def _print_trace(outcome: Outcome) -> None:
    print(f"seed {outcome.seed}, digest {outcome.digest}, {outcome.events} events")
    for at, event in outcome.trace:
        print(f"{at:12.6f}  {event}")


def _print_findings(outcome: Outcome, mutant: str | None) -> None:
    print(f"seed {outcome.seed}: {len(outcome.findings)} findings", flush=True)
    for finding in outcome.findings[:5]:
        print(f"  {finding}")
    broken = f" --mutant {mutant}" if mutant else ""
    print(f"  replay: python -m stress simulate --seed {outcome.seed} --trace{broken}", flush=True)
