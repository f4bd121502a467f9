"""Every fact recorded from the servers of 2012: we agree, or differ for a reason that is written down.

``python -m tests.vectors.test_cgrates2012`` prints the summary.
"""

import json
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.rater.tables import instant
from tests.vectors.cgrates2012 import ANSWERS, Record

FILE = Path(__file__).parents[2].parent / "shared" / "vectors" / "cgrates2012.json"

EXPLAINED = {
    "G010": "an internal helper cut a second's price to three decimals; ours is 0.016666667",
    "G104": "the record itself is flagged wrong: 600 s at 0.5 and 1800 s at 1 are 2100",
    "G108": "without an account: ACCOUNT_NOT_FOUND, unless the server says unknown_account = postpaid",
    "G122": "July let SMS go below zero; here more than there are is refused",
    "G147": "flagged: the three criteria were or-ed; here the higher priority comes first",
    "D008": "a call before the first activation is refused: RATE_NOT_ACTIVE, rather than free",
    "D021": "a limit of 0 earns no bonus; in 2012 every call did",
    "D029": "there is no -1 for postpaid: an account that may go below zero is given the Amount",
}
"""Records we differ from, and why."""

INTERNAL = {
    "action": "July's actions; ours are run by the loader of CSV folders, whose tests cover them",
    "count_minutes": "July's unit counters; no operation of ours has them",
    "count_units": "July's unit counters; no operation of ours has them",
    "debit_bucket": "July's counters of bucket units; no operation of ours has them",
    "debit_bucket_sequence": "July's counters of bucket units; no operation of ours has them",
    "event_parse": "FreeSWITCH events; not part of the server",
    "json_text": "the stored text of 2012; our records are our own",
    "loader_count": "July's CSV columns; ours are today's, counted by the loader's tests",
    "next_start": "July's scheduler of actions; not part of the server",
    "round_robin": "the balancer of 2012 took turns; ours picks by account, tested with the pool",
    "rpc_stale": "flagged: stale in 2012 already, cannot pass",
    "storage_text": "the stored text of 2012; our records are our own",
    "stored_intervals": "a fault of July's stored text; our records are our own",
    "weight_order": "July's triggers; no operation of ours has them",
}
"""Kinds of records that nothing in our domain can be asked, and why."""


def records() -> list[Record]:
    """Every golden and derived record; none when the file is not there."""
    if not FILE.exists():
        return []
    whole = json.loads(FILE.read_text("utf-8"), parse_float=Decimal)
    return [*whole["golden"], *whole["derived"]]


RECORDS = records()
pytestmark = pytest.mark.skipif(not RECORDS, reason="the recorded vectors are not beside the repository")


def recorded(record: Record) -> Record:
    """What the record expects; what a reader of the page would, where the record says so."""
    expected: Record = dict(record["expect"])
    if "intuitive" not in record:
        return expected
    intuitive = record["intuitive"]
    if isinstance(intuitive, dict):
        return intuitive
    if isinstance(intuitive, str):
        name, value = intuitive.split()
        return {name: Decimal(value)}
    return {next(iter(expected)): intuitive}


def instants_for_texts(value: Any) -> Any:
    """Pairs of times as pairs of instants, the form of our answers."""
    if isinstance(value, list) and value and all(isinstance(each, str) and "T" in each for each in value):
        return tuple(instant(each)[0] for each in value)
    return value


def ours(record: Record) -> Record:
    """Our figures under the names that the record expects."""
    expected = recorded(record)
    answer = ANSWERS[record["kind"]](record["given"], record["call"])
    found = {name: answer[name] for name in expected}
    for name, value in expected.items():
        if isinstance(value, dict):
            found[name] = {key: answer[name][key] for key in value}
    return found


def agrees(record: Record) -> bool:
    expected = {name: instants_for_texts(value) for name, value in recorded(record).items()}
    return expected == ours(record)


def verdict(record: Record) -> str:
    """``agrees``, ``differs: why`` or ``internal: why``; an unexplained difference says so."""
    if record["kind"] in INTERNAL:
        return f"internal: {INTERNAL[record['kind']]}"
    if agrees(record):
        return "agrees"
    return f"differs: {EXPLAINED.get(record['id'], 'NOBODY KNOWS WHY')}"


def summary() -> str:
    """How many records end in which verdict, and the reason of each that does not agree."""
    verdicts = {record["id"]: verdict(record) for record in RECORDS}
    counts = Counter(each.partition(":")[0] for each in verdicts.values())
    lines = [f"{count:>5} {name}" for name, count in sorted(counts.items())]
    lines += [f"{name} {each}" for name, each in verdicts.items() if each.startswith("differs")]
    kinds = Counter(record["kind"] for record in RECORDS if record["kind"] in INTERNAL)
    lines += [f"{count} × {kind}: {INTERNAL[kind]}" for kind, count in sorted(kinds.items())]
    return "\n".join(lines)


ASKED = [record for record in RECORDS if record["kind"] not in INTERNAL]


@pytest.mark.parametrize(
    "record",
    [pytest.param(each, id=f"{each['id']}-{each['kind']}") for each in ASKED if each["id"] not in EXPLAINED],
)
def test_we_agree_with_the_record(record: Record) -> None:
    expected = {name: instants_for_texts(value) for name, value in recorded(record).items()}
    assert expected == ours(record)


@pytest.mark.parametrize(
    "record",
    [pytest.param(each, id=f"{each['id']}-{each['kind']}") for each in ASKED if each["id"] in EXPLAINED],
)
def test_we_still_differ_where_a_reason_is_given(record: Record) -> None:
    assert not agrees(record), f"{record['id']} agrees now; take its reason away"


def test_every_reason_belongs_to_a_record() -> None:
    assert set(EXPLAINED) - {record["id"] for record in ASKED} == set()
    assert set(INTERNAL) | set(ANSWERS) >= {record["kind"] for record in RECORDS}
    assert set(INTERNAL) & set(ANSWERS) == set()


def test_every_record_ends_in_one_verdict() -> None:
    verdicts = Counter(verdict(record).partition(":")[0] for record in RECORDS)
    assert verdicts.total() == len(RECORDS)
    assert verdicts["differs"] == len(EXPLAINED)


if __name__ == "__main__":
    print(summary())
