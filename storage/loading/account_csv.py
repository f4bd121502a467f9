"""The account files of a CSV folder: each account's opening balances, made by running its actions once.

Of the action plan of an account the lines run whose timing is ``*asap``, or has ``*asap`` as its Time: the
greater Weight first, within each its actions, the greater Weight first; ties in the order of the lines.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from rater.account import Account
from rater.tariff import ANY
from storage.loading import values
from storage.loading.folder import Folder
from storage.loading.ledger import Balance, Ledger
from storage.loading.sheet import ANY_WORDS, Row, rows
from storage.loading.tables import Table
from storage.loading.tariff_csv import TariffSheets

PLAIN_ACTIONS: dict[str, Callable[[Ledger], None]] = {
    "*reset_account": Ledger.reset,
    "*enable_account": Ledger.enable,
    "*disable_account": Ledger.disable,
    "*log": lambda _: None,
}
BALANCE_ACTIONS: dict[str, Callable[[Ledger, Balance, int, int], None]] = {
    "*topup": Ledger.topup,
    "*topup_reset": Ledger.topup_reset,
    "*debit": Ledger.debit,
}
BALANCE_TYPES = frozenset({"*monetary", "*voice", "*sms", "*data"})
ENDLESS = frozenset({"", "*unlimited", "*never"})


@dataclass(frozen=True, slots=True)
class Step:
    """One line of an action list, ready to be run."""

    weight: Decimal
    place: str
    run: Callable[[Ledger], None]


@dataclass(frozen=True, slots=True)
class PlanStep:
    """One line of an action plan."""

    actions_id: str
    timing_id: str
    weight: Decimal


class AccountSheets:
    """What the account files of a folder say. ``unions`` names the ``;`` lists that buckets point at."""

    def __init__(self, folder: Folder, sheets: TariffSheets, timings: set[str], now_ns: int) -> None:
        self._folder = folder
        self._destinations = sheets.known_destinations
        self._timings = timings
        self._asap = sheets.asap_timings
        self._now_ns = now_ns
        self._actions: dict[str, list[Step]] = {}
        self._plans: Table[tuple[str, str, str], PlanStep] = Table()
        self._plan_ids: set[str] = set()
        self._accounts: Table[tuple[str, str], tuple[tuple[str, ...], str, bool, bool]] = Table()
        self._triggers_noted: set[str] = set()
        self.unions: set[str] = set()

    def read(self) -> tuple[Account, ...]:
        """Read all three files and open the accounts."""
        for row in rows(self._folder, "Actions.csv"):
            self._action(row)
        for row in rows(self._folder, "ActionPlans.csv"):
            self._plan(row)
        for row in rows(self._folder, "AccountActions.csv"):
            self._account(row)
        return () if self._folder.report.problems.count else self._open()

    def _action(self, row: Row) -> None:
        name, action, kind = row.name(0), row.text(1), row.text(5)
        steps = self._actions.setdefault(name, [])
        weight = row.weight(16)
        run: Callable[[Ledger], None] | None = None
        if action in PLAIN_ACTIONS:
            run = PLAIN_ACTIONS[action]
        elif action not in BALANCE_ACTIONS:
            known = ", ".join((*BALANCE_ACTIONS, *PLAIN_ACTIONS))
            row.note(1, f"one of {known} (others are not run)")
        elif kind not in BALANCE_TYPES:
            row.note(5, f"one of {', '.join(sorted(BALANCE_TYPES))} (others are not run)")
        else:
            run = self._balance_step(row, action, kind)
        if run is not None and row.sound:
            steps.append(Step(weight, f"Actions.csv:{row.line}", run))

    def _balance_step(self, row: Row, action: str, kind: str) -> Callable[[Ledger], None] | None:
        if not self._honoured(row, kind):
            return None
        units_of = values.duration_ns if kind == "*voice" else _units
        units = row.read(12, units_of, 0, required=True)
        priority = row.read(13, lambda text: values.whole(values.number(text), -(1 << 31), (1 << 31) - 1), 0)
        disabled = row.flag(15)
        if row.flag(14):
            row.note(14, "false (a balance does not block others here)")
        balance = Balance(kind, row.text(4), self._bucket_destination(row) if kind == "*voice" else "")
        run = BALANCE_ACTIONS[action]
        if disabled:
            return None
        return lambda ledger: run(ledger, balance, units, priority)

    def _honoured(self, row: Row, kind: str) -> bool:
        """Tell whether we can keep what the line asks of a balance; what we cannot, is noted and not run."""
        refusals: list[tuple[int, str]] = []
        if row.text(3):
            refusals.append((3, "no filter"))
        if kind == "*voice" and row.text(8) and not row.text(8).startswith("*zero"):
            refusals.append((8, "a free balance (*zero…)"))
        if kind != "*voice" and row.text(7) not in ANY_WORDS:
            refusals.append((7, "*any: only *voice is kept by destination"))
        if row.text(9):
            refusals.append((9, "no shared group"))
        if any(name.startswith("!") for name in row.names(7)):
            refusals.append((7, "destinations without exceptions (!)"))
        if row.text(12).startswith("{"):
            refusals.append((12, "a number of units, no formula"))
        expiry = row.text(10)
        if expiry not in ENDLESS:
            if self._expired(expiry):
                refusals.append((10, "a time to come"))
            else:
                row.note(10, "*unlimited (the balance is given, and will not expire)")
        if row.text(11) not in ANY_WORDS | {"*always", "*asap"}:
            refusals.append((11, "*any: balances hold at all times"))
        for column, expected in refusals:
            row.note(column, f"{expected} (the action is not run)")
        return not refusals

    def _expired(self, expiry: str) -> bool:
        try:
            return values.instant_ns(expiry) <= self._now_ns
        except values.Expected:
            return False

    def _bucket_destination(self, row: Row) -> str:
        """Name what a bucket is for: one destination, or the union of several under the list's own text."""
        names = sorted(set(row.names(7)))
        for name in names:
            if name not in self._destinations:
                row.bad(7, "Ids of destinations with ; between")
                return ANY
        if not names or ANY in names:
            return ANY
        if len(names) > 1:
            self.unions.add(";".join(names))
        return ";".join(names)

    def _plan(self, row: Row) -> None:
        name = row.name(0)
        self._plan_ids.add(name)
        actions_id = row.one_of(1, self._actions, "the Id of actions")
        timing_id = row.text(2)
        if not timing_id.startswith("*"):
            row.one_of(2, self._timings, "the Id of a timing")
        if timing_id not in self._asap and row.sound:
            row.note(2, "*asap (actions at other times are not run)")
        row.put(self._plans, (name, actions_id, timing_id), PlanStep(actions_id, timing_id, row.weight(3)))

    def _account(self, row: Row) -> None:
        key = (row.name(0), row.name(1))
        plans = row.names(2)
        if any(plan not in self._plan_ids for plan in plans):
            row.bad(2, "the Id of an action plan")
        triggers = row.text(3)
        if triggers and triggers not in self._triggers_noted:
            self._triggers_noted.add(triggers)
            row.note(3, "no triggers (they are not run)")
        row.put(self._accounts, key, (plans, triggers, row.flag(4), row.flag(5)))

    def _open(self) -> tuple[Account, ...]:
        plans: dict[str, list[PlanStep]] = {}
        for (name, _, _), plan_step in self._plans.items():
            if plan_step.timing_id in self._asap:
                plans.setdefault(name, []).append(plan_step)
        for actions in self._actions.values():
            actions.sort(key=lambda step: -step.weight)
        opened = []
        for key, (plan_ids, _, allow_negative, disabled) in self._accounts.items():
            ledger = Ledger(disabled)
            steps = [step for plan_id in plan_ids for step in plans.get(plan_id, ())]
            for plan_step in sorted(steps, key=lambda step: -step.weight):
                for action in self._actions[plan_step.actions_id]:
                    action.run(ledger)
            place = self._accounts.places[key]
            opened.append(self._balanced(ledger, key, place, allow_negative))
        return tuple(opened)

    def _balanced(self, ledger: Ledger, key: tuple[str, str], place: str, allow_negative: bool) -> Account:
        """Close the run: what cannot be below zero or beyond the largest amount is reported."""
        if ledger.overdrawn:
            self._folder.report.notice(
                "AccountActions.csv", f"{place}:3", "debits of units that are there", "more (0 is left)"
            )
        if ledger.overflows():
            self._folder.report.problem(
                "AccountActions.csv", f"{place}:3", f"balances within {values.UNITS_MAX}", "more"
            )
        return ledger.account(key, allow_negative)


def _units(text: str) -> int:
    return values.quantity(values.number(text))
