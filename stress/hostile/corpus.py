"""The corpus: good and bad inputs by protocol, one file each, named by what it tests."""

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack  # type: ignore[import-untyped]  # -- msgpack ships no types

from protocol.methods import BY_NAME
from stress.hostile import mutate

ROOT = Path(__file__).parents[2] / "tests" / "hostile" / "corpus"
PROTOCOLS = ("jsonrpc", "netstring", "http", "registration", "envelope")

_MEMBERS = (
    *("TOR", "Tor", "CstmId", "Subject", "DestinationPrefix"),
    *("TimeStart", "TimeEnd", "Amount", "RequestId"),
)
_CALL = (
    b'{"TOR":0,"CstmId":"vdf","Subject":"rif","DestinationPrefix":"0256",'
    b'"TimeStart":"2012-02-02T17:30:00Z","TimeEnd":"2012-02-02T18:30:00Z","Amount":1}'
)


def read(protocol: str) -> dict[str, bytes]:
    """Read the entries of a protocol by name."""
    return {path.name: path.read_bytes() for path in sorted((ROOT / protocol).glob("*"))}


def keep(protocol: str, what: str, data: bytes) -> Path:
    """Save a failing input, which then is an entry of the corpus; tell where."""
    path = ROOT / protocol / f"found-{what}-{hashlib.sha256(data).hexdigest()[:8]}"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def odd_fields() -> Iterator[bytes]:
    """List requests of every method with every odd value in every member, requests' own members included."""
    good = mutate.parse(_CALL)
    for method in BY_NAME:
        name = method.encode()
        for odd in mutate.ODD_JSON:
            for member in _MEMBERS:
                call = mutate.Pairs(
                    [*(pair for pair in good if pair[0] != member), (member, mutate.Text(odd))]
                )
                yield b'{"id":1,"method":"%b","params":[%b]}\n' % (name, mutate.printed(call))
            yield b'{"id":%b,"method":"%b","params":[%b]}\n' % (odd, name, _CALL)
            yield b'{"id":1,"method":"%b","params":%b}\n' % (name, odd)
            yield b'{"id":1,"method":"%b","params":[%b]}\n' % (name, odd)
            yield b'{"jsonrpc":"2.0","id":%b,"method":"%b","params":%b}\n' % (odd, name, _CALL)
            yield b'{"jsonrpc":%b,"id":1,"method":"%b","params":[%b]}\n' % (odd, name, _CALL)
    for odd in mutate.ODD_JSON:
        yield b'{"id":1,"method":%b,"params":[%b]}\n' % (odd, _CALL)
        yield b'[{"jsonrpc":"2.0","id":1,"method":"Responder.GetCost","params":%b},%b]\n' % (_CALL, odd)
        yield odd + b"\n"


class Source:
    """Makes the inputs of a run: first the corpus, then mutations of it without end."""

    def __init__(self, protocol: str, seed: int) -> None:
        self.protocol = protocol
        self.entries = read(protocol)
        self._seeds = [data for data in self.entries.values() if len(data) <= mutate.INPUT_BYTES_MAX]
        self._chance = random.Random(f"{protocol} {seed}")

    def made(self) -> bytes:
        """Make one more input."""
        chance = self._chance
        if chance.random() < 0.03:
            return chance.randbytes(chance.randrange(1, 300))
        data = chance.choice(self._seeds)
        if chance.random() < 0.6:
            data = self._structured(data)
        else:
            data = mutate.mutate_bytes(data, self._seeds, chance)
        while chance.random() < 0.3:
            data = mutate.mutate_bytes(data, self._seeds, chance)
        return mutate.bounded(data) or b"\n"

    def pieces(self, data: bytes) -> list[bytes]:
        """Cut an input as it is sent: mostly whole, sometimes in two, sometimes byte by byte."""
        chance = self._chance
        kind = chance.random()
        if kind < 0.7 or len(data) < 2:
            return [data]
        if kind < 0.9 or len(data) > 2000:
            cut = chance.randrange(1, len(data))
            return [data[:cut], data[cut:]]
        return [data[at : at + 1] for at in range(len(data))]

    def _structured(self, data: bytes) -> bytes:
        match self.protocol:
            case "jsonrpc":
                return self._json_lines(data)
            case "netstring":
                value = self._json_value(data.partition(b":")[2][:-1])
                return b"%d:%b," % (len(value), value)
            case "envelope" | "registration":
                return self._messages(data)
            case _:
                return mutate.mutate_bytes(data, self._seeds, self._chance)

    def _json_lines(self, data: bytes) -> bytes:
        lines = data.split(b"\n")
        index = self._chance.randrange(len(lines))
        lines[index] = self._json_value(lines[index])
        return b"\n".join(lines)

    def _json_value(self, text: bytes) -> bytes:
        try:
            value = mutate.parse(text)
        except (ValueError, RecursionError):
            return mutate.mutate_bytes(text, self._seeds, self._chance)
        for _ in range(self._chance.randrange(1, 4)):
            value = mutate.mutate_json(value, self._chance)
        return mutate.printed(value)

    def _messages(self, data: bytes) -> bytes:
        try:
            values: list[Any] = list(_unpacked(data))
        except (ValueError, TypeError):
            return mutate.mutate_bytes(data, self._seeds, self._chance)
        index = self._chance.randrange(len(values) + 1)
        values[index : index + 1] = [mutate.mutate_value([*values, []][index], self._chance)]
        return b"".join(msgpack.packb(value) for value in values)


def _unpacked(data: bytes) -> Iterator[Any]:
    unpacker = msgpack.Unpacker(strict_map_key=False)
    unpacker.feed(data)
    yield from unpacker
