"""``python -m stress hostile fuzz|pressure``: attack a server of its own, and tell what broke."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from stress.hostile import corpus
from stress.hostile.fuzz import fuzz
from stress.hostile.target import under_attack


def main(arguments: Sequence[str]) -> int:
    """Run as a program; 1 if anything broke."""
    parser = argparse.ArgumentParser(
        prog="python -m stress hostile", description="Attack a server of its own."
    )
    kinds = parser.add_subparsers(dest="kind", required=True)
    fuzzing = kinds.add_parser("fuzz", help="hostile bytes on every port")
    fuzzing.add_argument("--protocol", choices=[*corpus.PROTOCOLS, "all"], default="all")
    fuzzing.add_argument("--minutes", type=float, default=1.0, help="for each protocol (default 1)")
    fuzzing.add_argument("--seed", type=int, default=1)
    pressing = kinds.add_parser("pressure", help="many, slow and greedy connections")
    pressing.add_argument("--quick", action="store_true", help="a tenth of the connections, seconds each")
    chosen = parser.parse_args(arguments)
    if chosen.kind == "pressure":
        from stress.hostile.pressure import press  # noqa: PLC0415 -- the fuzzers do without

        return press(quick=chosen.quick)
    protocols = corpus.PROTOCOLS if chosen.protocol == "all" else (chosen.protocol,)
    return _fuzz(protocols, chosen.minutes * 60, chosen.seed)


def _fuzz(protocols: Sequence[str], seconds: float, seed: int) -> int:
    broken = 0
    for protocol in protocols:
        with tempfile.TemporaryDirectory(prefix="hostile-") as place, under_attack(Path(place)) as target:
            found = asyncio.run(fuzz(target, protocol, seed, seconds))
        broken += len(found.problems)
        _say("\n".join([str(found), *found.problems]))
    return 1 if broken else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
