"""What the commands of ``tariff`` about versions do: list, activate, roll back, export."""

import time
from collections.abc import Iterator
from getpass import getuser
from pathlib import Path
from typing import Any

import orjson
import typer
from rich.console import Console

from cgrates_py.cli import USAGE, CommandError, tables
from cgrates_py.cli.settings import load_settings
from cgrates_py.cli.stores import with_store
from cgrates_py.cli.tariff_reading import read_tariffs
from cgrates_py.settings import Settings
from cgrates_py.versions import Change, Followed, activate, roll_back
from rater import instant
from storage.exporting import ExportError, export
from storage.tariffs import AUTHOR_CHARS_MAX, NOTE_CHARS_MAX, Deed, Made
from storage.timeline import EVER, Timeline, TimelineError, spans
from storage.valkey import ValkeyStore

HASH_CHARS_SHOWN = 12


def versions(as_json: bool, **place: Any) -> None:
    """List all versions, the oldest first."""

    async def work(store: ValkeyStore, _: Settings) -> None:
        found, timeline, now_ns = await store.versions(), await store.timeline(), time.time_ns()
        if as_json:
            typer.echo(orjson.dumps([_document(each, timeline, now_ns) for each in found]).decode())
        else:
            rows = [_row(each, timeline, now_ns) for each in found]
            tables.out().print(tables.records("versions of the tariff", rows))

    with_store(_settings(place), work)


def activate_version(version: int, at: str | None, **place: Any) -> None:
    """Have a version price calls."""
    now_ns = time.time_ns()
    from_ns = from_of(at, now_ns)

    async def work(store: ValkeyStore, _: Settings) -> None:
        try:
            changed = await activate(store, version, from_ns, now_ns)
        except TimelineError as error:
            raise CommandError(str(error)) from None
        _tell(changed, from_ns, now_ns)

    with_store(_settings(place), work)


def rollback(**place: Any) -> None:
    """Take back the last change of what is in force."""

    async def work(store: ValkeyStore, _: Settings) -> None:
        try:
            changed = await roll_back(store)
        except TimelineError as error:
            raise CommandError(str(error)) from None
        _tell(changed, EVER, time.time_ns())

    with_store(_settings(place), work)


def export_version(where: str, folder: Path, **place: Any) -> None:
    """Write a tariff as files that can be loaded."""
    (tariff,) = read_tariffs([where], time.time_ns(), **place)
    try:
        written = export(tariff, folder)
    except (ExportError, OSError) as error:
        raise CommandError(str(error)) from None
    typer.echo(f"{folder}: {', '.join(written)}")


def from_of(at: str | None, now_ns: int) -> int:
    """Read ``--at``: from which start of calls on; without it, for every call. Raises CommandError."""
    if at is None:
        return EVER
    if at == "now":
        return now_ns
    try:
        return instant.parse(at)[0]
    except instant.InstantError:
        expected = "now, or a time such as 2026-12-01T00:00:00Z"
        raise CommandError(f"--at: expected {expected}, got {at!r}", USAGE) from None


def deed_of(author: str | None, note: str, at: str | None, now_ns: int) -> Deed:
    """Read who loads a tariff, why, and from when on it is to price calls. Raises CommandError."""
    author = login_name() if author is None else author
    for option, text, most in (("--author", author, AUTHOR_CHARS_MAX), ("--note", note, NOTE_CHARS_MAX)):
        if len(text) > most or not (text.isprintable() or not text):
            raise CommandError(f"{option}: expected at most {most} printable characters", USAGE)
    return Deed(now_ns, author, note, from_of(at, now_ns))


def login_name() -> str:
    """Tell who runs this command; empty if the machine does not know."""
    try:
        return getuser()[:AUTHOR_CHARS_MAX]
    except (KeyError, OSError):  # in a container, a user id may have no name
        return ""


def told(timeline: Timeline) -> Iterator[str]:
    """Say which version prices which calls, a line for each."""
    for version, from_ns, until_ns in spans(timeline):
        if from_ns == EVER:
            when = "every call" if until_ns is None else f"calls that start before {instant.text(until_ns)}"
        elif until_ns is None:
            when = f"calls that start at {instant.text(from_ns)} or later"
        else:
            when = f"calls that start from {instant.text(from_ns)} to {instant.text(until_ns)}"
        yield f"version {version} prices {when}" if version else f"there is no tariff for {when}"


def tell_followed(followed: Followed, from_ns: int, now_ns: int) -> None:
    """Say on stderr which raters did not follow, or not in time."""
    err = Console(stderr=True, soft_wrap=True, highlight=False)
    if followed.late:
        err.print(f"notice: not yet in force on {', '.join(followed.late)}", markup=False)
    if now_ns < from_ns <= followed.at_ns:
        behind = "calls that began then may have been priced by the version before"
        err.print(f"notice: {instant.text(from_ns)} came before every rater had it: {behind}", markup=False)


def _tell(changed: Change, from_ns: int, now_ns: int) -> None:
    if changed.after == changed.before:
        typer.echo("nothing to change")
    for line in told(changed.after):
        typer.echo(line)
    tell_followed(changed.followed, from_ns, now_ns)


def _settings(place: dict[str, Any]) -> Settings:
    config: Path | None = place.pop("config")
    return load_settings(config, **place)


def _document(made: Made, timeline: Timeline, now_ns: int) -> dict[str, Any]:
    return {
        "Version": made.version,
        "Made": instant.text(made.at_ns) if made.at_ns else None,
        "Author": made.author,
        "Note": made.note,
        "Hash": made.content,
        "Base": made.base,
        "Bytes": made.size,
        "Counts": dict(made.counts),
        "Kept": made.version in timeline.kept,
        "InForce": timeline.version_at(now_ns) == made.version,
        "Prices": [
            {"From": _time(from_ns), "Until": _time(until_ns)}
            for version, from_ns, until_ns in spans(timeline)
            if version == made.version
        ],
    }


def _row(made: Made, timeline: Timeline, now_ns: int) -> dict[str, Any]:
    return {
        "Version": made.version,
        "State": _state(made.version, timeline, now_ns),
        "Made": instant.text(made.at_ns // instant.SECOND * instant.SECOND) if made.at_ns else "",
        "Author": made.author,
        "Note": made.note,
        "Hash": made.content[:HASH_CHARS_SHOWN],
        "Base": made.base or "",
        "Things": ", ".join(f"{count} {name}" for name, count in made.counts.items()),
    }


def _state(version: int, timeline: Timeline, now_ns: int) -> str:
    found = []
    for each, from_ns, until_ns in spans(timeline):
        if each == version:
            begins = from_ns > now_ns
            ended = until_ns is not None and until_ns <= now_ns
            state = f"from {_time(from_ns)}" if begins else "earlier calls" if ended else "in force"
            until = f" until {_time(until_ns)}" if until_ns is not None else ""
            found.append(state + until)
    return "; ".join(found) or ("kept" if version in timeline.kept else "snapshot dropped")


def _time(instant_ns: int | None) -> str | None:
    return None if instant_ns is None or instant_ns == EVER else instant.text(instant_ns)
