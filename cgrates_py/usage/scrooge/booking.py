"""Stores a push: one entry of one day, once, whatever is sent again."""

from hashlib import sha256

from cgrates_py.lane import Shop
from cgrates_py.usage.scrooge import answers
from cgrates_py.usage.scrooge.known import ScroogeStore
from cgrates_py.usage.scrooge.push import BOOK, Push
from cgrates_py.usage.scrooge.values import TEXT_MAX
from protocol.usage import DialectAnswer, DialectRequest
from rater.usage.records import DayEntry
from rater.usage.scrooge_setup import User
from storage.daybook import KnownReceipt, Mark, Receipt

_NEVER = Mark("scrooge.never", b"there", None)
"""Nobody sets it, so an append that asks for it stores nothing; it only tells a receipt that is known."""


class Booking:
    """Appends what users push."""

    def __init__(self, store: ScroogeStore, shop: Shop) -> None:
        self._store = store
        self._shop = shop

    async def store(
        self,
        request: DialectRequest,
        user: User,
        push: Push,
    ) -> DialectAnswer:
        """Store a push, its deletions and its receipt in one step, and answer it. Raises StoreError.

        Under an ``Idempotency-Key`` a repeat by the same user changes nothing, and other content is a
        conflict; without one, only what the front itself sends again is known.
        """
        key = request.Headers.get("idempotency-key", "")
        if len(key) > TEXT_MAX:
            return answers.json(400, {"error": f"Idempotency-Key: at most {TEXT_MAX} characters"})
        receipt = self._receipt(request, user, key)
        entry = DayEntry(self._shop.clock.now_ns(), push.service, tuple(push.rows), tuple(push.drops))
        entries = [(push.day, entry)] if push.rows or push.drops else []
        if entries or key:
            outcome = await self._store.append(BOOK, entries, receipt)
            if isinstance(outcome, KnownReceipt) and receipt and outcome.digest != receipt.digest:
                return answers.json(409, {"error": "Idempotency-Key: was used before with other content"})
        return answers.created(request)

    async def known(self, request: DialectRequest, user: User) -> bool:
        """Tell whether this very message was stored under its ``Idempotency-Key``. Raises StoreError."""
        key = request.Headers.get("idempotency-key", "")
        receipt = self._receipt(request, user, key) if 0 < len(key) <= TEXT_MAX else None
        if receipt is None:
            return False
        outcome = await self._store.append(BOOK, [], receipt, [_NEVER])
        return isinstance(outcome, KnownReceipt) and outcome.digest == receipt.digest

    def _receipt(self, request: DialectRequest, user: User, key: str) -> Receipt | None:
        settings = self._shop.settings
        digest = sha256(f"{request.Path.rstrip('/')}\0{request.Body}".encode()).digest()
        if key:
            return Receipt(f"scrooge:{user.name}:{key}", digest, b"", settings.request_id_ttl_s)
        if request.RetryId:
            return Receipt(f"retry:{request.RetryId}", digest, b"", settings.retry_ttl_s)
        return None
