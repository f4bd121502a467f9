"""Dynamic rates: what a rule computes and what it cannot do, a rule engine, other services that fail."""

from collections.abc import Callable
from decimal import Decimal

import httpx
import pytest

from cgrates_py.usage.cyclops import CyclopsOptions
from cgrates_py.usage.cyclops.remote import FAILURES_MAX, OPEN_S, TRIES, Breaker, Remote, RemoteError
from cgrates_py.usage.cyclops.sources import EngineSource, Occasion, RandomSource, RuleError, RuleSource
from cgrates_py.usage.cyclops.udr import Quantity, Udr
from rater.usage.cyclops import Window
from tests.cyclops.desk import NOON_NS, Desk

OCCASION = Occasion("cpu", NOON_NS, Decimal("1000.5"), 3)


@pytest.mark.parametrize(
    ("formula", "rate"),
    [
        ("3", "3"),
        ("0.1 + 0.2", "0.3"),
        ("2 if usage > 1000 else 1", "2"),
        ("usage * 0.001", "1.0005"),
        ("max(1, users - 5) + abs(-2)", "3"),
        ("5 if hour >= 12 and hour < 13 and weekday == 3 else 1", "5"),
        ("year * 100 + month", "201506"),
        ('7 if meter == "cpu" else 8', "7"),
        ("10 / 4", "2.5"),
        ("day % 7", "3"),
    ],
)
async def test_a_rule_is_computed_exactly(formula: str, rate: str) -> None:
    assert Decimal(await RuleSource(formula).rate(OCCASION)) == Decimal(rate)


@pytest.mark.parametrize(
    "formula",
    [
        "nobody",
        "1 / 0",
        "usage.__class__",
        "(1).__class__",
        "__import__('os')",
        "open('x')",
        "2 ** 999999999",
        "1 << 99999",
        "'a' * 999999999",
        "'%999999999d' % 1",
        "[1 for x in 'abc']",
        "lambda: 1",
        "'cpu'",
        "usage > 3",
        "None",
        "min()",
        "1e99 * 10",
        "f'{usage}'",
        "b'1'",
        "max(key=usage)",
    ],
)
async def test_a_rule_that_is_no_number_or_does_more_is_refused(formula: str) -> None:
    with pytest.raises(RuleError):
        await RuleSource(formula).rate(OCCASION)


@pytest.mark.parametrize(
    "formula", ["", "1 +", "1; 2", "x = 1", "import os", "1" * 1001, "(" * 500 + ")" * 500]
)
def test_what_is_no_formula_is_refused_at_the_start(formula: str) -> None:
    with pytest.raises(RuleError):
        RuleSource(formula)


async def test_a_rule_sees_what_is_not_charged_yet() -> None:
    desk = Desk(CyclopsOptions(rule="usage * 100 + users"))
    for user, usage in (("u1", "1"), ("u2", "0.5"), ("u1", "2")):
        await desk.use("cpu", user, usage)
    await desk.get("/generate/rate")

    assert [each.row.value for each in await desk.rates()] == ["352.0"]


async def test_chance_has_three_rates() -> None:
    assert {await RandomSource().rate(OCCASION) for _ in range(200)} == {"1", "2", "3"}


def remote(answer: Callable[[httpx.Request], httpx.Response], breaker: Breaker | None = None) -> Remote:
    return Remote("http://other/api", httpx.MockTransport(answer), breaker)


async def test_a_rule_engine_is_asked_by_resource_and_its_number_kept() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        return httpx.Response(200, text='{"resource": "a/b", "rate": 0.10000000000000000001}')

    rate = await EngineSource(remote(answer)).rate(Occasion("a/b", NOON_NS))

    assert (asked, rate) == (["/api/rate/a%2Fb"], "0.10000000000000000001")


@pytest.mark.parametrize("text", ["{}", "[]", '{"rate": null}', '{"rate": "many"}', '{"rate": true}'])
async def test_an_engine_that_tells_no_rate_is_an_error(text: str) -> None:
    with pytest.raises(RuleError):
        await EngineSource(remote(lambda _: httpx.Response(200, text=text))).rate(OCCASION)


@pytest.mark.parametrize(
    ("response", "reason"),
    [
        (httpx.Response(500), "answered 500"),
        (httpx.Response(302, headers={"Location": "http://elsewhere/"}), "answered 302"),
        (httpx.Response(200, text="no"), "answered no JSON"),
        (httpx.Response(200, content=b"\xff"), "answered no JSON"),
        (httpx.Response(200, content=b" " * (9 << 20)), "answered more than"),
    ],
)
async def test_a_bad_answer_is_tried_again_and_then_told(response: httpx.Response, reason: str) -> None:
    tries: list[object] = []

    def answer(request: httpx.Request) -> httpx.Response:
        tries.append(request)
        return response

    with pytest.raises(RemoteError, match=reason):
        await remote(answer).get("meters")
    assert len(tries) == TRIES


async def test_a_service_that_fails_is_left_alone_for_a_while() -> None:
    now, asked, works = [0.0], list[object](), [False]

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if not works[0]:
            raise httpx.ConnectError("refused")
        return httpx.Response(200, text="{}")

    other = remote(answer, Breaker(lambda: now[0]))
    for _ in range(FAILURES_MAX):
        with pytest.raises(RemoteError):
            await other.get("meters")
    assert len(asked) == FAILURES_MAX

    now[0], works[0] = OPEN_S, True
    assert await other.get("meters") == {}
    assert await other.get("meters") == {}
    assert len(asked) == FAILURES_MAX + 2


METERS = """{"columns": ["time", "metername", "metertype", "status"],
             "points": [[1, "cpu", "gauge", 1], [1, "disk", "cumulative", 0], [0, "cpu", "gauge", 0]]}"""


@pytest.mark.parametrize(
    "usage",
    [
        '{"column": ["time", "userid", "mean"], "usage": [[1, "u1", 2.5], [1, "u2", null]]}',
        '[{"tags": {"userid": "u1"}, "columns": ["time", "mean"], "values": [[1, 2.5]]}]',
        '{"columns": ["userid", "sum"], "points": [["u1", "2.5"]]}',
    ],
)
async def test_another_service_is_read_in_the_shapes_it_may_have(usage: str) -> None:
    udr = Udr(
        remote(lambda request: httpx.Response(200, text=METERS if "meters" in request.url.path else usage))
    )

    assert [(each.name, each.type, each.enabled) for each in await udr.meters()] == [
        ("cpu", "gauge", True),
        ("disk", "cumulative", False),
    ]
    assert await udr.usage("cpu", Window(0, 10)) == [Quantity("u1", Decimal("2.5"))]


@pytest.mark.parametrize(
    "usage",
    [
        '"no"',
        '{"columns": 1}',
        '{"columns": ["a"], "points": [[1, 2]]}',
        '{"columns": ["userid", "sum"], "points": [["u", "x"]]}',
    ],
)
async def test_a_table_that_makes_no_sense_is_an_error(usage: str) -> None:
    with pytest.raises(RemoteError):
        await Udr(remote(lambda _: httpx.Response(200, text=usage))).usage("cpu", Window(0, 10))


@pytest.mark.parametrize("body", [b'{"rate": 1e99999999999999999999999}', b"[" * 200_000])
async def test_an_answer_beyond_all_numbers_or_depth_is_none(body: bytes) -> None:
    remote = Remote("http://engine", httpx.MockTransport(lambda _: httpx.Response(200, content=body)))
    with pytest.raises(RemoteError, match="answered no JSON"):
        await EngineSource(remote).rate(OCCASION)


@pytest.mark.parametrize(("said", "rate"), [('"+.5"', "0.5"), ('"5."', "5"), ("1e2", "1E+2")])
async def test_a_rate_of_an_engine_is_kept_as_a_number_of_json(said: str, rate: str) -> None:
    body = f'{{"rate": {said}}}'
    remote = Remote("http://engine", httpx.MockTransport(lambda _: httpx.Response(200, text=body)))
    assert await EngineSource(remote).rate(OCCASION) == rate
