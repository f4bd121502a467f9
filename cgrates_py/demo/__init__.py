"""Demo data: the page's example in the format of 2012, and a small operator's retail tariff in CSV."""

from pathlib import Path

FOLDERS: tuple[Path, ...] = tuple(Path(__file__).parent / name for name in ("classic", "retail"))
"""The folders to load, in this order. ``retail`` is made by ``python -m stress decks --retail``."""
