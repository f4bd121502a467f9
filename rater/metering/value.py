"""How much is used: the text of a usage value, and a transaction's values spread over the metric tree."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

VALUE_MAX = 2**63 - 1
"""The largest value of one transaction: what other systems' counters hold."""

_VALUE = re.compile(r"\s*(#?)([0-9]+)\s*", re.ASCII)


class Amount(NamedTuple):
    """So much of a metric: added to what is counted, or put in its place."""

    metric_id: str
    number: int
    replaces: bool = False


class ValueRangeError(ValueError):
    """The number is beyond VALUE_MAX."""


def parse_value(text: str) -> tuple[int, bool] | None:
    """Read a usage value: (number, whether it replaces); None if it is none. Raises ValueRangeError."""
    match = _VALUE.fullmatch(text)
    if match is None:
        return None
    digits = match[2].lstrip("0") or "0"
    if len(digits) > len(str(VALUE_MAX)) or (number := int(digits)) > VALUE_MAX:
        raise ValueRangeError
    return number, match[1] == "#"


def spread(
    amounts: Iterable[Amount], lineage: Mapping[str, tuple[str, ...]] | None
) -> dict[str, tuple[int, bool]]:
    """Tell what a transaction means for each metric that it touches, ancestors included: (number, replaces).

    ``lineage`` None: for the named ones alone. What is added after a replacement in the same transaction
    adds to it; of several replacements the last one counts.
    """
    spread_out: dict[str, tuple[int, bool]] = {}
    for metric_id, number, replaces in amounts:
        for each in (metric_id,) if lineage is None else lineage[metric_id]:
            if replaces:
                spread_out[each] = (number, True)
            else:
                before, replaced = spread_out.get(each, (0, False))
                spread_out[each] = (before + number, replaced)
    return spread_out
