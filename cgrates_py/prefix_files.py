"""Tables of prefixes as files that the raters of a machine map: made once, in memory once.

A file is named by what it was made from, so that versions of a tariff over the same destinations share one,
and begins with a hash of the rest: a damaged one is made anew. Nothing else depends on them; they may be
removed at any time.
"""

import mmap
import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from secrets import token_hex

import structlog

from rater.prefixes import PrefixTable, build

_log = structlog.get_logger(__name__)

PREFIXES_MIN = 10_000
"""A smaller table is not worth a file: 200 KB, made in a tenth of a second."""
FILES_MAX = 8
"""Kept of several tariffs and versions; the ones that were opened longest ago go."""

_SUFFIX = ".prefixes"
_HASH_BYTES = 32


def shared_table(directory: Path | None, destinations: Mapping[str, Iterable[str]]) -> PrefixTable:
    """Make the table of destinations' prefixes, or map the one that was made (None: no files).

    Blocks: up to seconds for a million prefixes. Without a place to write to, the table is made in memory.
    """
    if directory is None or sum(map(len, map(tuple, destinations.values()))) < PREFIXES_MIN:
        return build(destinations)
    path = directory / f"{_name(destinations)}{_SUFFIX}"
    table: PrefixTable | None = None
    try:
        if (mapped := _open(path)) is not None:
            with suppress(OSError):  # another user's file
                os.utime(path)
            return mapped
        table = build(destinations)
        _write(path, table.block)
        _tidy(directory)
        return _open(path) or table
    except OSError as error:
        _log.warning("the table of prefixes is not shared with other raters", reason=str(error))
        return build(destinations) if table is None else table


def _name(destinations: Mapping[str, Iterable[str]]) -> str:
    """Hash what a table is made from."""
    digest = blake2b(digest_size=16)
    for name in sorted(destinations):
        digest.update(f"{len(name)} {name} {' '.join(destinations[name])}\n".encode())
    return digest.hexdigest()


def _open(path: Path) -> PrefixTable | None:
    """Map a table; None if there is no such file, or a damaged one."""
    try:
        with path.open("rb") as file:
            mapped = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        block = mapped[_HASH_BYTES:]
        if blake2b(block, digest_size=_HASH_BYTES).digest() == mapped[:_HASH_BYTES]:
            return PrefixTable(block)
    except FileNotFoundError:
        return None
    except ValueError:  # an empty file cannot be mapped
        pass
    _log.warning("a damaged table of prefixes is made anew", file=str(path))
    return None


def _write(path: Path, block: bytes | memoryview) -> None:
    """Put a whole file there by its name at last: what is mapped is never written, nor cut."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = path.with_name(f"{path.name}.{token_hex(8)}")
    try:
        with made.open("xb") as file:
            file.write(blake2b(block, digest_size=_HASH_BYTES).digest())
            file.write(block)
            file.flush()
            # a full disk is to be heard of now, not when a rater reads a page that was never stored
            os.fsync(file.fileno())
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)


def _tidy(directory: Path) -> None:
    with suppress(FileNotFoundError):  # another rater tidies, too
        files = sorted(directory.glob(f"*{_SUFFIX}*"), key=lambda path: path.stat().st_mtime_ns)
        for path in files[:-FILES_MAX]:
            path.unlink()
