"""What is exported and loaded again is equal: the demo, random tariffs, and what is odd in either format."""

import tempfile
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import assume, given, settings

from cgrates_py.demo import FOLDERS
from cgrates_py.tariff_source import folder_tariff
from rater.compiler import compile_tariff
from rater.rating import price_call
from rater.tariff import (
    ANY,
    ActivationPeriod,
    BucketTemplate,
    DestinationRate,
    Interval,
    PlanLine,
    PrefixRate,
    RateGroup,
    Tariff,
    TariffPlan,
    Timing,
)
from storage.canonical import tariff_hash
from storage.exporting import ExportError, export
from storage.loading import load_folder
from tests.oracle.compare import call_of
from tests.strategies.worlds import Question, interval_questions, plan_questions, questions

pytestmark = pytest.mark.slow

NOW = 1_800_000_000 * 10**9
lawful = settings(max_examples=100, derandomize=True, deadline=None)


def exported(tariff: Tariff) -> Tariff:
    """Export a tariff and read it again."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "tariff"
        export(tariff, folder)
        return folder_tariff(folder, NOW)


def writable(tariff: Tariff) -> Tariff:
    """Leave out of a random tariff what no file can say: lines that contradict each other, empty plans."""
    plans = {
        name: tuple({(line.destination_rates_id, line.timing_id): line for line in lines}.values())
        for name, lines in tariff.rating_plans.items()
        if lines
    }
    return replace(
        tariff,
        timings={name: timing for name, timing in tariff.timings.items() if name != ANY},
        destination_rates={
            name: tuple({line.destination_id: line for line in lines}.values())
            for name, lines in tariff.destination_rates.items()
        },
        rate_groups={
            name: tuple({group.group_start_ns: group for group in groups}.values())
            for name, groups in tariff.rate_groups.items()
        },
        rating_plans=plans,
        profiles={
            key: kept
            for key, lines in tariff.profiles.items()
            if (kept := tuple(line for line in lines if line.rating_plan_id in plans))
        },
    )


@lawful
@given(questions)
def test_an_exported_tariff_is_loaded_as_it_was(question: Question) -> None:
    once = exported(writable(question.tariff))
    again = exported(once)
    assert again == once
    assert tariff_hash(again) == tariff_hash(once)


@lawful
@given(interval_questions | plan_questions)
def test_an_exported_tariff_prices_as_it_did(question: Question) -> None:
    """Also one that no loader made."""
    tariff = writable(question.tariff)
    before = price_call(compile_tariff(tariff), call_of(question.ask), question.account)
    after = price_call(compile_tariff(exported(tariff)), call_of(question.ask), question.account)
    assume(not isinstance(before, tuple) or before)
    assert str(getattr(before, "cost", before)) == str(getattr(after, "cost", after))


@pytest.mark.parametrize("folders", [*[(each,) for each in FOLDERS], tuple(FOLDERS)], ids=str)
def test_the_demo_is_loaded_as_it_was(folders: tuple[Path, ...]) -> None:
    tariff = Tariff()
    for folder in folders:
        tariff = load_folder(folder, tariff, now_ns=NOW).tariff
    assert exported(tariff) == tariff


PERIOD = ActivationPeriod(0, (Interval(Decimal("0.2"), week_days=(1, 0)),))
LINE = DestinationRate(ANY, "R")
ODD = {
    "names with commas and quotes": Tariff(destinations={'a, "b"': ("49",), "ä": ("+43",)}),
    "a destination without prefixes": Tariff(destinations={"NONE": ()}),
    "destinations together": Tariff(
        destinations={"A": ("1",), "A;B": ("1", "2"), "B": ("2",)},
        plans={"gold": TariffPlan("gold", buckets=(BucketTemplate("A;B", 10**9),))},
    ),
    "destinations that CSV cannot say": Tariff(
        destinations={"#A": ("1",), " B ": ("2",), "NONE": ()},
        rate_groups={"R": (RateGroup(Decimal(0), Decimal("0.1"), 10**9, 10**9, 0),)},
        destination_rates={"D": (replace(LINE, destination_id="#A"),)},
        rating_plans={"P": (PlanLine("D", ANY, Decimal(1)),)},
    ),
    "calls that are cut": Tariff(
        rates={("", "s"): {"+49": PrefixRate((PERIOD,), "Europe/Berlin", spanwise=True)}},
        destinations={"A": ("1",)},
        rate_groups={"R": (RateGroup(Decimal(0), Decimal("0.1"), 10**9, 15 * 10**8, 0),)},
        destination_rates={"D": (LINE,)},
        rating_plans={"P": (PlanLine("D", ANY, Decimal(1), spanwise=True),)},
    ),
    "the smallest amounts": Tariff(
        plans={"gold": TariffPlan("gold", sms=1, credit=-1, received_limit_ns=9 * 10**18)},
        timings={"T": Timing("T", years=(2026,), start_s=1)},
    ),
    "nothing": Tariff(),
}


@pytest.mark.parametrize("tariff", ODD.values(), ids=ODD)
def test_what_is_odd_is_loaded_as_it_was(tariff: Tariff, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    written = export(tariff, folder)
    assert sorted(written) == sorted(path.name for path in folder.iterdir())
    assert folder_tariff(folder, NOW) == tariff


def test_nothing_is_written_where_something_is(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("x")
    with pytest.raises(ExportError, match="expected a folder that is new or empty"):
        export(ODD["calls that are cut"], tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]


def test_what_cannot_be_written_leaves_no_files_behind(tmp_path: Path) -> None:
    tariff = Tariff(destinations={"A": ("1",)}, rating_plans={"P": ()})
    with pytest.raises(ExportError, match="rating plan P has no lines"):
        export(tariff, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
