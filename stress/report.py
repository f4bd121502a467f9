"""What a bench found, and how it is shown."""

from dataclasses import dataclass

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
    """A figure that is no traffic. ``bar`` is the most it may be."""

    figure: str
    value: float
    unit: str
    bar: float | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """Everything that a bench measured."""

    answer_bytes: int
    throughput: list[Throughput]
    singles: list[Single]


def text(report: Report) -> str:
    """Lay the report out as two tables."""
    traffic_rows = [
        (
            row.figure,
            str(row.depth),
            f"{row.per_second:,.0f}",
            f"{row.share_percent:.1f} %",
            "" if row.bar_percent is None else f"≥ {row.bar_percent:g} %",
            "" if row.bar_percent is None else _verdict(row.share_percent >= row.bar_percent),
            *("" if ms is None else f"{ms:.2f}" for ms in (row.p50_ms, row.p99_ms)),
        )
        for row in report.throughput
    ]
    heading = ("figure", "in flight", "req/s", "of the echo", "bar", "", "p50 ms", "p99 ms")
    singles = [
        (
            row.figure,
            f"{row.value:,.2f}".removesuffix(".00"),
            row.unit,
            "" if row.bar is None else f"≤ {row.bar:g} {row.unit}",
            "" if row.bar is None else _verdict(row.value <= row.bar and row.value >= -row.bar),
        )
        for row in report.singles
    ]
    about = (
        f"{CONNECTIONS} connections; in flight: on each of them; "
        f"an answer of GetCost has {report.answer_bytes} bytes"
    )
    return "\n".join(
        (about, "", table(heading, traffic_rows), "", table(("figure", "value", "", "bar", ""), singles))
    )


def _verdict(passed: bool) -> str:
    return "pass" if passed else "FAIL"
