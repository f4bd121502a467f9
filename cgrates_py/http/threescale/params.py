"""Nested parameters: form encoding with brackets, ``usage[hits]=1``, ``a[][b]=2``. Pure.

``a[b]`` is a member of a mapping, ``a[]`` one more item of a list, ``a[][b]`` a member of the list's last
mapping, or of a new one if that has it already. Of a value given twice the last counts. A name without ``=``
has the value None. ``&`` alone separates; ``;`` is data. Source: section 1.1 of the notes on the API.
"""

import re
from binascii import a2b_qp
from collections.abc import Iterable
from functools import lru_cache
from typing import Final

PARAMETERS_MAX: Final = 4096
"""Of one query or body: a report of 1,000 transactions has some 3,000."""
BYTES_MAX: Final = 4 << 20
"""Of one query or body."""
DEPTH_MAX: Final = 32
"""Names in one name: ``a[b][c]`` has three."""
NAMES_KEPT: Final = 8192
"""Names whose parts are remembered: those of two large reports, a few MiB."""
NAME_BYTES_KEPT: Final = 128
"""Longest name that is remembered."""

Value = str | None | dict[str, "Value"] | list["Value"]
Parameters = dict[str, Value]
Path = tuple[str, ...]
"""The parts of a name; an empty one stands for ``[]``."""
_ITEM: Final = ""

_BROKEN_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
SYNTAX: Final = "request contains syntax errors, should not be repeated without modification"


class ParameterSyntaxError(ValueError):
    """The parameters cannot be read; the text is the answer's."""


class InvalidTextError(ValueError):
    """A name or value is no UTF-8."""


def parse(encoded: bytes, *, lenient: bool = False) -> Parameters:
    """Read a query or form; ``lenient`` puts U+FFFD for what is no UTF-8.

    Raises ParameterSyntaxError, or InvalidTextError unless lenient.
    """
    if not encoded:
        return {}
    check_size(len(encoded))
    segments = encoded.split(b"&")
    check_count(len(segments))
    if b"%" in encoded and _BROKEN_ESCAPE.search(encoded):
        raise ParameterSyntaxError("Invalid query parameters: invalid %-encoding")
    errors = "replace" if lenient else "strict"
    parameters: Parameters = {}
    try:
        for segment in segments:
            name, equals, value = segment.partition(b"=")
            path = _path(name, errors) if len(name) <= NAME_BYTES_KEPT else _read_path(name, errors)
            if not equals:
                if path:
                    _put(parameters, path, None)
            elif len(path) == 1:
                parameters[path[0]] = _text(value, errors)
            elif path:
                _put(parameters, path, _text(value, errors))
    except UnicodeDecodeError:
        raise InvalidTextError from None
    return parameters


def nest(pairs: Iterable[tuple[str, Value]]) -> Parameters:
    """Nest names that are decoded already, as those of a multipart body. Raises ParameterSyntaxError."""
    parameters: Parameters = {}
    for name, value in pairs:
        if path := _split(name):
            _put(parameters, path, value)
    return parameters


def check_size(length: int) -> None:
    """Raise ParameterSyntaxError for more bytes than are taken."""
    if length > BYTES_MAX:
        raise ParameterSyntaxError(f"total query size exceeds limit ({BYTES_MAX})")


def check_count(count: int) -> None:
    """Raise ParameterSyntaxError for more parameters than are taken, empty segments included."""
    if count > PARAMETERS_MAX:
        raise ParameterSyntaxError(
            f"total number of query parameters ({count}) exceeds limit ({PARAMETERS_MAX})"
        )


def _text(encoded: bytes, errors: str) -> str:
    if b"+" in encoded:
        encoded = encoded.replace(b"+", b" ")
    if b"%" in encoded:
        # Quoted-printable is the same code with another sign, and its decoder works at C's speed: what takes
        # a microsecond a byte would let one body of 4 MiB hold up everybody.
        encoded = a2b_qp(encoded.replace(b"=", b"=3D").replace(b"%", b"="))
    return encoded.decode("utf-8", errors)


def _read_path(name: bytes, errors: str) -> Path:
    return _split(_text(name, errors))


_path = lru_cache(NAMES_KEPT)(_read_path)


def _split(name: str) -> Path:
    """Take a name apart. What is no bracket where one is expected is a name as it stands."""
    start = name.find("[", 1)
    if start < 0:
        return (name,) if name else ()
    if start == len(name) - 1:
        return (name,)
    parts = [name[:start]]
    while start < len(name):
        if len(parts) == DEPTH_MAX:
            raise ParameterSyntaxError(SYNTAX)
        end = name.find("]", start) if name[start] == "[" else -1
        if end < 0:
            parts.append(name[start:])
            break
        parts.append(name[start + 1 : end])
        start = end + 1
    return tuple(parts)


def _put(parameters: Parameters, path: Path, value: Value) -> None:
    """Put a value where its name says. Raises ParameterSyntaxError where something else already is."""
    inside, key = parameters, path[0]
    for at in range(1, len(path)):
        part = path[at]
        found = inside.get(key)
        if part == _ITEM:
            if found is None:
                found = inside[key] = []
            if not isinstance(found, list):
                raise ParameterSyntaxError(SYNTAX)
            _append(found, path[at + 1 :], value)
            return
        if found is None:
            found = inside[key] = {}
        if not isinstance(found, dict):
            raise ParameterSyntaxError(SYNTAX)
        inside, key = found, part
    inside[key] = value


def _append(items: list[Value], rest: Path, value: Value) -> None:
    """Put a value into the last item if that lacks it, else into a new one; lists in lists are always new."""
    if not rest or _ITEM in rest:
        for part in reversed(rest):
            value = [value] if part == _ITEM else {part: value}
        items.append(value)
        return
    last = items[-1] if items else None
    if not isinstance(last, dict) or _has(last, rest):
        last = {}
        items.append(last)
    _put(last, rest, value)


def _has(found: Value, path: Path) -> bool:
    for part in path:
        if not isinstance(found, dict) or part not in found:
            return False
        found = found[part]
    return True
