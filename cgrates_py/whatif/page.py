"""A comparison as one page for eyes: the sums, charts of where and when it changes, the largest changes.

The page needs nothing from elsewhere and runs nothing (``cgrates_py.drawing``). Charts round what they show;
tables are exact, and each chart has its table below it.
"""

from collections.abc import Iterable, Iterator, Sequence

from cgrates_py.drawing import Bar, Cell, bars, columns, heat_map, page, shown
from cgrates_py.whatif.amounts import aligned, minutes, percent_shown, rounded
from cgrates_py.whatif.changes import Bin
from cgrates_py.whatif.comparison import HOURS_OF_WEEK, Comparison
from cgrates_py.whatif.document import WEEK, Names, day_text, ranked, top_subjects
from cgrates_py.whatif.sums import Sums
from cgrates_py.whatif.texts import change_texts, sum_texts
from rater import instant, quantity

DRAWN = 20
"""Bars of a chart."""

LISTED = 200
"""Destinations and subjects that the tables have; the CSV has all destinations."""

_DAYS_NAMED = 62
"""Days that are drawn one by one: two months."""

STYLE = (
    "h2{margin-top:2em}.k{display:flex;flex-wrap:wrap;gap:1em;margin:1.5em 0}"
    ".k div{border:1px solid var(--line);border-radius:.5em;padding:.8em 1.2em;min-width:9em}"
    ".k b{display:block;font-size:1.5em;font-variant-numeric:tabular-nums}.k span{color:var(--faint)}"
    "details{margin-top:1em}summary{cursor:pointer;color:var(--faint)}p{max-width:60em;color:var(--faint)}"
    ".up{color:var(--up)}.down{color:var(--down)}"
    "@media print{details{display:none}}"
)

Named = tuple[str, Sums]


def comparison_page(found: Comparison, names: Names) -> str:
    """Print the page."""
    return page(f"What if: {names.before} → {names.after}", _parts(found, names), STYLE, policy=True)


def _parts(found: Comparison, names: Names) -> Iterator[str]:
    yield from _figures(found)
    if not found.total.calls:
        yield "<p>There are no calls in the file.</p>"
        return
    yield "<h2>What becomes of calls</h2>"
    yield from _sums("", [(cause.words, sums) for cause, sums in ranked(found.causes)])
    yield from _unpriced(found)
    yield from _places(found)
    yield from _subjects(found)
    yield from _hours(found, names)
    yield from _days(found)
    yield from _spread(found)
    yield from _largest(found)


def _figures(found: Comparison) -> Iterator[str]:
    total = found.total
    before, after, delta = aligned([total.before, total.after, total.delta])
    kind = "up" if total.delta > 0 else "down" if total.delta < 0 else ""
    sign = "+" if total.delta > 0 else ""
    rated = f"{found.rated_before:,} → {found.rated_after:,}"
    left_out = (found.unanswered, "unanswered"), (found.passed_over, "no calls"), (found.bad_rows, "bad rows")
    yield '<div class="k">'
    yield f"<div><span>revenue before</span><b>{before}</b></div>"
    yield f"<div><span>revenue after</span><b>{after}</b></div>"
    yield (
        f'<div><span>change</span><b class="{kind}">{sign}{delta}</b>'
        f"{percent_shown(total.delta, total.before)}</div>"
    )
    yield f"<div><span>calls</span><b>{total.calls:,}</b>{minutes(total.talk_ns)} minutes</div>"
    yield f"<div><span>calls with a price</span><b>{rated}</b></div></div>"
    said = ", ".join(f"{count:,} {what}" for count, what in left_out if count)
    if said:
        yield f"<p>Rows left out: {said}.</p>"


def _unpriced(found: Comparison) -> Iterator[str]:
    if not found.unpriced.sums:
        return
    listed = ranked(found.unpriced)
    deltas = aligned([sums.delta for _, sums in listed], sign=True)
    rows = []
    for (key, sums), delta in zip(listed, deltas, strict=True):
        cause, before, after = key
        example = found.examples[key]
        first = f"line {example.line}: {example.sentence}"
        rows.append((cause.words, before, after, f"{sums.calls:,}", delta, first))
    yield "<h2>Without a price</h2>"
    yield from _table(("", "reason before", "reason after", "calls", "change", "first"), rows, {3, 4})


def _places(found: Comparison) -> Iterator[str]:
    listed = ranked(found.destinations)
    yield "<h2>By destination</h2>"
    yield "<p>Destinations as the tariff before names them, or else the one after.</p>"
    yield from _changes(listed, "Change of revenue by destination")
    yield from _detail(_of(listed), _sums("destination", listed[:LISTED]))


def _subjects(found: Comparison) -> Iterator[str]:
    top, rest = top_subjects(found, LISTED)
    listed: list[Named] = [(":".join(who), sums) for who, sums in top]
    yield "<h2>By subject</h2>"
    yield from _changes(listed, "Change of revenue by subject")
    more: list[Named] = [("all others", rest)] if rest.calls else []
    yield from _detail(_of(listed), _sums("subject", [*listed, *more]))


def _changes(listed: Sequence[Named], label: str) -> Iterator[str]:
    """Draw those that change most, from the largest rise to the largest fall."""
    most = sorted((each for each in listed[:DRAWN] if each[1].delta), key=lambda each: -each[1].delta)
    if not most:
        yield "<p>Nothing changes.</p>"
        return
    texts = rounded([sums.delta for _, sums in most], sign=True)
    drawn = [
        Bar(name, sums.delta, f"{text} ({change})" if (change := _percent(sums)) else text)
        for (name, sums), text in zip(most, texts, strict=True)
    ]
    yield from bars(drawn, f"{label}: the {len(drawn)} that change most")


def _percent(sums: Sums) -> str:
    return percent_shown(sums.delta, sums.before)


def _hours(found: Comparison, names: Names) -> Iterator[str]:
    sums = [found.hours.sums.get(hour, Sums()) for hour in range(HOURS_OF_WEEK)]
    texts = aligned([each.delta for each in sums], sign=True)
    rows = []
    for number, day in enumerate(WEEK):
        cells = [
            Cell(
                sums[hour].delta,
                f"{day} {hour % 24}:00: {texts[hour]} {_percent(sums[hour])}, {sums[hour].calls:,} calls",
            )
            for hour in range(number * 24, number * 24 + 24)
        ]
        rows.append((day[:3], cells))
    yield "<h2>By hour of the week</h2>"
    clock = f"By the clock of {shown(names.clock)}." if names.clock else "By the clock that each call has."
    yield f"<p>{clock} Orange: more revenue, blue: less; the fuller, the more.</p>"
    yield from heat_map(rows, [str(hour) for hour in range(24)], "Change of revenue by hour of the week")
    table = (
        (day, *(texts[hour] for hour in range(number * 24, number * 24 + 24)))
        for number, day in enumerate(WEEK)
    )
    heads = ("", *(f"{hour}:00" for hour in range(24)))
    yield from _detail("As a table", _table(heads, table, set(range(1, 25))))


def _days(found: Comparison) -> Iterator[str]:
    listed: list[Named] = [(day_text(day), sums) for day, sums in sorted(found.days.sums.items())]
    yield "<h2>By day</h2>"
    if len(listed) <= _DAYS_NAMED:
        texts = rounded([sums.delta for _, sums in listed], sign=True)
        drawn = [Bar(name, sums.delta, text) for (name, sums), text in zip(listed, texts, strict=True)]
        yield from columns(drawn, "Change of revenue by day", [_sign(each.delta) for _, each in listed])
    yield from _detail("As a table", _sums("day", listed))


def _spread(found: Comparison) -> Iterator[str]:
    """Draw how many calls change by how much; those that cost the same would hide all others."""
    bins = found.spread.bins()
    same = sum(each.calls for each in bins if not each.sign)
    changed = [each for each in bins if each.sign]
    yield "<h2>Change per call</h2>"
    yield f"<p>{same:,} calls cost the same. The others change by at least:</p>"
    if not changed:
        return
    drawn = [Bar(_bound(each), each.calls, f"{each.calls:,} calls") for each in changed]
    yield from columns(
        drawn, "Number of calls by the change of what they cost", [each.sign for each in changed]
    )
    rows = [(_range(each), f"{each.calls:,}") for each in bins]
    yield from _detail("As a table", _table(("change", "calls"), rows, {1}))


def _bound(each: Bin) -> str:
    sign = "-" if each.sign < 0 else "+"
    return f"{sign}{quantity.text(each.low)}" if each.low else f"{sign} less"


def _range(each: Bin) -> str:
    if not each.sign:
        return "0"
    high = "or more" if each.high is None else f"to below {quantity.text(each.high)}"
    low = quantity.text(each.low) if each.low else "more than 0"
    return f"{'down' if each.sign < 0 else 'up'} by {low} {high}"


def _largest(found: Comparison) -> Iterator[str]:
    changes = found.largest.changes()
    if not changes:
        return
    yield "<h2>Largest changes of single calls</h2>"
    heads = ("line", "subject", "number", "start", "seconds", "before", "after", "change", "why")
    rows = zip(
        (str(each.line) for each in changes),
        (f"{each.customer}:{each.subject}" for each in changes),
        (each.number for each in changes),
        (instant.text(each.start_ns, each.offset_ns) for each in changes),
        (quantity.text(each.talk_ns) for each in changes),
        *change_texts(changes),
        (each.why for each in changes),
        strict=True,
    )
    yield from _table(heads, rows, {0, 4, 5, 6, 7})


def _sums(what: str, listed: Sequence[Named]) -> Iterator[str]:
    sums = [each for _, each in listed]
    rows = zip(
        (name for name, _ in listed),
        (f"{each.calls:,}" for each in sums),
        (minutes(each.talk_ns) for each in sums),
        *sum_texts(sums),
        map(_percent, sums),
        strict=True,
    )
    heads = (what, "calls", "minutes", "before", "after", "change", "%")
    yield from _table(heads, rows, set(range(1, 7)))


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], numbers: set[int]) -> Iterator[str]:
    kinds = [' class="n"' if place in numbers else "" for place in range(len(heads))]
    yield '<div class="t"><table><thead><tr>'
    yield from (f'<th scope="col"{kinds[place]}>{shown(head)}</th>' for place, head in enumerate(heads))
    yield "</tr></thead><tbody>"
    for row in rows:
        yield "<tr>"
        yield from (f"<td{kinds[place]}>{shown(cell)}</td>" for place, cell in enumerate(row))
        yield "</tr>"
    yield "</tbody></table></div>"


def _detail(title: str, parts: Iterable[str]) -> Iterator[str]:
    yield f"<details><summary>{shown(title)}</summary>"
    yield from parts
    yield "</details>"


def _of(listed: Sequence[Named]) -> str:
    return "As a table" if len(listed) <= LISTED else f"The {LISTED} that change most, as a table"


def _sign(delta: int) -> int:
    return (delta > 0) - (delta < 0)
