"""What a bench found, and how it is shown."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from stress.figures import table
from stress.load import CONNECTIONS


@dataclass(frozen=True, slots=True)
class Throughput:
    """A figure of traffic: medians over the rounds. ``depth`` is the requests in flight per connection."""

    figure: str
    depth: int
    per_second: float
    share_percent: float
    bar_percent: float | None
    p50_ms: float | None
    p99_ms: float | None


@dataclass(frozen=True, slots=True)
class Single:
    """A figure that is no traffic. ``bar`` is the most it may be, ``least`` the least."""

    figure: str
    value: float
    unit: str
    bar: float | None = None
    least: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a bench measured."""

    answer_bytes: int
    throughput: list[Throughput]
    singles: list[Single]
    metering: list[Throughput] = field(default_factory=list)
    """Requests over HTTP, ``depth`` on as many connections: shares are of bare answers by the same stack."""


def text(report: Report) -> str:
    """Lay the report out as tables."""
    about = (
        f"{CONNECTIONS} connections; in flight: on each of them; "
        f"an answer of GetCost has {report.answer_bytes} bytes"
    )
    parts = [about, _traffic("of the echo", report.throughput)] if report.throughput else []
    if report.metering:
        parts += ["over HTTP, one in flight on each connection", _traffic("of bare HTTP", report.metering)]
    return "\n\n".join([*parts, _singles(report.singles)])


def _traffic(share: str, rows: Sequence[Throughput]) -> str:
    heading = ("figure", "in flight", "req/s", share, "bar", "", "p50 ms", "p99 ms")
    return table(heading, [_throughput(row) for row in rows])


def _throughput(row: Throughput) -> Sequence[str]:
    return (
        row.figure,
        str(row.depth),
        f"{row.per_second:,.0f}",
        f"{row.share_percent:.1f} %",
        "" if row.bar_percent is None else f"≥ {row.bar_percent:g} %",
        "" if row.bar_percent is None else _verdict(row.share_percent >= row.bar_percent),
        *("" if ms is None else f"{ms:.2f}" for ms in (row.p50_ms, row.p99_ms)),
    )


def _singles(rows: Sequence[Single]) -> str:
    return table(("figure", "value", "", "bar", ""), [_single(row) for row in rows])


def _single(row: Single) -> Sequence[str]:
    value = f"{row.value:,.2f}".removesuffix(".00")
    if row.least is not None:
        return (row.figure, value, row.unit, f"≥ {row.least:,.0f}", _verdict(row.value >= row.least))
    if row.bar is not None:
        reached = _verdict(-row.bar <= row.value <= row.bar)
        return (row.figure, value, row.unit, f"≤ {row.bar:g} {row.unit}", reached)
    return (row.figure, value, row.unit, "", "")


def _verdict(passed: bool) -> str:
    return "pass" if passed else "FAIL"
