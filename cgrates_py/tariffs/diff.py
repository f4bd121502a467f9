"""What differs between two tariffs, by meaning: for whom, which numbers, from when, what before and after.

Every prefix of either side is routed by the compiled books, which alone decide who prices what. A prefix as
a number stands for every number that it is the longest prefix of.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from cgrates_py.tariffs import plans
from cgrates_py.tariffs.calendar import Calendar
from cgrates_py.tariffs.changes import Line, lines
from cgrates_py.tariffs.meaning import Meanings, rules_of
from cgrates_py.tariffs.numbers import Piece, pieces, written
from cgrates_py.tariffs.subjects import Likeness, Who, named
from cgrates_py.tariffs.timelines import Timeline, Timelines
from rater.book import FOREVER, Book
from rater.compiler import compile_tariff
from rater.prefixes import PrefixTable, build
from rater.tariff import Tariff


class Change(NamedTuple):
    """One thing that changed, for numbers that begin with any of ``numbers`` (digits; empty: every number).

    ``from_ns`` None: since the beginning of what was compared; ``until_ns`` None: to its end.
    """

    numbers: tuple[str, ...]
    from_ns: int | None
    until_ns: int | None
    line: Line


class Group(NamedTuple):
    """Subjects for whom the same changed."""

    subjects: tuple[Who, ...]
    changes: tuple[Change, ...]


class Difference(NamedTuple):
    """All that differs. ``compared`` counts the subjects that were looked at."""

    groups: tuple[Group, ...]
    plans: tuple[plans.PlanChange, ...]
    compared: int

    @property
    def equal(self) -> bool:
        """Tell whether nothing differs."""
        return not self.groups and not self.plans


Pair = tuple[Timeline, Timeline]
Stretch = tuple[str, str]
"""Numbers in the order of their texts, the end excluded."""
Told = tuple[int | None, int | None, Line]


class _Side(NamedTuple):
    tariff: Tariff
    book: Book
    likeness: Likeness
    listed: list[tuple[str, int]]
    groups: dict[str, tuple[int, ...]]


def diff(
    before: Tariff, after: Tariff, *, from_ns: int, until_ns: int = FOREVER, subject: Who | None = None
) -> Difference:
    """Compare two tariffs for calls between two instants; only one ``subject`` if given."""
    old, new = _sides(before, after)
    everybody = {subject} if subject else named(before) | named(after)
    alike: dict[object, list[Who]] = {}
    for who in sorted(everybody):
        alike.setdefault((old.likeness.of(who), new.likeness.of(who)), []).append(who)
    comparing = _Comparing(old, new, (from_ns, until_ns))
    same: dict[tuple[Change, ...], list[Who]] = {}
    for members in alike.values():
        changes = comparing.changes(members[0])
        if changes:
            same.setdefault(changes, []).extend(members)
    groups = tuple(Group(tuple(sorted(members)), changes) for changes, members in same.items())
    return Difference(groups, plans.differences(before, after) if subject is None else (), len(everybody))


def _sides(before: Tariff, after: Tariff) -> list[_Side]:
    """Compile both; the same numbers are usually priced otherwise, and one table of prefixes serves both."""
    table = build(before.destinations)
    old = _side(before, table, {})
    if after.destinations == before.destinations:
        return [old, _side(after, table, old.groups)]
    return [old, _side(after, build(after.destinations), {})]


def _side(tariff: Tariff, table: PrefixTable, groups: dict[str, tuple[int, ...]]) -> _Side:
    book = compile_tariff(tariff, table)
    return _Side(tariff, book, Likeness(tariff), book.listed(), groups)


class _Comparing:
    """Finds what changed for one subject after the other, and remembers what many have in common."""

    def __init__(self, old: _Side, new: _Side, span: tuple[int, int]) -> None:
        self._sides = old, new
        self._span = span
        self._meanings = Meanings(Calendar([*rules_of(old.tariff), *rules_of(new.tariff)]))
        self._pieces: dict[tuple[str, ...], list[Piece]] = {}
        self._told: dict[Pair, list[Told]] = {}
        self._written: dict[Stretch, list[str]] = {}

    def changes(self, who: Who) -> tuple[Change, ...]:
        """List what changed for a subject, in order of the numbers."""
        prefixes = {""}
        for side in self._sides:
            prefixes |= side.book.prefixes(who.customer, who.subject, who.category, side.listed)
        ordered = tuple(sorted(prefixes))
        before, after = (
            Timelines(each.book, each.tariff, who, self._meanings, *self._span, groups=each.groups)
            for each in self._sides
        )
        changed: dict[str, Pair] = {}
        for prefix in ordered:
            pair = before.of(prefix), after.of(prefix)
            if pair[0] != pair[1]:
                changed[prefix] = pair
        if not changed:
            return ()
        if ordered not in self._pieces:
            self._pieces = {ordered: list(pieces(ordered))}  # most subjects have those of the one before
        found: dict[Told, list[Stretch]] = {}
        for pair, stretch in _stretches(self._pieces[ordered], changed):
            if pair not in self._told:
                self._told[pair] = list(_told(pair, self._meanings))
            for each in self._told[pair]:
                found.setdefault(each, []).append(stretch)
        changes = [Change(_written(held, self._written), *each) for each, held in found.items()]
        return tuple(sorted(changes, key=lambda change: (change.numbers, change.from_ns or 0)))


def _stretches(numbers: Iterable[Piece], changed: Mapping[str, Pair]) -> Iterator[tuple[Pair, Stretch]]:
    """Join neighbouring numbers of the same change; in order."""
    held: Pair | None = None
    start = end = ""
    waiting: str | None = None
    for piece in numbers:
        if piece.owner is None:
            waiting = piece.start if waiting is None else waiting
            continue
        begin, waiting = piece.start if waiting is None else waiting, None
        pair = changed.get(piece.owner)
        if pair != held:
            if held is not None:
                yield held, (start, end)
            held, start = pair, begin
        end = piece.end
    if held is not None:
        yield held, (start, end)


def _written(held: list[Stretch], known: dict[Stretch, list[str]]) -> tuple[str, ...]:
    """Write down the numbers of stretches in order, those that touch as one."""
    joined: list[Stretch] = []
    for start, end in held:
        if joined and joined[-1][1] >= start:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    said: list[str] = []
    for stretch in joined:
        if stretch not in known:
            known[stretch] = list(written(*stretch))
        said += known[stretch]
    return tuple(said)


def _told(pair: Pair, meanings: Meanings) -> Iterator[Told]:
    """Tell each stretch of time in which two timelines differ."""
    edges = sorted({at_ns for timeline in pair for at_ns, _ in timeline})
    for place, at_ns in enumerate(edges):
        until_ns = edges[place + 1] if place + 1 < len(edges) else None
        before, after = (_held(timeline, at_ns) for timeline in pair)
        if before != after:
            for line in lines(meanings.meaning(before), meanings.meaning(after), meanings.calendar):
                yield at_ns if place else None, until_ns, line


def _held(timeline: Timeline, at_ns: int) -> int:
    return next(number for from_ns, number in reversed(timeline) if from_ns <= at_ns)
