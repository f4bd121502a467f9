"""Cuts a file of lines, perhaps compressed, into blocks of whole lines, in constant memory."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from cgrates_py.cdrs.chunk import BLOCK_BYTES, RecordsError

STDIN = "-"
"""Names standard input."""

COMPRESSIONS = {".gz": "gzip", ".zst": "zstd"}
"""Compressions by the end of a name."""

LINE_BYTES_MAX = 64 << 20
"""Bytes without a line end at which a file is taken for none of lines."""

LINES_BACK_MAX = 64
"""Line ends tried so as not to cut inside quotes: as long as a quoted text may reasonably be."""


class Lines:
    """A text file, or standard input, as blocks of whole lines."""

    def __init__(self, path: str, block_bytes: int = BLOCK_BYTES) -> None:
        self._block_bytes = block_bytes
        self._file: BinaryIO = sys.stdin.buffer if path == STDIN else Path(path).open("rb")  # noqa: SIM115 -- closed by close
        compression = COMPRESSIONS.get(Path(path).suffix.lower())
        self._stream: Any = self._file
        if compression is not None:
            self._stream = pa.CompressedInputStream(pa.PythonFile(self._file, mode="r"), compression)
        self._is_file = path != STDIN
        self._seekable = self._is_file and self._file.seekable()
        self.bytes_total = Path(path).stat().st_size if self._seekable else None
        self._read = 0

    @property
    def bytes_read(self) -> int:
        """How many bytes of the file are read, compressed ones as they are."""
        return self._read

    def close(self) -> None:
        """Close the file."""
        if self._is_file:
            self._file.close()

    def blocks(self, *, quotes: bool) -> Iterator[bytes]:
        """Give blocks of whole lines; with ``quotes`` none ends inside a quoted text, if that can be told.

        Raises RecordsError for a file that has no lines, or breaks off inside its compression.
        """
        rest = b""
        while True:
            block = rest + self._more()
            if len(block) == len(rest):
                break
            cut = _cut(block, quotes=quotes)
            if cut == 0 and len(block) > LINE_BYTES_MAX:
                raise RecordsError(f"expected lines, got {LINE_BYTES_MAX} bytes without an end of line")
            rest = block[cut:]
            if cut:
                yield block[:cut]
        if rest:
            yield rest

    def _more(self) -> bytes:
        try:
            data: bytes = self._stream.read(self._block_bytes)
            if self._seekable:
                self._read = self._file.tell()
            else:
                self._read += len(data)
        except (OSError, pa.ArrowException) as error:
            raise RecordsError(f"cannot be read on: {error}") from None
        return data


def lines_of(block: bytes) -> list[bytes]:
    """List the lines of a block, without their ends."""
    lines = block.split(b"\n")
    if not lines[-1]:
        del lines[-1]
    return lines


def _cut(block: bytes, *, quotes: bool) -> int:
    """Tell where the last whole line ends; 0 if there is none."""
    last = cut = block.rfind(b"\n") + 1
    if not quotes or not cut:
        return cut
    odd = block.count(b'"', 0, cut) % 2
    for _ in range(LINES_BACK_MAX):
        if not odd or not cut:
            break
        before = block.rfind(b"\n", 0, cut - 1) + 1
        odd ^= block.count(b'"', before, cut) % 2
        cut = before
    return last if odd else cut
