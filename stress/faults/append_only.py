"""Reads and damages the append-only file of a stopped store, as crashes and bad disks do."""

import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

DIRECTORY: Final = "appendonlydir"
TOLD: Final = ("short read", "truncating the aof", "bad file format", "unexpected end of file")
"""What the store writes into its log when it finds its file cut or wrong."""


class Damage(StrEnum):
    """What happens to the end of the file."""

    UNFINISHED = "a write that was never finished, nor answered"
    CUT = "the last change is cut in two"
    FLIPPED = "bytes of the last change are others"
    GONE = "the last change is gone without a trace"


@dataclass(frozen=True, slots=True)
class Command:
    """One command of the file: where it begins and ends, and its words."""

    begin: int
    end: int
    words: tuple[bytes, ...]


def commands(data: bytes) -> Iterator[Command]:
    """Read the commands of a file that is whole."""
    place = 0
    while place < len(data):
        begin = place
        count, place = _number(data, place, b"*")
        words = []
        for _ in range(count):
            length, place = _number(data, place, b"$")
            words.append(data[place : place + length])
            place += length + 2
        yield Command(begin, place, tuple(words))


def last_change(data: bytes) -> tuple[int, int]:
    """Tell where the last commit begins and ends: the commands between MULTI and EXEC, both included."""
    begin = end = opened = 0
    for command in commands(data):
        if command.words[0].upper() == b"MULTI":
            opened = command.begin
        elif command.words[0].upper() == b"EXEC":
            begin, end = opened, command.end
    if not end:
        raise ValueError("no change in the file")
    return begin, end


def newest(data_dir: Path) -> Path:
    """Find the file that a store appends to."""
    return max((data_dir / DIRECTORY).glob("*.incr.aof"), key=lambda path: int(path.name.split(".")[-3]))


def damaged(data_dir: Path, out: Path, damage: Damage, chance: random.Random) -> str:
    """Copy a stopped store's directory with its file damaged; tell what was done."""
    shutil.copytree(data_dir / DIRECTORY, out / DIRECTORY)
    path = newest(out)
    data = path.read_bytes()
    begin, end = last_change(data)
    match damage:
        case Damage.UNFINISHED:
            place = chance.randrange(1, end - begin)
            path.write_bytes(data + data[begin : begin + place])
            return f"{damage}: {place} of {end - begin} bytes"
        case Damage.CUT:
            place = chance.randrange(begin + 1, end)
            path.write_bytes(data[:place])
            return f"{damage}: after {place - begin} of {end - begin} bytes"
        case Damage.FLIPPED:
            flipped = bytearray(data)
            places = sorted(chance.sample(range(begin, end), chance.choice((1, 1, 3))))
            for place in places:
                flipped[place] ^= chance.randrange(1, 256)
            path.write_bytes(flipped)
            return f"{damage}: {[place - begin for place in places]} of {end - begin}"
        case Damage.GONE:
            path.write_bytes(data[:begin] + data[end:])
            return str(damage)


def _number(data: bytes, place: int, mark: bytes) -> tuple[int, int]:
    end = data.index(b"\r\n", place)
    if data[place : place + 1] != mark:
        raise ValueError(f"expected {mark!r} at {place}")
    return int(data[place + 1 : end]), end + 2
