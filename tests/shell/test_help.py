"""What ``--help`` says is what was written: nothing of it is taken for markup."""

import re
from collections.abc import Iterator
from typing import Any

import typer

from cgrates_py.cli.app import app

MARKUP = re.compile(r"(?<!\\)\[(?!/?bold\])[a-z#/@]")
"""A bracket that rich takes for the name of a style, and swallows."""


def texts(command: Any, path: str) -> Iterator[tuple[str, str]]:
    for parameter in command.params:
        yield f"{path} {parameter.name}", getattr(parameter, "help", None) or ""
    for name, inner in getattr(command, "commands", {}).items():
        yield from texts(inner, f"{path} {name}")


def test_no_default_in_brackets_is_swallowed() -> None:
    told = dict(texts(typer.main.get_command(app), "cgrates-py"))
    assert r"\[the call's]" in told["cgrates-py load timezone"]
    assert [name for name, text in told.items() if MARKUP.search(text)] == []
