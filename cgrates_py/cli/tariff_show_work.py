"""What ``tariff show`` does."""

import time
from typing import Any

from rich.table import Table
from rich.text import Text

from cgrates_py.cli import USAGE, CommandError, tables
from cgrates_py.cli.tariff_look_work import moment, print_json, read
from cgrates_py.tariffs import words
from cgrates_py.tariffs.calendar import WEEK
from cgrates_py.tariffs.changes import UNRATED, moments
from cgrates_py.tariffs.meaning import Meaning, price_of
from cgrates_py.tariffs.show import Shown, Stretch
from cgrates_py.tariffs.show import show as look
from cgrates_py.tariffs.subjects import Who
from cgrates_py.visible import visible
from rater.instant import DAY
from rater.instant import text as instant_text
from rater.quantity import text as amount
from rater.refusal import Refusal
from rater.tariff import Tariff
from rater.timing import EPOCH_WEEKDAY


def show(
    number: str,
    tariff: str,
    customer: str | None,
    subject: str,
    category: str,
    at: str | None,
    as_json: bool,
    timezone: str | None,
    **place: Any,
) -> None:
    """Print what a number costs."""
    if not number.removeprefix("+").isdecimal() or not number.isascii():
        raise CommandError("NUMBER: expected digits, perhaps after a +", USAGE)
    now_ns = time.time_ns()
    at_ns = moment("--at", at, now_ns)
    (known,) = read([tariff], now_ns, timezone, **place)
    who = Who(_only_customer(known) if customer is None else customer, category, subject)
    shown = look(known, number, who, at_ns)
    if isinstance(shown, Refusal):
        raise CommandError(f"a call to {number} is refused: {shown}")
    if as_json:
        print_json(_document(shown))
    else:
        _print(shown)


def _only_customer(tariff: Tariff) -> str:
    names = sorted({key[0] for key in (*tariff.rates, *tariff.profiles)})
    if len(names) == 1:
        return names[0]
    some = ", ".join(names[:10]) or "none"
    raise CommandError(f"--customer: the tariff names {len(names)} of them ({some}): say which", USAGE)


def _head(shown: Shown) -> dict[str, Any]:
    price = None if shown.now is None else price_of(shown.now)
    fee = "" if price is None else amount(price.connect_fee)
    settled = None if price is None else price.settlement
    return {
        "number": shown.number,
        "subject": str(shown.who),
        "at": instant_text(shown.at_ns),
        "prefix": shown.prefix,
        "plan": shown.plan or None,
        "price": words.NO_PRICE if price is None else words.steps(price),
        "connect fee": fee or None,
        "rounding": words.settlement(settled),
        "maximum cost": words.cap(settled),
        "next change": None if shown.next_ns is None else instant_text(shown.next_ns),
        "then": None if shown.next_ns is None else _following(shown, shown.following),
    }


def _following(shown: Shown, meaning: Meaning | None) -> str:
    if meaning is None:
        return UNRATED
    held = moments(meaning, meaning).items()
    said = [f"{words.windows(shown.calendar, each)}: {words.whole(pair.after)}" for pair, each in held]
    return "; ".join(said)


def _document(shown: Shown) -> dict[str, Any]:
    head = {name.replace(" ", "_"): value for name, value in _head(shown).items()}
    week = [
        {
            "date": instant_text(each.day * DAY)[:10],
            "from": words.clock(each.start_ns),
            "to": words.clock(each.end_ns),
            "price": _cell(each),
        }
        for each in shown.week
    ]
    calls = [
        {
            "seconds": each.seconds,
            "cost": amount(each.cost),
            "connect_fee": amount(each.connect_fee),
            "total": amount(each.cost + each.connect_fee),
        }
        for each in shown.examples
    ]
    return {**head, "zone": shown.zone, "week": week, "calls": calls}


def _cell(stretch: Stretch) -> str:
    return words.whole(None if stretch.ladder is None else price_of(stretch.ladder))


def _print(shown: Shown) -> None:
    console = tables.out()
    tables.document(console, {name: value for name, value in _head(shown).items() if value is not None})
    if not shown.steady:
        console.print(_week(shown))
    calls = Table("call", "cost", "connect fee", "total")
    for each in shown.examples:
        calls.add_row(
            f"{each.seconds // 60} min",
            *map(amount, (each.cost, each.connect_fee, each.cost + each.connect_fee)),
        )
    console.print(calls)


def _week(shown: Shown) -> Table:
    """Make a table of the next seven days: a column for a day, a row for a clock."""
    days = sorted({each.day for each in shown.week})
    edges = sorted({each.start_ns for each in shown.week})
    names = [f"{WEEK[(day + EPOCH_WEEKDAY) % 7]} {instant_text(day * DAY)[5:10]}" for day in days]
    table = Table(
        "from", *names, title=Text(f"prices, clocks of {visible(shown.zone)}"), title_justify="left"
    )
    for edge in edges:
        cells = []
        for day in days:
            held = next(
                each for each in shown.week if each.day == day and each.start_ns <= edge < each.end_ns
            )
            price = None if held.ladder is None else price_of(held.ladder)
            cells.append(words.NO_PRICE if price is None else words.steps(price))
        table.add_row(words.clock(edge), *cells)
    return table
