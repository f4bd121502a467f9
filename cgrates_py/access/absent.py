"""What a tenant is told about customers who are not its own: what one hears who asks about nobody.

The answers come from the raters' own code with an empty tariff and no account, so they are word for word
those about a customer that does not exist, and they cannot depend on one that does: nothing is looked up.
"""

from typing import Literal

from cgrates_py.clock import SystemClock
from cgrates_py.counters import RaterCounters
from cgrates_py.directory import Absent, Directory, Found
from cgrates_py.explain.desk import Desk
from cgrates_py.explain.responder import Explainer
from cgrates_py.lane import LaneSettings, Shop
from cgrates_py.responder import Responder
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


def absent_responder(unknown_account: Literal["refuse", "postpaid"]) -> Desk:
    """Make the dispatcher that answers as if there were no tariff and no account."""
    shop = Shop(
        MemoryStore(), compile_tariff(Tariff()), SystemClock(), RaterCounters(), LaneSettings(86_400, 60)
    )
    responder = Responder(shop, unknown_account, _Nobody(shop))
    return Desk(responder, Explainer(shop, responder.resolve, None, None))
