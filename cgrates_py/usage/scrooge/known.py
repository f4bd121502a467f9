"""The set-up as a rater works with it: read once, indexed, and read again when it was changed."""

from typing import Protocol

from rater.usage.costs import UsagePrice
from rater.usage.scrooge_setup import ScroogeSetup, ServiceEnvironment, User
from storage.daybook import Daybook
from storage.documents import SCROOGE, DocumentKey, DocumentStore


class ScroogeStore(DocumentStore, Daybook, Protocol):
    """The set-up, and books of usage."""


class Known:
    """A set-up with everything found by its name."""

    def __init__(self, setup: ScroogeSetup) -> None:
        self.setup = setup
        self.users: dict[str, User] = {each.name: each for each in setup.users}
        self.users_by_key: dict[str, User] = {each.key: each for each in setup.users if each.key}
        self.services = frozenset(each.symbol for each in setup.services)
        self.ventures = frozenset(each.symbol for each in setup.ventures if each.active)
        self.types = frozenset(each.symbol for each in setup.types)
        self.prices: dict[str, list[UsagePrice]] = {}
        for price in setup.prices:
            self.prices.setdefault(price.metric, []).append(price)
        self.pricing_services = {each.name: each for each in setup.pricing_services}
        self.environments = {each.account: each for each in setup.environments}
        self.by_object: dict[str, ServiceEnvironment] = {
            name: each for each in setup.environments for name in each.objects
        }
        self.by_service: dict[tuple[str, str | int, str], ServiceEnvironment] = {}
        for each in setup.environments:
            self.by_service["service", each.service, each.environment] = each
            self.by_service["service_id", each.number, each.environment] = each
            if each.uid:
                self.by_service["service_uid", each.uid, each.environment] = each
        self.uids = frozenset(each.uid for each in setup.environments if each.uid)


class Setups:
    """The set-up of the store, always the newest: whoever changed it and asks then is answered by it."""

    def __init__(self, store: ScroogeStore) -> None:
        self._store = store
        self._known: Known | None = None
        store.on_document(self._forget)

    async def current(self) -> Known:
        """Tell the set-up as it is now. Raises StoreError."""
        await self._store.refresh()
        if self._known is None:
            (value,) = await self._store.documents([SCROOGE])
            self._known = Known(value if isinstance(value, ScroogeSetup) else ScroogeSetup())
        return self._known

    def forget(self) -> None:
        """Read it again for who asks next. A store does not tell of changes by its own connection."""
        self._known = None

    def _forget(self, key: DocumentKey | None) -> None:
        if key is None or key == SCROOGE:
            self.forget()
