"""The command line ``cgrates-py``. Commands import what they need when they run, so ``--help`` is quick."""

import sys
from typing import NoReturn

FAILURE = 1
"""Exit code: the command was understood and failed."""
USAGE = 2
"""Exit code: the command line or a setting is wrong."""


class CommandError(Exception):
    """Ends a command: its text goes to stderr, ``code`` is the exit code."""

    def __init__(self, text: str, code: int = FAILURE) -> None:
        super().__init__(text)
        self.code = code


def main() -> NoReturn:
    """Run the command line of this process and exit."""
    from cgrates_py.cli.app import app  # noqa: PLC0415 -- importing this package alone stays free of typer

    try:
        app(prog_name="cgrates-py")
    except CommandError as error:
        sys.stderr.write(f"cgrates-py: {error}\n")
        sys.exit(error.code)
    except BrokenPipeError:  # the reader of a pipe (head, less) has seen enough
        sys.stderr.close()
        sys.exit(FAILURE)
    sys.exit(0)
