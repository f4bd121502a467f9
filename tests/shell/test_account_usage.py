"""What operators are shown of counters of usage; accounts without any are shown as ever."""

import csv
import io
import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from cgrates_py.answers import account_bytes
from rater.account import Account
from rater.metering.period import Period, cell_of
from rater.metering.usage import Usage
from storage.opening import open_store
from storage.store import Commit, Committed, Entry
from tests.shell.servers import run_here

NOW_NS = 1_772_600_767_000_000_000
"""2026-03-04T05:06:07Z"""
ETERNITY, DAY = cell_of(Period.ETERNITY, NOW_NS), cell_of(Period.DAY, NOW_NS)
SERIES = "a1~0123456789:m1"
COUNTER = f"{SERIES} day 2026-03-04T00:00:00Z"
PLAIN = Account("1001", "a1")
METERED = replace(PLAIN, usage={SERIES: {DAY: 3, ETERNITY: 2**64}, 'a"\n~': {DAY: -1}})


def test_an_account_without_usage_has_no_such_member() -> None:
    expected = (
        b'{"CstmId":"1001","Subject":"a1","Credit":0,"SmsCredit":0,"Traffic":0,"VolumeDiscountSeconds":0'
        b',"ReceivedCallSeconds":0,"ResetDayOfTheMonth":0,"TariffPlanId":"","AllowNegative":false'
        b',"Disabled":false,"MinuteBuckets":[],"Version":7}'
    )
    usages: list[Usage | None] = [None, {}, {SERIES: {}}]
    for usage in usages:
        assert account_bytes(replace(PLAIN, usage=usage), 7) == expected


def test_counters_are_printed_by_series_and_beginning_as_exact_numbers() -> None:
    body = account_bytes(METERED, 7)
    printed = json.loads(body)
    assert [tuple(each.values()) for each in printed["Usage"]] == [
        ('a"\n~', "day", "2026-03-04T00:00:00Z", -1),
        (SERIES, "eternity", "", 2**64),
        (SERIES, "day", "2026-03-04T00:00:00Z", 3),
    ]
    assert list(printed["Usage"][0]) == ["Series", "Period", "Start", "Value"]
    assert list(printed)[-3:] == ["MinuteBuckets", "Usage", "Version"]


@pytest.fixture
async def metered(tmp_path: Path) -> Path:
    """A store with a metered account, and one that is not."""
    states = [PLAIN, replace(PLAIN, usage={SERIES: {DAY: 2, ETERNITY: 2}}), METERED, replace(METERED, sms=1)]
    states.append(replace(PLAIN, sms=1, usage={SERIES: {ETERNITY: 2**64}}))
    async with open_store(tmp_path / "data") as store:
        for version, (before, after) in enumerate(pairwise(states)):
            entry = Entry(NOW_NS, "Metering.AuthRep", "", 0, before, after)
            assert await store.commit(Commit(("1001", "a1"), version, after, [entry])) == Committed(
                version + 1
            )
        other = Account("", "b")
        await store.commit(Commit(("", "b"), 0, other, [Entry(1, "Create", "", 0, other, other)]))
    return tmp_path / "data"


def test_commands_show_counters_and_how_they_changed(metered: Path) -> None:
    def told(*words: str) -> str:
        done = run_here("account", *words, "--data-dir", metered)
        assert done.returncode == 0, done.stderr
        return str(done.stdout)

    shown = told("show", "1001:a1")
    assert SERIES in shown
    assert str(2**64) in shown
    (row,) = (line for line in told("list").splitlines() if " a1 " in line)
    assert [cell.strip() for cell in row.split("│")][-3:-1] == ["4", "1 kept"], (
        "its version, then its counters"
    )
    listed = list(csv.DictReader(io.StringIO(told("list", "--csv"))))
    assert [each["Usage"] for each in listed] == ["", f"{SERIES} eternity {2**64}"]

    history = json.loads(told("history", "1001:a1", "--json"))
    counter = {"Member": "Usage", "Series": SERIES, "Period": "day", "Start": "2026-03-04T00:00:00Z"}
    assert counter | {"Before": "", "After": "2"} in history[0]["Changes"]
    assert counter | {"Before": "2", "After": "3"} in history[1]["Changes"]
    assert history[2]["Changes"] == [{"Member": "SmsCredit", "Before": "0", "After": "0.000000001"}]
    rows = list(csv.DictReader(io.StringIO(told("history", "1001:a1", "--csv"))))
    changes = {(row["Version"], row["Member"]): (row["Before"], row["After"]) for row in rows}
    assert changes["1", f"Usage {COUNTER}"] == ("", "2")
    assert changes["4", f"Usage {COUNTER}"] == ("3", "")
    assert f"Usage {COUNTER} 2 → 3" in " ".join(told("history", "1001:a1").split())
