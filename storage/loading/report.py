"""Everything that is wrong with a folder, in one report: where, what was expected, what stood there."""

import re
from dataclasses import dataclass

LISTED_MAX = 1_000
"""Problems (and notices) kept for listing; a folder with more is counted on, so memory stays bounded."""

SHOWN_CHARACTERS = 60
"""How much of an offending value a line of the report repeats."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. ``place`` is ``line:column`` (column = the cell's number), a JSON path, or empty.

    The column of malformed JSON is the character's number instead. With an empty ``got``, ``expected`` is a
    whole sentence.
    """

    file: str
    place: str
    expected: str
    got: str

    def __str__(self) -> str:
        """Print as one line: ``Rates.csv:7:5: expected a duration above 0, got '0s'``."""
        found = f"expected {self.expected}, got {self.got}" if self.got else self.expected
        joint = ":" if self.place[:1].isdigit() else " "
        file = _printable(self.file)  # a file's name may hold anything, orders to a terminal too
        where = f"{file}{joint}{self.place}" if self.place else file
        return f"{where}: {found}"


def shown(value: object) -> str:
    """Quote a value for a report, cut to a readable length."""
    text = "nothing" if value in {"", None} else f"'{value}'" if isinstance(value, str) else str(value)
    if len(text) > SHOWN_CHARACTERS:
        text = text[: SHOWN_CHARACTERS - 1] + "…"
    return _printable(text)


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "\ufffd" for letter in text)


class Findings:
    """A bounded list that goes on counting."""

    def __init__(self) -> None:
        self.count = 0
        self._kept: list[Problem] = []

    def add(self, problem: Problem) -> None:
        """Count a finding, and keep it while there is room."""
        self.count += 1
        if len(self._kept) < LISTED_MAX:
            self._kept.append(problem)

    def listed(self) -> tuple[Problem, ...]:
        """List what was kept by file and place, so that the order of reading does not show."""
        return tuple(sorted(self._kept, key=_natural))


class Report:
    """The problems, which forbid the load, and the notices, which do not."""

    def __init__(self) -> None:
        self.problems = Findings()
        self.notices = Findings()

    def problem(self, file: str, place: str, expected: str, got: str = "") -> None:
        """Note something that forbids the load: what stands there instead, or a sentence."""
        self.problems.add(Problem(file, place, expected, got))

    def notice(self, file: str, place: str, expected: str, got: str) -> None:
        """Note something that people should know although the load goes on."""
        self.notices.add(Problem(file, place, expected, got))


def _natural(problem: Problem) -> tuple[str, list[tuple[int, str]], str]:
    pieces = re.findall(r"\d+|\D+", problem.place)
    return (
        problem.file,
        [(int(piece), "") if piece.isdigit() else (-1, piece) for piece in pieces],
        problem.expected,
    )
