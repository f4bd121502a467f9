"""What only the twin can show: time passing."""

from storage.documents import KnownBatch
from storage.memory import MemoryStore
from storage.store import Commit, Committed, Conflict, KnownAnswer, Stored
from tests.storage.accounts import KEY, TEN, answer, create

SECOND = 1_000_000_000


async def test_an_answer_is_kept_for_its_time_and_no_longer() -> None:
    now_ns = 0
    store = MemoryStore(clock=lambda: now_ns)
    await store.commit(create())
    kept = Commit(KEY, 1, answers=[answer("a", b"old", ttl_s=60)])
    await store.commit(kept)
    now_ns = 60 * SECOND - 1
    known = {"a": KnownAnswer(b"digest of a", b"old")}
    assert await store.commit(kept) == Conflict(Stored(1, TEN), known)
    now_ns = 60 * SECOND
    assert await store.commit(kept) == Committed(1)


async def test_a_receipt_is_kept_for_its_time_and_no_longer() -> None:
    now_ns = 0
    store = MemoryStore(clock=lambda: now_ns)
    await store.open_batch("a", b"batch")
    await store.close_batch("a", b"receipt", 60)
    now_ns = 60 * SECOND - 1
    assert await store.open_batch("a", b"new") == KnownBatch(None, b"receipt")
    now_ns = 60 * SECOND
    assert await store.open_batch("a", b"new") is None
