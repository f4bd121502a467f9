"""The embedded server: one per data directory, gone with its parent, back on its data."""

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

import pytest
import redis

from storage.embedded import EmbeddedStore, StoreInUseError, socket_path, url_if_running
from storage.opening import open_store
from storage.store import Committed, Stored, StoreUnavailableError
from storage.valkey import ValkeyStore
from tests.storage.accounts import KEY, TEN, create

pytestmark = pytest.mark.asyncio(loop_scope="session")

CHILD = """
import asyncio, sys
from pathlib import Path
from storage.embedded import EmbeddedStore

async def main():
    store = EmbeddedStore(Path(sys.argv[1]))
    print(await store.start(), store.pid, file=sys.stderr, flush=True)
    await store.exited

asyncio.run(main())
"""


async def test_data_survive_a_restart(tmp_path: Path) -> None:
    data_dir = tmp_path / "made by start"
    store = EmbeddedStore(data_dir)
    async with ValkeyStore(await store.start()) as client:
        assert await client.commit(create()) == Committed(1)
    await store.stop()
    assert (store.is_alive, url_if_running(data_dir)) == (False, None)
    async with ValkeyStore(await store.start()) as client:
        assert await client.read(KEY) == Stored(1, TEN)
    await store.stop()


async def test_every_write_is_synced_before_its_answer(own_store: EmbeddedStore) -> None:
    expected = {
        "appendonly": "yes",
        "appendfsync": "always",
        "maxmemory-policy": "noeviction",
        "port": "0",
        "unixsocketperm": "700",
        "save": "",
    }
    with redis.Redis.from_url(own_store.url, decode_responses=True) as admin:
        assert expected == admin.config_get(*expected)


async def test_a_second_server_on_the_same_directory_is_refused(own_store: EmbeddedStore) -> None:
    with pytest.raises(StoreInUseError, match="another server runs on"):
        await EmbeddedStore(own_store.data_dir).start()
    assert own_store.is_alive
    assert url_if_running(own_store.data_dir) == own_store.url


async def test_a_path_too_long_for_a_socket_gets_a_short_one_of_our_own(tmp_path: Path) -> None:
    data_dir = tmp_path / ("long" * 30) / 'with "quotes" and ünïcode\\'
    store = EmbeddedStore(data_dir)
    try:
        async with ValkeyStore(await store.start()) as client:
            assert await client.commit(create()) == Committed(1)
        directory = socket_path(data_dir).parent
        assert directory != data_dir
        assert directory.stat().st_mode & 0o777 == 0o700
        assert url_if_running(data_dir) == store.url
    finally:
        await store.stop()
    directory.chmod(0o755)
    with pytest.raises(StoreUnavailableError, match="not ours alone"):
        await store.start()
    directory.rmdir()


async def test_a_store_left_over_by_a_killed_parent_is_ended_and_its_data_go_on(tmp_path: Path) -> None:
    old = EmbeddedStore(tmp_path)
    async with ValkeyStore(await old.start()) as client:
        await client.commit(create())
    assert old._lock is not None
    os.close(old._lock)  # what the death of its parent does
    old._lock = None
    new = EmbeddedStore(tmp_path)
    async with ValkeyStore(await new.start()) as client:
        assert await client.read(KEY) == Stored(1, TEN)
    assert await old.exited == 0
    await new.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends a child with its parent")
async def test_the_store_dies_with_its_parent(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CHILD, str(tmp_path), stderr=asyncio.subprocess.PIPE
    )
    assert parent.stderr is not None
    url, pid = (await parent.stderr.readline()).decode().split()
    assert url_if_running(tmp_path) == url
    process, gone = os.pidfd_open(int(pid)), asyncio.Event()
    asyncio.get_running_loop().add_reader(process, gone.set)
    parent.kill()
    await parent.wait()
    try:
        await asyncio.wait_for(gone.wait(), 10)
    finally:
        asyncio.get_running_loop().remove_reader(process)
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(process, signal.SIGKILL)
        os.close(process)
    assert url_if_running(tmp_path) is None


async def test_its_death_is_told_and_it_starts_again(own_store: EmbeddedStore) -> None:
    first = own_store.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert await own_store.exited != 0
    assert (own_store.is_alive, own_store.pid) == (False, None)
    await own_store.start()
    assert own_store.pid not in (None, first)


async def test_a_file_cut_by_a_crash_is_read_to_its_last_whole_commit(tmp_path: Path) -> None:
    store = EmbeddedStore(tmp_path)
    async with ValkeyStore(await store.start()) as client:
        await client.commit(create())
    await store.stop()
    (log,) = (tmp_path / "appendonlydir").glob("*.incr.aof")
    with log.open("ab") as file:
        file.write(b"*3\r\n$3\r\nSET\r\n$17\r\ncut")
    async with ValkeyStore(await store.start()) as client:
        assert await client.verify(KEY) == Stored(1, TEN)
    await store.stop()


async def test_data_that_cannot_be_read_stop_the_start_and_name_the_log(tmp_path: Path) -> None:
    (tmp_path / "appendonlydir").mkdir()
    (tmp_path / "appendonlydir" / "appendonly.aof.manifest").write_text("nonsense\n")
    store = EmbeddedStore(tmp_path)
    with pytest.raises(StoreUnavailableError, match=r"ended with status 1, see .*store\.log"):
        await store.start()
    assert not store.is_alive


async def test_a_tool_uses_the_running_store_or_one_just_for_now(tmp_path: Path) -> None:
    async with open_store(data_dir=tmp_path) as first:
        assert await first.commit(create()) == Committed(1)
        async with open_store(data_dir=tmp_path) as second:
            assert await second.read(KEY) == Stored(1, TEN)
        assert url_if_running(tmp_path) is not None
        async with open_store(redis_url=url_if_running(tmp_path)) as third:
            assert await third.read(KEY) == Stored(1, TEN)
    assert url_if_running(tmp_path) is None


async def test_a_tool_names_exactly_one_store(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="either a data directory or a store URL"):
        async with open_store(tmp_path, "redis://127.0.0.1"):
            pass
