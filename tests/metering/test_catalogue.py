"""What a rater remembers of the catalogue: bounded whoever asks, and never older than it was told."""

import pytest

from cgrates_py.metering import cache
from cgrates_py.metering.cache import Catalogue, UnreadError
from rater.metering.catalogue import Application
from storage.documents import Replacement, application_key, key_of, provider_key, service_key
from storage.memory import MemoryStore
from tests.metering.desk import AUTHORIZE, SERVICE, Desk, application


async def test_names_that_strangers_ask_for_are_few_and_push_out_no_document(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cache, "ABSENT_MAX", 100)
    desk = await Desk().fill()
    await desk.ask(AUTHORIZE, AppId="a1")
    catalogue = desk.responder._catalogue
    documents = catalogue.size
    for number in range(300):
        await catalogue.read([provider_key(f"nobody {number}")])
    assert catalogue.size <= documents + 100
    assert catalogue.get(application_key("1001", "a1"), Application) == application("a1")
    assert catalogue.unread([provider_key("nobody 299"), provider_key("nobody 0")]) == [
        provider_key("nobody 0")
    ]


async def test_nothing_is_kept_of_a_service_that_is_gone() -> None:
    store = MemoryStore()
    assert await store.replace([Replacement(key_of(SERVICE), None, SERVICE)])
    catalogue = Catalogue(store)
    product = catalogue.product(SERVICE)
    assert catalogue.product(SERVICE) is product
    catalogue.forget(service_key("1001"))
    assert not catalogue._products


async def test_an_absence_is_known_until_another_makes_the_document() -> None:
    store = MemoryStore()
    catalogue = Catalogue(store)
    key = application_key("1001", "a1")
    with pytest.raises(UnreadError):
        catalogue.get(key, Application)
    await catalogue.read([key])
    assert catalogue.get(key, Application) is None
    assert await store.connect().replace([Replacement(key, None, application("a1"))])
    await store.refresh()
    assert catalogue.unread([key]) == [key]


async def test_a_front_whose_clock_is_ahead_hides_no_change_from_the_others() -> None:
    desk = await Desk().fill()
    other = desk.other()
    assert (await other.ask(AUTHORIZE, AppId="a1", Epoch=2**62)).Code == ""
    assert other.responder._epoch < 2**61
