"""The clock that a test holds for all processes."""

import subprocess
import sys
from pathlib import Path

from cgrates_py.clock import HeldClock, SystemClock, open_clock

NOON_NS = 1_328_184_000_000_000_000


def test_an_unset_clock_tells_the_system_time(tmp_path: Path) -> None:
    """Between two readings of the system's clock."""
    HeldClock.create(tmp_path / "clock")
    clock = HeldClock(tmp_path / "clock")

    before = SystemClock().now_ns()
    held = clock.now_ns()
    after = SystemClock().now_ns()

    assert before <= held <= after


def test_a_held_time_is_told_by_every_process_at_once(tmp_path: Path) -> None:
    """Another process that opened the file sees the time."""
    path = tmp_path / "clock"
    HeldClock.create(path)
    HeldClock(path).hold(NOON_NS)

    code = f"from cgrates_py.clock import open_clock; print(open_clock({str(path)!r}).now_ns())"
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert str(NOON_NS) == told.stdout.strip()


def test_a_change_reaches_a_clock_that_is_open_already(tmp_path: Path) -> None:
    """No message, no delay: the next reading has it."""
    path = tmp_path / "clock"
    HeldClock.create(path)
    reader, writer = HeldClock(path), HeldClock(path)

    writer.hold(NOON_NS)
    first = reader.now_ns()
    writer.hold(NOON_NS + 1)

    assert (first, reader.now_ns()) == (NOON_NS, NOON_NS + 1)


def test_no_file_means_the_system_clock() -> None:
    """Outside of tests nothing can hold the time."""
    assert isinstance(open_clock(""), SystemClock)
