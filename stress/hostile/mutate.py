"""Makes hostile inputs from good ones: by the structure of JSON and msgpack, and byte by byte. Seeded."""

import json
import random
from collections.abc import Callable, Sequence
from typing import Any

import msgpack  # type: ignore[import-untyped]  # -- msgpack ships no types

INPUT_BYTES_MAX = 1 << 16
"""The longest input made by mutation, so that many of them run in a second; the corpus has longer ones."""

ODD_JSON: tuple[bytes, ...] = (
    b"null",
    b"true",
    b"false",
    b"0",
    b"-0",
    b"-1",
    b"1.5",
    b"1e2",
    b"1E+2",
    b"0e999999999",
    b"1e-999999999",
    b"1e308",
    b"1e400",
    b"-1e400",
    b"9000000000",
    b"9000000001",
    b"2147483648",
    b"9223372036854775808",
    b"18446744073709551616",
    b"0." + b"9" * 400,
    b"9" * 400,
    b"9" * 5000,
    b"007",
    b"0x10",
    b"+1",
    b".5",
    b"1.",
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"nul",
    b'""',
    b'" "',
    b'"0"',
    b'"\\u0000"',
    b'"\\ud800"',
    b'"\\udc00\\ud800"',
    b'"\\ud83d\\ude00"',
    b'"\\q"',
    b'"\\u12"',
    b'"\x01"',
    b'"\x7f"',
    b'"\n"',
    b'"\xff"',
    b'"\xed\xa0\x80"',
    b'"\xc0\x80"',
    b'"\xf4\x90\x80\x80"',
    '"\u2028\ufeff\u202e"'.encode(),
    b'"\'; DROP TABLE accounts; --"',
    b'"{hash}:tag\\r\\nSET a b"',
    b'"../../etc/passwd"',
    b'"%s%n{0}"',
    b'"' + b"x" * 257 + b'"',
    b'"' + b"x" * 5000 + b'"',
    b'"2026-02-30T00:00:00Z"',
    b'"2026-01-01T00:00:00"',
    b'"9999-12-31T23:59:59.999999999Z"',
    b'"0001-01-01T00:00:00Z"',
    b'"2026-01-01T24:00:00+25:00"',
    b'"Responder.Status"',
    b'"Responder.__class__"',
    b"[]",
    b"{}",
    b"[[]]",
    b"[null]",
    b'[{"CstmId":{}}]',
    b"{" + b'"a":{' * 70 + b"}" * 71,
    b"[" * 70 + b"]" * 70,
    b"[" * 3000,
    b"[" + b"{}," * 2000 + b"{}]",
)
"""Values that stand where something else was expected; some are no JSON."""

ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    -1,
    0,
    1.5,
    float("nan"),
    float("inf"),
    2**63,
    -(2**63),
    "",
    "leave",
    "hello",
    "\0",
    "x" * 200,
    "x" * 2000,
    b"",
    b"\xff" * 40,
    b"{}",
    b'{"a":',
    b"x" * 70_000,
    [],
    {},
    [[]],
    [1, 2, 3],
    [1, 0],
    {"a": "b"},
    {1: 2},
    {"x\n\0": 1},
    [[]] * 50,
    list(range(4000)),
    msgpack.ExtType(5, b"abc"),
    msgpack.Timestamp(0, 0),
)
"""Likewise for msgpack."""

_TOKENS: tuple[bytes, ...] = (
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b'"',
        b"\\",
        b",",
        b":",
        b"\n",
        b"\r\n",
        b"\0",
        b"\xff",
        b" ",
        b"-",
        b"e",
        b"9" * 30,
    ),
    *(b"\r\n\r\n", b"%", b"%00", b"%ff", b"&", b"=", b"@amount=", b"?", b"#", b";", b"HTTP/9.9", b"chunked"),
    *(
        b"Content-Length: 5\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Expect: 100-continue\r\n",
        b"Upgrade: h2c\r\n",
    ),
    *(
        b'"jsonrpc":"2.0",',
        b'"id":1,',
        b'"params":',
        b"\xc1",
        b"\xc0",
        b"\x93",
        b"\xdd\xff\xff\xff\xff",
        b"\xc9",
    ),
    *(b"0:,", b"1:{,", b"99999999999:", b"00003:{},", b"-1:,"),
)


class Pairs(list[tuple[str, Any]]):
    """A JSON object whose members may come twice."""


class Text(bytes):
    """JSON text that is printed as it is."""


def parse(text: bytes) -> Any:
    """Read one JSON value, objects as Pairs, numbers as their Text. Raises ValueError."""

    def literal(number: str) -> Text:
        return Text(number.encode())

    return json.loads(
        text, object_pairs_hook=Pairs, parse_int=literal, parse_float=literal, parse_constant=literal
    )


def printed(value: Any) -> bytes:
    """Print what ``parse`` read, or what became of it."""
    if isinstance(value, Text):
        return bytes(value)
    if isinstance(value, Pairs):
        return b"{" + b",".join(b"%b:%b" % (printed(name), printed(member)) for name, member in value) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(printed, value)) + b"]"
    return json.dumps(value).encode()


def _places(value: Any, path: tuple[int, ...] = ()) -> list[tuple[int, ...]]:
    """List the paths of every value below ``value``."""
    found = []
    if isinstance(value, list):
        for index, each in enumerate(value):
            below = (*path, index)
            found.append(below)
            found += _places(each[1] if isinstance(value, Pairs) else each, below)
    return found


def _change(value: Any, path: Sequence[int], how: Callable[[list[Any], int], None]) -> None:
    for index in path[:-1]:
        value = value[index][1] if isinstance(value, Pairs) else value[index]
    how(value, path[-1])


def mutate_json(value: Any, chance: random.Random) -> Any:
    """Change one place of a parsed JSON value, which is changed itself."""
    places = _places(value)
    if not places:
        return Text(chance.choice(ODD_JSON))

    def how(parent: list[Any], index: int) -> None:
        pairs = isinstance(parent, Pairs)
        name, old = parent[index] if pairs else ("", parent[index])
        match chance.randrange(9):
            case 0:
                del parent[index]
            case 1:
                parent.insert(index, parent[index])
            case 2 if pairs:
                odd = chance.choice(
                    (name.upper(), name.lower(), name + "\0", "", "id", "Amount", "\u017f" + name)
                )
                parent[index] = (odd, old)
            case 3 if pairs:
                parent.append((name, Text(chance.choice(ODD_JSON))))
            case 4:
                wrapped = [old] if chance.random() < 0.5 else Pairs([("a", old)])
                parent[index] = (name, wrapped) if pairs else wrapped
            case 5:
                chance.shuffle(parent)
            case _:
                odd_value = Text(chance.choice(ODD_JSON))
                parent[index] = (name, odd_value) if pairs else odd_value

    _change(value, chance.choice(places), how)
    return value


def mutate_value(value: Any, chance: random.Random) -> Any:
    """Replace, repeat or remove one place of a value that msgpack can print."""
    if isinstance(value, list) and value and chance.random() < 0.9:
        index = chance.randrange(len(value))
        match chance.randrange(6):
            case 0:
                return value[:index] + value[index + 1 :]
            case 1:
                return [*value, value[index]]
            case _:
                return [*value[:index], mutate_value(value[index], chance), *value[index + 1 :]]
    return chance.choice(ODD_VALUES)


def mutate_bytes(data: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """Flip, cut, repeat, insert, or splice with another input."""
    at = chance.randrange(len(data) + 1)
    length = min(1 << chance.randrange(10), len(data) - at)
    match chance.randrange(8):
        case 0 if data:
            at = chance.randrange(len(data))
            return data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1 :]
        case 1:
            return data[:at]
        case 2:
            return data[:at] + data[at + length :]
        case 3:
            return data[:at] + data[at : at + length] * chance.randrange(2, 5) + data[at + length :]
        case 4:
            other = chance.choice(others) if others else b""
            return data[:at] + other[chance.randrange(len(other) + 1) :]
        case 5:
            return data[:at] + chance.randbytes(chance.randrange(1, 9)) + data[at:]
        case 6:
            return data + (chance.choice(others) if others else b"")
        case _:
            return data[:at] + chance.choice(_TOKENS) + data[at:]


def bounded(data: bytes) -> bytes:
    """Cut an input to INPUT_BYTES_MAX."""
    return data[:INPUT_BYTES_MAX]
