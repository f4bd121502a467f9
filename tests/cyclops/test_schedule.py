"""The scheduler of a real server: it charges by itself, and goes on where it was after a restart."""

import json
from pathlib import Path

import pytest

from cgrates_py.usage.cyclops.states import States
from storage.cyclops_state import CyclopsState, Meter
from storage.document_records import decode_document, encode_document
from storage.documents import CYCLOPS
from tests.cyclops.desk import Desk
from tests.cyclops.wire import Service
from tests.shell.servers import serving, until

SPAN = ("2030-01-01 00:00", "2030-01-02 00:00")


@pytest.mark.slow
def test_a_server_charges_by_itself_and_after_a_restart_what_it_missed_and_nothing_twice(
    tmp_path: Path,
) -> None:
    place = tmp_path / "data"
    with serving(place, "--test-clock") as server:
        service = Service(server.http)
        assert service.get("/scheduler/status").text == "running"
        service.static('{"cpu": 2}', "2030-01-01 12:00:00")
        service.use("cpu", ("u1", "10", "2030-01-01 12:01:00"))
        service.hold("2030-01-01 12:10:00")
        service.until_charged("u1", 1, *SPAN)
        service.use("cpu", ("u1", "100", "2030-01-01 12:11:00"))
        service.wire.close()
        server.process.kill()
        server.wait()
    with serving(place, "--test-clock") as server:
        service = Service(server.http)
        service.hold("2030-01-01 13:00:00")
        charged = service.until_charged("u1", 2, *SPAN)
        assert [point[3:] for point in charged] == [[100, 200.0, "cpu"], [10, 20.0, "cpu"]]
        assert service.get("/generate/cdr").text == "Operation Failed"
        assert json.loads(service.get("/rate/status").text)["rate"] == {"cpu": 2}
        until(lambda: len(service.rates("cpu", "2030-01-01 12:15", "2030-01-01 13:01")) >= 9, "missed rates")
        service.wire.close()


STATE = CyclopsState(
    True,
    (("cpu", "4e-05"), ("disk", '".5"')),
    "ui",
    "now",
    (Meter("cpu", "gauge", False, "nova", 7),),
    False,
    9,
)


@pytest.mark.parametrize("state", [CyclopsState(), STATE])
async def test_the_state_reads_back_exactly(state: CyclopsState) -> None:
    assert decode_document(CYCLOPS, encode_document(state)) == state


async def test_the_state_is_what_another_rater_changed_it_to() -> None:
    desk = Desk()
    other = desk.beside()
    await desk.get("/rate/status")
    await other.static('{"cpu": 3}')

    assert json.loads(await desk.get("/rate/status"))["rate"] == {"cpu": 3}
    assert (await States(desk.store).read()).static
