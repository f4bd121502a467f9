"""What every store promises of the catalogue and of what is listed beside accounts."""

import asyncio
from dataclasses import replace

import pytest

from rater.metering.catalogue import Application, CatalogueValue, Service, UserKey
from storage.documents import (
    DocumentKey,
    DocumentValue,
    ErrorRecord,
    EventRecord,
    KnownBatch,
    Replacement,
    application_key,
    key_of,
    provider_key,
    service_key,
    user_key_key,
)
from tests.storage.conftest import Connect, Heard
from tests.storage.documents import APPLICATION, EVERY_KIND, PROVIDER, SERVICE

MODULES = ("memory_documents", "valkey_documents")
pytestmark = pytest.mark.asyncio(loop_scope="session")

SERVICE_KEY = key_of(SERVICE)
OTHER = replace(SERVICE, state="active")
MARKER = key_of(PROVIDER)


def made(*values: DocumentValue) -> list[Replacement]:
    return [Replacement(key_of(each), None, each) for each in values]


def changed(before: Service, after: Service | None) -> list[Replacement]:
    return [Replacement(SERVICE_KEY, before, after)]


async def test_documents_that_nobody_made_read_as_none(connect: Connect) -> None:
    store = await connect()
    assert await store.documents([SERVICE_KEY, MARKER]) == [None, None]
    assert await store.documents([]) == []


async def test_every_kind_of_document_is_read_back_by_others(connect: Connect) -> None:
    store, other = await connect(), await connect()
    assert await store.replace(made(*EVERY_KIND)) is True
    found = await other.documents([key_of(each) for each in reversed(EVERY_KIND)])
    assert found == list(reversed(EVERY_KIND))
    assert [type(each) for each in found] == [type(each) for each in reversed(EVERY_KIND)]


async def test_a_document_that_is_not_as_told_keeps_every_other_from_being_changed(connect: Connect) -> None:
    store = await connect()
    await store.replace(made(SERVICE))
    for wrong in (
        made(SERVICE),
        changed(OTHER, None),
        [Replacement(MARKER, PROVIDER, None)],
    ):
        assert await store.replace([*made(APPLICATION), *wrong]) is False
    assert await store.documents([key_of(APPLICATION), SERVICE_KEY, MARKER]) == [None, SERVICE, None]


async def test_documents_are_changed_removed_and_made_anew_in_one_step(connect: Connect) -> None:
    store = await connect()
    await store.replace(made(SERVICE, PROVIDER))
    removal = Replacement(MARKER, PROVIDER, None)
    assert await store.replace([*changed(SERVICE, OTHER), removal, *made(APPLICATION)]) is True
    keys = [SERVICE_KEY, MARKER, key_of(APPLICATION)]
    assert await store.documents(keys) == [OTHER, None, APPLICATION]
    assert await store.replace([*changed(OTHER, None), *made(PROVIDER)]) is True
    assert await store.documents(keys) == [None, PROVIDER, APPLICATION]


async def test_a_document_may_be_held_to_what_it_is_without_a_change(connect: Connect) -> None:
    store = await connect()
    await store.replace(made(SERVICE))
    same = Replacement(SERVICE_KEY, SERVICE, SERVICE)
    absent = Replacement(MARKER, None, None)
    assert await store.replace([same, absent]) is True
    assert await store.replace([]) is True
    assert await store.replace([same._replace(before=OTHER, after=OTHER)]) is False


async def test_of_two_that_change_a_document_one_wins(connect: Connect) -> None:
    store, other = await connect(), await connect()
    await store.replace(made(SERVICE))
    results = await asyncio.gather(
        store.replace(changed(SERVICE, OTHER)), other.replace(changed(SERVICE, None))
    )
    assert sorted(results) == [False, True]
    assert await store.documents([SERVICE_KEY]) == [OTHER if results[0] else None]


@pytest.mark.parametrize(
    ("changes", "because"),
    [
        ([*made(SERVICE), *made(SERVICE)], "one document twice"),
        ([Replacement(MARKER, None, SERVICE)], "service:1001 under another key"),
        ([Replacement(MARKER, SERVICE, None)], "service:1001 under another key"),
        (made(PROVIDER, replace(SERVICE, alert_bins=(1 << 64,))), "service:1001"),
    ],
)
async def test_changes_that_contradict_themselves_are_refused_before_anything_is_done(
    connect: Connect, changes: list[Replacement], because: str
) -> None:
    store = await connect()
    with pytest.raises(ValueError, match=because):
        await store.replace(changes)
    assert await store.documents([MARKER]) == [None]


async def test_names_of_documents_may_hold_any_character_and_be_long(connect: Connect) -> None:
    store = await connect()
    names = [
        ("a:b", "c"),
        ("a", "b:c"),
        ("a%3Ab", "c"),
        ("{a}", "*"),
        ("", "ä\n[x]?"),
        ("s" * 512, "ü" * 512),
    ]
    values = [UserKey(*name, str(number)) for number, name in enumerate(names)]
    assert await store.replace(made(*values)) is True
    assert await store.documents([user_key_key(*name) for name in names]) == values
    assert await store.list_documents("user_key") == sorted(values, key=key_of)


async def test_documents_are_listed_by_kind_and_name(connect: Connect) -> None:
    store = await connect()
    applications: list[CatalogueValue] = [
        Application(service, app, "g", "h") for service in ("1", "10", "2") for app in ("a", "b")
    ]
    await store.replace(made(*reversed(applications), SERVICE))
    assert await store.list_documents("application") == applications
    assert await store.list_documents("service") == [SERVICE]
    assert await store.list_documents("provider") == []


async def test_a_change_of_a_document_is_heard_by_those_who_read_it(connect: Connect) -> None:
    store, other = await connect(), await connect()
    heard = Heard()
    store.on_document(heard)
    await store.documents([SERVICE_KEY])
    for before, after in ((None, SERVICE), (SERVICE, OTHER), (OTHER, None), (None, SERVICE)):
        await other.replace([Replacement(SERVICE_KEY, before, after)])
        assert await heard.next() == SERVICE_KEY
        assert await store.documents([SERVICE_KEY]) == [after]


async def test_own_changes_of_documents_are_not_heard_and_do_not_end_the_listening(connect: Connect) -> None:
    store, other = await connect(), await connect()
    heard = Heard()
    store.on_document(heard)
    await store.documents([MARKER])
    await store.replace(made(SERVICE))
    await store.replace(changed(SERVICE, None))
    await other.replace(made(PROVIDER))
    assert await heard.next() == MARKER
    await other.replace(made(SERVICE))
    assert await heard.next() == SERVICE_KEY


async def test_who_was_refused_a_change_hears_of_the_next(connect: Connect) -> None:
    store, other = await connect(), await connect()
    heard = Heard()
    store.on_document(heard)
    assert await store.replace(changed(SERVICE, None)) is False
    await other.replace(made(SERVICE))
    assert await heard.next() == SERVICE_KEY


async def test_after_a_refresh_everything_was_heard_that_changed_before(connect: Connect) -> None:
    store, other = await connect(), await connect()
    heard: list[DocumentKey | None] = []
    store.on_document(heard.append)
    keys = [service_key("1001"), provider_key("pk"), application_key("1001", "a1")]
    await store.documents(keys)
    await other.replace(made(SERVICE, PROVIDER, APPLICATION))
    await store.refresh()
    assert sorted(each for each in heard if each) == sorted(keys)


async def test_integration_errors_are_kept_by_service_newest_first(connect: Connect) -> None:
    store, other = await connect(), await connect()
    errors = [ErrorRecord("code", f"message {number}", number, {"a": "ü"}) for number in range(5)]
    for each in errors:
        await store.add_error("1", each)
    await store.add_error("2", errors[0])
    newest = errors[::-1]
    assert await other.errors("1", 0, 100) == (5, newest)
    assert await other.errors("1", 1, 2) == (5, newest[1:3])
    assert await other.errors("1", 4, 2) == (5, newest[4:])
    assert await other.errors("1", 5, 2) == (5, [])
    assert await other.errors("1", 0, 0) == (5, [])
    await other.delete_errors("1")
    assert await store.errors("1", 0, 100) == (0, [])
    assert await store.errors("2", 0, 100) == (1, [errors[0]])


async def test_only_the_newest_integration_errors_are_kept(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in MODULES:
        monkeypatch.setattr(f"storage.{module}.ERRORS_MAX", 3)
    store = await connect()
    errors = [ErrorRecord("code", "", number, {}) for number in range(5)]
    for each in errors:
        await store.add_error("1", each)
    assert await store.errors("1", 0, 10) == (3, errors[:1:-1])


FIRST: tuple[str, int, dict[str, str | int]] = ("alert", 1, {"id": "a1", "utilization": 2**63})
SECOND: tuple[str, int, dict[str, str | int]] = ("first_traffic", 1, {"id": "a1"})
THIRD: tuple[str, int, dict[str, str | int]] = ("first_traffic", 2, {"id": "a1"})


async def test_events_are_kept_once_and_counted_from_one(connect: Connect) -> None:
    store, other = await connect(), await connect()
    await store.add_events([])
    assert await store.events() == []
    await store.add_events([FIRST, SECOND, FIRST])
    shuffled: dict[str, str | int] = {"utilization": 2**63, "id": "a1"}
    await other.add_events([("alert", 1, shuffled), THIRD])
    expected = [EventRecord(number, *each) for number, each in enumerate((FIRST, SECOND, THIRD), 1)]
    assert await store.events() == await other.events() == expected


async def test_events_are_forgotten_singly_and_up_to_one(connect: Connect) -> None:
    store = await connect()
    await store.add_events([FIRST, SECOND, THIRD])
    assert await store.delete_event(2) is True
    assert await store.delete_event(2) is False
    assert [each.event_id for each in await store.events()] == [1, 3]
    assert await store.delete_events(2) == 1
    await store.add_events([FIRST])
    assert await store.events() == [EventRecord(3, *THIRD), EventRecord(4, *FIRST)]
    assert await store.delete_events(100) == 2
    assert await store.delete_events(100) == 0
    assert await store.events() == []


async def test_only_the_newest_events_are_kept(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in MODULES:
        monkeypatch.setattr(f"storage.{module}.EVENTS_MAX", 2)
    store = await connect()
    await store.add_events([FIRST, SECOND, THIRD])
    assert await store.events() == [EventRecord(2, *SECOND), EventRecord(3, *THIRD)]


async def test_a_batch_is_kept_until_it_is_closed_as_it_first_came(connect: Connect) -> None:
    store, other = await connect(), await connect()
    blob = bytes(range(256))
    assert await store.open_batch("a", blob) is None
    assert await other.open_batch("a", b"another") == KnownBatch(blob)
    assert await store.open_batch("a", blob) == KnownBatch(blob)
    assert await other.open_batch("ü", b"") is None
    assert await store.open_batches() == [("a", blob), ("ü", b"")]
    await other.close_batch("a", b"receipt", 60)
    await other.close_batch("a", b"receipt", 60)
    assert await store.open_batches() == [("ü", b"")]
    assert await store.open_batch("a", b"new") == KnownBatch(None, b"receipt")
