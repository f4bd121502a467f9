"""The end of an append-only file is found and damaged as asked, and never anything before it."""

import random
from pathlib import Path

import pytest

from stress.faults.append_only import DIRECTORY, Damage, commands, damaged, last_change, newest


def packed(*words: str) -> bytes:
    parts = [f"*{len(words)}\r\n", *(f"${len(word)}\r\n{word}\r\n" for word in words)]
    return "".join(parts).encode()


BEFORE = packed("SET", "first", "1") + packed("MULTI") + packed("SET", "a", "line\r\nof two") + packed("EXEC")
LAST = packed("MULTI") + packed("RPUSH", "journal", "element") + packed("SET", "a", "2") + packed("EXEC")
AFTER = packed("HSET", "raters", "rater-1", "7")


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """A stopped store's directory, with an older file beside the one that it appends to."""
    directory = tmp_path / "store" / DIRECTORY
    directory.mkdir(parents=True)
    (directory / "appendonly.aof.9.incr.aof").write_bytes(packed("SET", "old", "1"))
    (directory / "appendonly.aof.10.incr.aof").write_bytes(BEFORE + LAST + AFTER)
    return tmp_path / "store"


def test_commands_are_read_whatever_their_words_contain() -> None:
    found = list(commands(BEFORE))
    assert [command.words[0] for command in found] == [b"SET", b"MULTI", b"SET", b"EXEC"]
    assert found[2].words[2] == b"line\r\nof two"
    assert b"".join(BEFORE[command.begin : command.end] for command in found) == BEFORE


def test_the_last_change_is_what_the_last_transaction_did() -> None:
    assert last_change(BEFORE + LAST + AFTER) == (len(BEFORE), len(BEFORE + LAST))


def test_a_file_without_a_change_is_no_file_of_ours() -> None:
    with pytest.raises(ValueError, match="no change"):
        last_change(packed("SET", "a", "1"))


def test_the_store_appends_to_the_file_of_the_highest_number(data_dir: Path) -> None:
    assert newest(data_dir).name == "appendonly.aof.10.incr.aof"


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("damage", Damage)
def test_damage_is_done_to_a_copy_and_to_its_last_change_alone(
    data_dir: Path, tmp_path: Path, damage: Damage, seed: int
) -> None:
    whole = BEFORE + LAST + AFTER
    done = damaged(data_dir, tmp_path / "copy", damage, random.Random(seed))
    left = newest(tmp_path / "copy").read_bytes()
    assert newest(data_dir).read_bytes() == whole
    assert (left.startswith(BEFORE), left != whole, done.startswith(damage)) == (True, True, True)
    match damage:
        case Damage.UNFINISHED:
            assert left.startswith(whole)
            assert LAST.startswith(left[len(whole) :])
        case Damage.CUT:
            assert whole.startswith(left)
            assert len(BEFORE) < len(left) < len(BEFORE + LAST)
        case Damage.FLIPPED:
            changed = [place for place, byte in enumerate(whole) if left[place] != byte]
            assert len(left) == len(whole)
            assert all(len(BEFORE) <= place < len(BEFORE + LAST) for place in changed)
        case Damage.GONE:
            assert left == BEFORE + AFTER
