"""What a store has besides accounts: tariffs, raters and what they price by, API keys, who audits."""

from typing import Any

from storage import keys
from storage.cold import Cold
from storage.library import LEASE, PUBLISH
from storage.link import pack
from storage.tariffs import LISTED_MAX, Made, Swap, Tariffs, decode_made, encode_made
from storage.timeline import Timeline, decode_timeline, encode_timeline

FORGOTTEN_S = 3600
"""How long after it was last believed the note of a rater stays."""


class Catalog(Tariffs):
    """Tariffs, raters and keys of a store. Calls raise StoreError."""

    def __init__(self, cold: Cold, tariffs_kept: int) -> None:
        self._cold = cold
        self.tariffs_kept = tariffs_kept

    async def _call(self, name: bytes, packed: bytes) -> Any:
        """Run one packed command on the fast link; what it reads is heard of when it changes."""
        raise NotImplementedError

    async def timeline(self) -> Timeline:
        """Read the timeline, and hear of the next one."""
        return decode_timeline(await self._call(keys.TARIFF_CURRENT, pack("GET", keys.TARIFF_CURRENT)))

    async def snapshot(self, version: int) -> bytes | None:
        """Read the snapshot of a version; None if it is not kept."""
        blob: bytes | None = await self._cold.call(keys.tariff(version), "GET", keys.tariff(version))
        return blob

    async def noted_versions(self) -> dict[int, Made]:
        """Read what is known of versions."""
        found: dict[bytes, bytes] = await self._cold.call(
            keys.TARIFF_VERSIONS, "HGETALL", keys.TARIFF_VERSIONS
        )
        return {int(version): decode_made(blob) for version, blob in found.items()}

    async def swap_timeline(self, swap: Swap) -> bool:
        """Do all of a change, if the timeline is still as it was."""
        made = swap.made
        version = swap.after.last
        dropped = [keys.tariff(each) for each in swap.dropped]
        names = (keys.TARIFF_CURRENT, keys.TARIFF_VERSIONS, keys.tariff(version), *dropped)
        words = (
            encode_timeline(swap.before),
            encode_timeline(swap.after),
            b"" if made is None else b"%d" % version,
            swap.snapshot,
            b"" if made is None else encode_made(made),
            b"%d" % (version - LISTED_MAX),
        )
        done = await self._cold.call(keys.TARIFF_CURRENT, "FCALL", PUBLISH, len(names), *names, *words)
        return bool(done)

    async def tell_rater(self, name: str, revision: int, until_s: int) -> None:
        """Note which timeline the rater ``name`` prices by, to be believed until ``until_s`` (Unix time)."""
        await self._call(keys.RATERS, pack("HSET", keys.RATERS, name, f"{revision} {until_s}"))

    async def rater_tariffs(self, now_s: int) -> dict[str, int]:
        """List the raters that work on this store, and the revision of the timeline each prices by."""
        found: dict[bytes, bytes] = await self._cold.call(keys.RATERS, "HGETALL", keys.RATERS)
        told = {name.decode(): value.split() for name, value in found.items()}
        # not sooner: one that was silent for a moment may be telling again just now
        forgotten = [name for name, (_, until_s) in told.items() if int(until_s) + FORGOTTEN_S < now_s]
        if forgotten:
            await self._cold.call(keys.RATERS, "HDEL", keys.RATERS, *forgotten)
        return {name: int(revision) for name, (revision, until_s) in told.items() if int(until_s) >= now_s}

    async def access_keys(self) -> dict[str, bytes]:
        """Read the API keys: the record of each by its id (``cgrates_py.access`` knows what is in it)."""
        found: dict[bytes, bytes] = await self._cold.call(keys.ACCESS, "HGETALL", keys.ACCESS)
        return {name.decode(errors="replace"): record for name, record in found.items()}

    async def put_access_key(self, key_id: str, record: bytes) -> None:
        """Add or change one API key."""
        await self._cold.call(keys.ACCESS, "HSET", keys.ACCESS, key_id, record)

    async def drop_access_key(self, key_id: str) -> bool:
        """Remove one API key; tell whether it was there."""
        return bool(await self._cold.call(keys.ACCESS, "HDEL", keys.ACCESS, key_id))

    async def be_auditor(self, name: str, for_ms: int) -> bool:
        """Become the one that audits this store, or stay it, ``for_ms`` from now (0: stop); tell whether.

        Nobody else is while this answers True, unless ``name`` was stopped for longer than that.
        """
        return await self._lease(keys.AUDITOR, name, for_ms)

    async def be_scheduler(self, name: str, for_ms: int) -> bool:
        """Become the one that runs the windows of Cyclops RC; otherwise like ``be_auditor``."""
        return await self._lease(keys.SCHEDULER, name, for_ms)

    async def be_archivist(self, name: str, for_ms: int) -> bool:
        """Become the one that moves old days to the archive; otherwise like ``be_auditor``."""
        return await self._lease(keys.ARCHIVIST, name, for_ms)

    async def _lease(self, key: bytes, name: str, for_ms: int) -> bool:
        return bool(await self._call(key, pack("FCALL", LEASE, 1, key, name, for_ms)))
