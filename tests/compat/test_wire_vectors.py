"""Every exchange recorded on the wire of 2012: we mean the same, or something else for a written reason.

``python -m tests.compat.test_wire_vectors`` prints the summary.
"""

import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.compat.wire import FILE, LEFT_OUT, Replayed, cases, replay

EXPLAINED = {
    "W004": "maximal spans in the order of time, without the cut at 23:59:59; the cost is the same",
    "W010": "no account serves the empty descriptor: ACCOUNT_NOT_FOUND rather than 0",
    "W012": "TOR may be the name of a category, so a text is understood; the account is what is missing",
    "W014": "a parse error is answered before the connection closes",
    "W017": "Status tells version and uptime as well",
    "W018": "without an account ACCOUNT_NOT_FOUND, unless the server says unknown_account = postpaid",
    "W026": "DebitBalance exists on the rater, too",
    "W034": "a debit of no account is ACCOUNT_NOT_FOUND rather than a silent 0",
    "W042": "the limit is read in the sample's spelling, too: the bonus is for 100 seconds, not for 1",
    "W047": "raters register on their own port with a secret; the callers' port has no such method",
    "W048": "the refusal is answered; in 2012 the balancer tried again for ever",
    "W049": "a quote without times is one of the next 60 seconds, not of the year 1",
    "W051": "debitbalance works over HTTP",
    "W052": "@amount is understood, as the page prints it",
    "W053": "@amount is understood, as the page prints it, and there are no SMS to take",
    "W056": "getmaxsessiontime asks for the time and debits nothing",
}
"""Exchanges in which we differ, and why."""

IDS = [case["id"] for case in cases()]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not FILE.exists(), reason="the recorded vectors are not beside the repository"),
]


@pytest.fixture(scope="module")
def replayed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Replayed]:
    return {each.case["id"]: each for each in replay(tmp_path_factory.mktemp("wire"))}


@pytest.mark.parametrize("name", [name for name in IDS if name not in EXPLAINED])
def test_we_mean_what_was_meant_in_2012(name: str, replayed: dict[str, Replayed]) -> None:
    assert replayed[name].theirs == replayed[name].ours


@pytest.mark.parametrize("name", [name for name in IDS if name in EXPLAINED])
def test_we_still_differ_where_a_reason_is_given(name: str, replayed: dict[str, Replayed]) -> None:
    assert not replayed[name].agrees, f"{name} agrees now; take its reason away"


def test_a_call_over_midnight_costs_what_it_cost_in_2012(replayed: dict[str, Replayed]) -> None:
    """W004 differs by its spans alone."""
    theirs, ours = replayed["W004"].theirs[2], replayed["W004"].ours[2]

    assert theirs["Cost"] == ours["Cost"] == 360
    assert {name for name in theirs if theirs[name] != ours[name]} == {"Timespans"}


def test_every_reason_belongs_to_an_exchange() -> None:
    assert (set(EXPLAINED) | set(LEFT_OUT)) - set(IDS) == set()


def summary(found: Sequence[Replayed]) -> str:
    """How many exchanges agree, and the reason of each that differs."""
    verdicts = {
        each.case["id"]: "agrees"
        if each.agrees
        else f"differs: {EXPLAINED.get(each.case['id'], 'NOBODY KNOWS WHY')}"
        for each in found
    }
    counts = Counter(verdict.partition(":")[0] for verdict in verdicts.values())
    lines = [f"{count:>5} {verdict}" for verdict, count in sorted(counts.items())]
    lines += [f"{name} {verdict}" for name, verdict in verdicts.items() if verdict != "agrees"]
    return "\n".join(lines)


if __name__ == "__main__":
    if not FILE.exists():
        sys.exit("the recorded vectors are not beside the repository")
    with tempfile.TemporaryDirectory() as directory:
        sys.stdout.write(summary(replay(Path(directory))) + "\n")
