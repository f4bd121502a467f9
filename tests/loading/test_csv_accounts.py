"""Opening accounts: the actions of a CSV folder, run once."""

# ruff: noqa: E501 -- a row of a table is read as one line

from decimal import Decimal
from pathlib import Path

import pytest

from rater.account import Account, MinuteBucket
from rater.tariff import ANY
from storage.loading import AccountSeed
from tests.loading.folders import CSV, load, notices, reports

UNIT = 1_000_000_000


def action(  # one line of Actions.csv by the names of its columns
    name: str,
    action: str,
    kind: str = "",
    units: str = "",
    *,
    balance: str = "",
    where: str = "",
    subject: str = "",
    expiry: str = "",
    priority: str = "",
    weight: int = 10,
    more: tuple[str, str, str, str] = ("", "", "", ""),
) -> str:
    condition, shared, timings, disabled = more
    cells = [name, action, "", condition, balance, kind, "", where, subject, shared, expiry, timings]
    return ",".join([*cells, units, priority, "", disabled, str(weight)]) + "\n"


def opened(
    *,
    credit: int = 0,
    sms: int = 0,
    traffic: int = 0,
    disabled: bool = False,
    buckets: tuple[MinuteBucket, ...] = (),
) -> Account:
    return Account("t", "1001", credit, sms, traffic, allow_negative=True, disabled=disabled, buckets=buckets)


ACCOUNTS = [
    ("money adds up", [("*topup", "*monetary", "10"), ("*topup", "*monetary", "0.5")], opened(credit=105 * UNIT // 10)),
    ("a reset replaces", [("*topup", "*monetary", "10"), ("*topup_reset", "*monetary", "3")], opened(credit=3 * UNIT)),
    ("a debit may go below zero", [("*debit", "*monetary", "4")], opened(credit=-4 * UNIT)),
    ("SMS and traffic", [("*topup", "*sms", "7"), ("*topup", "*data", "1000")], opened(sms=7 * UNIT, traffic=1000 * UNIT)),
    ("a debit of SMS stops at zero", [("*topup", "*sms", "7"), ("*debit", "*sms", "9")], opened()),
    ("emptied", [("*topup", "*monetary", "10"), ("*topup", "*voice", "1m"), ("*reset_account", "", "")], opened()),
    ("disabled", [("*disable_account", "", ""), ("*log", "", "")], opened(disabled=True)),
    ("enabled again", [("*disable_account", "", ""), ("*enable_account", "", "")], opened()),
    ("minutes to everywhere", [("*topup", "*voice", "60m")], opened(buckets=(MinuteBucket(ANY, 3_600 * UNIT),))),
    ("minutes in seconds", [("*topup", "*voice", "90"), ("*debit", "*voice", "30s")], opened(buckets=(MinuteBucket(ANY, 60 * UNIT),))),
]  # fmt: skip


@pytest.mark.parametrize(("title", "steps", "expected"), ACCOUNTS, ids=[row[0] for row in ACCOUNTS])
def test_actions_of_equal_weight_run_in_the_order_of_the_lines(
    tmp_path: Path, title: str, steps: list[tuple[str, str, str]], expected: Account
) -> None:
    lines = "".join(action("A1", name, kind, units) for name, kind, units in steps)

    loaded = load(tmp_path, {**CSV, "Actions.csv": lines})

    seed = AccountSeed(expected, replace=False)
    assert ([], (seed,)) == (reports(loaded), loaded.accounts), title


def test_the_greater_weight_runs_first_in_plans_and_in_actions(tmp_path: Path) -> None:
    files = {
        **CSV,
        "Actions.csv": (
            action("LATE", "*topup_reset", "*monetary", "1", weight=5)
            + action("LATE", "*topup", "*monetary", "2", weight=1)
            + action("EARLY", "*topup_reset", "*monetary", "100")
        ),
        "ActionPlans.csv": "AP,LATE,*asap,10\nAP,EARLY,*asap,20\n",
    }

    assert load(tmp_path, files).accounts[0].account.credit == 3 * UNIT


def test_a_timing_whose_time_is_asap_runs_at_once(tmp_path: Path) -> None:
    timings = f"{CSV['Timings.csv']}SOON,*any,*any,*any,*any,*asap\n"

    loaded = load(tmp_path, {**CSV, "Timings.csv": timings, "ActionPlans.csv": "AP,A1,SOON,10"})

    assert (notices(loaded), loaded.accounts[0].account.credit) == ([], 10 * UNIT)


def test_minutes_keep_their_destinations_and_priority(tmp_path: Path) -> None:
    lines = action("A1", "*topup", "*voice", "10s", where="CELL", subject="*zero1s", priority="30") + action(
        "A1", "*topup", "*voice", "5s", where="LAND; CELL", priority="20"
    )

    loaded = load(tmp_path, {**CSV, "Actions.csv": lines})

    assert (MinuteBucket("CELL", 10 * UNIT, 30), MinuteBucket("CELL;LAND", 5 * UNIT, 20)) == (
        loaded.accounts[0].account.buckets
    )
    assert loaded.tariff.destinations["CELL;LAND"] == ("+43", "+43664", "+43676")


def test_a_union_of_destinations_follows_its_parts(tmp_path: Path) -> None:
    lines = action("A1", "*topup", "*voice", "5s", where="LAND;CELL")
    before = load(tmp_path / "a", {**CSV, "Actions.csv": lines}).tariff

    after = load(tmp_path / "b", {"Destinations.csv": "CELL,+43699"}, before).tariff

    assert after.destinations["CELL;LAND"] == ("+43", "+43699")


def test_balances_with_ids_of_their_own_are_kept_apart(tmp_path: Path) -> None:
    lines = (
        action("A1", "*topup", "*monetary", "10", balance="GIFT")
        + action("A1", "*topup", "*monetary", "5")
        + action("A1", "*topup_reset", "*monetary", "1", balance="GIFT")
    )

    assert load(tmp_path, {**CSV, "Actions.csv": lines}).accounts[0].account.credit == 6 * UNIT


LEFT_OUT = [
    (action("A1", "*cdrlog"), "Actions.csv:1:2: expected one of *topup,"),
    (action("A1", "*topup", "*generic", "1"), "Actions.csv:1:6: expected one of *data, *monetary, *sms, *voice"),
    (action("A1", "*topup", "*voice", "1", subject="SPECIAL"), "Actions.csv:1:9: expected a free balance (*zero…)"),
    (action("A1", "*topup", "*monetary", "1", where="CELL"), "Actions.csv:1:8: expected *any: only *voice"),
    (action("A1", "*topup", "*monetary", "1", expiry="2026-01-01T00:00:00Z"), "Actions.csv:1:11: expected a time to come"),
    (action("A1", "*topup", "*voice", "1", where="LAND;!CELL"), "Actions.csv:1:8: expected destinations without exceptions (!)"),
    (action("A1", "*topup", "*monetary", "{}"), "Actions.csv:1:13: expected a number of units, no formula"),
    (action("A1", "*topup", "*monetary", "1", more=("F", "", "", "")), "Actions.csv:1:4: expected no filter"),
    (action("A1", "*topup", "*monetary", "1", more=("", "G", "", "")), "Actions.csv:1:10: expected no shared group"),
    (action("A1", "*topup", "*monetary", "1", more=("", "", "DAY", "")), "Actions.csv:1:12: expected *any"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "notice"), LEFT_OUT)
def test_an_action_that_we_cannot_honour_is_noted_and_left_out(
    tmp_path: Path, line: str, notice: str
) -> None:
    loaded = load(tmp_path, {**CSV, "Actions.csv": line})

    assert (reports(loaded), loaded.accounts[0].account.credit) == ([], 0)
    assert [told.startswith(notice) for told in notices(loaded)] == [True]


NOTED = [
    ("Actions.csv", action("A1", "*topup", "*monetary", "1", expiry="*month"), "Actions.csv:1:11: expected *unlimited"),
    ("Actions.csv", action("A1", "*debit", "*sms", "1"), "AccountActions.csv:2:3: expected debits of units that are there"),
    ("ActionPlans.csv", "AP,A1,*monthly,10", "ActionPlans.csv:1:3: expected *asap"),
    ("AccountActions.csv", "t,1001,AP,TRIGGERS,,", "AccountActions.csv:1:4: expected no triggers"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "text", "notice"), NOTED)
def test_what_is_kept_otherwise_than_asked_is_noted(
    tmp_path: Path, file: str, text: str, notice: str
) -> None:
    loaded = load(tmp_path, {**CSV, file: text})

    assert (reports(loaded), len(loaded.accounts)) == ([], 1)
    assert [told.startswith(notice) for told in notices(loaded)] == [True]


PROBLEMS = [
    ("Actions.csv", action("A1", "*topup", "*monetary", "ten"), "Actions.csv:1:13: expected a number, got 'ten'"),
    ("Actions.csv", action("A1", "*topup", "*sms", "-1"), "Actions.csv:1:13: expected a number from 0 to 9000000000, got '-1'"),
    ("Actions.csv", action("A1", "*topup", "*voice", "1d"), "Actions.csv:1:13: expected a duration such as 60s, 1m30s, 500ms or a number of seconds, got '1d'"),
    ("Actions.csv", action("A1", "*topup", "*voice", "1", where="MOON"), "Actions.csv:1:8: expected Ids of destinations with ; between, got 'MOON'"),
    ("Actions.csv", action("A1", "*topup", "*monetary", "9000000000") * 2, "AccountActions.csv:2:3: expected balances within 9000000000, got more"),
    ("ActionPlans.csv", "AP,A9,*asap,10", "ActionPlans.csv:1:2: expected the Id of actions, got 'A9'"),
    ("ActionPlans.csv", "AP,A1,NOON,10", "ActionPlans.csv:1:3: expected the Id of a timing, got 'NOON'"),
    ("ActionPlans.csv", "AP,A1,*asap,10\nAP,A1,*asap,9", "ActionPlans.csv:2:1: expected the same as line 1 says, or another Id, got other content"),
    ("AccountActions.csv", "t,1001,AP9,,,", "AccountActions.csv:1:3: expected the Id of an action plan, got 'AP9'"),
    ("AccountActions.csv", "t,1001,AP,,maybe,", "AccountActions.csv:1:5: expected true or false, got 'maybe'"),
    ("AccountActions.csv", "t,1,AP,,,\nt,1,,,,", "AccountActions.csv:2:1: expected the same as line 1 says, or another Id, got other content"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "text", "expected"), PROBLEMS)
def test_a_fault_is_told_with_its_place(tmp_path: Path, file: str, text: str, expected: str) -> None:
    loaded = load(tmp_path, {**CSV, file: text})

    assert ([expected], ()) == (reports(loaded), loaded.accounts)


def test_an_account_needs_no_plan(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"AccountActions.csv": "t,9,,,false,true"})

    assert (AccountSeed(Account("t", "9", disabled=True), replace=False),) == loaded.accounts
    assert Decimal(0) == loaded.accounts[0].account.credit
