"""IANA time zones: at which instants of a call the wall clock jumps."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from rater.instant import SECOND

_STEP_S = 86_400
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _offset_s(zone: ZoneInfo, second: int) -> int:
    offset = (_EPOCH + timedelta(seconds=second)).astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds())


def pieces(zone: ZoneInfo, start_ns: int, end_ns: int) -> list[tuple[int, int, int]]:
    """Cut ``[start, end)`` where the zone's offset changes: (start, end, offset) in nanoseconds.

    A zero-length span gives one zero-length piece. No zone changes twice within a day, so a day's two ends
    tell whether it changes, and halving finds the second at which it does.
    """
    found: list[tuple[int, int, int]] = []
    start = start_ns
    low = start_ns // SECOND
    offset = _offset_s(zone, low)
    last = -(-end_ns // SECOND)
    while low < last:
        high = min(low + _STEP_S, last)
        if (after := _offset_s(zone, high)) != offset:
            cut = _change_between(zone, low, high, offset)
            if cut * SECOND >= end_ns:
                break
            found.append((start, cut * SECOND, offset * SECOND))
            start, high, after = cut * SECOND, cut, _offset_s(zone, cut)
        low, offset = high, after
    found.append((start, end_ns, offset * SECOND))
    return found


def _change_between(zone: ZoneInfo, low: int, high: int, offset: int) -> int:
    """Find the first second after ``low``, up to ``high``, with another offset than ``offset``."""
    while high - low > 1:
        middle = (low + high) // 2
        if _offset_s(zone, middle) == offset:
            low = middle
        else:
            high = middle
    return high
