"""What a tenant is told about customers who are not its own: what one hears who asks about nobody.

The answers come from the raters' own code with an empty tariff and no account, so they are word for word
those about a customer that does not exist, and they cannot depend on one that does: nothing is looked up.
"""

from typing import Literal

from cgrates_py.clock import SystemClock
from cgrates_py.counters import RaterCounters
from cgrates_py.directory import Absent, Directory, Found
from cgrates_py.explain.nobody import explained_to_strangers
from cgrates_py.lane import LaneSettings, Shop
from cgrates_py.responder import Responder
from protocol.dispatch import Sink
from protocol.methods import Method
from rater.compiler import compile_tariff
from rater.tariff import Tariff
from storage.memory import MemoryStore
from storage.store import AccountKey


class _Nobody(Directory):
    """A directory in which nobody stands; nothing is remembered of whom was asked for."""

    def find(self, key: AccountKey) -> Found | None:
        return Absent.ABSENT

    def find_stale(self, key: AccountKey) -> Found | None:
        return Absent.ABSENT


class AbsentResponder:
    """The dispatcher that answers as if there were no tariff and no account."""

    def __init__(self, unknown_account: Literal["refuse", "postpaid"]) -> None:
        self._nothing = compile_tariff(Tariff())
        shop = Shop(MemoryStore(), self._nothing, SystemClock(), RaterCounters(), LaneSettings(86_400, 60))
        self._responder = Responder(shop, unknown_account, _Nobody(shop))

    @property
    def accounts_remembered(self) -> int:
        """Tell how many accounts it has in memory: none, ever."""
        return self._responder.accounts_remembered

    def submit(self, sink: Sink, token: object, method: int, descriptor: bytes) -> None:
        """Take one request; see ``protocol.dispatch``."""
        if method == Method.EXPLAIN:
            sink.answer(token, *explained_to_strangers(self._nothing, descriptor))
        else:
            self._responder.submit(sink, token, method, descriptor)


def absent_responder(unknown_account: Literal["refuse", "postpaid"]) -> AbsentResponder:
    """Make the dispatcher that answers as if there were no tariff and no account."""
    return AbsentResponder(unknown_account)
