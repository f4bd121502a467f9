"""The hash of a tariff: equal tariffs have the same, however their numbers and maps are written."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from operator import attrgetter
from types import NoneType
from typing import Any

import msgspec

from rater.tariff import PrefixRate, Tariff

HASH_BYTES = 16

_encode = msgspec.msgpack.Encoder().encode


def tariff_hash(tariff: Tariff) -> str:
    """Tell the hash of what a tariff says, in hexadecimal.

    Maps count by their keys and numbers by their values; the order of lists and texts are as they are.
    """
    hashed = blake2b(digest_size=HASH_BYTES)
    for name in _names(Tariff):
        hashed.update(_encode(name))
        part: Mapping[Any, Any] = getattr(tariff, name)
        if name == "rates":
            _add_rates(hashed, part)
        else:
            for key in sorted(part):
                hashed.update(_encode((key, _plain(part[key]))))
    return hashed.hexdigest()


def _add_rates(hashed: Any, rates: Mapping[tuple[str, str], Mapping[str, PrefixRate]]) -> None:
    """Add the prices of prefixes, each different one spelt out once: thousands of prefixes share it."""
    known: dict[int, bytes] = {}
    for owner in sorted(rates):
        hashed.update(_encode((owner, len(rates[owner]))))
        for prefix, rate in sorted(rates[owner].items(), key=lambda item: item[0]):
            digest = known.get(id(rate))
            if digest is None:
                digest = blake2b(_encode(_plain(rate)), digest_size=HASH_BYTES).digest()
                known[id(rate)] = digest
            hashed.update(_encode((prefix, digest)))


def _plain(value: Any) -> Any:
    """Make what is encoded the same for equal values."""
    kind = type(value)
    if kind in _AS_THEY_ARE:
        return value
    if kind is Decimal:
        return _ratio(value)
    if kind is tuple:
        return value if value and type(value[0]) in {str, int} else [_plain(item) for item in value]
    if isinstance(value, StrEnum):
        return value.value
    return [item if type(item) in _AS_THEY_ARE else _plain(item) for item in _fields_of(kind)(value)]


_AS_THEY_ARE = frozenset({int, str, bool, NoneType})


@lru_cache(maxsize=4_096)
def _ratio(value: Decimal) -> str:
    """Write a number the same however it was written; equal ones share an entry of the cache."""
    numerator, denominator = value.as_integer_ratio()
    return f"{numerator}/{denominator}"


def _fields_of(kind: type[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """Give what reads the fields of a dataclass of at least two, made once."""
    read = _readers.get(kind)
    if read is None:
        read = _readers[kind] = attrgetter(*_names(kind))
    return read


_readers: dict[type[Any], Callable[[Any], tuple[Any, ...]]] = {}


def _names(kind: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
