"""Numbers as integers that sort as their digits do: what a search in sorted ranges takes.

A key has four bits for each of the first sixteen digits: the digit plus one, and zero behind the end.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

DIGITS = 16
"""Digits in a key; E.164 numbers have fifteen at most."""

Keys = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

_PLUS = ord("+")
_NINE = 10


def first_number(key: int) -> str:
    """Give the first number at or behind a key, which may be the one just behind a prefix that ends in 9."""
    digits = [key >> 4 * place & 15 for place in range(DIGITS)]
    for place in range(DIGITS - 1):
        if digits[place] > _NINE:
            digits[place] = 0
            digits[place + 1] += 1
    return "".join(chr(digit + 47) for digit in reversed(digits)).rstrip("/")


class Numbers:
    """The bytes of a column of numbers, made into keys a stretch of rows at a time."""

    def __init__(self, column: pa.Array) -> None:
        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
        if column.null_count:
            raise ValueError("the column of numbers has nulls")
        wide = pa.types.is_large_string(column.type)
        if not wide and not pa.types.is_string(column.type):
            raise ValueError(f"the column of numbers has to be of strings, not {column.type}")
        _, places, data = column.buffers()
        kind = np.int64 if wide else np.int32
        size = len(column)
        self._places: npt.NDArray[Any] = np.zeros(1, kind)
        if places is not None and size:
            self._places = np.frombuffer(places, kind)[column.offset : column.offset + size + 1]
        low, high = int(self._places[0]), int(self._places[-1])
        # zeros behind the last number, so that each can be read as sixteen bytes and more
        self._bytes = np.zeros(high - low + DIGITS + 1, np.uint8)
        if data is not None and high > low:
            self._bytes[: high - low] = np.frombuffer(data, np.uint8)[low:high]
        self._low = low

    def keys(self, low: int, high: int) -> tuple[Keys, Bools, Bools]:
        """Make the keys of rows ``[low, high)``; tell which are odd (no digits) or longer than a key."""
        begins = self._places[low:high].astype(np.int64) - self._low
        lengths = self._places[low + 1 : high + 1].astype(np.int64) - self._low - begins
        plus = (self._bytes[begins] == _PLUS) & (lengths > 0)
        begins += plus
        lengths -= plus
        # a view of sixteen bytes from every byte on: one gather reads whole numbers
        at_every_byte: npt.NDArray[np.bytes_] = np.ndarray(
            (len(self._bytes) - DIGITS + 1,), f"S{DIGITS}", self._bytes.data, strides=(1,)
        )
        texts = at_every_byte[begins].view(">u8").astype(np.uint64).reshape(-1, 2)
        valid = np.stack([_VALID[np.clip(lengths, 0, 8)], _VALID[np.clip(lengths - 8, 0, 8)]], axis=1)
        values = (texts ^ _ZEROS) & valid
        odd = (((values + _SIXES) | values) & _HIGH) != 0
        values += _ONES & valid
        values |= values >> _U(4)
        values &= _U(0x00FF00FF00FF00FF)
        values |= values >> _U(8)
        values &= _U(0x0000FFFF0000FFFF)
        values |= values >> _U(16)
        keys = (values[:, 0] << _U(32)) | (values[:, 1] & _U(0xFFFFFFFF))
        return keys, odd[:, 0] | odd[:, 1], lengths > DIGITS


_U = np.uint64
_ZEROS = _U(0x3030303030303030)
_ONES = _U(0x0101010101010101)
_SIXES = _U(0x0606060606060606)
_HIGH = _U(0xF0F0F0F0F0F0F0F0)
_VALID = np.array([(1 << 64) - (1 << 64 - 8 * size) for size in range(9)], np.uint64)
"""By how many of eight bytes belong to a number: those, as a mask."""
