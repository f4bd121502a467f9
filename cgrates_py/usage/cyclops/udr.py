"""Where meters and usage come from: our own books, or another UDR service that is asked over HTTP."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import quote

from cgrates_py.usage.cyclops.remote import Remote, RemoteError
from cgrates_py.usage.cyclops.times import written
from rater.usage.cyclops import Window, number
from storage.cyclops_state import Meter

_TYPES = {"gauge": "gauge", "cumulative": "cumulative"}
_USAGES = ("mean", "sum", "usage")
"""Columns that tell a user's usage, the first that there is."""
_USERS = ("userid", "userId", "user_id", "user")


class Quantity(NamedTuple):
    """What one account used in a window."""

    account: str
    value: Decimal


class Udr:
    """A UDR service. Calls raise RemoteError."""

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    async def meters(self) -> list[Meter]:
        """List the meters: of one that is listed several times, the first line counts."""
        found: dict[str, Meter] = {}
        for row in _rows(await self._remote.get("meters")):
            name = row.get("metername")
            if isinstance(name, str) and name:
                kind = _TYPES.get(str(row.get("metertype")).lower(), "external")
                enabled = str(row.get("status")).lower() in ("1", "true")
                found.setdefault(name, Meter(name, kind, enabled))  # type: ignore[arg-type]  # -- one of three
        return list(found.values())

    async def usage(self, meter: str, window: Window) -> list[Quantity]:
        """Tell what each account used of a meter in a window."""
        query = {"from": written(window.from_ns), "to": written(window.upto_ns)}
        answer = await self._remote.get(f"usage/resources/{quote(meter, safe='')}", query)
        found = []
        for row in _rows(answer):
            account = next((row[name] for name in _USERS if name in row), None)
            value = next((row[name] for name in _USAGES if row.get(name) is not None), None)
            if account is None or value is None:
                continue
            try:
                found.append(Quantity(str(account), number(str(value))))
            except ValueError as error:
                raise RemoteError(f"usage of {meter}: {error}") from None
        return found


def _rows(document: Any) -> Iterator[dict[str, Any]]:
    """Go through the rows of an answer: one table, or one for each user, with its names as ``tags``."""
    tables = document if isinstance(document, list) else [document]
    for table in tables:
        if not isinstance(table, dict):
            raise RemoteError("answered neither a table nor a list of tables")
        columns = table.get("columns") or table.get("column") or []
        lines = next((table[name] for name in ("points", "values", "usage") if name in table), None) or []
        tags = table.get("tags") or {}
        if not (isinstance(columns, list) and isinstance(lines, list) and isinstance(tags, dict)):
            raise RemoteError("answered a table without columns and points")
        for line in lines:
            if not isinstance(line, list) or len(line) != len(columns):
                raise RemoteError("answered a line that does not fit its columns")
            yield {**tags, **dict(zip(map(str, columns), line, strict=True))}
