"""Counts requests by method and outcome, and how long they took, at a price of nanoseconds."""

from bisect import bisect_left
from collections import Counter
from itertools import accumulate
from typing import Any, Final

from protocol.errors import code_of
from protocol.methods import NAMES, Method

BOUNDS_S: Final = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds of the latency histogram, inclusive; one more bucket takes what is above."""


class Tally:
    """Counters since the process started.

    The time of a batch of answers is that of its oldest request, from the turn in which it was read to the
    turn in which its answer was. So the histogram errs upwards, and costs one clock reading for a batch.
    """

    __slots__ = ("_buckets", "_refused", "_sum_s", "served")

    def __init__(self) -> None:
        self.served = [0] * (max(Method) + 1)
        """Requests answered with a result, by method."""
        self._refused: Counter[tuple[int, str]] = Counter()
        self._buckets = [0] * (len(BOUNDS_S) + 1)
        self._sum_s = 0.0

    def refused(self, method: int, body: bytes) -> None:
        """Count a request answered with the error text ``body``."""
        self._refused[method, code_of(body.decode(errors="replace")).value] += 1

    def took(self, seconds: float, count: int) -> None:
        """Count ``count`` requests that took so long."""
        self._buckets[bisect_left(BOUNDS_S, seconds)] += count
        self._sum_s += seconds * count

    def requests(self) -> dict[str, dict[str, int]]:
        """Requests by method (without ``Responder.``) and outcome: ``OK`` or the error's code."""
        table: dict[str, dict[str, int]] = {}
        for method in Method:
            outcomes = {"OK": self.served[method]} if self.served[method] else {}
            outcomes |= {code: count for (of, code), count in self._refused.items() if of == method}
            if outcomes:
                table[NAMES[method].partition(".")[2]] = outcomes
        return table

    def latency(self) -> dict[str, Any]:
        """Build the histogram: cumulative counts by upper bound in seconds, sum and count."""
        labels = [*(f"{bound:g}" for bound in BOUNDS_S), "+Inf"]
        return {
            "buckets": dict(zip(labels, accumulate(self._buckets), strict=True)),
            "sum": round(self._sum_s, 6),
            "count": sum(self._buckets),
        }
