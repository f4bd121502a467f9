"""Offsets of a time zone for columns of instants and of local clocks, by quarters of an hour.

Zones change at whole quarters, so a month has some 3,000 answers to ask for however many calls it has; a
quarter at whose two ends the offset differs is asked second by second.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from cgrates_py.bulk.calls import Int64s

_QUARTER_S = 900
_EPOCH = datetime(1970, 1, 1)


def offsets_of_instants(seconds: Int64s, zone: ZoneInfo) -> Int64s:
    """Tell a zone's offsets in seconds at instants (seconds since the epoch)."""
    utc = _EPOCH.replace(tzinfo=UTC)
    return _by_quarters(seconds, lambda second: _seconds((utc + timedelta(seconds=second)).astimezone(zone)))


def offsets_of_local(seconds: Int64s, zone: ZoneInfo) -> Int64s:
    """Tell a zone's offsets in seconds where its clocks show ``seconds`` since 1970.

    An hour that clocks show twice is taken the first time; one that they leave out is read by the offset
    before it.
    """
    clock = _EPOCH.replace(tzinfo=zone)
    return _by_quarters(seconds, lambda second: _seconds(clock + timedelta(seconds=second)))


def _by_quarters(seconds: Int64s, offset: Callable[[int], int]) -> Int64s:
    quarters, places = np.unique(seconds // _QUARTER_S, return_inverse=True)
    begins = (quarters * _QUARTER_S).tolist()
    known = [offset(begin) for begin in begins]
    found: Int64s = np.array(known, dtype=np.int64)[places]
    for number, begin in enumerate(begins):
        if offset(begin + _QUARTER_S - 1) != known[number]:
            for row in np.flatnonzero(places == number).tolist():
                found[row] = offset(int(seconds[row]))
    return found


def _seconds(moment: datetime) -> int:
    shift = moment.utcoffset() or timedelta()
    return shift.days * 86_400 + shift.seconds
