"""What time it is: the system's, or one that a test holds for all processes at once.

The held time is one integer in a small file that every process maps into memory. Whoever sets it has set it
for all of them by the time the call returns: no message is under way, no process has to follow anything.
"""

import mmap
import struct
import time
from pathlib import Path
from typing import Protocol

_FORMAT = struct.Struct("=q")
_UNSET = 0


HELD_YEARS = (1970, 2261)
"""What may be held: from where the machine's time begins to the last whole year that eight bytes hold."""
_HELD_NS_MAX = 9_214_646_400 * 1_000_000_000 - 1


class ClockRangeError(ValueError):
    """A time that cannot be held."""


class Clock(Protocol):
    """Tells the time to whoever decides by it."""

    def now_ns(self) -> int:
        """Tell the nanoseconds since 1970-01-01T00:00:00Z."""


class SystemClock:
    """The time of this machine."""

    def now_ns(self) -> int:
        """Tell the system's time."""
        return time.time_ns()


class HeldClock:
    """The time in a shared file while one is set there, else the system's."""

    def __init__(self, path: Path) -> None:
        """Map ``path``, which must exist (``create``). Raises OSError or ValueError if it cannot be."""
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), _FORMAT.size)

    @staticmethod
    def create(path: Path) -> None:
        """Make the file, with no time held."""
        path.write_bytes(_FORMAT.pack(_UNSET))

    def now_ns(self) -> int:
        """Tell the held time, or the system's if none is held."""
        (held,) = _FORMAT.unpack_from(self._map)
        return int(held) or time.time_ns()

    def hold(self, now_ns: int) -> None:
        """Hold ``now_ns`` in every process that maps the file, from now on.

        Eight aligned bytes change in one store of the processor, so no process sees half of a time. Raises
        ClockRangeError.
        """
        if not 0 <= now_ns <= _HELD_NS_MAX:
            raise ClockRangeError("expected a time from {} to {}".format(*HELD_YEARS))
        _FORMAT.pack_into(self._map, 0, now_ns or 1)

    def close(self) -> None:
        """Unmap the file."""
        self._map.close()


def open_clock(held_in: str) -> SystemClock | HeldClock:
    """Open the clock of a process: the one held in the file named, or the system's for an empty name."""
    return HeldClock(Path(held_in)) if held_in else SystemClock()
