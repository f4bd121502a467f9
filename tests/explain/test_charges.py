"""Stored charges: which line of a journal is meant, and what was taken otherwise than is explained."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from cgrates_py.explain.asked import Source
from cgrates_py.explain.charges import ChargeError, find_charge
from cgrates_py.explain.document import described_charge
from cgrates_py.explain.responder import Explainer
from protocol.dispatch import Status
from rater.account import Account
from rater.explain.pricing import explain_charge
from storage.journal import Called, JournalLine, Step
from storage.store import AccountKey, Stored
from tests.explain.test_sentences import BOOK, MINUTE, START, TARIFF
from tests.rater.tables import SECOND
from tests.responder.desk import Desk

KEY = ("vdf", "rif")
OPENED = Account(*KEY, credit=10 * SECOND)
ONCE = replace(OPENED, credit=10 * SECOND - SECOND // 5)
TWICE = replace(OPENED, credit=10 * SECOND - 2 * SECOND // 5)
CALL = Called("call", "0256", START, START + MINUTE, 0)


def line(version: int, method: str, call: Called | None = CALL) -> JournalLine:
    return JournalLine(version, START, method, "r", 0, (), call, 3)


class Journal:
    """An account: loaded, charged twice in one commit, charged without a note of the call, and so on."""

    lines = (
        line(1, "Load", None),
        line(2, "Debit"),
        line(2, "Debit"),
        line(3, "Debit", None),
        line(4, "Topup", None),
        line(5, "Debit"),
    )
    states = (OPENED, ONCE, TWICE, ONCE, OPENED, ONCE)

    async def read(self, key: AccountKey) -> Stored | None:
        return Stored(5, ONCE) if key == KEY else None

    async def journal(self, key: AccountKey, start: int = 0, stop: int = -1) -> list[JournalLine]:
        return [each for each in self.lines if start < each.version <= stop + 1]

    async def steps(self, key: AccountKey) -> AsyncIterator[Step]:
        for each, state in zip(self.lines, self.states, strict=True):
            yield Step(each.version, START, each.method, "r", state)


@pytest.mark.parametrize(
    ("source", "before", "after"),
    [
        (Source(2, 0), OPENED, ONCE),
        (Source(2, 1), ONCE, TWICE),
        (Source(5), OPENED, ONCE),
        (Source(5, 0), OPENED, ONCE),
    ],
)
async def test_a_charge_is_found_with_the_account_before_and_after_it(
    source: Source, before: Account, after: Account
) -> None:
    found = await find_charge(Journal(), *KEY, source)

    assert (found.before, found.after, found.request.call.number) == (before, after, "0256")


@pytest.mark.parametrize(
    ("source", "subject", "expected"),
    [
        (Source(2), "rif", "INVALID_PARAMS: Source: calls:2 has 2 charges: ask for calls:2.0, calls:2.1"),
        (Source(2, 2), "rif", "INVALID_PARAMS: Source: the account has no change calls:2.2"),
        (Source(9), "rif", "INVALID_PARAMS: Source: the account has no change calls:9"),
        (Source(4), "rif", "INVALID_PARAMS: Source: calls:4 is Topup, which no tariff prices"),
        (
            Source(3),
            "rif",
            "INVALID_PARAMS: Source: calls:3 was made by a version of the server that did not",
        ),
        (Source(2), "minu", "ACCOUNT_NOT_FOUND: no account of subject 'minu'"),
    ],
)
async def test_what_is_no_charge_of_the_account_is_refused(
    source: Source, subject: str, expected: str
) -> None:
    with pytest.raises(ChargeError) as refused:
        await find_charge(Journal(), "vdf", subject, source)

    assert str(refused.value)[: len(expected)] == expected


async def test_what_was_taken_is_what_is_explained() -> None:
    found = await find_charge(Journal(), *KEY, Source(5))
    told = explain_charge(BOOK, found.request, found.before)

    described = described_charge(found, told)

    assert (described["Charge"]["Agrees"], described["Charge"]["Differences"]) == (True, "")
    assert described["Sentence"].startswith(
        "calls:5 of 2026-03-02T12:00:00Z took 0.2, as explained. Call of 1 min"
    )


async def test_what_was_taken_otherwise_is_told() -> None:
    found = (await find_charge(Journal(), *KEY, Source(5)))._replace(after=TWICE)
    told = explain_charge(BOOK, found.request, found.before)

    described = described_charge(found, told)

    assert (described["Charge"]["Agrees"], described["Charge"]["Differences"]) == (
        False,
        "taken 0.4, explained 0.2",
    )


async def test_a_charge_of_a_version_that_is_no_longer_kept_has_no_explanation() -> None:
    desk = Desk()
    desk.explainer = Explainer(desk.shop, desk.responder.resolve, Journal(), desk)

    status, body = await desk.raw("Explain", CstmId="vdf", Subject="rif", Source="calls:5")

    sentence = "version 3 of the tariff, which decided calls:5, is no longer kept"
    assert (status, body.decode()) == (Status.REFUSED, f"TARIFF_PLAN_NOT_FOUND: {sentence}")


async def test_a_charge_of_an_older_version_is_explained_and_verified_by_that_version() -> None:
    desk = Desk()
    desk.tariffs = {3: TARIFF}
    desk.explainer = Explainer(desk.shop, desk.responder.resolve, Journal(), desk)

    told = await desk.ask("Explain", CstmId="vdf", Subject="rif", Source="calls:5", Verify=True)

    assert (told["TariffVersion"], told["Charge"]["Agrees"], told["Verified"]["Agrees"]) == (3, True, True)


class SecondsJournal(Journal):
    """An account whose last charge was of seconds, which are no call."""

    lines = (*Journal.lines[:-1], line(5, "DebitSeconds"))


async def test_a_charge_of_seconds_is_explained_and_the_oracle_is_not_asked_for_a_call() -> None:
    desk = Desk()
    desk.tariffs = {3: TARIFF}
    desk.explainer = Explainer(desk.shop, desk.responder.resolve, SecondsJournal(), desk)

    told = await desk.ask("Explain", CstmId="vdf", Subject="rif", Source="calls:5", Verify=True)

    assert [each["Operation"] for each in told["Charges"]] == ["DebitSeconds"]
    assert (told["Verified"]["Agrees"], told["Verified"]["Code"]) == (None, "")
    assert told["Verified"]["Note"] == "DebitSeconds has no call that the oracle could price"
