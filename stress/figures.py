"""Figures of runs, and tables of them."""

from collections.abc import Sequence


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Tell the smallest of the ordered values that ``percent`` % of them do not exceed (nearest rank)."""
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(int(rank), 1) - 1]


def table(heading: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a table that is Markdown and legible as it is: the first column left, the others right."""
    widths = [max(2, *(len(row[place]) for row in (heading, *rows))) for place in range(len(heading))]

    def line(cells: Sequence[str]) -> str:
        first, *others = zip(cells, widths, strict=True)
        padded = [first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in others)]
        return f"| {' | '.join(padded)} |"

    rule = ["-" * widths[0], *("-" * (width - 1) + ":" for width in widths[1:])]
    return "\n".join([line(heading), line(rule), *map(line, rows)])
