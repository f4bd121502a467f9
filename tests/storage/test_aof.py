"""A damaged end of the data: the last change is cut off loudly, more than that is not."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from storage import keys
from storage.aof import CUT_BYTES_MAX, _is_unfinished
from storage.embedded import EmbeddedStore
from storage.link import pack
from storage.store import Committed, Stored, StoreUnavailableError
from storage.valkey import ValkeyStore
from tests.storage.accounts import KEY, TEN, create, debit
from tests.storage.test_valkey import NINE, ONE

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture
def store(tmp_path: Path) -> EmbeddedStore:
    return EmbeddedStore(tmp_path)


async def written(store: EmbeddedStore) -> Path:
    """Three changes of an account, on disk; the file that has them."""
    async with ValkeyStore(await store.start()) as client:
        await client.commit(create())
        await client.commit(debit(1, TEN, ONE, "a"))
        await client.commit(debit(2, NINE, ONE, "b"))
    await store.stop()
    (path,) = (store.data_dir / "appendonlydir").glob("*.incr.aof")
    return path


def last_change(data: bytes) -> int:
    return data.rindex(b"*1\r\n$5\r\nMULTI\r\n")


def _length(data: bytes) -> bytes:
    return _at(data, data.index(b"$", last_change(data) + 20))


def _zeros(data: bytes) -> bytes:
    place = last_change(data) + 40
    return data[:place] + bytes(len(data) - place)


def _end(data: bytes) -> bytes:
    return data[:-3] + bytes(255 - each for each in data[-3:])


@pytest.mark.parametrize("damage", [_length, _zeros, _end])
async def test_a_damaged_last_change_is_cut_off_and_kept(
    store: EmbeddedStore, damage: Callable[[bytes], bytes]
) -> None:
    path = await written(store)
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    async with ValkeyStore(await store.start()) as client:
        assert await client.verify(KEY) == Stored(2, NINE)
        assert await client.commit(debit(2, NINE, ONE, "b")) == Committed(3)
    await store.stop()
    (kept,) = path.parent.glob("*.cut-at-*")
    assert damage(whole).endswith(kept.read_bytes())
    assert keys.of_account(KEY).journal in kept.read_bytes() or damage is _zeros


@pytest.mark.parametrize("lost", [1, 5, 14, 30, 300])
@pytest.mark.parametrize("more", [0, CUT_BYTES_MAX])
async def test_an_unfinished_last_change_is_cut_off_loudly_and_kept(
    store: EmbeddedStore, lost: int, more: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """However long: a file that just ends has nothing behind its end."""
    path = await written(store)
    whole = path.read_bytes()
    begin = last_change(whole)
    if more:
        whole = whole[:begin] + pack("SET", "cgr:long", bytes(more))
    path.write_bytes(whole[:-lost])
    async with ValkeyStore(await store.start()) as client:
        assert await client.verify(KEY) == Stored(2, NINE)
        assert await client.commit(debit(2, NINE, ONE, "b")) == Committed(3)
    await store.stop()
    cut = store.cut
    assert cut is not None
    assert (len(whole) - lost - begin, True) == (cut.bytes, cut.unfinished)
    assert cut.kept == path.with_name(f"{path.name}.cut-at-{begin}")
    assert cut.kept.read_bytes() == whole[begin:-lost]
    assert str(cut) in capsys.readouterr().out
    await store.start()
    assert store.cut is None
    await store.stop()


async def test_a_length_that_reaches_over_the_end_does_not_hide_what_can_be_read_behind_it(
    store: EmbeddedStore,
) -> None:
    path = await written(store)
    last = pack("HSET", keys.ACCESS, "id", "revoked")
    path.write_bytes(path.read_bytes() + last.replace(b"$2\r\nid", b"$99\r\nid") + last)
    with pytest.raises(StoreUnavailableError, match="more than its last change is lost"):
        await store.start()


@pytest.mark.parametrize("rest", [pack("MULTI"), pack("SET", "a", b"1")])
async def test_every_beginning_of_a_change_is_unfinished_and_no_other_bytes_are(rest: bytes) -> None:
    assert all(_is_unfinished(rest[:end]) for end in range(len(rest)))
    for place in range(len(rest)):
        if rest[place : place + 1] in b"*$\r":
            assert not _is_unfinished(_at(rest, place)[:-1])


def _begin(data: bytes) -> bytes:
    return _at(data, last_change(data))


def _name(data: bytes) -> bytes:
    return _at(data, last_change(data) + 10)


def _at(data: bytes, place: int) -> bytes:
    return data[:place] + b"#" + data[place + 1 :]


@pytest.mark.parametrize("damage", [_length, _begin, _name, _zeros, _end])
async def test_damage_before_the_last_change_stops_the_start_and_says_what_to_do(
    store: EmbeddedStore, damage: Callable[[bytes], bytes]
) -> None:
    path = await written(store)
    whole = path.read_bytes()
    earlier = whole[: last_change(whole)]
    path.write_bytes(damage(earlier) + whole[len(earlier) :])
    before = path.read_bytes()
    with pytest.raises(StoreUnavailableError, match=r"incr\.aof is damaged from byte \d+ of \d+ on, and"):
        await store.start()
    assert before == path.read_bytes()
    assert not store.is_alive
    path.write_bytes(whole)
    async with ValkeyStore(await store.start()) as client:
        assert await client.verify(KEY) == Stored(3, replace(TEN, credit=8 * ONE))
    await store.stop()


@pytest.mark.parametrize("damage", [_length, _begin, _zeros, _end])
async def test_a_change_of_a_single_key_is_one_that_can_follow_too(
    store: EmbeddedStore, damage: Callable[[bytes], bytes]
) -> None:
    path = await written(store)
    damaged = damage(path.read_bytes())
    path.write_bytes(damaged + pack("HSET", keys.ACCESS, "id", "revoked"))
    with pytest.raises(StoreUnavailableError, match="more than its last change is lost"):
        await store.start()
    path.write_bytes(damaged)
    await store.start()
    await store.stop()


async def test_damage_that_shows_only_after_it_is_not_cut_in_the_middle_of_a_change(
    store: EmbeddedStore,
) -> None:
    path = await written(store)
    damaged = _name(path.read_bytes())
    path.write_bytes(damaged)
    with pytest.raises(StoreUnavailableError, match="more than its last change is lost"):
        await store.start()
    assert path.read_bytes() == damaged


async def test_a_damaged_change_of_a_single_key_is_cut_off_if_it_is_the_last(store: EmbeddedStore) -> None:
    path = await written(store)
    whole = path.read_bytes()
    last = pack("HSET", keys.ACCESS, "id", "revoked")
    path.write_bytes(whole + _at(last, 15) + last)
    with pytest.raises(StoreUnavailableError, match="more than its last change is lost"):
        await store.start()
    path.write_bytes(whole + _at(last, 15))
    async with ValkeyStore(await store.start()) as client:
        assert await client.verify(KEY) == Stored(3, replace(TEN, credit=8 * ONE))
    await store.stop()
