"""Imports a rate deck: reads it, and writes the folder that ``load`` takes, whole or not at all."""

import csv
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cgrates_py.rate_decks.building import HEADINGS, Built, Profile, Sheets, build
from cgrates_py.rate_decks.columns import Field, Layout
from cgrates_py.rate_decks.findings import Findings
from cgrates_py.rate_decks.reading import Deck, Rules, read_deck
from cgrates_py.rate_decks.sheets import opened


class FolderError(ValueError):
    """The folder cannot be written; the text says why."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a deck: its shape, prices and files, and what was not taken as it stood."""

    shape: str
    deck: Deck
    built: Built
    findings: Findings


def import_deck(
    path: Path,
    layout: Layout,
    wanted: Mapping[Field, str],
    rules: Rules,
    profile: Profile,
    as_of_ns: int,
    *,
    delimiter: str | None = None,
    encoding: str | None = None,
) -> Imported:
    """Read a deck and make the files of a folder, without writing them.

    Raises SheetError, ColumnsError, BuildingError, OSError.
    """
    sheet = opened(path, delimiter=delimiter, encoding=encoding)
    findings = Findings()
    deck = read_deck(sheet, layout, wanted, rules, findings)
    return Imported(sheet.shape, deck, build(deck, profile, as_of_ns, findings), findings)


def write_folder(out: Path, sheets: Sheets) -> None:
    """Write the files where there is nothing yet, or an earlier import. Raises FolderError, OSError."""
    if out.exists():
        others = (
            [each.name for each in out.iterdir() if each.name not in HEADINGS] if out.is_dir() else ["a file"]
        )
        if others:
            raise FolderError(f"{out}: expected nothing or an earlier import, got {others[0]}")
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        for name, heading in HEADINGS.items():
            with (fresh / name).open("w", encoding="utf-8", newline="") as stream:
                stream.write(",".join(heading) + "\n")
                csv.writer(stream, lineterminator="\n").writerows(sheets[name])
        if out.exists():
            shutil.rmtree(out)
        fresh.chmod(0o755)
        fresh.rename(out)
    finally:
        if fresh.exists():
            shutil.rmtree(fresh)
