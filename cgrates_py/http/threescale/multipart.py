"""Reads a ``multipart/form-data`` body: its parts are the same nested parameters as those of a form. Pure."""

from dataclasses import dataclass, field
from typing import Final

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from cgrates_py.http.threescale.params import (
    SYNTAX,
    InvalidTextError,
    Parameters,
    ParameterSyntaxError,
    Value,
    check_count,
    check_size,
    nest,
)

_DISPOSITION: Final = b"content-disposition"


def parse_multipart(body: bytes, content_type: bytes, *, lenient: bool = False) -> Parameters:
    """Read a body by the boundary that its content type names; ``lenient`` as ``params.parse``.

    A part with a file's name is no text. Raises ParameterSyntaxError, or InvalidTextError unless lenient.
    """
    if not body:
        return {}
    check_size(len(body))
    boundary = parse_options_header(content_type)[1].get(b"boundary")
    if not boundary:
        raise ParameterSyntaxError(SYNTAX)
    parts = _Parts()
    try:
        parser = MultipartParser(
            boundary,
            {
                "on_part_begin": parts.begin,
                "on_header_field": parts.header_field,
                "on_header_value": parts.header_value,
                "on_header_end": parts.header_end,
                "on_part_data": parts.data,
                "on_part_end": parts.end,
                "on_end": parts.finish,
            },
        )
        parser.write(body)
    except FormParserError:
        raise ParameterSyntaxError(SYNTAX) from None
    if not parts.whole:
        raise ParameterSyntaxError(SYNTAX)
    errors = "replace" if lenient else "strict"
    try:
        pairs = [(name.decode("utf-8", errors), _value(content, errors)) for name, content in parts.found]
    except UnicodeDecodeError:
        raise InvalidTextError from None
    return nest(pairs)


def _value(content: bytes | None, errors: str) -> Value:
    return {} if content is None else content.decode("utf-8", errors)


@dataclass
class _Parts:
    """Collects the names and contents of the parts; the content of a file is None."""

    found: list[tuple[bytes, bytes | None]] = field(default_factory=list)
    whole: bool = False
    _field: bytes = b""
    _header: bytes = b""
    _disposition: bytes = b""
    _data: bytearray = field(default_factory=bytearray)

    def begin(self) -> None:
        check_count(len(self.found) + 1)
        self._field = self._header = self._disposition = b""
        self._data.clear()

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._field += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def header_end(self) -> None:
        if self._field.lower() == _DISPOSITION:
            self._disposition = self._header
        self._field = self._header = b""

    def data(self, data: bytes, start: int, end: int) -> None:
        self._data += data[start:end]

    def end(self) -> None:
        options = parse_options_header(self._disposition)[1]
        if b"name" in options:
            self.found.append((options[b"name"], None if b"filename" in options else bytes(self._data)))

    def finish(self) -> None:
        self.whole = True
