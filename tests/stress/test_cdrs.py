"""Made call records are the same every time, and have the shape of real traffic."""

import csv
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import phonenumbers
import pytest
from pyarrow import parquet

from stress.cdr_files import LAYOUTS, write
from stress.cdrs import ZONE, CallRows, Traffic, days_of, main, month_shape

ROWS = 20_000


@pytest.fixture(scope="module")
def month() -> CallRows:
    days = list(days_of(Traffic(ROWS, seed=7)))
    return CallRows(*(np.concatenate(column) for column in zip(*days, strict=True)))


def test_the_month_has_as_many_calls_as_asked_for_in_order(month: CallRows) -> None:
    assert {len(column) for column in month} == {ROWS}
    assert bool((np.diff(month.start_s) >= 0).all())


def test_every_call_begins_within_the_month_of_its_time_zone(month: CallRows) -> None:
    first, last = (datetime.fromtimestamp(int(each), ZoneInfo(ZONE)) for each in month.start_s[[0, -1]])
    assert (first.strftime("%Y-%m"), last.strftime("%Y-%m")) == ("2026-03", "2026-03")


def test_the_hours_of_a_month_follow_the_clock_of_its_zone_through_its_change() -> None:
    hours, weights = month_shape(datetime(2026, 3, 1, tzinfo=UTC).date(), ZONE)
    assert len(hours) == 31 * 24 - 1
    before, after = (
        int(datetime(2026, 3, day, 11, tzinfo=ZoneInfo(ZONE)).timestamp()) for day in (23, 30)
    )  # Mondays
    assert weights[hours == before] == weights[hours == after]
    assert after - before == 7 * 86_400 - 3_600


def test_nearly_every_number_is_one_that_its_country_can_have(month: CallRows) -> None:
    sample = month.number[::40].tolist()
    valid = [phonenumbers.is_valid_number(phonenumbers.parse(f"+{number}")) for number in sample]
    assert sum(valid) > 0.9 * len(valid)
    assert max(sample) < 10**15


def test_half_of_the_calls_stay_at_home(month: CallRows) -> None:
    home = [str(number).startswith("40") for number in month.number.tolist()]
    assert 0.45 < sum(home) / ROWS < 0.55


def test_there_is_more_traffic_on_a_working_morning_than_at_night_and_on_sunday(month: CallRows) -> None:
    moments = [datetime.fromtimestamp(each, ZoneInfo(ZONE)) for each in month.start_s.tolist()]
    morning = sum(each.weekday() < 5 and 9 <= each.hour < 12 for each in moments)
    night = sum(each.weekday() < 5 and each.hour < 3 for each in moments)
    days = [sum(each.weekday() == day for each in moments) for day in range(7)]
    assert morning > 20 * night
    assert days[6] < days[5] < min(days[:5])


def test_lengths_are_log_normal_beside_the_unanswered_and_the_short(month: CallRows) -> None:
    seconds = month.seconds
    assert 0.1 < float((seconds == 0).mean()) < 0.14
    assert 65 < float(np.median(seconds[seconds > 6])) < 95
    assert float(seconds.mean()) > 1.5 * float(np.median(seconds[seconds > 0]))


def test_few_subjects_call_much_and_many_little(month: CallRows) -> None:
    counts = np.sort(np.bincount(month.subject, minlength=500))[::-1]
    assert counts[:50].sum() > 0.4 * ROWS
    assert counts[-1] > 0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_same_seed_gives_the_same_bytes_in_every_layout(layout: str, tmp_path: Path) -> None:
    for name, seed in (("a", "3"), ("b", "3"), ("c", "4")):
        assert main(["--rows", "300", "--seed", seed, "--layout", layout, str(tmp_path / name)]) == 0
    same, again, other = ((tmp_path / name).read_bytes() for name in "abc")
    assert same == again != other


def test_columns_say_the_same_in_csv_and_parquet(tmp_path: Path) -> None:
    write(tmp_path / "calls.csv", Traffic(200), "plain", as_parquet=False)
    write(tmp_path / "calls.parquet", Traffic(200), "plain", as_parquet=True)
    with (tmp_path / "calls.csv").open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == 200
    assert rows == parquet.read_table(tmp_path / "calls.parquet").to_pylist()


@pytest.mark.parametrize("wrong", [["--month", "2026"], ["--rows", "0"], ["--unanswered", "2"]])
def test_a_wrong_option_is_refused(wrong: list[str], tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as end:
        main([*wrong, str(tmp_path / "calls.csv")])
    assert end.value.code == 2
