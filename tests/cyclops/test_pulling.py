"""Usage that another UDR service keeps: charged by time, each stretch of it once."""

import asyncio
import json
from typing import Any

import httpx

from cgrates_py.usage.cyclops.books import LAST_RUN, Books
from cgrates_py.usage.cyclops.generating import Generator, Run
from cgrates_py.usage.cyclops.remote import Remote
from cgrates_py.usage.cyclops.sources import RandomSource
from cgrates_py.usage.cyclops.states import States
from cgrates_py.usage.cyclops.times import read_time
from cgrates_py.usage.cyclops.udr import Udr
from rater import instant
from rater.usage.cyclops import Window
from storage.daybook import Mark
from tests.cyclops.desk import NOON_NS, SECOND, Desk

METERS = {
    "columns": ["metername", "metertype", "status"],
    "points": [["cpu", "cumulative", 1], ["ram", "gauge", 0]],
}


class Other:
    """A UDR service on which u1 uses one unit a second; it remembers what it was asked about."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, int]] = []
        self.works = True

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if not self.works:
            return httpx.Response(503)
        if request.url.path.endswith("/meters"):
            return httpx.Response(200, text=json.dumps(METERS))
        first, last = (read_time(request.url.params[name]) for name in ("from", "to"))
        self.asked.append((first, last))
        table = {"columns": ["userid", "sum"], "points": [["u1", (last - first) // instant.SECOND]]}
        return httpx.Response(200, text=json.dumps(table))


def generator(desk: Desk, other: Other) -> Generator:
    udr = Udr(Remote("http://other", httpx.MockTransport(other)))
    return Generator(Books(desk.store), States(desk.store), desk.clock, RandomSource(lambda _: 2), udr)


def window(desk: Desk) -> list[Window]:
    return [Window(desk.clock.at_ns - 300 * SECOND, desk.clock.at_ns)]


async def run(desk: Desk, other: Other) -> Any:
    made = generator(desk, other)
    await made.rates([desk.clock.at_ns])
    return await made.charges(window(desk))


async def test_stretches_of_time_follow_each_other_without_gap_and_overlap() -> None:
    desk, other = Desk(), Other()
    for seconds in (0, 100, 0, 700):
        desk.clock.at_ns += seconds * SECOND
        await run(desk, other)

    asked = [((first - NOON_NS) // SECOND, (last - NOON_NS) // SECOND) for first, last in other.asked]
    assert asked == [(-300, 0), (0, 100), (100, 800)]
    assert [(each.row.value, each.row.price) for each in await desk.charges()] == [
        ("300", "600"),
        ("100", "200"),
        ("700", "1400"),
    ]


async def test_two_raters_at_a_time_charge_a_stretch_once() -> None:
    desk, other = Desk(), Other()
    await asyncio.gather(run(desk, other), run(desk.beside(), other))

    assert [each.row.value for each in await desk.charges()] == ["300"]


async def test_a_service_that_fails_leaves_its_stretch_to_the_next_run() -> None:
    desk, other = Desk(), Other()
    await run(desk, other)
    desk.clock.at_ns += 300 * SECOND
    other.works = False
    outcomes = await asyncio.gather(run(desk, other), return_exceptions=True)
    desk.clock.at_ns += 300 * SECOND
    other.works = True
    await run(desk, other)

    assert isinstance(outcomes[0], Exception)
    assert [each.row.value for each in await desk.charges()] == ["300", "600"]


async def test_usage_from_before_there_was_a_rate_is_charged_with_the_first() -> None:
    desk, other = Desk(), Other()
    made = generator(desk, other)
    mark = Mark(LAST_RUN, None, b"1")
    assert await made.charges(window(desk), marks=[mark]) == Run(0)
    desk.clock.at_ns += 600 * SECOND
    await run(desk, other)

    assert [(each.row.value, each.row.price) for each in await desk.charges()] == [("900", "1800")]


async def test_another_server_of_ours_is_such_a_service() -> None:
    kept, desk = Desk(), Desk()
    await kept.ask("POST", "/meters", '{"metername": "cpu", "metertype": "gauge", "status": 1}')
    for usage in ("10", "20.5"):
        await kept.use("cpu", "u1", usage, "2015-06-10 11:58")

    class Ours(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            query = dict(request.url.params)
            return httpx.Response(200, text=(await kept.ask("GET", request.url.path, query=query)).Body)

    made = Generator(
        Books(desk.store),
        States(desk.store),
        desk.clock,
        RandomSource(lambda _: 2),
        Udr(Remote("http://ours", Ours())),
    )
    await made.rates([desk.clock.at_ns])
    await made.charges(window(desk))

    assert [(each.row.value, each.row.price) for each in await desk.charges()] == [("15.25", "30.5")]
