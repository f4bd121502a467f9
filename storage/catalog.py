"""What a store has besides accounts: tariffs, raters and what they price by, API keys, who audits."""

import asyncio
from typing import Any

from rater.tariff import Tariff
from storage import keys, records
from storage.cold import Cold
from storage.library import LEASE, PUBLISH
from storage.link import pack
from storage.store import StoreCorruptError

_TARIFF_READS_MAX = 5
"""A snapshot that vanished was overtaken by TARIFFS_KEPT newer ones; five times over is no race."""


class Catalog:
    """Tariffs, raters and keys of a store. Calls raise StoreError."""

    def __init__(self, cold: Cold) -> None:
        self._cold = cold

    async def _call(self, name: bytes, packed: bytes) -> Any:
        """Run one packed command on the fast link; what it reads is heard of when it changes."""
        raise NotImplementedError

    async def read_tariff(self) -> tuple[int, Tariff]:
        """Read the current snapshot and its version (0 and an empty tariff when nothing was loaded)."""
        version = 0
        for _ in range(_TARIFF_READS_MAX):
            version = await self.tariff_version()
            if not version:
                return 0, Tariff()
            blob = await self._cold.call(keys.tariff(version), "GET", keys.tariff(version))
            if blob is not None:
                return version, await asyncio.to_thread(records.decode_tariff, blob)
        raise StoreCorruptError(f"tariff version {version} is current but not there")

    async def publish_tariff(self, tariff: Tariff, expected_version: int) -> int | None:
        """Make ``tariff`` the next version; None if ``expected_version`` is no longer the current one."""
        version = expected_version + 1
        names = (keys.TARIFF_CURRENT, keys.tariff(version), keys.tariff(version - keys.TARIFFS_KEPT))
        blob = await asyncio.to_thread(records.encode_tariff, tariff)
        words = ("FCALL", PUBLISH, len(names), *names, str(expected_version), str(version), blob)
        return version if await self._cold.call(keys.TARIFF_CURRENT, *words) else None

    async def tariff_version(self) -> int:
        """Read which tariff version is current, and hear of the next."""
        return int(await self._call(keys.TARIFF_CURRENT, pack("GET", keys.TARIFF_CURRENT)) or 0)

    async def tell_rater(self, name: str, tariff_version: int, until_s: int) -> None:
        """Note which tariff the rater ``name`` prices by, to be believed until ``until_s`` (Unix time)."""
        await self._call(keys.RATERS, pack("HSET", keys.RATERS, name, f"{tariff_version} {until_s}"))

    async def rater_tariffs(self, now_s: int) -> dict[str, int]:
        """List the raters that work on this store, and the tariff version each prices by."""
        found: dict[bytes, bytes] = await self._cold.call(keys.RATERS, "HGETALL", keys.RATERS)
        told = {name.decode(): value.split() for name, value in found.items()}
        gone = [name for name, (_, until_s) in told.items() if int(until_s) < now_s]
        if gone:
            await self._cold.call(keys.RATERS, "HDEL", keys.RATERS, *gone)
        return {name: int(version) for name, (version, _) in told.items() if name not in gone}

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
