"""A comparison as one document for programs, and its destinations as rows for spreadsheets.

Amounts and seconds are texts of exact decimals; percents have two decimals, null where there was nothing.
"""

from collections.abc import Hashable, Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar

from cgrates_py.csv_export import Row
from cgrates_py.whatif.amounts import percent
from cgrates_py.whatif.changes import Bin, Change, Charged
from cgrates_py.whatif.comparison import HOURS_OF_WEEK, Comparison
from cgrates_py.whatif.sums import Sums, Tally
from rater import instant, quantity

SUBJECTS_LISTED = 1_000
"""Subjects that a document names: those whose sums change most."""

WEEK = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

CSV_COLUMNS = ("destination", "calls", "seconds", "before", "after", "delta", "percent")

_EPOCH = date(1970, 1, 1)

Key = TypeVar("Key", bound=Hashable)


class Names(NamedTuple):
    """What the two tariffs were called, and the clock that hours are told by."""

    before: str
    after: str
    clock: str | None = None


def ranked(tally: Tally[Key]) -> list[tuple[Key, Sums]]:
    """List the sums of a tally, the largest change first."""
    return sorted(tally.sums.items(), key=lambda each: (-abs(each[1].delta), -each[1].before, str(each[0])))


def top_subjects(found: Comparison, most: int) -> tuple[list[tuple[tuple[str, str], Sums]], Sums]:
    """List the subjects that change most, and what all others come to."""
    all_ = ranked(found.subjects)
    rest = Sums()
    rest.take(found.subjects.rest)
    for _, sums in all_[most:]:
        rest.take(sums)
    return all_[:most], rest


def day_text(day: int) -> str:
    """Name a day since 1970-01-01."""
    return (_EPOCH + timedelta(days=day)).isoformat()


def document(found: Comparison, names: Names) -> dict[str, Any]:
    """Tell all of a comparison."""
    subjects, others = top_subjects(found, SUBJECTS_LISTED)
    return {
        **_whole(found, names),
        "Causes": [{"Cause": cause.words, **_sums(sums)} for cause, sums in ranked(found.causes)],
        "Unpriced": list(_unpriced(found)),
        "Destinations": [{"Destination": name, **_sums(sums)} for name, sums in ranked(found.destinations)],
        "Subjects": [
            {"CstmId": customer, "Subject": subject, **_sums(sums)} for (customer, subject), sums in subjects
        ],
        "OtherSubjects": _sums(others),
        "Clock": names.clock,
        "Hours": [
            {"WeekDay": WEEK[hour // 24], "Hour": hour % 24, **_sums(found.hours.sums.get(hour, Sums()))}
            for hour in range(HOURS_OF_WEEK)
        ],
        "Days": [{"Day": day_text(day), **_sums(sums)} for day, sums in sorted(found.days.sums.items())],
        "Changes": [_bin(each) for each in found.spread.bins()],
        "Largest": [_change(each) for each in found.largest.changes()],
    }


def destination_rows(found: Comparison) -> Iterator[Row]:
    """List destinations for a spreadsheet, as numbers."""
    for name, sums in ranked(found.destinations):
        told = _sums(sums)
        amounts = {key.lower(): Decimal(told[key]) for key in ("Seconds", "Before", "After", "Delta")}
        change = None if told["Percent"] is None else Decimal(told["Percent"])
        # a spreadsheet would take what begins with a plus for a formula
        yield {"destination": name.removeprefix("+"), "calls": sums.calls, **amounts, "percent": change}


def _whole(found: Comparison, names: Names) -> dict[str, Any]:
    total, bad = found.total, found.bad_first
    return {
        "Rows": found.rows,
        "Calls": total.calls,
        "Unanswered": found.unanswered,
        "NoCalls": found.passed_over,
        "BadRows": found.bad_rows,
        "FirstBadRow": None if bad is None else {"Line": bad.line, "Sentence": bad.sentence},
        "Seconds": quantity.text(total.talk_ns),
        "Before": _side(names.before, total.before, found.rated_before),
        "After": _side(names.after, total.after, found.rated_after),
        "Delta": quantity.text(total.delta),
        "Percent": percent(total.delta, total.before),
    }


def _side(name: str, revenue: int, rated: int) -> dict[str, Any]:
    return {"Tariff": name, "Revenue": quantity.text(revenue), "Rated": rated}


def _sums(sums: Sums) -> dict[str, Any]:
    return {
        "Calls": sums.calls,
        "Seconds": quantity.text(sums.talk_ns),
        "Before": quantity.text(sums.before),
        "After": quantity.text(sums.after),
        "Delta": quantity.text(sums.delta),
        "Percent": percent(sums.delta, sums.before),
    }


def _unpriced(found: Comparison) -> Iterable[dict[str, Any]]:
    for key, sums in ranked(found.unpriced):
        cause, before, after = key
        example = found.examples[key]
        yield {
            "Cause": cause.words,
            "ReasonBefore": before or None,
            "ReasonAfter": after or None,
            **_sums(sums),
            "FirstLine": example.line,
            "FirstSentence": example.sentence,
        }


def _bin(each: Bin) -> dict[str, Any]:
    low = quantity.text(each.sign * each.low)
    high = None if each.high is None else quantity.text(each.sign * each.high)
    lowest, highest = (low, high) if each.sign >= 0 else (high, low)
    return {"From": lowest, "To": highest, "Calls": each.calls}


def _change(each: Change) -> dict[str, Any]:
    return {
        "Line": each.line,
        "CstmId": each.customer,
        "Subject": each.subject,
        "Number": each.number,
        "TimeStart": instant.text(each.start_ns, each.offset_ns),
        "Seconds": quantity.text(each.talk_ns),
        "Before": _charged(each.before),
        "After": _charged(each.after),
        "Delta": quantity.text(each.delta),
        "Why": each.why,
    }


def _charged(each: Charged) -> dict[str, Any] | None:
    if each.total is None:
        return None
    return {
        "Total": quantity.text(each.total),
        "ConnectFee": quantity.text(each.connect_fee),
        "Prefix": each.prefix,
        "Plan": each.plan,
    }
