"""Shows columns of amounts (nanounits) as exact decimals: as texts, and as Parquet's decimals."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from cgrates_py.bulk.calls import Int64s
from cgrates_py.cdrs.durations import Flags
from rater import quantity

DECIMAL = pa.decimal128(19, 9)
"""Amounts in Parquet: nine decimals, every value of 64 bits."""


def decimals(amounts: Int64s, known: Flags) -> pa.Array:
    """Make decimals of amounts, null where not ``known``: the same bits, with the sign continued."""
    halves = np.empty((len(amounts), 2), dtype=np.int64)
    halves[:, 0] = amounts
    halves[:, 1] = amounts >> 63
    valid = pa.py_buffer(np.packbits(known, bitorder="little").tobytes())
    return pa.Array.from_buffers(DECIMAL, len(amounts), [valid, pa.py_buffer(halves.tobytes())])


def texts(amounts: Int64s, known: Flags) -> pa.Array:
    """Print amounts that are not negative as the shortest exact decimals, null where not ``known``."""
    encoded = pa.array(amounts, mask=~known).dictionary_encode()
    whole, rest = np.divmod(encoded.dictionary.to_numpy(), quantity.SCALE)
    begun = pc.cast(pa.array(whole), pa.string())
    digits = pc.utf8_rtrim(pc.utf8_lpad(pc.cast(pa.array(rest), pa.string()), 9, "0"), "0")
    shown = pc.if_else(pa.array(rest == 0), begun, pc.binary_join_element_wise(begun, digits, "."))
    return pc.take(shown, encoded.indices)


def total(amounts: Int64s) -> int:
    """Add up a column, beyond 64 bits if need be."""
    whole, rest = np.divmod(amounts, quantity.SCALE)
    return int(whole.sum()) * quantity.SCALE + int(rest.sum())
