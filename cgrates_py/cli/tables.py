"""Results as tables for eyes. Numbers are shown as the texts that the server sent.

Texts are shown and not obeyed: nothing in a name or a request id steers the terminal or ends its row.
"""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from cgrates_py.client import plain_json
from cgrates_py.visible import visible, visible_lines
from protocol.methods import Method

_UNITS = {
    Method.DEBIT_BALANCE: "credit left",
    Method.DEBIT_SMS: "SMS left",
    Method.GET_MAX_SESSION_TIME: "seconds allowed",
}
"""What the number means that a method answers; the others answer 0, shown as done."""


def out() -> Console:
    """Make a console on stdout; a pipe gets wide plain text that is never wrapped."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=200)


def show_result(method: Method, result: bytes) -> None:
    """Show what a method answered."""
    value = plain_json(result)
    console = out()
    if method in (Method.GET_COST, Method.DEBIT) and isinstance(value, dict):
        _call_cost(console, value)
    elif isinstance(value, dict):
        document(console, value)
    elif method in _UNITS:
        console.print(Text(f"{_cell(value)} {_UNITS[method]}"))
    elif method is Method.STATUS:
        console.print(Text(visible_lines(str(value))))
    else:
        console.print("done" if value == "0" else _text(value))


def document(console: Console, value: dict[str, Any]) -> None:
    """Show a JSON object: its plain members as one table, every list of objects as one more."""
    plain = Table("member", "value", show_header=False)
    lists = {}
    for name, member in value.items():
        if isinstance(member, list) and member and isinstance(member[0], dict):
            lists[name] = member
        else:
            plain.add_row(_text(name), _text(member))
    console.print(plain)
    for name, rows in lists.items():
        console.print(records(name, rows))


def records(title: str, rows: list[dict[str, Any]]) -> Table:
    """Make a table of objects, one column for every member that any of them has."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = Table(title=Text(visible(title), style="table.title"), title_justify="left")
    for name in names:
        table.add_column(_text(name))
    for row in rows:
        table.add_row(*(_text(row.get(name)) for name in names))
    return table


def _call_cost(console: Console, cost: dict[str, Any]) -> None:
    head = Table("member", "value", show_header=False)
    for name, value in cost.items():
        if name != "Timespans":
            head.add_row(_text(name), _text(value))
    console.print(head)
    spans = Table("from", "to", "price", "per seconds", "connect fee", "clock", "minutes of")
    for span in cost.get("Timespans") or []:
        interval, minutes = span.get("Interval") or {}, span.get("MinuteInfo") or {}
        clock = f"{interval.get('StartTime') or '00:00:00'}-{interval.get('EndTime') or '24:00:00'}"
        spans.add_row(
            _text(span.get("TimeStart")),
            _text(span.get("TimeEnd")),
            _text(minutes.get("Price") if minutes else interval.get("Price")),
            "1" if minutes else _text(interval.get("BillingUnit")),
            _text(interval.get("ConnectFee")),
            _text(clock if interval else ""),
            _text(f"{minutes['DestinationId']} ({minutes['Quantity']} s)" if minutes else ""),
        )
    console.print(spans)


def _text(value: Any) -> Text:
    """Make a cell: no markup, nothing that steers."""
    return Text(visible(_cell(value)))


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(_cell(item) for item in value)
    return str(value)
