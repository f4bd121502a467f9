"""Draws pages for eyes: bars, columns and maps of numbers, as HTML with SVG in it.

A page needs nothing from elsewhere and runs nothing; every text in it is escaped. It follows the reader's
choice of light or dark. Colour never says anything alone: everything drawn has its numbers in a title.
"""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from html import escape
from typing import NamedTuple

from cgrates_py.visible import visible

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
"""The Content-Security-Policy of a page."""

_BAR, _GAP, _LABEL, _WIDTH, _AMOUNT = 18, 6, 220, 480, 160
"""Sizes of bars in pixels."""
_NAME_CHARACTERS = 30

_COLUMN, _HEIGHT, _FOOT = 26, 160, 64
"""Sizes of columns in pixels: their distance, the highest, what stands below."""

_CELL, _SIDE, _HEAD = 30, 48, 20
"""Sizes of a map in pixels: its cells, and the names beside and above."""

_KINDS = {-1: "d", 0: "o", 1: "u"}

FAINTEST = 0.08
"""How much of its colour the smallest number of a map has."""

STYLE = (
    ":root{color-scheme:light dark;--paper:#fff;--ink:#222;--faint:#5b6470;--line:#ccc;--head:#f2f4f7;"
    "--bar:#3b6ea5;--up:#b3540f;--down:#2468b3;--none:#e6e8ec;--warn:#a33}"
    "@media(prefers-color-scheme:dark){:root{--paper:#16181c;--ink:#e4e6ea;--faint:#a2abb8;--line:#3c424c;"
    "--head:#23272e;--bar:#6d9fd4;--up:#f09a52;--down:#6fb1f5;--none:#2a2e36;--warn:#f08a8a}}"
    "body{font:14px system-ui,sans-serif;margin:2em;color:var(--ink);background:var(--paper)}"
    "table{border-collapse:collapse;margin-top:1.5em}"
    "th,td{border:1px solid var(--line);padding:.25em .6em;text-align:left;white-space:nowrap}"
    "th{background:var(--head)}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}"
    "td.w{color:var(--warn)}tr.s td{font-weight:600}"
    "svg{max-width:100%;height:auto}svg text{font:12px system-ui,sans-serif;fill:var(--ink)}"
    "svg .b{fill:var(--bar)}svg .u{fill:var(--up)}svg .d{fill:var(--down)}svg .o{fill:var(--none)}"
    "svg .x{stroke:var(--faint)}.t{overflow-x:auto}"
)


class Bar(NamedTuple):
    """A number with a name, and how it is shown."""

    name: str
    value: Fraction | int
    text: str


class Cell(NamedTuple):
    """A number of a map, and what its title says."""

    value: int
    title: str


def shown(text: str) -> str:
    """Escape a text of others."""
    return escape(visible(text))


def page(title: str, parts: Iterable[str], style: str = "", policy: bool = False) -> str:
    """Make a page; ``policy`` puts the policy into it, for one that is a file and not an answer."""
    meta = f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">' if policy else ""
    return "".join(
        (
            f'<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">{meta}',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f"<title>{shown(title)}</title><style>{STYLE}{style}</style></head><body>",
            f"<h1>{shown(title)}</h1>",
            *parts,
            "</body></html>\n",
        )
    )


def bars(drawn: Sequence[Bar], label: str) -> Iterator[str]:
    """Draw bars below each other, to one scale: to the right what is above 0, to the left what is below.

    Bars of both signs have two colours; ``label`` tells people who do not see them what they are.
    """
    most = max((max(bar.value, 0) for bar in drawn), default=0)
    least = min((min(bar.value, 0) for bar in drawn), default=0)
    reach = most - least
    zero = _LABEL + (int(-least * _WIDTH / reach) if reach else 0)
    yield _svg(label, _LABEL + _WIDTH + _AMOUNT, len(drawn) * (_BAR + _GAP))
    for number, bar in enumerate(drawn):
        top = number * (_BAR + _GAP)
        width = max(1, _length(bar.value, _WIDTH, reach))
        left = zero - width if bar.value < 0 else zero
        kind = "b" if least == 0 else "d" if bar.value < 0 else "u"
        name = bar.name if len(bar.name) <= _NAME_CHARACTERS else f"{bar.name[:_NAME_CHARACTERS]}…"
        baseline = top + _BAR - 5
        behind = max(left + width, zero) + 6
        yield (
            f"<g><title>{shown(bar.name)}: {shown(bar.text)}</title>"
            f'<text x="{_LABEL - 8}" y="{baseline}" text-anchor="end">{shown(name)}</text>'
            f'<rect class="{kind}" x="{left}" y="{top}" width="{width}" height="{_BAR}"/>'
            f'<text x="{behind}" y="{baseline}">{shown(bar.text)}</text></g>'
        )
    yield "</svg>"


def columns(drawn: Sequence[Bar], label: str, kinds: Sequence[int], wide: int = _COLUMN) -> Iterator[str]:
    """Draw columns side by side, each with its name below it; ``kinds`` are -1, 0 or 1: down, same, up.

    Where a value is below 0 its column hangs from the line of 0.
    """
    most = max((max(bar.value, 0) for bar in drawn), default=0)
    least = min((min(bar.value, 0) for bar in drawn), default=0)
    reach = most - least
    zero = _HEAD + (int(most * _HEIGHT / reach) if reach else _HEIGHT)
    floor = _HEAD + _HEIGHT
    yield _svg(label, len(drawn) * wide + 2 * _FOOT, floor + _FOOT)
    for number, (bar, kind) in enumerate(zip(drawn, kinds, strict=True)):
        left = number * wide + _FOOT
        high = _length(bar.value, _HEIGHT, reach)
        top = zero if bar.value < 0 else zero - high
        middle = left + wide // 2
        yield (
            f"<g><title>{shown(bar.name)}: {shown(bar.text)}</title>"
            f'<rect class="{_KINDS[kind]}" x="{left + 2}" y="{top}" width="{wide - 4}" height="{high}"/>'
            f'<text x="{middle}" y="{floor + 14}" text-anchor="end" '
            f'transform="rotate(-45 {middle} {floor + 14})">{shown(bar.name)}</text></g>'
        )
    yield f'<line class="x" x1="{_FOOT}" y1="{zero}" x2="{len(drawn) * wide + _FOOT}" y2="{zero}"/>'
    yield "</svg>"


def heat_map(rows: Sequence[tuple[str, Sequence[Cell]]], heads: Sequence[str], label: str) -> Iterator[str]:
    """Draw numbers as squares: one colour above 0 and one below, the fuller the further from it."""
    most = max((abs(cell.value) for _, cells in rows for cell in cells), default=0)
    yield _svg(label, _SIDE + len(heads) * _CELL, _HEAD + len(rows) * _CELL)
    for number, head in enumerate(heads):
        middle = _SIDE + number * _CELL + _CELL // 2
        yield f'<text x="{middle}" y="{_HEAD - 6}" text-anchor="middle">{shown(head)}</text>'
    for line, (name, cells) in enumerate(rows):
        top = _HEAD + line * _CELL
        yield f'<text x="{_SIDE - 8}" y="{top + _CELL // 2 + 4}" text-anchor="end">{shown(name)}</text>'
        for number, cell in enumerate(cells):
            kind = "o" if not cell.value else "d" if cell.value < 0 else "u"
            full = f"{max(FAINTEST, abs(cell.value) / most):.3f}" if cell.value else "1"
            yield (
                f'<rect class="{kind}" x="{_SIDE + number * _CELL + 1}" y="{top + 1}" '
                f'width="{_CELL - 2}" height="{_CELL - 2}" fill-opacity="{full}">'
                f"<title>{shown(cell.title)}</title></rect>"
            )
    yield "</svg>"


def _length(value: Fraction | int, whole: int, reach: Fraction | int) -> int:
    """Scale a number to pixels; only 0 has none."""
    return max(1, int(max(value, -value) * whole / reach)) if value else 0


def _svg(label: str, width: int, height: int) -> str:
    return (
        f'<svg role="img" aria-label="{shown(label)}" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}">'
    )
