"""Kinds of days: the fewest classes of dates that the rules of some tariffs cannot tell apart.

A set of dates is an integer with a bit for every (year, month, day of the month, week day) that exists, where
a year is one that some rule names, or any other. So sets are compared and cut exactly, without a horizon.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from functools import cached_property

from rater.timing import EPOCH_ORDINAL, Days

WEEK = ("Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
EVERY_DAY = "every day"

_CYCLE = 28
"""Years after which dates fall on the same week days, inside a century."""
_FAR = 2801
"""The first of a cycle that no rule names; there is one in every 400 years."""


class Calendar:
    """The kinds of days that ``rules`` tell apart. ``days`` has a day number (0 = 1970-01-01) of each."""

    def __init__(self, rules: Iterable[Days]) -> None:
        different = set(rules)
        self._said: dict[int, str] = {}
        self._years = tuple(sorted({year for rule in different for year in rule.years}))
        self.kinds = [sum(1 << place for place in self._dates)]
        for rule in different:
            allowed = self._mask(rule)
            parts = [(kind & allowed, kind & ~allowed) for kind in self.kinds]
            self.kinds = [part for pair in parts for part in pair if part]
        self.kinds.sort(key=_first)
        """The dates of each kind, as sets; together all dates."""
        self.days = [self._dates[_first(kind)].toordinal() - EPOCH_ORDINAL for kind in self.kinds]

    @cached_property
    def _dates(self) -> dict[int, date]:
        """A date for every place of a set, those of other years from a far cycle."""
        far = _FAR
        while any(far <= year < far + _CYCLE for year in self._years):
            far += 400
        found = {}
        for row, years in enumerate([range(far, far + _CYCLE), *((year,) for year in self._years)]):
            for year in years:
                for day in _of_year(year):
                    found[_place(row, day)] = day
        return dict(sorted(found.items()))

    def _mask(self, rule: Days) -> int:
        return sum(1 << place for place, day in self._dates.items() if self._allows(rule, place, day))

    def _allows(self, rule: Days, place: int, day: date) -> bool:
        row = place // _ROW
        return (
            (not rule.years or (row > 0 and self._years[row - 1] in rule.years))
            and (not rule.months or day.month in rule.months)
            and (not rule.month_days or day.day in rule.month_days)
            and (not rule.week_days or day.isoweekday() % 7 in rule.week_days)
        )

    def words(self, kinds: Iterable[int]) -> str:
        """Name the days of some kinds, by their places in ``kinds``: ``Mon–Fri``, ``1 Jan``."""
        wanted = 0
        for kind in kinds:
            wanted |= self.kinds[kind]
        if wanted not in self._said:
            self._said[wanted] = self._words(wanted)
        return self._said[wanted]

    def _words(self, wanted: int) -> str:
        if plain := self._product(wanted):
            return plain
        week = self._spread(wanted, 3)
        if rest := self._product(week & ~wanted):
            return f"{self._product(week)} except {rest}"
        return f"some days, {self._dates[_first(wanted)]:%a} {self._dated(wanted)} among them"

    def _dated(self, wanted: int) -> str:
        day = self._dates[_first(wanted)]
        return f"{day.day} {MONTHS[day.month - 1]}"

    def _product(self, wanted: int) -> str:
        """Name a set that is all dates of some years, months, month days and week days; else nothing."""
        whole = sum(self.kinds)
        spread = [self._spread(wanted, part) for part in range(4)]
        if wanted != spread[0] & spread[1] & spread[2] & spread[3]:
            return ""
        years, months, month_days, week_days = (
            sorted({self._part(place, part) for place in _places(wanted)}) if each != whole else []
            for part, each in enumerate(spread)
        )
        if years and years[0] == 0:
            return ""  # "all years but those" is told the other way round
        said = [_runs([(day - 1) % 7 for day in week_days], (*WEEK[1:], WEEK[0]))] if week_days else []
        if month_days:
            said.append(", ".join(map(str, month_days)) + ("" if months else " of the month"))
        said += [_runs([month - 1 for month in months], MONTHS)] if months else []
        said += [", ".join(str(self._years[year - 1]) for year in years)] if years else []
        return " ".join(said) or EVERY_DAY

    def _spread(self, wanted: int, part: int) -> int:
        """Give all dates that have the year (0), month, day of the month or week day (3) of one of these."""
        values = {self._part(place, part) for place in _places(wanted)}
        return sum(1 << place for place in self._dates if self._part(place, part) in values)

    def _part(self, place: int, part: int) -> int:
        day = self._dates[place]
        return (place // _ROW, day.month, day.day, day.isoweekday() % 7)[part]


_ROW = 12 * 31 * 7


def _place(row: int, day: date) -> int:
    return row * _ROW + ((day.month - 1) * 31 + day.day - 1) * 7 + day.isoweekday() % 7


def _first(mask: int) -> int:
    return (mask & -mask).bit_length() - 1


def _places(mask: int) -> Iterator[int]:
    return (place for place in range(mask.bit_length()) if mask >> place & 1)


def _of_year(year: int) -> Iterator[date]:
    first = date(year, 1, 1).toordinal()
    return (date.fromordinal(day) for day in range(first, date(year + 1, 1, 1).toordinal()))


def _runs(values: list[int], names: tuple[str, ...]) -> str:
    """Name values, three and more neighbours as ``first–last``."""
    values = sorted(values)
    said: list[str] = []
    start = 0
    for place, value in enumerate(values):
        if place + 1 < len(values) and values[place + 1] == value + 1:
            continue
        run = values[start : place + 1]
        said += [f"{names[run[0]]}–{names[run[-1]]}"] if len(run) > 2 else [names[each] for each in run]
        start = place + 1
    return ", ".join(said)
