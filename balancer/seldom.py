"""Log lines that strangers can cause: a few tell what goes on, and many cannot fill a disk."""

from collections.abc import Callable
from typing import Final

SELDOM_S: Final = 10.0
"""Between two lines about the same thing: a day of an attack is a megabyte of log."""


class Seldom:
    """Says a line at once, then nothing for ``every_s``, then the last one with the number of others.

    What is held back is said by the next ``note`` or ``tell`` after that time. ``clock`` is in seconds.
    """

    __slots__ = ("_clock", "_due", "_every_s", "_held", "_last", "_say")

    def __init__(
        self, say: Callable[[str], None], clock: Callable[[], float], every_s: float = SELDOM_S
    ) -> None:
        self._say = say
        self._clock = clock
        self._every_s = every_s
        self._due = clock()
        self._held = 0
        self._last = ""

    def note(self, line: str) -> None:
        """Say ``line``, now or as one of those that are counted."""
        self._held += 1
        self._last = line
        self.tell()

    def tell(self) -> None:
        """Say what was held back, if it is time."""
        if not self._held or (now := self._clock()) < self._due:
            return
        more = f" (and {self._held - 1} such lines before)" if self._held > 1 else ""
        self._say(self._last + more)
        self._due = now + self._every_s
        self._held = 0
