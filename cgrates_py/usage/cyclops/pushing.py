"""Reads what is pushed: usage of meters, meters, static rates. All of a body is good or nothing is done."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from cgrates_py.usage.cyclops.times import read_timestamp
from rater import instant
from rater.usage.cyclops import METERS_MAX, NAME_CHARACTERS_MAX, RATES_MAX, number
from rater.usage.records import Row
from storage.cyclops_state import Meter, MeterType

ROWS_MAX = 20_000
"""Usages of one message."""
AHEAD_NS = instant.DAY
"""A usage may be so far ahead of our clock."""

_TYPES: dict[str, MeterType] = {"gauge": "gauge", "cumulative": "cumulative", "external": "external"}


class PushError(ValueError):
    """A body cannot be taken. The text says what of it, and what was expected."""


class RatePost(msgspec.Struct):
    """What is posted to ``/rate``; members that nobody knows are ignored."""

    rate_policy: str
    rate: dict[str, msgspec.Raw] | None = None
    source: Any = None
    time: Any = None


class _Usage(msgspec.Struct):
    meter: str
    userid: str | int
    usage: msgspec.Raw
    timestamp: Any = None


class _SourceUsage(msgspec.Struct):
    userid: str | int
    usage: msgspec.Raw
    timestamp: Any = None


class _Metadata(msgspec.Struct):
    source: str


class _Source(msgspec.Struct):
    metadata: _Metadata
    usage: list[_SourceUsage]


class _Table(msgspec.Struct):
    columns: list[str]
    points: list[list[Any]]


class MeterNews(NamedTuple):
    """A meter as it was posted; None: as it is."""

    name: str
    type: MeterType | None
    enabled: bool | None
    source: str | None


_decode_rate = msgspec.json.Decoder(RatePost).decode
_decode_usage = msgspec.json.Decoder(list[_Usage]).decode
_decode_sources = msgspec.json.Decoder(list[_Source]).decode
_decode_table = msgspec.json.Decoder(_Table).decode
_decode_any = msgspec.json.Decoder().decode
_decode_text = msgspec.json.Decoder(str).decode


def read_rate(body: str) -> RatePost | None:
    """Read what is posted to ``/rate``; None: it is not what it has to be, which the original passed over."""
    try:
        found = _decode_rate(body)
    except (msgspec.DecodeError, RecursionError):
        return None
    return None if is_static(found) and found.rate is None else found


def is_static(post: RatePost) -> bool:
    """Tell whether rates are to be static: every other word means dynamic."""
    return post.rate_policy.strip().lower() == "static"


def literals(rate: dict[str, msgspec.Raw]) -> tuple[tuple[str, str], ...]:
    """Read static rates: JSON literals of numbers, or of texts that are numbers. Raises PushError."""
    if len(rate) > RATES_MAX:
        raise PushError(f"rate: expected at most {RATES_MAX} resources")
    return tuple(
        (_name("resource", name), _literal(f"rate of {name[:60]!r}", raw)) for name, raw in rate.items()
    )


def read_usage(body: str, now_ns: int) -> list[Row]:
    """Read ``[{meter, userid, usage, timestamp}]``, or one of them. Raises PushError."""
    text = body.strip()
    if text.startswith("{"):
        text = f"[{text}]"
    try:
        found = _decode_usage(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise PushError(f"body: {error}") from None
    return _rows([(each.meter, each) for each in found], now_ns)


def read_sources(body: str, now_ns: int) -> list[Row]:
    """Read ``[{metadata: {source}, usage: [{timestamp, userid, usage}]}]``. Raises PushError."""
    try:
        found = _decode_sources(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise PushError(f"body: {error}") from None
    return _rows([(source.metadata.source, each) for source in found for each in source.usage], now_ns)


def read_meters(body: str) -> list[MeterNews]:
    """Read meters: a table as ``GET /meters`` has it, a list of objects, or one. Raises PushError."""
    try:
        document = _decode_any(body)
        if isinstance(document, dict) and "columns" in document:
            table = _decode_table(body)
            document = [dict(zip(table.columns, point, strict=True)) for point in table.points]
    except (msgspec.DecodeError, RecursionError) as error:
        raise PushError(f"body: {error}") from None
    except ValueError:
        raise PushError("points: expected as many values as there are columns") from None
    rows = document if isinstance(document, list) else [document]
    if not 1 <= len(rows) <= METERS_MAX:
        raise PushError(f"expected 1 to {METERS_MAX} meters")
    return [_meter(place, row) for place, row in enumerate(rows)]


def merged(before: Sequence[Meter], news: Sequence[MeterNews], now_ns: int) -> tuple[Meter, ...]:
    """Lay meters over those there are. Raises PushError for more than there may be."""
    found = {each.name: each for each in before}
    for name, kind, enabled, source in news:
        old = found.get(name, Meter(name))
        new = Meter(
            name,
            old.type if kind is None else kind,
            old.enabled if enabled is None else enabled,
            old.source if source is None else source,
            now_ns,
        )
        found[name] = new
    if len(found) > METERS_MAX:
        raise PushError(f"expected at most {METERS_MAX} meters in all")
    return tuple(found.values())


def _rows(found: Sequence[tuple[str, _Usage | _SourceUsage]], now_ns: int) -> list[Row]:
    if not 1 <= len(found) <= ROWS_MAX:
        raise PushError(f"expected 1 to {ROWS_MAX} usages")
    rows = []
    for place, (meter, each) in enumerate(found):
        account = _name(f"$[{place}].userid", str(each.userid))
        value = _literal(f"$[{place}].usage", each.usage).strip('"')
        try:
            at_ns = read_timestamp(each.timestamp, now_ns)
        except ValueError as error:
            raise PushError(f"$[{place}].timestamp: {error}") from None
        if at_ns < 0:
            raise PushError(f"$[{place}].timestamp: expected a time from 1970 on")
        if at_ns > now_ns + AHEAD_NS:
            raise PushError(f"$[{place}].timestamp: expected a time that is not a day ahead")
        rows.append(Row(account, _name(f"$[{place}].meter", meter), value, at_ns, at_ns))
    return rows


def _meter(place: int, row: Any) -> MeterNews:
    if not isinstance(row, dict):
        raise PushError(f"[{place}]: expected a meter with metername, metertype and status")
    name, kind, status = row.get("metername"), row.get("metertype"), row.get("status")
    source = row.get("metersource")
    if not isinstance(name, str):
        raise PushError(f"[{place}].metername: expected a text")
    if kind is not None and (not isinstance(kind, str) or kind.lower() not in _TYPES):
        raise PushError(f"[{place}].metertype: expected one of {', '.join(_TYPES)}")
    if status is not None and str(status).lower() not in ("0", "1", "true", "false"):
        raise PushError(f"[{place}].status: expected 1 or 0")
    enabled = None if status is None else str(status).lower() in ("1", "true")
    return MeterNews(
        _name("metername", name),
        None if kind is None else _TYPES[kind.lower()],
        enabled,
        _name("metersource", source) if isinstance(source, str) and source else None,
    )


def _name(what: str, text: str) -> str:
    if not 1 <= len(text) <= NAME_CHARACTERS_MAX or not text.isprintable():
        raise PushError(f"{what}: expected a text of 1 to {NAME_CHARACTERS_MAX} printable characters")
    return text


def _literal(what: str, raw: msgspec.Raw) -> str:
    """Tell the literal of a number; of a text that is one, with its quotes."""
    literal = bytes(raw).decode()
    text = _decode_text(raw) if literal.startswith('"') else literal
    try:
        number(text)
    except ValueError as error:
        raise PushError(f"{what}: {error}") from None
    return f'"{text}"' if text is not literal else text
