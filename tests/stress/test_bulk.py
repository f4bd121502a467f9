"""The benchmark of rating by columns, on a month that is small enough for a test."""

from pathlib import Path

import pytest

from stress import bulk


@pytest.mark.slow
def test_a_small_month_costs_by_columns_what_it_costs_by_the_core(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = {"CALLS": 3000, "PREFIXES": 800, "CHECKED": 1000, "SORTED": 1000}
    for name, size in small.items():
        monkeypatch.setattr(bulk, name, size)
    said: list[str] = []
    rows = {row.figure: row.value for row in bulk.measure(tmp_path / "deck", 1, said.append)}
    assert (rows["of 1000 calls, cost by columns is another"], len(said)) == (0, 3)
    assert rows["calls by columns"] > 0
    assert rows["calls that the columns left to the core"] < 300
