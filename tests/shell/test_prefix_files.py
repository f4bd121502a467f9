"""Raters map one file of prefixes; whatever is wrong with it, the table is the one of the tariff."""

import errno
import os
from pathlib import Path

import pytest

from cgrates_py import prefix_files
from cgrates_py.prefix_files import FILES_MAX, shared_table
from rater.prefixes import PrefixTable, build

LAND = {"LAND": tuple(f"+{number}" for number in range(10_000, 22_000))}


@pytest.fixture(autouse=True)
def count_builds(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    built: list[int] = []

    def counted(destinations: dict[str, tuple[str, ...]]) -> PrefixTable:
        built.append(len(destinations))
        return build(destinations)

    monkeypatch.setattr(prefix_files, "build", counted)
    return built


def test_the_second_rater_maps_what_the_first_made(tmp_path: Path, count_builds: list[int]) -> None:
    first, second = (shared_table(tmp_path / "tables", LAND) for _ in range(2))
    assert bytes(first.block) == bytes(second.block) == build(LAND).block
    assert len(count_builds) == 1
    assert second.length(second.find("21999123")) == 5


@pytest.mark.parametrize("damage", [b"", b"x" * 64, b"flipped"])
def test_a_damaged_file_is_made_anew(tmp_path: Path, count_builds: list[int], damage: bytes) -> None:
    shared_table(tmp_path, LAND)
    (path,) = tmp_path.iterdir()
    whole = bytearray(path.read_bytes())
    whole[-1] ^= 1
    path.write_bytes(whole if damage == b"flipped" else damage)
    assert bytes(shared_table(tmp_path, LAND).block) == build(LAND).block
    assert bytes(shared_table(tmp_path, LAND).block) == build(LAND).block
    assert len(count_builds) == 2, "the third finds what the second made"


def test_other_destinations_have_another_file(tmp_path: Path) -> None:
    names = {**LAND, "SEA": ("870",)}, {"LAND": LAND["LAND"][:-1]}, {"LAN": LAND["LAND"]}
    for each in (LAND, *names):
        assert bytes(shared_table(tmp_path, each).block) == build(each).block
    assert len([*tmp_path.iterdir()]) == 4


def test_files_that_were_not_opened_for_long_go(tmp_path: Path) -> None:
    for number in range(FILES_MAX + 3):
        shared_table(tmp_path, {**LAND, f"N{number}": ("870",)})
    assert len([*tmp_path.iterdir()]) == FILES_MAX


def test_a_place_that_cannot_be_written_costs_memory_alone(tmp_path: Path) -> None:
    (tmp_path / "tables").write_text("in the way")
    assert bytes(shared_table(tmp_path / "tables", LAND).block) == build(LAND).block


def test_small_tables_have_no_file(tmp_path: Path) -> None:
    shared_table(tmp_path, {"LAND": ("49", "43")})
    assert [*tmp_path.iterdir()] == []


def test_what_cannot_be_stored_is_built_once_and_leaves_nothing(
    tmp_path: Path, count_builds: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, "no space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert bytes(shared_table(tmp_path, LAND).block) == build(LAND).block
    assert len(count_builds) == 1
    assert [*tmp_path.iterdir()] == []


def test_what_is_mapped_stays_when_its_file_is_made_anew_or_removed(tmp_path: Path) -> None:
    mapped = [shared_table(tmp_path, LAND) for _ in range(2)][1]
    (path,) = tmp_path.iterdir()
    prefix_files._write(path, build({"LAND": ("1",)}).block)
    path.unlink()
    assert bytes(mapped.block) == build(LAND).block
