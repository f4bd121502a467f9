"""Cuts a stream of bytes into JSON values: one after the other, or as netstrings. No I/O.

A stream whose first byte is a digit is netstrings (``LEN:JSON,``) to its end; any other is plain JSON
values, with or without whitespace around them. A value is an object or an array: what begins otherwise is
no request.

Two speeds. ``lines`` hands over whole lines as they are, for a decoder that takes many at once. When that
decoder finds that they are not one value each, ``split`` goes through the same bytes exactly: brackets and
strings, resumed where it stopped, so a value that comes one byte at a time costs no more than one that comes
at once.
"""

import re
from itertools import accumulate

import msgspec

from protocol.limits import BRACKETS_MAX, DEPTH_MAX, FRAME_BYTES_MAX

_STRING_REST = re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL)
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_PLAIN = re.compile(rb'(?:[^"{}\[\]]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
_SPACE = re.compile(rb"[ \t\r\n]*+")
_NO_BRACKETS = bytes(set(range(256)) - set(b"{}[]"))
_STEP = {ord("{"): 1, ord("["): 1, ord("}"): -1, ord("]"): -1}
_QUOTE, _COMMA = b'",'
_CHUNK_BYTES_MAX = 1 << 18  # what an event loop reads at once: such a chunk needs no look at its length
_OPENERS = b"{["
_DIGITS = b"0123456789"


_decode = msgspec.json.Decoder(msgspec.Raw).decode
_MALFORMED = re.compile(r"malformed: (.*) \(byte (\d+)\)")


def fault_of(beginning: bytes) -> str:
    """Tell why no JSON value can begin with ``beginning``; empty if one can, whatever follows."""
    try:
        _decode(beginning)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        found = _MALFORMED.search(str(error))
        # a number cut off after its sign, point or e is malformed at the very end, and may go on
        if found is not None and int(found[2]) < len(beginning):
            return f"{found[1]} at byte {found[2]}"
    return ""


def _after(pattern: re.Pattern[bytes], buffer: bytearray, at: int) -> int:
    match = pattern.match(buffer, at)
    return match.end() if match else at


def too_deep(value: bytes, depth_max: int = DEPTH_MAX) -> bool:
    """Tell whether the JSON text ``value`` is nested deeper than ``depth_max``."""
    if value.count(b"{") + value.count(b"[") <= depth_max:
        return False  # cheap and usual: it has not even so many brackets
    brackets = _STRING.sub(b"", value).translate(None, _NO_BRACKETS)
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0) > depth_max


class Framer:
    """Cuts one connection's bytes. Feed it with ``lines``, then take the values with ``split``.

    ``fault`` tells why the stream cannot go on; the values before the fault are still returned.
    """

    __slots__ = (
        "_at",
        "_begun",
        "_brackets",
        "_buffer",
        "_check_at",
        "_depth",
        "_frame_max",
        "_in_string",
        "_tried",
        "clear",
        "fault",
        "netstrings",
    )

    def __init__(self, frame_bytes_max: int = FRAME_BYTES_MAX) -> None:
        self._frame_max = frame_bytes_max
        self._buffer = bytearray()
        self._at = 0
        self._brackets = 0
        self._check_at = 0
        self._depth = 0
        self._in_string = False
        self._tried = False
        self.clear = False
        """Plain JSON, and nothing is left over: whole lines may skip ``lines``."""
        self._begun = False
        self.netstrings = False
        """Told by the first byte."""
        self.fault = ""

    @property
    def pending(self) -> int:
        """Bytes of the unfinished value."""
        return len(self._buffer)

    def lines(self, data: bytes) -> bytes:
        """Take ``data``; return the whole lines among what there is, if they are worth decoding as such.

        Lines that are not one value each must come back through ``split``. The rest waits for ``split`` too.
        """
        if not self._begun:
            self._begun = True
            self.netstrings = data[0] in _DIGITS
        if self.fault:
            return b""
        cut = data.rfind(b"\n") + 1
        if self.netstrings or self._tried or not cut or len(self._buffer) + cut > self._frame_max:
            self._buffer += data
            return b""
        block = bytes(self._buffer) + data[:cut] if self._buffer else data[:cut]
        self._tried = True  # until the stream is clear again: bytes are decoded at most twice
        self._restart(bytearray(data[cut:]))
        return block

    def decoded(self) -> None:
        """Tell that the last ``lines`` were one value each."""
        self._tried = False
        self._settle()

    def split(self, block: bytes = b"") -> list[bytes]:
        """Return the finished values of ``block`` (lines that were none) and of what waits, in order."""
        if block:
            self._restart(bytearray(block) + self._buffer)
        frames: list[bytes] = []
        if self.netstrings:
            self._split_netstrings(frames)
        else:
            self._split_values(frames)
        if not self._buffer:
            self._tried = False
        self._settle()
        return frames

    def _settle(self) -> None:
        whole = self._frame_max >= _CHUNK_BYTES_MAX and not self.netstrings
        self.clear = whole and not self._buffer and not self.fault

    def _fail(self, why: str) -> None:
        self.fault = why
        self._restart(bytearray())

    def _restart(self, buffer: bytearray) -> None:
        self._buffer = buffer
        self._at = self._depth = self._brackets = 0
        self._in_string = False

    def _split_values(self, frames: list[bytes]) -> None:
        buffer = self._buffer
        start = 0
        while True:
            if self._at == start:
                start = self._at = _after(_SPACE, buffer, start)
                if start < len(buffer) and buffer[start] not in _OPENERS:
                    return self._fail("a request begins with { or [")
            finished = self._scan()
            if self._depth > DEPTH_MAX:
                return self._fail(f"nested deeper than {DEPTH_MAX}")
            if self._brackets > BRACKETS_MAX:
                return self._fail(f"more than {BRACKETS_MAX} brackets")
            if finished:
                self._brackets = 0
            if (self._at if finished else len(buffer)) - start > self._frame_max:
                return self._fail(f"longer than {self._frame_max} bytes")
            if not finished:
                if why := self._unreadable(start):
                    return self._fail(why)
                break
            self._check_at = 0
            frames.append(bytes(buffer[start : self._at]))
            start = self._at
        del buffer[:start]
        self._at -= start
        return None

    def _unreadable(self, start: int) -> str:
        """Tell why the unfinished value from ``start`` on can never be finished; empty if it can.

        Without this a caller that lost a bracket would wait for ever. Looked at again when as much again
        has come: a value that comes one byte at a time is read twice at most.
        """
        size = len(self._buffer) - start
        if size < self._check_at:
            return ""
        self._check_at = 2 * size + 1
        return fault_of(bytes(self._buffer[start:])) if size else ""

    def _scan(self) -> bool:
        """Go on to the end of the value; False if it lies beyond the bytes that came."""
        buffer, at, end = self._buffer, self._at, len(self._buffer)
        while at < end:
            if self._in_string:
                at = self._string_end(at)
                if at == end or buffer[at] != _QUOTE:
                    break  # the string, or an escape in it, goes on in the next bytes
                self._in_string = False
                at += 1
            at = _after(_PLAIN, buffer, at)
            if at == end:
                break
            step = _STEP.get(buffer[at], 0)
            at += 1
            if not step:
                self._in_string = True
                continue
            self._depth += step
            self._brackets += 1
            if self._depth == 0 or self._depth > DEPTH_MAX or self._brackets > BRACKETS_MAX:
                self._at = at
                return self._depth == 0
        self._at = at
        return False

    def _string_end(self, at: int) -> int:
        """Find the quote that ends the string, or the end of the bytes, or a cut-off escape before it."""
        buffer = self._buffer
        quote = buffer.find(b'"', at)
        end = quote if quote >= 0 else len(buffer)
        if buffer.find(b"\\", at, end) < 0:
            return end  # searched a hundred times faster than matched: a megabyte of text is no attack
        return _after(_STRING_REST, buffer, at)

    def _split_netstrings(self, frames: list[bytes]) -> None:
        buffer = self._buffer
        digits_max = len(str(self._frame_max))
        start = 0
        while start < len(buffer):
            colon = buffer.find(b":", start, start + digits_max + 1)
            head = buffer[start : colon if colon >= 0 else start + digits_max + 1]
            if not head.isdigit() or len(head) > digits_max or int(head) > self._frame_max:
                return self._fail(
                    f"a netstring begins with its length, at most {self._frame_max}, and a colon"
                )
            if colon < 0:
                break
            comma = colon + 1 + int(head)
            if comma >= len(buffer):
                break
            if buffer[comma] != _COMMA:
                return self._fail("a netstring ends with a comma")
            frames.append(bytes(buffer[colon + 1 : comma]))
            start = comma + 1
        del buffer[:start]
        return None
