"""When a process of ours looks for cycles of garbage."""

import gc

_THRESHOLDS = (50_000, 20, 50)
"""Requests leave no cycles, reading a tariff few; looking for them after 700 objects, as Python does, costs a
twentieth of a debit and half the time of reading."""


def look_rarely() -> None:
    """Have this process look for cycles less often than Python does by itself."""
    gc.set_threshold(*_THRESHOLDS)
