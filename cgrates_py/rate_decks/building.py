"""Makes the files of a tariff folder of a rate deck: destinations by name and price, a plan for each date.

All codes of one name that cost the same at all times are one destination. Prices that hold now are one rating
plan; each date to come on which a price begins or ends is another, which the profile activates then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from cgrates_py.rate_decks.findings import Done, Findings
from cgrates_py.rate_decks.reading import Deck, Entry, Terms
from rater.quantity import SCALE
from storage.loading.folder import TARIFF_COLUMNS

Row = Sequence[str]
Sheets = dict[str, list[Row]]

ACTIVATIONS_MAX = 62
"""Dates to come in one deck: each is a whole rating plan. Carriers announce within two months."""


@dataclass(frozen=True, slots=True)
class Profile:
    """Who gets the prices, under which plan, how they are rounded, and of how many seconds (``per_s``)."""

    plan: str
    tenant: str
    category: str = "call"
    subject: str = "*any"
    fallback: str = ""
    per_s: int = 60
    rounding: str = "*middle"
    decimals: int = 9


class BuildingError(ValueError):
    """No folder can be made of the deck; the text says why."""


@dataclass(frozen=True, slots=True)
class Built:
    """The files, and what is worth knowing of them."""

    sheets: Sheets
    codes: int
    destinations: int
    notes: tuple[str, ...]


def build(deck: Deck, profile: Profile, as_of_ns: int, findings: Findings) -> Built:
    """Make the files. Prices with dates up to ``as_of_ns`` hold together. Raises BuildingError."""
    current, coming = _split(deck.entries, as_of_ns, findings)
    moments = _moments(current, coming, as_of_ns)
    classes: dict[tuple[str, tuple[Terms | None, ...]], list[str]] = {}
    for code in deck.entries:
        now, later = current.get(code), coming.get(code, ())
        last = later[-1] if later else now
        if last is not None:
            steps = tuple(_in_force(now, later, moment) for moment in moments)
            classes.setdefault((last.name, steps), []).append(code)
    _check_plans(moments, [steps for _, steps in classes])
    sheets: Sheets = {name: [] for name in TARIFF_COLUMNS}
    plans = [_plan_id(profile.plan, moment, place) for place, moment in enumerate(moments)]
    rates: dict[Terms, str] = {}
    numbers: dict[str, int] = {}
    for (name, steps), codes in classes.items():
        number = numbers[name] = numbers.get(name, 0) + 1
        destination = f"{profile.plan}/{name}" + (f"#{number}" if number > 1 else "")
        sheets["Destinations.csv"] += [(destination, f"+{code}") for code in codes]
        for plan, terms in zip(plans, steps, strict=True):
            if terms is not None:
                rate = rates.setdefault(terms, _rate_id(profile, terms))
                rounding = (profile.rounding, str(profile.decimals), "0", "")
                sheets["DestinationRates.csv"].append((plan, destination, rate, *rounding))
    for terms, rate in rates.items():
        sheets["Rates.csv"] += _groups(rate, terms, profile.per_s)
    who = (profile.tenant, profile.category, profile.subject)
    for plan, moment in zip(plans, moments, strict=True):
        sheets["RatingPlans.csv"].append((plan, plan, "*any", "10"))
        sheets["RatingProfiles.csv"].append((*who, _time(moment), plan, profile.fallback))
    notes = _notes(current, coming, moments, as_of_ns)
    return Built(sheets, sum(map(len, classes.values())), len(classes), tuple(notes))


def _split(
    entries: Mapping[str, Mapping[int | None, Entry]], as_of_ns: int, findings: Findings
) -> tuple[dict[str, Entry], dict[str, list[Entry]]]:
    """Part prices that hold now from those to come; those that are over are findings."""
    current: dict[str, Entry] = {}
    coming: dict[str, list[Entry]] = {}
    for code, dated in entries.items():
        for entry in sorted(dated.values(), key=_begin):
            if entry.ends_ns is not None and entry.ends_ns <= as_of_ns:
                _over(findings, entry, code, f"a price that ends after {_time(as_of_ns)}")
            elif _begin(entry) > as_of_ns:
                coming.setdefault(code, []).append(entry)
            else:
                if code in current:
                    later = f"the price that line {entry.line} replaces it by"
                    _over(findings, current[code], code, "the last price that has begun", later)
                current[code] = entry
    return current, coming


def _over(findings: Findings, entry: Entry, code: str, expected: str, detail: str = "") -> None:
    findings.add(entry.line, "", code, expected, Done.SKIPPED, detail)


def _begin(entry: Entry) -> int:
    return _ALWAYS if entry.starts_ns is None else entry.starts_ns


_ALWAYS = -(1 << 63)


def _moments(current: Mapping[str, Entry], coming: Mapping[str, list[Entry]], as_of_ns: int) -> list[int]:
    """List the instants at which a plan begins: the first of what holds now, and every change to come."""
    moments = {_begin(entry) for entries in coming.values() for entry in entries}
    if current:
        moments.add(min(_begin(entry) for entry in current.values()))
    every = [*current.values(), *(entry for entries in coming.values() for entry in entries)]
    moments |= {entry.ends_ns for entry in every if entry.ends_ns is not None}
    if len(moments) > ACTIVATIONS_MAX:
        raise BuildingError(
            f"expected at most {ACTIVATIONS_MAX} dates after {_time(as_of_ns)}, got {len(moments)}"
        )
    return sorted(moments)


def _in_force(current: Entry | None, coming: Sequence[Entry], moment: int) -> Terms | None:
    """Tell the terms of a code at an instant. What holds now holds from the first instant on."""
    found = current
    for entry in coming:
        if _begin(entry) <= moment:
            found = entry
    if found is None or (found.ends_ns is not None and found.ends_ns <= moment):
        return None
    return found.terms


def _check_plans(moments: Sequence[int], classes: Sequence[tuple[Terms | None, ...]]) -> None:
    """Refuse a plan without any price, which a tariff cannot have. Raises BuildingError."""
    if not classes:
        raise BuildingError("expected at least one price that holds now or later, got none")
    for moment, steps in zip(moments, zip(*classes, strict=True), strict=True):
        if not any(steps):
            raise BuildingError(
                f"expected prices that hold from {_time(moment)} on, got none: all end by then; name the "
                "columns without that of the ends (--column) to have them go on"
            )


def _plan_id(plan: str, moment: int, place: int) -> str:
    return plan if place == 0 else f"{plan}@{_time(moment)}"


def _rate_id(profile: Profile, terms: Terms) -> str:
    first = f"{_text(terms.first_price)}," if terms.first_price != terms.price else ""
    fee = f"+{_text(terms.fee)}" if terms.fee else ""
    return f"{profile.plan}/{first}{_text(terms.price)}{fee} {terms.initial_s}-{terms.next_s}"


def _groups(rate: str, terms: Terms, per_s: int) -> list[Row]:
    unit, price = f"{per_s}s", _text(terms.price)
    first = (rate, _text(terms.fee), _text(terms.first_price), unit, f"{terms.initial_s}s", "0s")
    if terms.initial_s == terms.next_s and terms.first_price == terms.price:
        return [first]
    return [first, (rate, "0", price, unit, f"{terms.next_s}s", f"{terms.initial_s}s")]


def _text(value: Decimal) -> str:
    return f"{value.normalize():f}" if value else "0"


def _time(moment_ns: int) -> str:
    """Write an instant as profiles have it; empty is always."""
    return (
        ""
        if moment_ns == _ALWAYS
        else f"{datetime.fromtimestamp(moment_ns // SCALE, UTC):%Y-%m-%dT%H:%M:%SZ}"
    )


def _prices(count: int) -> str:
    return f"{count} price{'' if count == 1 else 's'}"


def _notes(
    current: Mapping[str, Entry],
    coming: Mapping[str, list[Entry]],
    moments: Sequence[int],
    as_of_ns: int,
) -> list[str]:
    notes = []
    since, as_of = _time(moments[0]) or "always", _time(as_of_ns)
    if later := sum(_begin(entry) > moments[0] for entry in current.values()):
        hold = "it holds" if later == 1 else "they hold"
        notes.append(f"{_prices(later)} began after {since} and before {as_of}: {hold} from {since} on")
    to_come = [entry for entries in coming.values() for entry in entries]
    for moment in moments:
        begun = sum(_begin(entry) == moment for entry in to_come)
        ended = sum(entry.ends_ns == moment for entry in (*current.values(), *to_come))
        words = [
            f"{_prices(count)} {verb}{'s' if count == 1 else ''}"
            for count, verb in ((begun, "begin"), (ended, "end"))
            if count
        ]
        if words:
            notes.append(f"{_time(moment)}: {' and '.join(words)}")
    return notes
