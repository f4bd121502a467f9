"""What the commands of ``scrooge`` and ``cyclops`` do: read the store, print a document."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import typer

from cgrates_py.cli import tables
from cgrates_py.cli.settings import load_settings
from cgrates_py.cli.stores import with_store
from cgrates_py.client import plain_json
from cgrates_py.settings import Settings
from cgrates_py.usage.administration import read_setup
from cgrates_py.usage.cyclops.states import States
from rater.usage.scrooge_setup import ScroogeSetup
from storage.loading.setup_documents import Members, cyclops_document, scrooge_document
from storage.valkey import ValkeyStore


def show_scrooge(as_json: bool, config: Path | None, **place: Any) -> None:
    """Show what Scrooge is set up with."""

    async def read(store: ValkeyStore) -> Members:
        return scrooge_document(await read_setup(store) or ScroogeSetup())

    _show(read, as_json, config, place)


def show_cyclops(as_json: bool, config: Path | None, **place: Any) -> None:
    """Show what Cyclops RC is set up with."""

    async def read(store: ValkeyStore) -> Members:
        return cyclops_document(await States(store).read())

    _show(read, as_json, config, place)


def _show(
    read: Callable[[ValkeyStore], Awaitable[Members]], as_json: bool, config: Path | None, place: Members
) -> None:
    async def work(store: ValkeyStore, _: Settings) -> None:
        text = msgspec.json.encode(await read(store))
        if as_json:
            typer.echo(msgspec.json.format(text).decode())
        else:
            members = plain_json(text)
            tables.document(tables.out(), {name: _rows(member) for name, member in members.items()})

    with_store(load_settings(config, **place), work)


def _rows(member: Any) -> Any:
    """Make rows of what is a list or an object; usage types in a row are told by their symbols."""
    if isinstance(member, dict):
        return [{"meter": name, "rate": rate} for name, rate in member.items()]
    if not isinstance(member, list):
        return member
    return [{name: _cell(value) for name, value in row.items()} for row in member]


def _cell(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return ", ".join(each["usage_type"] if isinstance(each, dict) else each for each in value)
