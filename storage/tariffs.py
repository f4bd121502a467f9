"""Versions of the tariff: immutable snapshots with their metadata, and the timeline of which is in force.

What is here is the same for every store: it reads a timeline, makes the next one, and swaps one for the
other, which a store does in one step or, if somebody else came first, not at all.
"""

import asyncio
import time
from collections.abc import Mapping

import msgspec

from rater.tariff import Tariff
from storage import records
from storage.canonical import tariff_hash
from storage.store import StoreCorruptError
from storage.timeline import EVER, Timeline

READS_MAX = 5
"""A snapshot that is not there was dropped by a change since the timeline was read; not five in a row."""

LISTED_MAX = 10_000
"""Versions whose metadata are kept, some 200 bytes each: thirty years of a change a day."""

AUTHOR_CHARS_MAX = 64
NOTE_CHARS_MAX = 256


class Made(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a version: when (0: before this was noted), by whom, why, and of what.

    ``content`` is the hash (``storage.canonical``), ``base`` the version it was laid over, ``size`` the bytes
    of its snapshot.
    """

    version: int
    at_ns: int = 0
    author: str = ""
    note: str = ""
    content: str = ""
    base: int = 0
    size: int = 0
    counts: Mapping[str, int] = {}


class Deed(msgspec.Struct, frozen=True):
    """How a version comes to be: when, by whom, why, and from which start of calls on it prices them."""

    at_ns: int = 0
    """Now; 0: as this machine's clock says."""
    author: str = ""
    note: str = ""
    from_ns: int = EVER


class Swap(msgspec.Struct, frozen=True):
    """A change of the timeline, with the version that it brings, if any, and its snapshot."""

    before: Timeline
    after: Timeline
    made: Made | None = None
    snapshot: bytes = b""

    @property
    def dropped(self) -> tuple[int, ...]:
        """Versions whose snapshots are no longer kept."""
        kept = set(self.after.kept)
        return tuple(version for version in self.before.kept if version not in kept)


class Tariffs:
    """What every store of tariffs can do by a few steps of its own. Calls raise StoreError."""

    tariffs_kept: int

    async def timeline(self) -> Timeline:
        """Read the timeline, and hear of the next one."""
        raise NotImplementedError

    async def snapshot(self, version: int) -> bytes | None:
        """Read the snapshot of a version; None if it is not kept."""
        raise NotImplementedError

    async def swap_timeline(self, swap: Swap) -> bool:
        """Do all of a change, if the timeline is still as it was."""
        raise NotImplementedError

    async def noted_versions(self) -> dict[int, Made]:
        """Read what is known of versions."""
        raise NotImplementedError

    async def read_version(self, version: int) -> Tariff | None:
        """Read the tariff of a version; None if it is not kept, the empty tariff for version 0."""
        if not version:
            return Tariff()
        blob = await self.snapshot(version)
        return None if blob is None else await asyncio.to_thread(records.decode_tariff, blob)

    async def read_tariff(self, start_ns: int | None = None) -> tuple[int, Tariff]:
        """Read the version that prices calls that start then (None: now), 0 and nothing before the first."""
        version = 0
        for _ in range(READS_MAX):
            at_ns = time.time_ns() if start_ns is None else start_ns
            version = (await self.timeline()).version_at(at_ns)
            tariff = await self.read_version(version)
            if tariff is not None:
                return version, tariff
        raise StoreCorruptError(f"tariff version {version} is in force but not there")

    async def publish_tariff(
        self,
        tariff: Tariff,
        expected_version: int,
        deed: Deed = Deed(),  # noqa: B008 -- it is immutable
    ) -> int | None:
        """Make ``tariff`` the next version, and have it price calls as the deed says; tell its number.

        None if ``expected_version`` is no longer the one that prices such calls. Raises TimelineError.
        """
        now_ns = deed.at_ns or time.time_ns()
        before = await self.timeline()
        if before.version_at(max(deed.from_ns, now_ns)) != expected_version:
            return None
        after = before.with_version(deed.from_ns, now_ns, self.tariffs_kept)
        snapshot = await asyncio.to_thread(records.encode_tariff, tariff)
        content = await asyncio.to_thread(tariff_hash, tariff)
        made = Made(
            after.last,
            now_ns,
            deed.author,
            deed.note,
            content,
            expected_version,
            len(snapshot),
            counts(tariff),
        )
        return after.last if await self.swap_timeline(Swap(before, after, made, snapshot)) else None

    async def versions(self) -> list[Made]:
        """List every version, the oldest first; of those that an older product made the number alone."""
        noted = await self.noted_versions()
        kept = (await self.timeline()).kept
        return [noted.get(version) or Made(version) for version in sorted({*noted, *kept})]


def counts(tariff: Tariff) -> dict[str, int]:
    """Tell how many of each thing a tariff has, but for those of which there are none."""
    found = {
        "prefix rates": sum(len(rates) for rates in tariff.rates.values()),
        "destinations": len(tariff.destinations),
        "prefixes": sum(len(prefixes) for prefixes in tariff.destinations.values()),
        "timings": len(tariff.timings),
        "rates": len(tariff.rate_groups),
        "destination rates": len(tariff.destination_rates),
        "rating plans": len(tariff.rating_plans),
        "rating profiles": len(tariff.profiles),
        "tariff plans": len(tariff.plans),
    }
    return {name: count for name, count in found.items() if count}


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Made).decode


def encode_made(made: Made) -> bytes:
    """Write what is known of a version."""
    return _encode(made)


def decode_made(blob: bytes) -> Made:
    """Read what is known of a version. Raises StoreCorruptError."""
    try:
        return _decode(blob)
    except msgspec.MsgspecError as error:
        raise StoreCorruptError(f"metadata of a tariff: {error}") from None
