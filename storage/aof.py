"""The damaged end of an append-only file: what is left of it, and what may be cut without asking.

A server that is killed in mid-write leaves a file that ends inside a change; a power cut can leave bytes that
are there but wrong. Valkey refuses either. Then exactly one change may be cut off without asking: the last,
if no other that can be read follows it. It was perhaps answered, if the disk lost what it had confirmed, so
this is told as an error, and what was cut is kept beside the data. More than that is for an operator.
"""

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

CUT_BYTES_MAX = 1 << 20
"""One commit at its longest is a few hundred KiB; a longer damaged rest is more than the last change."""

CHECK_S = 120.0
"""A check reads the file as fast as a start does."""

_VERDICT = re.compile(r"size=(\d+), ok_up_to=(\d+)")
_COUNT = re.compile(rb"\*(\d{1,9})\r\n")
_SIZE = re.compile(rb"\$(\d{1,9})\r\n")
_COUNT_BEGUN = re.compile(rb"(\*(\d{1,9}\r?)?)?")
_SIZE_BEGUN = re.compile(rb"(\$(\d{1,9}\r?)?)?")
"""What a file can end with within a head."""
_COMMAND = re.compile(rb"\*\d{1,9}\r\n\$\d{1,9}\r\n[A-Za-z]+\r\n")
_MULTI = b"*1\r\n$5\r\nMULTI\r\n"
_EXEC = b"*1\r\n$4\r\nEXEC\r\n"
"""A change of more than one key stands between these in the file; one of a single key is just its command."""


@dataclass(frozen=True, slots=True)
class Damage:
    """A file that can be read up to byte ``good`` of ``size``."""

    path: Path
    good: int
    size: int

    def __str__(self) -> str:
        return f"{self.path} is damaged from byte {self.good} of {self.size} on"


@dataclass(frozen=True, slots=True)
class Cut:
    """A last change that was cut off the file, and kept beside it."""

    damage: Damage
    kept: Path
    unfinished: bool
    """Whether the file just ended within the change; else its bytes made no sense."""

    @property
    def bytes(self) -> int:
        """How long it was."""
        return self.damage.size - self.damage.good

    def __str__(self) -> str:
        kind = "an unfinished change" if self.unfinished else "a damaged change"
        return (
            f"{kind} of {self.bytes} bytes was cut off the end of the data and is kept as {self.kept}; it was"
            " never answered, unless the disk lost what it had confirmed"
        )


def find_damage(binary: Path, data_dir: Path) -> Damage | None:
    """Look for damage in the newest file of the data; None if it can be read, or there is none."""
    files = sorted((data_dir / "appendonlydir").glob("*.incr.aof"), key=_sequence)
    if not files:
        return None
    check = subprocess.run(  # noqa: S603 -- the server's own binary, with a file of ours
        ["valkey-check-aof", str(files[-1])],  # noqa: S607 -- the name under which that binary checks files
        executable=binary,
        capture_output=True,
        timeout=CHECK_S,
        check=False,
    )
    told = _VERDICT.search(check.stdout.decode(errors="replace"))
    if check.returncode == 0 or told is None:
        return None
    return Damage(files[-1], int(told[2]), int(told[1]))


def cut_last_change(damage: Damage) -> Cut | None:
    """Cut the damaged end off if it is one change at most; None if it is more. Raises OSError."""
    with damage.path.open("rb") as file:
        file.seek(damage.good)
        rest = file.read()
    unfinished = _is_unfinished(rest)
    if not _is_one_change(rest) or (len(rest) > CUT_BYTES_MAX and not unfinished):
        return None
    kept = damage.path.with_name(f"{damage.path.name}.cut-at-{damage.good}")
    with kept.open("wb") as file:
        file.write(rest)
        os.fsync(file.fileno())
    with damage.path.open("r+b") as file:
        file.truncate(damage.good)
        os.fsync(file.fileno())
    return Cut(damage, kept, unfinished)


def _is_one_change(rest: bytes) -> bool:
    """Tell whether ``rest``, which begins with a damaged change, has no other that can be read."""
    if rest.find(_MULTI, 1) >= 0:
        return False
    ends = rest.find(_EXEC)
    if ends >= 0:  # at the very beginning it ends a change that is damaged before
        return 0 < ends == len(rest) - len(_EXEC)
    return _COMMAND.search(rest, _unreadable(rest) + 1) is None


def _is_unfinished(rest: bytes) -> bool:
    """Tell whether ``rest`` is whole as far as it goes, so that more bytes could have made it a change."""
    at = _unreadable(rest)
    head = _COUNT.match(rest, at)
    if head is None:
        return _COUNT_BEGUN.fullmatch(rest, at) is not None
    end = head.end()
    for _ in range(int(head[1])):
        size = _SIZE.match(rest, end)
        if size is None:
            return _SIZE_BEGUN.fullmatch(rest, end) is not None
        ends = size.end() + int(size[1])
        if ends + 2 > len(rest):
            return b"\r\n".startswith(rest[ends:])
        if rest[ends : ends + 2] != b"\r\n":
            return False
        end = ends + 2
    return True


def _unreadable(data: bytes) -> int:
    """Tell where the first command begins that cannot be read."""
    at = 0
    while (end := _command_end(data, at)) is not None:
        at = end
    return at


def _command_end(data: bytes, at: int) -> int | None:
    count = _COUNT.match(data, at)
    if count is None:
        return None
    end = count.end()
    for _ in range(int(count[1])):
        size = _SIZE.match(data, end)
        if size is None:
            return None
        end = size.end() + int(size[1]) + 2
        if data[end - 2 : end] != b"\r\n":
            return None
    return end


def _sequence(path: Path) -> int:
    """The number of ``appendonly.aof.NUMBER.incr.aof``."""
    number = path.name.split(".")[-3]
    return int(number) if number.isdecimal() else 0
