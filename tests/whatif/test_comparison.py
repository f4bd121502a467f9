"""What a comparison says is what the core says of each call, added up."""

import os
from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cgrates_py.cdrs.convert import Converter
from cgrates_py.cdrs.formats import Format, Records
from cgrates_py.cdrs.layout import GETCOST
from cgrates_py.cli import CommandError
from cgrates_py.tariff_source import folder_tariff
from cgrates_py.whatif.apart import Apart
from cgrates_py.whatif.causes import Cause
from cgrates_py.whatif.changes import STEPS
from cgrates_py.whatif.comparison import NOWHERE
from cgrates_py.whatif.run import compare
from cgrates_py.whatif.sides import Seller
from rater import instant
from rater.compiler import compile_tariff
from rater.rating import Call
from rater.tariff import Tariff
from tests.bulk.asking import calls_near
from tests.cdrs.files import RETAIL, rate_file
from tests.strategies.calls import ANCHORS
from tests.strategies.dice import Dice, seeded
from tests.strategies.tariffs import interval_tariff, plan_tariff
from tests.whatif.pricing import by_core, compare_file, four, local, plain, summed, write_calls

NOW_NS = instant.parse("2026-01-15T00:00:00Z")[0]
SECOND = 1_000_000_000
NOWHERE_ELSE = ("RatingPlans.csv", "RETAIL,ELSEWHERE,*any,0\n", "")
"""Takes the price of all other numbers away."""

Edit = tuple[str, str, str]
"""(file, what, by what)."""


@pytest.mark.parametrize("make", [interval_tariff, plan_tariff])
@pytest.mark.parametrize("seed", range(6))
def test_sums_are_those_of_every_call_by_the_core(
    make: Callable[[Dice, int], Tariff], seed: int, tmp_path: Path
) -> None:
    dice = seeded(seed)
    near = dice.among(ANCHORS)
    before, after = make(dice, near), make(dice, near)
    calls = [call for call in calls_near(dice, near, before, 300) if call.category]
    write_calls(tmp_path / "calls.csv", calls)

    found = compare_file(tmp_path / "calls.csv", before, after)

    asked = by_core(before, after, calls)
    assert summed(asked, lambda _: "all") == {"all": four(found.total)}
    assert summed(asked, lambda each: (each[0].customer, each[0].subject)) == plain(found.subjects.sums)
    times = [
        (local(call).date().isoformat(), local(call).weekday() * 24 + local(call).hour) for call in calls
    ]
    days = {f"{instant.text(day * 86_400 * SECOND)[:10]}": sums for day, sums in found.days.sums.items()}
    at = dict(zip(map(id, calls), times, strict=True))
    assert summed(asked, lambda each: at[id(each[0])][0]) == plain(days)
    assert summed(asked, lambda each: at[id(each[0])][1]) == plain(found.hours.sums)
    assert sum(one is not None for _, one, _ in asked) == found.rated_before
    assert sum(other is not None for _, _, other in asked) == found.rated_after
    for tally in (found.causes, found.destinations):
        whole = [sum(each) for each in zip(*map(four, tally.sums.values()), strict=True)]
        assert tuple(whole) == four(found.total)
    unpriced = [each for each in asked if None in each[1:]]
    assert len(unpriced) == sum(sums.calls for sums in found.unpriced.sums.values())


@pytest.mark.parametrize("seed", range(4))
def test_the_largest_changes_are_those_of_all_calls(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dice = seeded(seed)
    near = dice.among(ANCHORS)
    before, after = plan_tariff(dice, near), plan_tariff(dice, near)
    calls = [call for call in calls_near(dice, near, before, 500) if call.category]
    write_calls(tmp_path / "calls.csv", calls)
    monkeypatch.setattr("cgrates_py.cdrs.blocks.Lines.__init__.__defaults__", (4_000,))

    found = compare_file(tmp_path / "calls.csv", before, after)

    deltas = [(other or 0) - (one or 0) for _, one, other in by_core(before, after, calls)]
    lines = sorted(
        (line for line, delta in enumerate(deltas, 2) if delta), key=lambda n: (-abs(deltas[n - 2]), n)
    )
    largest = found.largest.changes()
    assert lines[:100] == [each.line for each in largest]
    assert [deltas[line - 2] for line in lines[:100]] == [each.delta for each in largest]
    assert [calls[line - 2].number for line in lines[:100]] == [each.number for each in largest]
    bins = found.spread.bins()
    ups = [each for each in bins if each.sign > 0]
    assert [delta > 0 for delta in deltas].count(True) == sum(each.calls for each in ups)
    for each in ups:
        inside = [d for d in deltas if d > 0 and d >= each.low and (each.high is None or d < each.high)]
        assert len(inside) == each.calls


def _edited(folder: Path, *edits: Edit) -> Tariff:
    folder.mkdir()
    for path in RETAIL.glob("*.csv"):
        text = path.read_text()
        for name, what, by in edits:
            if name == path.name:
                assert what in text
                text = text.replace(what, by)
        (folder / path.name).write_text(text)
    return folder_tariff(folder, NOW_NS)


def _demo(tmp_path: Path, *edits: Edit) -> tuple[Tariff, Tariff]:
    """The demo's tariff as it is, and with edits."""
    return folder_tariff(RETAIL, NOW_NS), _edited(tmp_path / "after", *edits)


def _calls(*called: tuple[str, str, str, int]) -> list[Call]:
    found = []
    for subject, number, at, seconds in called:
        start_ns, offset_ns = instant.parse(at)
        found.append(
            Call("tel.example", subject, "call", number, start_ns, start_ns + seconds * SECOND, offset_ns)
        )
    return found


def test_a_comparison_equals_the_revenues_that_rate_tells(tmp_path: Path) -> None:
    before, after = _demo(tmp_path, ("Destinations.csv", "RO_MOBILE,+4072\n", ""))
    calls = _calls(
        ("x", "40722123456", "2026-01-30T10:00:00+02:00", 90),
        ("x", "40213123456", "2026-01-31T21:30:00+02:00", 600),
        ("acme", "12027366331", "2026-01-30T23:30:00Z", 61),
    )
    write_calls(tmp_path / "calls.csv", calls)

    found = compare_file(tmp_path / "calls.csv", before, after)

    for tariff, told, rated in (
        (before, found.total.before, found.rated_before),
        (after, found.total.after, found.rated_after),
    ):
        book = compile_tariff(tariff)
        summary = rate_file(book, tmp_path / "calls.csv", tmp_path / "o.csv", tmp_path / "u.csv")
        assert (summary.revenue, summary.rated, summary.talk_ns) == (told, rated, found.total.talk_ns)
    (change,) = found.largest.changes()
    assert (change.line, change.why) == (2, "other prefix: +4072 → +40")
    assert {"RO_MOBILE", "RO", "US"} == found.destinations.sums.keys()
    assert found.destinations.sums["RO_MOBILE"].delta == change.delta == found.total.delta


def test_what_becomes_of_calls_is_told_with_the_reason(tmp_path: Path) -> None:
    before = _edited(tmp_path / "before", NOWHERE_ELSE)
    after = _edited(tmp_path / "after", NOWHERE_ELSE, ("Destinations.csv", "US,+1\n", "US,+979\n"))
    calls = _calls(
        ("x", "12027366331", "2026-01-30T10:00:00Z", 60),
        ("x", "97961234567", "2026-01-30T10:00:00Z", 60),
        ("x", "999", "2026-01-30T10:00:00Z", 60),
        ("x", "40213123456", "2026-01-30T10:00:00Z", 60),
    )
    write_calls(tmp_path / "calls.csv", calls)

    found = compare_file(tmp_path / "calls.csv", before, after)

    refused = "RATE_NOT_FOUND"
    expected = {
        (Cause.BECOMES_UNRATED, "", refused): 2,
        (Cause.BECOMES_RATED, refused, ""): 3,
        (Cause.NO_PRICE, refused, refused): 4,
    }
    assert expected == {key: example.line for key, example in found.examples.items()}
    assert dict.fromkeys(expected, 1) == {key: sums.calls for key, sums in found.unpriced.sums.items()}
    assert found.causes.sums[Cause.SAME].calls == 1
    assert {"US", NOWHERE, "RO"} == found.destinations.sums.keys()
    why = {each.line: each.why.partition(": ")[0] for each in found.largest.changes()}
    assert why == {2: "no price any more", 3: "a price now"}


@pytest.mark.parametrize(
    ("name", "what", "by", "why"),
    [
        ("Rates.csv", "0.02", "0.03", "other connect fee"),
        ("RatingProfiles.csv", "Z,RETAIL", "Z,BUSINESS", "other plan: RETAIL → BUSINESS"),
    ],
)
def test_why_a_call_changes_is_told(name: str, what: str, by: str, why: str, tmp_path: Path) -> None:
    before, after = _demo(tmp_path, (name, what, by))
    write_calls(tmp_path / "calls.csv", _calls(("x", "40213123456", "2026-01-30T10:00:00Z", 60)))

    (change,) = compare_file(tmp_path / "calls.csv", before, after).largest.changes()

    assert why == change.why


def test_hours_are_those_of_the_clock_that_is_asked_for(tmp_path: Path) -> None:
    before, after = _demo(tmp_path)
    write_calls(tmp_path / "calls.csv", _calls(("x", "40213123456", "2026-01-30T23:30:00+02:00", 60)))
    friday = 4 * 24

    asked = {None: friday + 23, ZoneInfo("UTC"): friday + 21, ZoneInfo("Asia/Tokyo"): friday + 24 + 6}
    for zone, hour in asked.items():
        assert [hour] == list(compare_file(tmp_path / "calls.csv", before, after, zone=zone).hours.sums)


@pytest.mark.parametrize("text", ["", ",".join(["Tenant", "Subject", "Destination", "TimeStart", "TimeEnd"])])
def test_a_file_without_calls_changes_nothing(text: str, tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text(text)

    found = compare_file(tmp_path / "calls.csv", *_demo(tmp_path))

    assert (four(found.total), found.largest.changes(), found.spread.bins()) == ((0, 0, 0, 0), [], [])


def test_calls_that_neither_has_a_price_for_are_all_told_and_worth_nothing(tmp_path: Path) -> None:
    calls = _calls(*(("x", f"99{n:03}", "2026-01-30T10:00:00Z", 60) for n in range(200)))
    write_calls(tmp_path / "calls.csv", calls)

    tariff = _edited(tmp_path / "tariff", NOWHERE_ELSE)
    found = compare_file(tmp_path / "calls.csv", tariff, tariff)

    assert (200, 200 * 60 * SECOND, 0, 0) == four(found.total) == four(found.causes.sums[Cause.NO_PRICE])
    assert list(found.unpriced.sums) == [(Cause.NO_PRICE, "RATE_NOT_FOUND", "RATE_NOT_FOUND")]
    assert (found.rated_before, found.rated_after, found.largest.changes()) == (0, 0, [])


def test_rows_that_are_no_calls_are_counted_and_the_first_is_told(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text(
        "Tenant,Subject,Destination,TimeStart,TimeEnd\n"
        "tel.example,x,40213123456,2026-01-30T10:00:00Z,2026-01-30T10:01:00Z\n"
        "tel.example,x,40213123456,2026-01-30T10:00:00Z,soon\n"
        "alone\n"
    )

    found = compare_file(tmp_path / "calls.csv", *_demo(tmp_path))

    assert (found.rows, found.bad_rows, found.total.calls, found.rated_before) == (3, 2, 1, 1)
    assert found.bad_first is not None
    assert found.bad_first.line == 3
    assert "soon" in found.bad_first.sentence


def test_a_seller_in_a_process_of_its_own_says_the_same(tmp_path: Path) -> None:
    dice = seeded(9)
    near = dice.among(ANCHORS)
    before, after = plan_tariff(dice, near), plan_tariff(dice, near)
    calls = [call for call in calls_near(dice, near, before, 200) if call.category]
    write_calls(tmp_path / "calls.csv", calls)
    here = compare_file(tmp_path / "calls.csv", before, after)
    with Apart(lambda: Seller(after)) as apart:
        records = Records(str(tmp_path / "calls.csv"), Format.CSV, ())
        there = compare(records, Converter(GETCOST), lambda: Seller(before), apart)
        records.close()

    assert four(here.total) == four(there.total)
    assert here.largest.changes() == there.largest.changes()
    assert (plain(here.causes.sums), here.examples) == (plain(there.causes.sums), there.examples)


def test_a_process_that_is_gone_is_told_and_a_tariff_that_is_none_too() -> None:
    def refuse() -> Seller:
        raise CommandError("no such tariff")

    for make, told in ((refuse, "no such tariff"), (lambda: os._exit(1), "has ended")):
        with Apart(make) as apart, pytest.raises(CommandError, match=told):
            apart.ready()


def test_a_file_of_nothing_but_bad_rows_is_compared(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text("Tenant,Subject,Destination,TimeStart,TimeEnd\na,b,1,soon,later\n")

    found = compare_file(tmp_path / "calls.csv", *_demo(tmp_path))

    assert (found.rows, found.bad_rows, four(found.total)) == (1, 1, (0, 0, 0, 0))


def test_the_steps_of_changes_ascend() -> None:
    assert sorted(STEPS) == list(STEPS)
    assert (STEPS[0], STEPS[-1]) == (100_000, 5_000 * SECOND)
