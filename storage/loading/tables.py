"""Collects what files say under keys: the same said twice is fine, something else under one key is not."""

from collections.abc import Iterator
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class Table(Generic[Key, Value]):
    """Values by key, with the place where each was first said."""

    def __init__(self) -> None:
        self.values: dict[Key, Value] = {}
        self.places: dict[Key, str] = {}

    def put(self, key: Key, value: Value, place: str) -> str | None:
        """Keep a value; tells the place of a different one already there, which then stays."""
        if key not in self.values:
            self.values[key] = value
            self.places[key] = place
        elif self.values[key] != value:
            return self.places[key]
        return None

    def items(self) -> Iterator[tuple[Key, Value]]:
        """List what was kept, in the order of first mention."""
        return iter(self.values.items())
