"""Figures for collectors: those of this process, and those of balancer and raters, translated at each scrape.

The balancer answers ``Responder.Metrics`` with a JSON object; its numbers become Prometheus series here, so
the processes on the hot path carry no metrics library.
"""

import time
from collections.abc import Iterator
from typing import Any

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Metric,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from cgrates_py.figures import Figures, raters_of

disable_created_metrics()  # type: ignore[no-untyped-call]  # -- the library's; a time of creation beside every counter would double the page

LATENCY_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""From a read within memory to the deadline."""


class HttpMetrics:
    """Counts the requests of this process by path and status, and how long they took."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry(auto_describe=False)
        self._requests = Counter(
            "cgrates_http_requests", "HTTP requests answered", ["path", "status"], registry=self.registry
        )
        self._latency = Histogram(
            "cgrates_http_request_seconds",
            "Time from a request's head to its answer",
            ["path"],
            buckets=LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self._in_flight = Gauge(
            "cgrates_http_in_flight", "HTTP requests not answered yet", registry=self.registry
        )
        self._known: dict[tuple[str, int], tuple[Counter, Histogram]] = {}

    def text(self) -> bytes:
        """Print the figures of this process."""
        return generate_latest(self.registry)

    def answered(self) -> dict[str, dict[str, int]]:
        """Tell how many requests were answered, by path and status."""
        counts: dict[str, dict[str, int]] = {}
        for family in self._requests.collect():
            for sample in family.samples:
                if sample.name.endswith("_total"):
                    by_status = counts.setdefault(sample.labels["path"], {})
                    by_status[sample.labels["status"]] = int(sample.value)
        return counts

    def _series(self, path: str, status: int) -> tuple[Counter, Histogram]:
        """Tell the two series of a path and status: the library takes longer to find than to count."""
        series = self._known.get((path, status))
        if series is None:
            series = self._requests.labels(path, str(status)), self._latency.labels(path)
            self._known[path, status] = series
        return series

    def wrap(self, app: ASGIApp) -> ASGIApp:
        """Count the requests that ``app`` answers."""

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            started = time.perf_counter()
            status = 500

            async def watching(message: Message) -> None:
                nonlocal status
                if message["type"] == "http.response.start":
                    status = message["status"]
                await send(message)

            self._in_flight.inc()
            try:
                await app(scope, receive, watching)
            finally:
                self._in_flight.dec()
                answered, took = self._series(_label(scope), status)
                answered.inc()
                took.observe(time.perf_counter() - started)

        return counted


def _label(scope: Scope) -> str:
    """Tell the route's path, as the route has it; whatever callers make up shares one label."""
    route = scope.get("route")
    return "other" if route is None else route.path


COUNTERS = frozenset(
    {
        "requests",
        "commits",
        "committed_operations",
        "conflicts",
        "store_failures",
        "store_round_trips",
        "store_commands",
        "store_reconnects",
        "retries",
        "connections_refused",
    }
)
"""Figures that only grow; every other number is a gauge."""

SUMMED = {
    "conservation_difference": (GaugeMetricFamily, "Accounts that are not what their journals say"),
    "conservation_checked": (CounterMetricFamily, "Times that an account was compared with its journal"),
    "conservation_findings": (CounterMetricFamily, "Times that an account was found to differ"),
    "cyclops_windows": (CounterMetricFamily, "Windows that the scheduler of Cyclops RC has run"),
    "cyclops_unrated": (CounterMetricFamily, "Times that a meter was not charged because it has no rate"),
}
"""Figures of raters that concern them all, so that it does not matter which of them has it."""


class _ServerFigures(Collector):
    """Translates one answer of ``Responder.Metrics``."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """Make the series."""
        raters = raters_of(self._figures)
        yield GaugeMetricFamily("cgrates_raters_up", "Raters registered with the balancer", len(raters))
        for name, value in self._figures.items():
            if name == "requests" and isinstance(value, dict):
                yield _requests(value)
            elif name == "latency_s" and isinstance(value, dict):
                yield _latency(value)
            elif name != "raters_up" and isinstance(value, int | float):
                yield _plain(f"cgrates_{name}", name in COUNTERS, f"Balancer: {name}", {"": value})
        told = {name for counters in raters.values() for name in counters}
        for name in SUMMED.keys() & told:
            family, text = SUMMED[name]
            yield family(f"cgrates_{name}", text, sum(counters.get(name, 0) for counters in raters.values()))
        for name in sorted(told - SUMMED.keys()):
            by_rater: dict[str, float] = {
                rater: counters[name] for rater, counters in raters.items() if name in counters
            }
            yield _plain(f"cgrates_rater_{name}", name in COUNTERS, f"Rater: {name}", by_rater)


def _requests(table: dict[str, dict[str, int]]) -> Metric:
    family = CounterMetricFamily(
        "cgrates_requests", "Requests answered by the balancer", labels=["method", "outcome"]
    )
    for method, outcomes in table.items():
        for outcome, count in outcomes.items():
            family.add_metric([method, outcome], count)
    return family


def _latency(histogram: dict[str, Any]) -> Metric:
    return HistogramMetricFamily(
        "cgrates_request_seconds",
        "Time from reading a request to its answer, in the balancer",
        buckets=list(histogram["buckets"].items()),
        sum_value=histogram["sum"],
    )


def _plain(name: str, counter: bool, text: str, by_rater: dict[str, float]) -> Metric:
    """Make a counter or gauge; a figure of nobody in particular has the rater ``""`` and no label."""
    labels = [] if "" in by_rater else ["rater"]
    kind = CounterMetricFamily if counter else GaugeMetricFamily
    family = kind(name, text, labels=labels)
    for rater, value in by_rater.items():
        family.add_metric([rater] if labels else [], value)
    return family


def server_text(figures: Figures) -> bytes:
    """Print the counters of balancer and raters as Prometheus series."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_ServerFigures(figures))
    return generate_latest(registry)
