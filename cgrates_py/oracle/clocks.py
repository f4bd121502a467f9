"""Wall clocks and calendar days, found by trying: where a zone shifts, when a clock shows what."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from cgrates_py.oracle.values import DAY, SECOND

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def offset_at(zone: str | None, fixed_ns: int, t: int) -> int:
    """Tell how far east of Greenwich clocks are at ``t``, in nanoseconds."""
    if zone is None:
        return fixed_ns
    moment = (EPOCH + timedelta(seconds=t // SECOND)).astimezone(ZoneInfo(zone))
    shift = moment.utcoffset()
    return 0 if shift is None else round(shift.total_seconds()) * SECOND


def day_and_clock(zone: str | None, fixed_ns: int, t: int) -> tuple[date, int]:
    """The local calendar day, and the nanoseconds since its midnight on the wall clock."""
    days, clock = divmod(t + offset_at(zone, fixed_ns, t), DAY)
    return date(1970, 1, 1) + timedelta(days=days), clock


def shifts(zone: str | None, start: int, end: int) -> Iterator[int]:
    """Every instant of (start, end) at which the zone's offset changes, found by trying."""
    if zone is None:
        return
    step = 6 * 3600 * SECOND
    left = start
    while left < end:
        right = min(left + step, end)
        if offset_at(zone, 0, left) != offset_at(zone, 0, right):
            low, high = left, right
            while high - low > 1:
                middle = (low + high) // 2
                if offset_at(zone, 0, middle) == offset_at(zone, 0, left):
                    low = middle
                else:
                    high = middle
            yield high
        left = right


def clock_instants(
    zone: str | None, fixed_ns: int, clocks_s: Iterable[int], start: int, end: int
) -> set[int]:
    """Every instant of (start, end) at which the wall clock shows one of the clocks, or the zone shifts."""
    found = set(shifts(zone, start, end))
    edges = [start, *sorted(found), end]
    for left, right in pairwise(edges):
        offset = offset_at(zone, fixed_ns, left)
        for day in range((left + offset) // DAY - 1, (right + offset) // DAY + 2):
            for clock in clocks_s:
                t = day * DAY + clock * SECOND - offset
                if left <= t <= right:
                    found.add(t)
    return {t for t in found if start < t < end}
