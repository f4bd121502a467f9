"""What a folder replaces, and what a week of it leaves without a price, is told to who loads it."""

import json
from pathlib import Path

from tests.loading.folders import CSV, JSON, load, notices

PERIOD = {"ActivationTime": "2012-05-01T00:00:00Z", "Intervals": []}


def test_an_id_in_use_with_other_content_is_noted(tmp_path: Path) -> None:
    first = load(tmp_path / "a", CSV)
    cheaper = {"Rates.csv": CSV["Rates.csv"].replace("0.05", "0.04")}
    again = load(tmp_path / "b", {**CSV, **cheaper}, base=first.tariff)

    assert notices(again) == [
        "rate groups R2: expected a new Id, got one in use with other content, which this replaces"
    ]
    assert notices(load(tmp_path / "c", CSV, base=first.tariff)) == []


def test_every_hole_of_a_week_is_noted(tmp_path: Path) -> None:
    interval = {"WeekDays": [7, 1, 2, 3], "StartTime": "08:00:00", "Price": 1}
    rate = {
        "CstmId": "c",
        "Subject": "s",
        "DestinationPrefix": "031",
        "ActivationPeriods": [{**PERIOD, "Intervals": [interval]}],
    }
    (notice,) = notices(load(tmp_path, {**JSON, "activation_periods.json": json.dumps([rate])}))

    assert "from 00:00:00 to 08:00:00 on Sunday, Monday, Tuesday, Wednesday" in notice
    assert "from 00:00:00 to 24:00:00 on Thursday, Friday, Saturday" in notice
