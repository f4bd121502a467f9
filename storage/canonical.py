"""The hash of a tariff: equal tariffs have the same, however their numbers and maps are written."""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
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
    if kind is tuple:
        return value if value and type(value[0]) in {str, int} else [_plain(item) for item in value]
    if kind is Decimal:
        numerator, denominator = value.as_integer_ratio()
        return f"{numerator}/{denominator}"
    if isinstance(value, StrEnum):
        return value.value
    if is_dataclass(kind):
        return [_plain(getattr(value, name)) for name in _names(kind)]
    return value


@lru_cache(maxsize=64)
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))
