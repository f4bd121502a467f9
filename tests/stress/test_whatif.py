"""The benchmark of what-if, on a month that is small enough for a test."""

from pathlib import Path

import pytest

from stress import whatif


@pytest.mark.slow
def test_a_small_month_is_compared_and_rate_tells_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whatif, "CALLS", 3_000)
    monkeypatch.setattr(whatif, "PREFIXES", 800)
    said: list[str] = []

    rows = {row.figure: row.value for row in whatif.measure(tmp_path / "whatif", 1, said.append)}

    assert (rows["revenues that rate tells otherwise"], len(said)) == (0, 3)
    assert rows["what-if of 3000 calls"] > 0
    assert rows["diff of 800 prefixes in one plan"] > 0
