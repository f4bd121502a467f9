"""What a day holds, whatever entries it has."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from rater.usage.records import DayEntry, Drop, Row, replay
from storage.memory import MemoryStore

BOOK = "scrooge"


def row(account: str, metric: str, value: str, link: str) -> Row:
    return Row(account, metric, value, 1, 2, link=link)


NAMES = st.sampled_from(["a", "b", "c"])
ROWS = st.builds(row, NAMES, NAMES, st.decimals(allow_nan=False).map(str), st.sampled_from(["", "x", "y"]))
SOME = st.none() | st.lists(NAMES, max_size=2).map(tuple)
LINKS = st.none() | st.lists(st.sampled_from(["", "x"]), max_size=2).map(tuple)
ENTRIES = st.builds(
    DayEntry,
    st.integers(0, 9),
    NAMES,
    st.lists(ROWS, max_size=5).map(tuple),
    st.lists(st.builds(Drop, NAMES, SOME, LINKS), max_size=2).map(tuple),
)
APPENDS = st.lists(st.tuples(st.integers(0, 2), ENTRIES), max_size=4)


@settings(max_examples=100, deadline=None)
@given(st.lists(APPENDS, max_size=5))
def test_what_days_hold_is_what_a_plain_list_would_hold(appends: list[list[tuple[int, DayEntry]]]) -> None:
    days: list[list[tuple[int, int, Row]]] = [[], [], []]
    seq = 0
    for append in appends:
        for day, entry in append:
            for metric, accounts, links in entry.drops:
                days[day] = [
                    (number, written, each)
                    for number, written, each in days[day]
                    if each.metric != metric
                    or (accounts is not None and each.account not in accounts)
                    or (links is not None and each.link not in links)
                ]
            for each in entry.rows:
                seq += 1
                days[day].append((seq, entry.written_ns, each))

    async def run() -> list[list[tuple[int, DayEntry]]]:
        store = MemoryStore()
        for append in appends:
            await store.append(BOOK, append)
        return await store.read_days(BOOK, [0, 1, 2])

    assert [list(map(tuple, replay(entries))) for entries in asyncio.run(run())] == days
