"""The catalogue as a rater knows it: what it read, kept until the store tells of a change."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from rater.metering.catalogue import Application, Service
from rater.metering.product import Product, Subscription
from storage.documents import DocumentKey, DocumentStore, DocumentValue, Replacement

DOCUMENTS_MAX = 200_000
"""Documents remembered, some 600 bytes each; beyond, the tenth read first is forgotten."""

ABSENT_MAX = 10_000
"""Names remembered of which there is no document, likewise: anyone can ask for them, with up to 4 KB each."""

NAMES_MAX = 1024
"""Characters of a document's names together. No longer ones are made, so none is looked for or remembered."""

Kind = TypeVar("Kind", bound=DocumentValue)


class UnreadError(Exception):
    """Documents have to be read first; ``keys`` names them."""

    def __init__(self, keys: Sequence[DocumentKey]) -> None:
        super().__init__()
        self.keys = keys


class Catalogue:
    """Documents in memory. What is not there raises UnreadError: ``read`` it and ask again."""

    def __init__(self, store: DocumentStore) -> None:
        self._store = store
        self._known: dict[DocumentKey, DocumentValue] = {}
        self._absent: dict[DocumentKey, None] = {}
        self._reading: dict[DocumentKey, int] = {}
        self._changed_meanwhile: set[DocumentKey] = set()
        self._products: dict[str, Product] = {}
        self._subscriptions: dict[DocumentKey, Subscription] = {}
        store.on_document(self.forget)

    @property
    def size(self) -> int:
        """Tell how many documents and absences are remembered."""
        return len(self._known) + len(self._absent)

    def get(self, key: DocumentKey, kind: type[Kind]) -> Kind | None:
        """Tell a document, or None if there is none. Raises UnreadError."""
        value = self._known.get(key)
        if value is None and key not in self._absent and not _is_too_long(key):
            raise UnreadError((key,))
        return value if isinstance(value, kind) else None

    def unread(self, keys: Iterable[DocumentKey]) -> list[DocumentKey]:
        """List those of ``keys`` that have to be read first, each once."""
        return [
            key
            for key in dict.fromkeys(keys)
            if key not in self._known and key not in self._absent and not _is_too_long(key)
        ]

    async def read(self, keys: Sequence[DocumentKey]) -> None:
        """Read documents; one that changes meanwhile stays unread. Raises StoreError."""
        for key in keys:
            self._reading[key] = self._reading.get(key, 0) + 1
        try:
            values = await self._store.documents(keys)
            self._make_room(self._known, DOCUMENTS_MAX, len(keys))
            self._make_room(self._absent, ABSENT_MAX, len(keys))
            for key, value in zip(keys, values, strict=True):
                if key in self._changed_meanwhile:
                    continue
                if value is None:
                    self._absent[key] = None
                else:
                    self._known[key] = value
        finally:
            for key in keys:
                self._reading[key] -= 1
                if not self._reading[key]:
                    del self._reading[key]
                    self._changed_meanwhile.discard(key)

    def product(self, service: Service) -> Product:
        """Give the service compiled; the same object while the service stays as it is."""
        product = self._products.get(service.service_id)
        if product is None or product.service is not service:
            product = self._products[service.service_id] = Product(service)
        return product

    def subscription(self, application: Application, product: Product) -> Subscription:
        """Give the application compiled; the same object while it and its service stay as they are."""
        key = ("application", application.service_id, application.app_id)
        known = self._subscriptions.get(key)
        if known is None or known.application is not application or known.product is not product:
            known = self._subscriptions[key] = Subscription(application, product)
        return known

    def forget(self, key: DocumentKey | None) -> None:
        """Note that a document changed (None: any may have)."""
        if key is None:
            self._known.clear()
            self._absent.clear()
            self._subscriptions.clear()
            self._products.clear()
            self._changed_meanwhile.update(self._reading)
            return
        self._drop(key)
        if key in self._reading:
            self._changed_meanwhile.add(key)

    def _make_room(self, remembered: Mapping[DocumentKey, object], most: int, count: int) -> None:
        if len(remembered) + count > most:
            for key in list(remembered)[: most // 10 + count]:
                self._drop(key)

    def _drop(self, key: DocumentKey) -> None:
        """Remember a document no more, nor what was made of it."""
        self._known.pop(key, None)
        self._absent.pop(key, None)
        self._subscriptions.pop(key, None)
        if key[0] == "service":
            self._products.pop(key[1], None)


def _is_too_long(key: DocumentKey) -> bool:
    return sum(map(len, key)) > NAMES_MAX


class Announcing:
    """A store whose changes of the catalogue are known here at once: it tells only the others itself."""

    def __init__(self, store: DocumentStore, catalogue: Catalogue) -> None:
        self._store = store
        self._catalogue = catalogue

    async def replace(self, changes: Sequence[Replacement]) -> bool:
        """Do all of the changes or nothing of them; see ``storage.documents``."""
        done = await self._store.replace(changes)
        for each in changes:
            self._catalogue.forget(each.key)
        return done

    def __getattr__(self, name: str) -> Any:
        """Everything else is the store's own."""
        return getattr(self._store, name)
