"""What stands in the store, byte for byte: accounts, stored answers, tariff snapshots.

Every record begins with the number of its format, so that a later version can tell an old one. The bodies
are msgpack arrays without field names; decimals are text. Nothing is ever read by guess: a record that does
not decode to exactly its type is StoreCorruptError.
"""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec

from rater.account import Account, MinuteBucket
from rater.metering.usage import Usage
from rater.tariff import PrefixRate, Tariff
from storage import counters
from storage.store import KnownAnswer, StoreCorruptError, Stored

FORMAT = 1
"""The format of every record that this version writes, and the only one it reads."""

CHAIN_BYTES = 16
NO_CHAIN = bytes(CHAIN_BYTES)
"""The chain of an account before its first journal element."""

TARIFF_BYTES_MAX = 512 * 1024 * 1024
"""A snapshot larger than this, unpacked, is refused; 300,000 prefixes with a price each are 60 MB."""

_HEAD = struct.Struct(f">BQ{CHAIN_BYTES}s")
HEAD_BYTES = _HEAD.size

_BucketFields = tuple[str, int, int, Decimal]
_AccountFields = tuple[
    str, str, int, int, int, int, int, int, str, tuple[_BucketFields, ...], bool, bool
]  # the order of the fields of Account

_MeteredFields = tuple[
    str, str, int, int, int, int, int, int, str, tuple[_BucketFields, ...], bool, bool,
    dict[str, dict[int, int]],
]  # fmt: skip  # -- the same with usage, which most accounts do not have
_MeteredFieldsBeyond = tuple[
    str, str, int, int, int, int, int, int, str, tuple[_BucketFields, ...], bool, bool,
    dict[str, dict[int, int | str]],
]  # fmt: skip  # -- and with numbers beyond 64 bits
_METERED = b"\x9d"
"""What the body of an account with usage begins with: an array of 13."""

_encode = msgspec.msgpack.Encoder().encode
_decode_account = msgspec.msgpack.Decoder(_AccountFields).decode
_decode_metered = msgspec.msgpack.Decoder(_MeteredFields).decode
_decode_metered_beyond = msgspec.msgpack.Decoder(_MeteredFieldsBeyond).decode


def head(version: int, chain: bytes) -> bytes:
    """Write the beginning of an account record: format, version, hash of the journal so far.

    A commit compares these bytes, so it is refused also when another history reached the same version.
    """
    return _HEAD.pack(FORMAT, version, chain)


def version_of(record: bytes) -> int:
    """Read the version from a record or its head. Raises StoreCorruptError."""
    return split_head(record)[0]


def split_head(record: bytes) -> tuple[int, bytes]:
    """Read (version, chain) from a record or its head. Raises StoreCorruptError."""
    if len(record) < HEAD_BYTES:
        raise StoreCorruptError(f"account record of {len(record)} bytes, expected at least {HEAD_BYTES}")
    format_number, version, chain = _HEAD.unpack_from(record)
    if format_number != FORMAT:
        raise StoreCorruptError(f"account record of format {format_number}, expected {FORMAT}")
    return version, chain


def bucket_fields(buckets: tuple[MinuteBucket, ...]) -> list[_BucketFields]:
    """List the buckets as they are written in records and journals."""
    return [(each.destination_id, each.seconds_ns, each.priority, each.price) for each in buckets]


def encode_account(account: Account) -> bytes:
    """Write an account without its head. Raises ValueError for an amount beyond 64 bits."""
    fields = (
        account.customer,
        account.subject,
        account.credit,
        account.sms,
        account.traffic,
        account.volume_discount_ns,
        account.received_ns,
        account.reset_day,
        account.plan_id,
        bucket_fields(account.buckets) if account.buckets else (),
        account.allow_negative,
        account.disabled,
    )
    usage = counters.held(account.usage)
    try:
        return _encode(fields) if usage is None else _encode_metered(fields, usage)
    except OverflowError as error:
        raise ValueError(f"account {account.customer}/{account.subject}: {error}") from None


def _encode_metered(fields: tuple[object, ...], usage: Usage) -> bytes:
    try:
        return _encode((*fields, usage))
    except OverflowError:
        return _encode((*fields, counters.spelt_out(usage)))


def decode_account(body: bytes | memoryview) -> Account:
    """Read an account without its head. Raises StoreCorruptError."""
    usage: Usage | None = None
    try:
        if body[:1] == _METERED:
            *fields, usage = _metered(body)
        else:
            fields = _decode_account(body)
    except ValueError as error:
        raise StoreCorruptError(f"account record: {error}") from None
    customer, subject, credit, sms, traffic, volume, received, day, plan, buckets, negative, disabled = fields
    kept = tuple([MinuteBucket(*each) for each in buckets]) if buckets else ()
    return Account(
        customer, subject, credit, sms, traffic, volume, received, day, plan, kept, negative, disabled, usage
    )


def _metered(body: bytes | memoryview) -> Sequence[Any]:
    """Read the fields of an account with usage."""
    try:
        fields: Sequence[Any] = _decode_metered(body)
    except msgspec.ValidationError:
        *rest, written = _decode_metered_beyond(body)
        return [*rest, counters.read_usage(written)]
    return fields


def decode_record(record: bytes) -> Stored:
    """Read a whole account record. Raises StoreCorruptError."""
    version, _ = split_head(record)
    return Stored(version, decode_account(memoryview(record)[HEAD_BYTES:]))


def encode_answer(digest: bytes, body: bytes) -> bytes:
    """Write the answer to a request id: format, length of the digest (≤ 255), digest, body as it was sent."""
    return b"%c%c%b%b" % (FORMAT, len(digest), digest, body)


def decode_answer(value: bytes) -> KnownAnswer:
    """Read the answer to a request id. Raises StoreCorruptError."""
    if len(value) < 2 or value[0] != FORMAT or len(value) < 2 + value[1]:
        raise StoreCorruptError(f"stored answer begins {value[:8]!r}")
    start = 2 + value[1]
    return KnownAnswer(value[2:start], value[start:])


class _Snapshot(msgspec.Struct, array_like=True, frozen=True):
    """A tariff in which each different PrefixRate stands once and prefixes point to it by number.

    Real tariffs sell hundreds of thousands of prefixes at a few hundred prices. A reader gets one shared
    object per price, so the snapshot costs it memory by prices, not by prefixes.
    """

    tariff: Tariff
    prices: tuple[msgspec.Raw, ...]
    prefixes: dict[tuple[str, str], dict[str, int]]


_decode_snapshot = msgspec.msgpack.Decoder(_Snapshot).decode
_decode_price = msgspec.msgpack.Decoder(PrefixRate).decode


def encode_tariff(tariff: Tariff) -> bytes:
    """Write a tariff snapshot: format, deflated msgpack."""
    number_of: dict[bytes, int] = {}
    seen: dict[int, int] = {}  # by identity: loaders and readers share the object of a price

    def number(price: PrefixRate) -> int:
        known = seen.get(id(price))
        if known is None:
            known = number_of.setdefault(_encode(price), len(number_of))
            seen[id(price)] = known
        return known

    prefixes = {
        owner: {prefix: number(price) for prefix, price in rates.items()}
        for owner, rates in tariff.rates.items()
    }
    prices = tuple(msgspec.Raw(price) for price in number_of)
    snapshot = _Snapshot(replace(tariff, rates={}), prices, prefixes)
    return bytes((FORMAT,)) + zlib.compress(_encode(snapshot), level=1)


def decode_tariff(blob: bytes) -> Tariff:
    """Read a tariff snapshot. Raises StoreCorruptError."""
    if blob[:1] != bytes((FORMAT,)):
        raise StoreCorruptError(f"tariff snapshot begins {blob[:1]!r}, expected format {FORMAT}")
    try:
        unpacker = zlib.decompressobj()
        plain = unpacker.decompress(memoryview(blob)[1:], TARIFF_BYTES_MAX)
        if not unpacker.eof:
            raise StoreCorruptError("tariff snapshot is cut short or too large")
        snapshot = _decode_snapshot(plain)
        prices = [_decode_price(price) for price in snapshot.prices]
        rates = {
            owner: {prefix: prices[number] for prefix, number in numbers.items()}
            for owner, numbers in snapshot.prefixes.items()
        }
    except (zlib.error, msgspec.MsgspecError, UnicodeDecodeError, IndexError) as error:
        raise StoreCorruptError(f"tariff snapshot: {error}") from None
    return replace(snapshot.tariff, rates=rates)
