"""A comparison as tables for eyes. Amounts are exact, with their points in line."""

from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from cgrates_py.cli import tables
from cgrates_py.visible import visible
from cgrates_py.whatif.amounts import aligned, minutes, percent_shown
from cgrates_py.whatif.causes import Cause
from cgrates_py.whatif.comparison import Comparison
from cgrates_py.whatif.document import WEEK, Names, day_text, ranked, top_subjects
from cgrates_py.whatif.sums import Sums
from cgrates_py.whatif.texts import change_texts, sum_texts
from rater import instant, quantity

PARTS = ("0-6 h", "6-12 h", "12-18 h", "18-24 h")
"""Parts of a day of six hours each; JSON and the page have every hour."""

Named = tuple[str, Sums]


def show(found: Comparison, names: Names, top: int) -> None:
    """Print a comparison: the whole, why it changes, where, for whom, when, and by which calls."""
    console = tables.out()
    console.print(_whole(found, names))
    if not found.total.calls:
        return
    causes: list[Named] = [(cause.words, sums) for cause, sums in ranked(found.causes)]
    console.print(_sums("what becomes of calls", "", causes))
    if found.unpriced.sums:
        console.print(_unpriced(found))
    places = ranked(found.destinations)
    console.print(_sums(_of("destinations", top, len(places)), "destination", places[:top]))
    subjects, rest = top_subjects(found, top)
    listed: list[Named] = [(":".join(who), sums) for who, sums in subjects]
    if rest.calls:
        listed.append(("all others", rest))
    console.print(_sums(_of("subjects", top, len(found.subjects.sums)), "subject", listed))
    days = sorted(found.days.sums.items(), key=lambda each: -abs(each[1].delta))[:top]
    dated: list[Named] = [(day_text(day), sums) for day, sums in sorted(days)]
    console.print(_sums(_of("days", top, len(found.days.sums)), "day", dated))
    console.print(_week(found))
    if found.largest.changes():
        console.print(_largest(found, top))


def _whole(found: Comparison, names: Names) -> Table:
    total = found.total
    before, after, delta = aligned([total.before, total.after, total.delta])
    left_out = found.unanswered + found.passed_over + found.bad_rows
    shown = _table("", ["", f"before: {names.before}", f"after: {names.after}", "change"])
    change = f"{'+' if total.delta > 0 else ''}{delta}  {percent_shown(total.delta, total.before)}".rstrip()
    _add(shown, ["revenue", before, after, change])
    rated = found.rated_after - found.rated_before
    _add(shown, ["calls with a price", f"{found.rated_before:,}", f"{found.rated_after:,}", f"{rated:+,}"])
    _add(shown, ["calls", f"{total.calls:,}", f"{total.calls:,}", ""])
    _add(shown, ["minutes", minutes(total.talk_ns), minutes(total.talk_ns), ""])
    if left_out:
        said = f"{found.unanswered:,} unanswered, {found.passed_over:,} no calls, {found.bad_rows:,} bad"
        _add(shown, ["rows left out", f"{left_out:,}", f"{left_out:,}", said])
    return shown


def _sums(title: str, what: str, listed: Sequence[Named]) -> Table:
    shown = _table(title, [what, "calls", "minutes", "before", "after", "change", "%"])
    names = [name for name, _ in listed]
    sums = [each for _, each in listed]
    columns = (
        [f"{each.calls:,}" for each in sums],
        [minutes(each.talk_ns) for each in sums],
        *sum_texts(sums),
        [percent_shown(each.delta, each.before) for each in sums],
    )
    for row in zip(names, *columns, strict=True):
        _add(shown, row)
    return shown


def _unpriced(found: Comparison) -> Table:
    shown = _table("without a price", ["", "calls", "change", "why", "first"], left={0, 3, 4})
    listed = ranked(found.unpriced)
    deltas = aligned([sums.delta for _, sums in listed], sign=True)
    for (key, sums), delta in zip(listed, deltas, strict=True):
        cause, before, after = key
        example = found.examples[key]
        why = after if cause is not Cause.BECOMES_RATED else f"before: {before}"
        _add(shown, [cause.words, f"{sums.calls:,}", delta, why, f"line {example.line}: {example.sentence}"])
    return shown


def _week(found: Comparison) -> Table:
    shown = _table("change by the hour of the week", ["", *PARTS, "day"])
    hours = found.hours.sums
    deltas = [hours[hour].delta if hour in hours else 0 for hour in range(168)]
    parts = [sum(deltas[first : first + 6]) for first in range(0, 168, 6)]
    rows = [[*parts[first : first + 4], sum(parts[first : first + 4])] for first in range(0, 28, 4)]
    texts = aligned([amount for row in rows for amount in row], sign=True)
    for number, name in enumerate(WEEK):
        _add(shown, [name, *texts[number * 5 : number * 5 + 5]])
    return shown


def _largest(found: Comparison, top: int) -> Table:
    changes = found.largest.changes()
    title = _of("largest changes of single calls", top, len(changes))
    heads = ["line", "subject", "number", "start", "seconds", "before", "after", "change", "why"]
    shown = _table(title, heads, left={1, 2, 3, 8})
    some = changes[:top]
    columns = (
        [str(each.line) for each in some],
        [f"{each.customer}:{each.subject}" for each in some],
        [each.number for each in some],
        [instant.text(each.start_ns, each.offset_ns) for each in some],
        [quantity.text(each.talk_ns) for each in some],
        *change_texts(some),
        [each.why for each in some],
    )
    for row in zip(*columns, strict=True):
        _add(shown, row)
    return shown


def _table(title: str, heads: Sequence[str], left: set[int] | None = None) -> Table:
    """Make a table of numbers; ``left`` are the columns of texts."""
    shown = Table(title=Text(title, style="table.title") if title else None, title_justify="left")
    for place, head in enumerate(heads):
        is_text = place in ({0} if left is None else left)
        shown.add_column(Text(visible(head)), justify="left" if is_text else "right")
    return shown


def _add(table: Table, cells: Sequence[str]) -> None:
    table.add_row(*(Text(visible(cell)) for cell in cells))


def _of(what: str, top: int, there: int) -> str:
    return f"{what}, {top} of {there:,} that change most" if there > top else what
