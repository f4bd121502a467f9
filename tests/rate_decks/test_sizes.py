"""A deck has a size; what has none is not read without end."""

from pathlib import Path

import pytest

from cgrates_py.rate_decks import sheets
from cgrates_py.rate_decks.sheets import SheetError, opened


@pytest.mark.parametrize("endless", [False, True])
def test_a_deck_beyond_the_greatest_is_refused_unread(
    endless: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "FILE_BYTES_MAX", 10)
    deck = tmp_path / "deck.csv"
    deck.write_text("code,price\n")

    with pytest.raises(SheetError, match="expected at most 10 bytes"):
        opened(Path("/dev/zero") if endless else deck)
