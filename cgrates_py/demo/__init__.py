"""Demo data: the example of 2012, a small retail tariff, a company that shares costs, a cloud, an API."""

from pathlib import Path

FOLDERS: tuple[Path, ...] = tuple(
    Path(__file__).parent / name for name in ("classic", "retail", "ventures", "cloud", "gateway")
)
"""The folders to load, in this order. ``retail`` is made by ``python -m stress decks --retail``."""
