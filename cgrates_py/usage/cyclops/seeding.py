"""Brings what ``cyclops.json`` says into the store, by the same steps as the API."""

from functools import partial

from cgrates_py.usage.cyclops.books import RATES, Books, CyclopsStore, rate_row
from cgrates_py.usage.cyclops.states import States
from storage.cyclops_state import CyclopsState
from storage.loading.cyclops import CyclopsSeed


async def seed_cyclops(store: CyclopsStore, seed: CyclopsSeed, now_ns: int) -> bool:
    """Lay a file over the state; tell whether that changed anything. Raises StoreError and ValueError.

    New static rates begin to count now, as those that are posted do.
    """
    before, after = await States(store).change(partial(_laid, seed, now_ns))
    if after.static and (after.rates != before.rates or not before.static):
        rows = [rate_row("static", name, literal, now_ns) for name, literal in after.rates]
        await Books(store).add(RATES, rows, now_ns)
    return after != before


def _laid(seed: CyclopsSeed, now_ns: int, state: CyclopsState) -> CyclopsState:
    return seed.over(state, now_ns)
