"""Demo data: the example of 2012 in its format, a small retail tariff in CSV, an API product for gateways."""

from pathlib import Path

FOLDERS: tuple[Path, ...] = tuple(Path(__file__).parent / name for name in ("classic", "retail", "gateway"))
"""The folders to load, in this order. ``retail`` is made by ``python -m stress decks --retail``."""
