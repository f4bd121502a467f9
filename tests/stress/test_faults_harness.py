"""The pure parts of the fault harness: what is asked, what is read, and when a scenario is red."""

import random
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from cgrates_py import failpoints
from protocol.dispatch import Sink
from rater.account import Account, MinuteBucket
from storage.changes import Change
from storage.journal import JournalLine
from storage.store import Commit, Committed, Outcome
from stress.faults import folder, sabotage
from stress.faults.judge import balance_of, lines_of
from stress.faults.load import Mix, descriptor, draw
from stress.faults.model import ONE, Balance, Kind, Line, Operation, Record
from stress.faults.rig import Faults
from stress.faults.scenario import Findings, Options, Scenario, judge, scenarios
from stress.faults.soak import Samples, leaks, slope, thirds_p99_s
from stress.faults.wire import LostError, amount_text, read_amount, read_refusal, read_result


@pytest.mark.parametrize(
    ("amount", "text"),
    [(0, "0.000000000"), (1, "0.000000001"), (-ONE // 2, "-0.500000000"), (12 * ONE, "12.000000000")],
)
def test_an_amount_is_written_and_read_exactly(amount: int, text: str) -> None:
    assert text == amount_text(amount)
    assert amount == read_amount(Decimal(text))


def test_an_answer_with_a_tenth_decimal_is_no_amount() -> None:
    with pytest.raises(ValueError, match="more than nine decimals"):
        read_amount(Decimal("0.0000000001"))


def test_a_call_answers_its_cost_and_its_fee() -> None:
    priced = {"Cost": Decimal("0.2"), "ConnectFee": Decimal("0.03")}

    assert read_result(Kind.CALL, priced) == (200_000_000, 30_000_000)


def test_a_refusal_for_good_is_told_from_one_to_repeat() -> None:
    assert read_refusal("INSUFFICIENT_CREDIT: not enough SMS left") == "INSUFFICIENT_CREDIT"
    with pytest.raises(LostError):
        read_refusal("NO_RATER: no rater was up within 4 s")


def test_the_same_seed_asks_the_same() -> None:
    def asked(seed: int) -> list[Operation]:
        chance = random.Random(seed)
        return [draw(chance, Mix(), str(number)) for number in range(200)]

    assert asked(1) == asked(1)
    assert asked(1) != asked(2)
    assert set(Kind) == {operation.kind for operation in asked(1)}


def test_a_call_descriptor_says_what_the_operation_takes() -> None:
    call = descriptor(Operation("hot0", Kind.CALL, 7 * ONE, "x"), "x")
    debit = descriptor(Operation("hot0", Kind.MONEY, -ONE, "x"), "y")

    assert (call["TimeEnd"], call.get("Amount")) == ("2026-03-02T12:00:07Z", None)
    assert (debit["Amount"], debit["RequestId"]) == ("-1.000000000", "y")


def test_journal_lines_tell_the_balance_after_each() -> None:
    bucket = (MinuteBucket("BUCKETED", 5 * ONE),)
    opened = (Change("credit", 0, 9), Change("buckets", (), bucket))
    journal = [
        JournalLine(1, 0, "Load", "", 0, opened),
        JournalLine(2, 1, "DebitBalance", "a", 2, (Change("credit", 9, 7),)),
    ]

    first, second = Balance(credit=9, seconds=5 * ONE), Balance(credit=7, seconds=5 * ONE)
    assert [Line("", "Load", first), Line("a", "DebitBalance", second)] == lines_of(journal)
    assert second == balance_of(Account("stress", "hot0", credit=7, buckets=bucket))


@pytest.mark.parametrize(
    "broken", [sabotage.without_version_check, sabotage.without_id_check, sabotage.without_journal]
)
def test_a_broken_library_differs_from_ours_in_a_line_that_is_there(broken: object) -> None:
    assert callable(broken)
    library = broken()

    assert library != sabotage.SOURCE
    assert len(library.splitlines()) == len(sabotage.SOURCE.splitlines())


def test_an_id_sent_again_by_a_careless_client_is_another() -> None:
    assert sabotage.new_id("a", 0) == "a"
    assert sabotage.new_id("a", 1) != "a"


async def found(*differences: str) -> Findings:
    return Findings([*differences], {"seen": 1})


@pytest.mark.parametrize(
    ("healthy", "broken", "problems"),
    [
        ([], ["noticed"], []),
        ([], [], ["cannot fail: a broken product was not noticed"]),
        (["lost"], ["noticed"], ["lost"]),
    ],
)
async def test_a_scenario_is_green_if_it_finds_what_is_broken_and_nothing_else(
    tmp_path: Path, healthy: list[str], broken: list[str], problems: list[str]
) -> None:
    scenario = Scenario("one", "", lambda _: found(*healthy), lambda _: found(*broken))

    result = await judge(scenario, Options(1, 1.0, quick=True, place=tmp_path))

    assert problems == result.problems


async def test_a_scenario_that_cannot_run_is_red(tmp_path: Path) -> None:
    async def fails(_: Options) -> Findings:
        raise OSError("no port")

    scenario = Scenario("one", "", fails, lambda _: found("noticed"))
    result = await judge(scenario, Options(1, 1.0, quick=True, place=tmp_path))

    assert result.problems == ["run: OSError: no port"]


def test_every_scenario_has_a_name_of_its_own_and_says_what_it_does() -> None:
    known = scenarios()

    assert {"kills", "failpoints", "frozen", "lost-update", "soak"} <= set(known)
    assert all(name == scenario.name and scenario.does for name, scenario in known.items())


def test_failpoints_are_read_from_the_environment() -> None:
    assert failpoints.armed({}) == {}
    text = "after-commit:3,mid-answers:10"
    assert failpoints.armed({failpoints.FAILPOINTS: text}) == {"after-commit": 3, "mid-answers": 10}


@pytest.mark.parametrize("text", ["nowhere:1", "after-commit", "after-commit:0", "after-commit:soon"])
def test_a_failpoint_that_is_none_is_an_error(text: str) -> None:
    with pytest.raises(failpoints.FailpointError, match="CGRATES_FAILPOINTS"):
        failpoints.armed({failpoints.FAILPOINTS: text})


def test_a_process_without_failpoints_keeps_its_own_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(failpoints.FAILPOINTS, raising=False)
    store = object()

    assert failpoints.store_of(store) is store


class Dead(BaseException):
    """Stands for the end of the process."""


class Desk:
    """A store and a dispatcher that do at once what is asked, and note it."""

    def __init__(self) -> None:
        self.posted: list[Commit] = []

    def post(self, commit: Commit, done: Callable[[Outcome], None]) -> None:
        self.posted.append(commit)
        done(Committed(1))

    def submit(self, sink: Sink, token: object, _method: int, descriptor: bytes) -> None:
        sink.answer(token, 0, descriptor)


class Answers:
    def __init__(self) -> None:
        self.tokens: list[object] = []

    def answer(self, token: object, _status: int, _body: bytes) -> None:
        self.tokens.append(token)

    def request_id(self, token: object) -> str:
        return f"id-{token}"


def dying(monkeypatch: pytest.MonkeyPatch, points: str) -> None:
    def die() -> None:
        raise Dead

    monkeypatch.setenv(failpoints.FAILPOINTS, points)
    monkeypatch.setattr(failpoints, "die", die)


@pytest.mark.parametrize(("point", "posted"), [("before-commit", 1), ("after-commit", 2)])
def test_a_process_dies_on_its_side_of_the_commit(
    monkeypatch: pytest.MonkeyPatch, point: str, posted: int
) -> None:
    dying(monkeypatch, f"{point}:2")
    desk, done = Desk(), list[Outcome]()
    store = failpoints.store_of(desk)
    commit = Commit(("", "hot0"), 0)

    store.post(commit, done.append)
    with pytest.raises(Dead):
        store.post(commit, done.append)

    assert ([Committed(1)], [commit] * posted) == (done, desk.posted)


async def test_a_process_that_dies_amid_its_answers_hands_out_those_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dying(monkeypatch, "mid-answers:2")
    monkeypatch.setattr(failpoints, "FLUSH_S", 3600.0)
    answers = Answers()
    dispatcher = failpoints.dispatcher_of(Desk())

    for token in range(4):
        dispatcher.submit(answers, token, 1, b"0")

    assert answers.tokens == [0, 1]


def samples(memory: list[float], files: list[int]) -> Samples:
    return Samples([float(second) for second in range(len(memory))], memory, files)


@pytest.mark.parametrize(
    ("memory", "files", "wrong"),
    [
        ([1e8] * 30, [10] * 30, 0),
        ([1e8 + 1e7 * second for second in range(30)], [10] * 30, 1),
        ([3e8 if second < 10 else 3.3e8 for second in range(30)], [10] * 30, 0),
        ([1e8] * 30, list(range(30)), 1),
    ],
)
def test_what_grows_is_told_from_what_settles(memory: list[float], files: list[int], wrong: int) -> None:
    assert wrong == len(leaks({"rater": samples(memory, files)}))


def test_the_store_may_grow() -> None:
    assert leaks({"store": samples([1e8 + 1e7 * second for second in range(30)], [10] * 30)}) == []


def test_a_slope_is_the_growth_in_a_second() -> None:
    assert slope([0.0, 1.0, 2.0], [5.0, 7.0, 9.0]) == pytest.approx(2.0)
    assert slope([1.0], [5.0]) == 0.0


def test_percentiles_are_told_for_both_ends_of_a_run() -> None:
    operation = Operation("hot0", Kind.MONEY, ONE, "x")
    records = [Record(operation, float(at), at + (0.5 if at < 3 else 2.0), (0,)) for at in range(9)]

    assert pytest.approx(thirds_p99_s(records)) == (0.5, 2.0)


def test_the_folder_has_every_account_of_the_model(tmp_path: Path) -> None:
    text = (folder.write(tmp_path) / "user_budgets.json").read_text()

    assert all(f'"{account}"' in text for account in folder.ACCOUNTS)


def test_a_fault_is_noted_with_its_time() -> None:
    faults = Faults()
    faults.note("rater")

    assert [name for name, at_s in faults.times if at_s > 0] == ["rater"]
