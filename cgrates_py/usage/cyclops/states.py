"""Reads and changes the document of Cyclops RC."""

from collections.abc import Callable

from storage.cyclops_state import CyclopsState
from storage.documents import CYCLOPS, DocumentStore, Replacement
from storage.store import StoreUnavailableError

ATTEMPTS_MAX = 100
"""Lost races before giving up; each lost one means that another change went through."""

Change = Callable[[CyclopsState], CyclopsState]


class States:
    """The document; without one there is the state of a server that was never asked anything."""

    def __init__(self, store: DocumentStore) -> None:
        self._store = store

    async def read(self) -> CyclopsState:
        """Read the state. Raises StoreError."""
        return await self._document() or CyclopsState()

    async def change(
        self, change: Callable[[CyclopsState], CyclopsState]
    ) -> tuple[CyclopsState, CyclopsState]:
        """Change the state, again if another came between; tell it before and after.

        Raises StoreError, and whatever ``change`` raises.
        """
        for _ in range(ATTEMPTS_MAX):
            document = await self._document()
            before = document or CyclopsState()
            after = change(before)
            if after == before or await self._store.replace([Replacement(CYCLOPS, document, after)]):
                return before, after
        raise StoreUnavailableError("the state of Cyclops RC changes too fast; try again")

    async def _document(self) -> CyclopsState | None:
        (value,) = await self._store.documents([CYCLOPS])
        return value if isinstance(value, CyclopsState) else None
