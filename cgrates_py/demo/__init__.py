"""Demo data: the example of 2012, a small retail tariff, a company that shares costs, an API product."""

from pathlib import Path

FOLDERS: tuple[Path, ...] = tuple(
    Path(__file__).parent / name for name in ("classic", "retail", "ventures", "gateway")
)
"""The folders to load, in this order. ``retail`` is made by ``python -m stress decks --retail``."""
