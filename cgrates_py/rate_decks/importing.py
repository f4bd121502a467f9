"""Imports a rate deck: reads it, and writes the folder that ``load`` takes, whole or not at all."""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cgrates_py.rate_decks.building import Built, Profile, Sheets, build
from cgrates_py.rate_decks.columns import Field, Layout
from cgrates_py.rate_decks.findings import Findings
from cgrates_py.rate_decks.reading import Deck, Rules, read_deck
from cgrates_py.rate_decks.sheets import opened
from storage.exporting import write_sheet
from storage.loading.folder import TARIFF_COLUMNS


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
        found = [each.name for each in out.iterdir()] if out.is_dir() else ["a file"]
        others = [name for name in found if name not in TARIFF_COLUMNS]
        if others:
            raise FolderError(f"{out}: expected nothing or an earlier import, got {others[0]}")
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        for name, columns in TARIFF_COLUMNS.items():
            write_sheet(fresh / name, columns, sheets[name])
        if out.exists():
            shutil.rmtree(out)
        fresh.chmod(0o755)
        fresh.rename(out)
    finally:
        if fresh.exists():
            shutil.rmtree(fresh)
