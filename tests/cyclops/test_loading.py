"""``cyclops.json``: what it may say, every problem of it, and what comes of it."""

import json
from pathlib import Path

import pytest

from cgrates_py.usage.cyclops.seeding import seed_cyclops
from cgrates_py.usage.cyclops.states import States
from rater.tariff import Tariff
from storage.cyclops_state import CyclopsState, Meter
from storage.loading import Loaded, load_folder
from tests.cyclops.desk import NOON_NS, Desk


def loaded(place: Path, text: str) -> Loaded:
    (place / "cyclops.json").write_text(text)
    return load_folder(place, Tariff(), now_ns=NOON_NS)


DOCUMENT = {
    "meters": [{"name": "cpu", "type": "gauge", "source": "nova"}, {"name": "disk", "enabled": False}],
    "policy": "static",
    "rates": {"cpu": 3, "disk": "0.50"},
}


async def test_a_file_makes_meters_and_rates_that_charge(tmp_path: Path) -> None:
    desk = Desk()
    seed = loaded(tmp_path, json.dumps(DOCUMENT)).cyclops

    assert await seed_cyclops(desk.store, seed, NOON_NS)
    assert await States(desk.store).read() == CyclopsState(
        static=True,
        rates=(("cpu", "3"), ("disk", '"0.50"')),
        meters=(
            Meter("cpu", "gauge", True, "nova", NOON_NS),
            Meter("disk", "cumulative", False, "", NOON_NS),
        ),
    )
    assert [each.row.value for each in await desk.rates()] == ["3", "0.50"]


async def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    desk = Desk()
    seed = loaded(tmp_path, json.dumps(DOCUMENT)).cyclops
    await seed_cyclops(desk.store, seed, NOON_NS)

    assert not await seed_cyclops(desk.store, seed, NOON_NS + 1)
    assert len(await desk.rates()) == 2


async def test_what_a_file_does_not_name_stays(tmp_path: Path) -> None:
    desk = Desk()
    await seed_cyclops(desk.store, loaded(tmp_path, json.dumps(DOCUMENT)).cyclops, NOON_NS)
    await seed_cyclops(desk.store, loaded(tmp_path, '{"meters": [{"name": "ram"}]}').cyclops, NOON_NS)
    state = await States(desk.store).read()

    assert ([each.name for each in state.meters], state.static) == (["cpu", "disk", "ram"], True)

    await seed_cyclops(desk.store, loaded(tmp_path, '{"policy": "dynamic"}').cyclops, NOON_NS)
    state = await States(desk.store).read()

    assert (state.static, len(state.rates)) == (False, 2)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"meters": [{"name": "cpu", "type": "volts"}]}', "cyclops.json $.meters[0].type: expected 'gauge'"),
        ('{"meters": [{"nam": "cpu"}]}', "cyclops.json $.meters[0].nam: expected a known member"),
        ('{"meters": [{"name": "a"}, {"name": "a"}]}', "expected each meter once"),
        ('{"policy": "static"}', "expected rates for a static policy"),
        ('{"rates": {"cpu": 1}}', 'expected "policy": "static" beside rates'),
        ('{"policy": "static", "rates": {"cpu": true}}', "expected a number, or the text of one"),
        ('{"policy": "static", "rates": {"cpu": "three"}}', "$.rates.cpu: expected a number, got 'three'"),
        ('{"policy": "static", "rates": {"cpu": "1e100"}}', "$.rates.cpu: expected a number below 1e100"),
        ('{"policy": "static", "rates": {"": 1}}', "expected a text of 1 to 256 printable characters"),
        ("{", "cyclops.json:1:2: expected JSON"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, problem: str, tmp_path: Path) -> None:
    found = loaded(tmp_path, text)

    assert problem in "\n".join(map(str, found.problems))
    assert found.cyclops.static is None
