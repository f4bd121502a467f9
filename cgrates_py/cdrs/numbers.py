"""Rewrites columns of numbers called to begin with a country code, as the layout declares."""

from functools import reduce

import pyarrow as pa
import pyarrow.compute as pc

from cgrates_py.cdrs.layout import Layout


def rewrite(numbers: pa.Array, layout: Layout) -> pa.Array:
    """Drop what stands before a country code; put the country code where a national prefix stands.

    A number after a ``+`` is international already and loses nothing but that. Of prefixes that begin each
    other the longer wins; international ones come before national ones. Without any declared, numbers stay
    as they are.
    """
    rules = [(prefix, "") for prefix in _longest_first(layout.international)]
    national = dict(layout.national)
    rules += [(prefix, national[prefix]) for prefix in _longest_first(national)]
    if not rules:
        return numbers
    rules.insert(0, ("+", ""))
    whens = [pc.starts_with(numbers, prefix) for prefix, _ in rules]
    thens = [_replaced(numbers, prefix, code) for prefix, code in rules]
    return reduce(
        lambda otherwise, rule: pc.if_else(rule[0], rule[1], otherwise),
        reversed(list(zip(whens, thens, strict=True))),
        numbers,
    )


def _longest_first(prefixes: "tuple[str, ...] | dict[str, str]") -> list[str]:
    return sorted(prefixes, key=len, reverse=True)


def _replaced(numbers: pa.Array, prefix: str, code: str) -> pa.Array:
    rest = pc.utf8_slice_codeunits(numbers, len(prefix))
    return (
        pc.binary_join_element_wise(pa.scalar(code, numbers.type), rest, pa.scalar("", numbers.type))
        if code
        else rest
    )
