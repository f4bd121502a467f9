"""Versions of the tariff, in every store: what is known of them, which are kept; changes are whole."""

import asyncio

import pytest

from rater.tariff import Tariff
from storage import records
from storage.canonical import tariff_hash
from storage.tariffs import Deed, Swap
from storage.timeline import EVER
from tests.storage.conftest import Connect, Heard

pytestmark = pytest.mark.asyncio(loop_scope="session")

NOW = 1_800_000_000 * 10**9
HOUR = 3600 * 10**9


def nat(prefix: int) -> Tariff:
    return Tariff(destinations={"NAT": (str(prefix),)})


async def test_a_version_is_listed_with_what_is_known_of_it(connect: Connect) -> None:
    store, other = await connect(), await connect()
    assert await store.versions() == []
    await store.publish_tariff(nat(1), 0, Deed(NOW, "anna", "the first", EVER))
    await store.publish_tariff(nat(2), 1, Deed(NOW + 1, "bert", "", NOW + HOUR))
    first, second = await other.versions()
    assert (first.version, first.at_ns, first.author, first.note, first.base) == (
        1,
        NOW,
        "anna",
        "the first",
        0,
    )
    assert (second.version, second.at_ns, second.author, second.base) == (2, NOW + 1, "bert", 1)
    assert first.counts == {"destinations": 1, "prefixes": 1}
    assert (first.content, second.content) == (tariff_hash(nat(1)), tariff_hash(nat(2)))
    assert first.size == len(records.encode_tariff(nat(1)))


async def test_a_version_prices_the_calls_that_start_in_its_time(connect: Connect) -> None:
    store, other = await connect(), await connect()
    await store.publish_tariff(nat(1), 0, Deed(NOW))
    await store.publish_tariff(nat(2), 1, Deed(NOW, from_ns=NOW + HOUR))
    assert await other.read_tariff(NOW + HOUR - 1) == (1, nat(1))
    assert await other.read_tariff(NOW + HOUR) == (2, nat(2))
    assert await other.read_version(1) == nat(1)
    assert await other.read_version(0) == Tariff()
    assert await other.read_version(9) is None


async def test_a_load_lies_over_the_version_of_its_time(connect: Connect) -> None:
    """Whoever read another one has to read again."""
    store = await connect()
    await store.publish_tariff(nat(1), 0, Deed(NOW))
    await store.publish_tariff(nat(2), 1, Deed(NOW, from_ns=NOW + HOUR))
    assert await store.publish_tariff(nat(3), 2, Deed(NOW)) is None
    assert await store.publish_tariff(nat(3), 1, Deed(NOW, from_ns=NOW + 2 * HOUR)) is None
    assert await store.publish_tariff(nat(3), 2, Deed(NOW, from_ns=NOW + 2 * HOUR)) == 3
    assert await store.publish_tariff(nat(4), 1, Deed(NOW)) == 4
    assert (await store.timeline()).activations == ((EVER, 4), (NOW + HOUR, 2), (NOW + 2 * HOUR, 3))


async def test_of_two_changes_at_a_time_one_is_made_whole_and_the_other_not_at_all(connect: Connect) -> None:
    store, other = await connect(), await connect()
    await store.publish_tariff(nat(1), 0, Deed(NOW))
    await store.publish_tariff(nat(2), 1, Deed(NOW))
    before = await store.timeline()
    changes = [before.rolled_back(), before.activated(1, NOW + HOUR, NOW)]
    done = await asyncio.gather(
        *(
            each.swap_timeline(Swap(before, after))
            for each, after in zip((store, other), changes, strict=True)
        )
    )
    assert sorted(done) == [False, True]
    assert await store.timeline() == changes[done.index(True)]
    assert await store.publish_tariff(nat(3), 9, Deed(NOW)) is None
    assert [each.version for each in await store.versions()] == [1, 2]


async def test_versions_that_are_in_force_or_would_be_after_a_rollback_stay(connect: Connect) -> None:
    store = await connect()
    store.tariffs_kept = 2
    await store.publish_tariff(nat(1), 0, Deed(NOW))
    await store.publish_tariff(nat(2), 1, Deed(NOW, from_ns=NOW + HOUR))
    for version in range(3, 7):
        await store.publish_tariff(nat(version), version - 1 if version > 3 else 1, Deed(NOW))
    assert (await store.timeline()).kept == (2, 5, 6)
    assert [await store.read_version(version) for version in (1, 2, 3, 4)] == [None, nat(2), None, None]
    assert [each.version for each in await store.versions()] == [1, 2, 3, 4, 5, 6]
    before = await store.timeline()
    assert await store.swap_timeline(Swap(before, before.rolled_back()))
    assert await store.read_tariff(NOW) == (5, nat(5))


async def test_every_connection_hears_of_an_activation(connect: Connect) -> None:
    store, other = await connect(), await connect()
    await store.publish_tariff(nat(1), 0)
    await store.publish_tariff(nat(2), 1)
    await other.timeline()
    heard = Heard()
    other.on_tariff(heard)
    before = await store.timeline()
    await store.swap_timeline(Swap(before, before.activated(1, EVER, NOW)))
    assert await heard.next() == "news"
    assert (await other.read_tariff())[0] == 1
