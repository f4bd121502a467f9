"""A folder of tariff files: what is in it, and how its files are read within bounds.

Whoever fills the folder need not be trusted: nothing outside it is read, nothing that is no plain file, and
of that no more than the bounds below, also when a file changes while it is read. Archives are not unpacked.
"""

import os
import stat
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from storage.loading.report import Report

FILE_BYTES_MAX = 64 * 1024 * 1024
"""The largest file read: ten times a CSV of 300,000 prefixes; JSON takes about ten times that in memory."""

LINE_BYTES_MAX = 64 * 1024
"""The longest CSV line; a longer one is a problem and is skipped, never held in memory."""

LINES_MAX = 2_000_000
"""Lines of one CSV file: six times a deck of 300,000 prefixes; each is kept in memory several times over."""

JSON_VALUES_MAX = 4_000_000
"""Commas and opening brackets of one JSON file, which bound its values: each takes some 100 bytes."""

PROGRESS_LINES = 4_096
"""Lines (or JSON elements) between two calls of a progress listener."""

JSON_FILES = ("destinations.json", "activation_periods.json", "tariff_plans.json", "user_budgets.json")
TARIFF_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "Destinations.csv": ("Id", "Prefix"),
    "Timings.csv": ("Id", "Years", "Months", "MonthDays", "WeekDays", "Time", "Timezone"),
    "Rates.csv": ("Id", "ConnectFee", "Rate", "RateUnit", "RateIncrement", "GroupIntervalStart"),
    "DestinationRates.csv": (
        *("Id", "DestinationId", "RatesId"),
        *("RoundingMethod", "RoundingDecimals", "MaxCost", "MaxCostStrategy"),
    ),
    "RatingPlans.csv": ("Id", "DestinationRatesId", "TimingId", "Weight", "AtActivation"),
    "RatingProfiles.csv": (
        *("Tenant", "Category", "Subject", "ActivationTime", "RatingPlanId", "FallbackSubjects"),
    ),
}
"""The files of a tariff and the columns of each, as docs/TARIFF_CSV.md describes them."""
TARIFF_CSV_FILES = tuple(TARIFF_COLUMNS)
ACCOUNT_CSV_FILES = ("Actions.csv", "ActionPlans.csv", "AccountActions.csv")
CSV_FILES = TARIFF_CSV_FILES + ACCOUNT_CSV_FILES

Progress = Callable[[int, int], None]
"""Is told (bytes read, bytes in all)."""


class Format(StrEnum):
    """The two ways to write a tariff."""

    JSON2012 = "json2012"
    CSV = "csv"


def detect(folder: Path) -> tuple[Format, ...]:
    """Recognise by the files which formats a folder is to be read in, one after the other; none: neither."""
    try:
        names = {entry.name for entry in folder.iterdir()}
    except OSError:
        return ()
    files = {Format.JSON2012: JSON_FILES, Format.CSV: CSV_FILES}
    return tuple(each for each, known in files.items() if not names.isdisjoint(known))


class Folder:
    """Reads the files of one folder and nothing outside of it; tells how far the reading is."""

    def __init__(self, root: Path, names: tuple[str, ...], report: Report, progress: Progress | None) -> None:
        self.report = report
        self._progress = progress
        self._done = 0
        self._root = root
        self.files = {name: size for name in names if (size := self._measured(name)) is not None}
        """The bytes of each file that is there."""
        self._total = sum(self.files.values())

    def _measured(self, name: str) -> int | None:
        path = self._root / name
        if not path.is_symlink() and not path.exists():
            return None
        stream = self._opened(name)
        if stream is None:
            return None
        with stream:
            return os.fstat(stream.fileno()).st_size

    def _opened(self, name: str) -> BinaryIO | None:
        """Open a file to read. A link that leads out of the folder, a pipe, a folder, too much: a problem.

        What was opened is what is looked at, so nothing can be put in its place in between.
        """
        path = self._root / name
        if not _inside(path, self._root):  # looked at first: opening a device can do things
            self.report.problem(name, "", "a file inside the folder", "a link out of it")
            return None
        if not path.is_file():
            self.report.problem(name, "", "a regular file", "something else")
            return None
        # not blocking: in the file's place may now be a pipe without a writer
        opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        found = os.fstat(opened)
        if not _inside(Path(f"/proc/self/fd/{opened}"), self._root):
            self.report.problem(name, "", "a file inside the folder", "a link out of it")
        elif not stat.S_ISREG(found.st_mode):
            self.report.problem(name, "", "a regular file", "something else")
        elif found.st_size > FILE_BYTES_MAX:
            self.report.problem(name, "", f"at most {FILE_BYTES_MAX} bytes", f"{found.st_size} bytes")
        else:
            return os.fdopen(opened, "rb")
        os.close(opened)
        return None

    def lines(self, name: str) -> Iterator[tuple[int, str]]:
        """Read a file as (line number, text) without its line ends; lines that are no text are problems."""
        stream = self._opened(name) if name in self.files else None
        if stream is None:
            return
        with stream:
            number = done = 0
            while raw := stream.readline(LINE_BYTES_MAX + 1):
                number += 1
                done += len(raw)
                if number > LINES_MAX or done > FILE_BYTES_MAX:
                    expected = f"at most {LINES_MAX} lines and {FILE_BYTES_MAX} bytes"
                    self.report.problem(name, f"{number}:1", expected, "more")
                    break
                if len(raw) > LINE_BYTES_MAX:
                    self.report.problem(
                        name, f"{number}:1", f"a line of at most {LINE_BYTES_MAX} bytes", "a longer one"
                    )
                    while raw and not raw.endswith(b"\n"):
                        raw = stream.readline(LINE_BYTES_MAX)
                        done += len(raw)
                    continue
                if (text := self._text(name, number, raw)) is not None:
                    yield number, text
                if not number % PROGRESS_LINES:
                    self._tell(done)
        self.finished(name)

    def _text(self, name: str, number: int, raw: bytes) -> str | None:
        try:
            text = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            column = raw[: error.start].count(b",") + 1
            self.report.problem(name, f"{number}:{column}", "UTF-8 text", f"byte 0x{raw[error.start]:02x}")
            return None
        if "\0" in text:
            column = text[: text.index("\0")].count(",") + 1
            self.report.problem(name, f"{number}:{column}", "text", "a NUL byte")
            return None
        return text

    def document(self, name: str) -> str | None:
        """Read a whole file as text; None if there is none or it is no UTF-8."""
        stream = self._opened(name) if name in self.files else None
        if stream is None:
            return None
        with stream:
            raw = stream.read(FILE_BYTES_MAX + 1)
        if len(raw) > FILE_BYTES_MAX:
            self.report.problem(name, "", f"at most {FILE_BYTES_MAX} bytes", "more")
            return None
        if (count := sum(map(raw.count, (b",", b"[", b"{")))) > JSON_VALUES_MAX:
            self.report.problem(name, "", f"at most {JSON_VALUES_MAX} values", f"{count} commas and brackets")
            return None
        try:
            return raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            column = error.start - raw.rfind(b"\n", 0, error.start)
            self.report.problem(name, f"{line}:{column}", "UTF-8 text", f"byte 0x{raw[error.start]:02x}")
            return None

    def told(self, name: str, done: int, total: int) -> None:
        """Tell that ``done`` of ``total`` elements of a document are worked on."""
        if not done % PROGRESS_LINES:
            self._tell(self.files[name] * done // total)

    def finished(self, name: str) -> None:
        """Tell that a file is read."""
        self._done += self.files[name]
        self._tell(0)

    def _tell(self, offset: int) -> None:
        if self._progress is not None:
            self._progress(self._done + offset, self._total)


def _inside(path: Path, root: Path) -> bool:
    try:
        return path.resolve().is_relative_to(root.resolve())
    except RuntimeError:  # a loop of links
        return False
