"""A store elsewhere over TLS. The wheel's Valkey speaks none, so a front of the test's own does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from cgrates_py.tls import ServerTls
from storage.embedded import EmbeddedStore
from storage.store import StoreUnavailableError
from storage.valkey import ValkeyStore
from tests.access.certificates import self_signed


@contextlib.asynccontextmanager
async def tls_store(place: Path, tls: ServerTls) -> AsyncIterator[int]:
    """Run a store behind TLS; tell its port."""
    store = EmbeddedStore(place)
    await store.start()
    relays: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                writer.write(data)
        writer.close()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner = await asyncio.open_unix_connection(urlsplit(store.url).path)
        for pair in ((reader, inner[1]), (inner[0], writer)):
            relays.add(asyncio.create_task(pump(*pair)))

    front = await asyncio.start_server(relay, "127.0.0.1", 0, ssl=tls.context)
    try:
        yield front.sockets[0].getsockname()[1]
    finally:
        front.close()
        await asyncio.gather(*relays)
        await store.stop()


@pytest.mark.slow
async def test_a_store_is_reached_by_rediss_if_its_certificate_is_trusted(tmp_path: Path) -> None:
    cert, key = self_signed(tmp_path, "store")
    other, _ = self_signed(tmp_path, "other")
    async with tls_store(tmp_path / "data", ServerTls(cert, key)) as port:
        async with ValkeyStore(f"rediss://127.0.0.1:{port}?ssl_ca_certs={cert}") as store:
            assert (await store.read_tariff())[0] == 0
        with pytest.raises(StoreUnavailableError):
            async with ValkeyStore(f"rediss://127.0.0.1:{port}?ssl_ca_certs={other}") as store:
                await store.read_tariff()
