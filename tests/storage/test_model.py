"""Random commits by several connections, against a model that is a dict."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import redis
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from rater.account import Account
from storage.embedded import EmbeddedStore
from storage.memory import MemoryStore
from storage.store import AccountKey, Answer, Commit, Committed, Conflict, Entry, KnownAnswer, Stored
from storage.valkey import ValkeyStore
from tests.storage.conftest import AnyStore

CONNECTIONS = 3
KEYS = [("a", "1"), ("a", "2"), ("", "1")]
CONNECTION = st.integers(0, CONNECTIONS - 1)
KEY = st.sampled_from(KEYS)
IDS = st.lists(st.sampled_from("rstuv"), unique=True, max_size=3)

SERIES = st.sampled_from(["a~1:m", "a~1:n"])
CELLS = st.dictionaries(st.integers(0, 6), st.sampled_from([1, 2, 2**64]), max_size=3)


class Commits(RuleBasedStateMachine):
    """Every outcome is the model's; the journal always proves the record."""

    connect: Callable[[], Awaitable[list[AnyStore]]]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.stores: list[AnyStore] = []
        self.accounts: dict[AccountKey, Stored] = {}
        self.answers: dict[tuple[AccountKey, str], KnownAnswer] = {}
        self.clock = 0

    @initialize()
    def start(self) -> None:
        self.stores = self.run(type(self).connect())

    def teardown(self) -> None:
        for store in self.stores:
            self.run(store.close())
        self.runner.close()

    def run(self, call: Any) -> Any:
        return self.runner.run(call)

    @rule(who=CONNECTION, key=KEY)
    def read(self, who: int, key: AccountKey) -> None:
        assert self.run(self.stores[who].read(key)) == self.accounts.get(key)

    @rule(who=CONNECTION, key=KEY, ids=IDS, amount=st.integers(-9, 9), behind=st.sampled_from([0, 0, 0, 1]))
    def charge(self, who: int, key: AccountKey, ids: list[str], amount: int, behind: int) -> None:
        stored = self.accounts.get(key, Stored(0, Account(*key)))
        after = replace(stored.account, credit=stored.account.credit + amount)
        self.settle(
            who, Commit(key, max(stored.version - behind, 0), after, self.line(stored, after), self.new(ids))
        )

    @rule(who=CONNECTION, key=KEY, series=SERIES, cells=CELLS)
    def count(self, who: int, key: AccountKey, series: str, cells: dict[int, int]) -> None:
        """Set a series; without cells there is none."""
        stored = self.accounts.get(key, Stored(0, Account(*key)))
        usage = {**(stored.account.usage or {}), series: cells}
        kept = {name: counted for name, counted in usage.items() if counted}
        after = replace(stored.account, usage=kept or None)
        self.settle(who, Commit(key, stored.version, after, self.line(stored, after)))

    @rule(who=CONNECTION, key=KEY, ids=IDS, version=st.integers(0, 3))
    def answer_alone(self, who: int, key: AccountKey, ids: list[str], version: int) -> None:
        self.settle(who, Commit(key, version, answers=self.new(ids)))

    @invariant()
    def journals_prove_the_records(self) -> None:
        for key, stored in self.accounts.items():
            assert self.run(self.stores[0].verify(key)) == stored

    def settle(self, who: int, commit: Commit) -> None:
        stored = self.accounts.get(commit.key)
        version = stored.version if stored else 0
        known = {
            each.request_id: self.answers[commit.key, each.request_id]
            for each in commit.answers
            if (commit.key, each.request_id) in self.answers
        }
        outcome = self.run(self.stores[who].commit(commit))
        if known or version != commit.version:
            assert outcome == Conflict(stored, known)
            return
        if commit.account is not None:
            version += 1
            self.accounts[commit.key] = Stored(version, commit.account)
        for each in commit.answers:
            self.answers[commit.key, each.request_id] = KnownAnswer(each.digest, each.body)
        assert outcome == Committed(version)

    def line(self, before: Stored, after: Account) -> list[Entry]:
        self.clock += 1
        return [Entry(self.clock, "DebitBalance", "", 0, before.account, after)]

    def new(self, ids: list[str]) -> list[Answer]:
        self.clock += 1
        return [Answer(each, b"digest", f"{each}{self.clock}".encode(), 86_400) for each in ids]


@pytest.mark.slow
def test_memory_follows_the_model() -> None:
    async def connect() -> list[AnyStore]:
        store = MemoryStore()
        return [store, *[store.connect() for _ in range(CONNECTIONS - 1)]]

    machine = type("MemoryCommits", (Commits,), {"connect": staticmethod(connect)})
    run_state_machine_as_test(machine, settings=settings(max_examples=100, deadline=None))


@pytest.mark.slow
def test_valkey_follows_the_model(embedded: EmbeddedStore, admin: redis.Redis) -> None:
    async def connect() -> list[AnyStore]:
        admin.flushall()
        stores: list[AnyStore] = [ValkeyStore(embedded.url) for _ in range(CONNECTIONS)]
        for store in stores:
            await store.open()
        return stores

    machine = type("ValkeyCommits", (Commits,), {"connect": staticmethod(connect)})
    run_state_machine_as_test(machine, settings=settings(max_examples=25, deadline=None))
