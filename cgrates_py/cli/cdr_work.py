"""What commands that read a file of call records share: the layout by the options, and a progress bar."""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from cgrates_py.cdrs.blocks import STDIN
from cgrates_py.cdrs.chunk import RecordsError
from cgrates_py.cdrs.formats import Format, Records, format_of
from cgrates_py.cdrs.layout import GETCOST, Layout, LayoutError
from cgrates_py.cdrs.layout_file import adjusted, named, read_map
from cgrates_py.cli import USAGE, CommandError


class Laid(NamedTuple):
    """How a file is to be read."""

    path: str
    format: Format
    layout: Layout

    def open(self) -> Records:
        """Begin to read."""
        return Records(self.path, self.format, self.layout.columns)


def laid_out(
    cdrs: str,
    *,
    layout: str | None,
    map_file: Path | None,
    column: Sequence[str],
    format_name: str | None,
    adjust: dict[str, str | None],
    international: Sequence[str],
    national: Sequence[str],
    outputs: Sequence[Path | None] = (),
) -> Laid:
    """Put the layout together: the one named, the map over it, the options over both. Raises CommandError.

    ``outputs`` are files to be written: their names have to tell a format as well, each is another file.
    """
    try:
        chosen = _layout(layout, map_file, column, adjust, international, national)
        chosen.check()
        format_ = format_of(cdrs, Format(format_name) if format_name else None)
        _check_outputs(cdrs, [path for path in outputs if path is not None])
    except (LayoutError, RecordsError, OSError) as error:
        raise CommandError(str(error), USAGE) from None
    except ValueError:
        expected = ", ".join(Format)
        raise CommandError(f"--format: expected one of {expected}, got {format_name!r}", USAGE) from None
    return Laid(cdrs, format_, chosen)


def _check_outputs(cdrs: str, outputs: Sequence[Path]) -> None:
    """Refuse outputs that cannot be written, or would take the place of the records or of each other."""
    taken = {} if cdrs == STDIN else {Path(cdrs).resolve(): "the file of call records"}
    for path in outputs:
        format_of(str(path))
        whole = path.resolve()
        if whole in taken:
            raise LayoutError(f"{path}: expected a file of its own, got {taken[whole]}")
        if not whole.parent.is_dir():
            raise LayoutError(f"{path}: there is no directory {path.parent}")
        taken[whole] = "another output"


def _layout(
    name: str | None,
    map_file: Path | None,
    column: Sequence[str],
    adjust: dict[str, str | None],
    international: Sequence[str],
    national: Sequence[str],
) -> Layout:
    base = GETCOST if map_file is None and not column else Layout({})
    base = named(name) if name is not None else base
    if map_file is not None:
        base = read_map(map_file, base)
    base = base.having(dict(_pair("--column", text, "MEMBER=COLUMN") for text in column))
    base = adjusted(base, **adjust)
    if international:
        base = replace(base, international=tuple(international))
    if national:
        base = replace(base, national=tuple(_pair("--national", text, "PREFIX=CODE") for text in national))
    return base


def _pair(option: str, text: str, expected: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise LayoutError(f"{option}: expected {expected}, got {text!r}")
    return name, value


class Bar:
    """Shows on a terminal how much of the file is read, calls a second, and the time that remains."""

    def __init__(self, records: Records) -> None:
        console = Console(stderr=True)
        self._records = records
        self._started = time.monotonic()
        self._progress = Progress(
            TextColumn("rating"),
            BarColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[rows]:,} rows, {task.fields[speed]:,}/s"),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("rating", total=records.bytes_total, rows=0, speed=0)

    def __enter__(self) -> Callable[[int], None]:
        self._progress.start()
        return self._show

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def _show(self, rows: int) -> None:
        speed = int(rows / max(time.monotonic() - self._started, 0.001))
        read = self._records.bytes_read
        self._progress.update(self._task, completed=read, rows=rows, speed=speed)
