"""``python -m stress COMMAND …``: the load clients, the benchmark and the makers of tariff folders."""

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import cast

COMMANDS = {
    "bench": "measure the server beside a bare echo, and print the table",
    "client": "the page's Python client, asking again and again",
    "openloop": "requests at a fixed rate, and the percentiles of their latency",
    "faults": "break the server on purpose, and check every answer",
    "simulate": "many small worlds on simulated time, network and disk, each judged",
    "decks": "make tariff folders of any size",
    "cdrs": "make a file of the calls of a month",
    "hostile": "attack a server of its own: fuzzers of every wire, and crowds of bad connections",
}


def main(arguments: Sequence[str]) -> int:
    """Run the command that the first argument names."""
    if not arguments or arguments[0] not in COMMANDS:
        lines = (f"  {name:10}{what}\n" for name, what in COMMANDS.items())
        asked = arguments[:1] in (["-h"], ["--help"])
        (sys.stdout if asked else sys.stderr).write(
            f"usage: python -m stress COMMAND [options]\n\n{''.join(lines)}"
        )
        return 0 if asked else 2
    command = cast(Callable[[Sequence[str]], int], import_module(f"stress.{arguments[0]}").main)
    return command(arguments[1:])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
