"""The command line ``cgrates-py``. Commands import what they need when they run, so ``--help`` is quick."""

import sys
from typing import NoReturn

from cgrates_py.garbage import look_rarely

FAILURE = 1
"""Exit code: the command was understood and failed."""
USAGE = 2
"""Exit code: the command line or a setting is wrong."""
PARTS = ("http", "balancer", "rater")
"""Commands that ``serve`` runs, without options: every setting comes by environment."""


class CommandError(Exception):
    """Ends a command: its text goes to stderr, ``code`` is the exit code."""

    def __init__(self, text: str, code: int = FAILURE) -> None:
        super().__init__(text)
        self.code = code


def main() -> NoReturn:
    """Run the command line of this process and exit."""
    look_rarely()
    try:
        if len(sys.argv) == 2 and sys.argv[1] in PARTS:
            _run_part(sys.argv[1])
        else:
            from cgrates_py.cli.app import app  # noqa: PLC0415 -- this package alone stays free of typer

            app(prog_name="cgrates-py")
    except CommandError as error:
        from cgrates_py.visible import visible_lines  # noqa: PLC0415 -- only where something went wrong

        sys.stderr.write(f"cgrates-py: {visible_lines(str(error))}\n")
        sys.exit(error.code)
    except BrokenPipeError:  # the reader of a pipe (head, less) has seen enough
        sys.stderr.close()
        sys.exit(FAILURE)
    sys.exit(0)


def _run_part(name: str) -> None:
    """Run a part: where there are no options to read, a part is up a tenth of a second sooner."""
    from cgrates_py.cli import serving  # noqa: PLC0415 -- no other command needs it

    getattr(serving, name)(None)
