"""Each kind of finding: a tariff that has it, and a near twin that has not."""

from dataclasses import replace
from decimal import Decimal

import pytest

from cgrates_py.tariffs.checks.below_cost import CostSubjectError
from cgrates_py.tariffs.checks.findings import SEVERITIES, Code, Finding
from cgrates_py.tariffs.country_codes import COUNTRY_CODES
from cgrates_py.tariffs.lint import lint
from cgrates_py.tariffs.subjects import Who
from rater.tariff import (
    ANY,
    ActivationPeriod,
    BucketTemplate,
    Interval,
    PrefixRate,
    ProfileActivation,
    Tariff,
    TariffPlan,
    Timing,
)
from tests.tariffs.decks import CUSTOMER, DAY, EVERYBODY, NOW, Line, deck, rate

RATES = {"R": rate("1"), "S": rate("2")}
CHILDREN = tuple(f"49{digit}" for digit in range(10))
LATER = replace(DAY, timing_id="LATER", start_s=12 * 3600)
NIGHT = replace(DAY, timing_id="NIGHT", start_s=0)
FRIDAY = replace(DAY, timing_id="FRIDAY", week_days=(5, 6))
SUNDAY = Timing("SUNDAY", week_days=(7,), start_s=8 * 3600)


def lines(*each: Line, timings: tuple[Timing, ...] = (), **destinations: tuple[str, ...]) -> Tariff:
    return deck({"A": ("49",), **destinations}, RATES, each, timings=timings)


def profiles(*each: tuple[str, str, tuple[str, ...]]) -> Tariff:
    tariff = lines(("A", "R"))
    found = {
        (CUSTOMER, "call", name): (ProfileActivation(0, plan, fallbacks),) for name, plan, fallbacks in each
    }
    return replace(tariff, rating_plans={**tariff.rating_plans, "EMPTY": ()}, profiles=found)


def twice(first: int, second: int) -> Tariff:
    lines_ = (ProfileActivation(first, "P"), ProfileActivation(second, "P", ()))
    return replace(lines(("A", "R")), profiles={EVERYBODY: lines_})


def written(*each: Interval, **more: tuple[Interval, ...]) -> Tariff:
    prefixes = {"49": each, **{name.removeprefix("p"): intervals for name, intervals in more.items()}}
    rates = {name: PrefixRate((ActivationPeriod(0, intervals),)) for name, intervals in prefixes.items()}
    return Tariff(rates={(CUSTOMER, "anna"): rates})


def interval(price: str, weight: int = 0, hours: tuple[int, int] = (0, 24)) -> Interval:
    return Interval(Decimal(price), weight=Decimal(weight), start_s=hours[0] * 3600, end_s=hours[1] * 3600)


def periods(*starts: int) -> Tariff:
    each = tuple(ActivationPeriod(start, (interval("1"),)) for start in starts)
    return Tariff(rates={(CUSTOMER, "anna"): {"49": PrefixRate(each)}})


def minutes(destination: str) -> Tariff:
    plan = TariffPlan("gold", buckets=(BucketTemplate(destination, 60),))
    return replace(lines(("A", "R"), (ANY, "S"), B=("48",)), plans={"gold": plan})


def increments(*groups: tuple[int, int]) -> Tariff:
    ladder = tuple(rate("0.6", increment, start_s=start) for start, increment in groups)
    return deck({"A": ("49",)}, {"R": ladder}, [("A", "R")])


PAIRS: dict[str, tuple[Code, Tariff, Tariff]] = {
    "ten longer prefixes leave it no number": (
        Code.UNREACHABLE,
        lines(("A", "R"), ("B", "S"), B=CHILDREN),
        lines(("A", "R"), ("B", "S"), B=CHILDREN[1:]),
    ),
    "longer prefixes cover it, in several steps": (
        Code.UNREACHABLE,
        lines(("A", "R"), ("B", "S"), B=(*CHILDREN[1:], *(f"490{digit}" for digit in range(10)))),
        lines(("A", "R"), ("B", "S"), B=(*CHILDREN[1:], *(f"490{digit}" for digit in range(9)))),
    ),
    "longer prefixes cover it at every moment": (
        Code.UNREACHABLE,
        lines(("A", "R"), ("B", "S"), B=CHILDREN),
        lines(("A", "R"), ("B", "S", "DAY"), B=CHILDREN, timings=(DAY,)),
    ),
    "it costs what the shorter one costs": (
        Code.REDUNDANT,
        lines(("A", "R"), ("B", "R"), B=("4915",)),
        lines(("A", "R"), ("B", "S"), B=("4915",)),
    ),
    "a greater weight hides it": (
        Code.NEVER,
        lines(("A", "R", ANY, 10), ("A", "S", "DAY", 5), timings=(DAY,)),
        lines(("A", "R", ANY, 10), ("A", "S", "DAY", 20), timings=(DAY,)),
    ),
    "a greater weight hides two timings": (
        Code.NEVER,
        lines(
            ("A", "R"),
            ("A", "S", "DAY"),
            ("A", "R", "LATER", 20),
            ("A", "S", "NIGHT", 30),
            timings=(DAY, LATER, NIGHT),
        ),
        lines(("A", "R"), ("A", "S", "DAY"), ("A", "R", "LATER", 20), timings=(DAY, LATER)),
    ),
    "two plans begin at one time": (Code.OVERTAKEN, twice(5, 5), twice(5, 6)),
    "a year is over": (
        Code.OVER,
        lines(("A", "R"), ("A", "S", "T", 20), timings=(Timing("T", years=(2024, 2025)),)),
        lines(("A", "R"), ("A", "S", "T", 20), timings=(Timing("T", years=(2024, 2026)),)),
    ),
    "the morning has no price": (
        Code.HOLE,
        lines(("A", "R", "DAY"), timings=(DAY,)),
        lines(("A", "R", "DAY"), ("A", "S", ANY, 5), timings=(DAY,)),
    ),
    "the shorter prefix fills the morning": (
        Code.HOLE,
        lines(("B", "R", "DAY"), B=("4915",), timings=(DAY,)),
        lines(("B", "R", "DAY"), ("A", "S"), B=("4915",), timings=(DAY,)),
    ),
    "the price decides between two lines": (
        Code.EQUAL_WEIGHTS,
        lines(("A", "R"), ("A", "S")),
        lines(("A", "R"), ("A", "S", ANY, 20)),
    ),
    "two timings meet on some days": (
        Code.EQUAL_WEIGHTS,
        lines(
            ("A", "R"),
            ("A", "S", "DAY", 20),
            ("A", "R", "FRIDAY", 20),
            timings=(DAY, FRIDAY),
        ),
        lines(("A", "R"), ("A", "S", "DAY", 20), ("A", "R", "SUNDAY", 20), timings=(DAY, SUNDAY)),
    ),
    "a plan of nothing": (
        Code.NO_PRICES,
        profiles(("anna", "EMPTY", ())),
        profiles(("anna", "EMPTY", ("bert",)), ("bert", "P", ())),
    ),
    "numbers beyond the prefixes": (
        Code.NO_DEFAULT,
        lines(("A", "R")),
        lines(("A", "R"), (ANY, "S")),
    ),
    "a fallback whom nobody knows": (
        Code.FALLBACK_UNKNOWN,
        profiles(("anna", "P", ("bert",))),
        profiles(("anna", "P", ("bert",)), ("bert", "P", ())),
    ),
    "fallbacks in a circle": (
        Code.FALLBACK_LOOP,
        profiles(("anna", "P", ("bert",)), ("bert", "P", ("anna",))),
        profiles(("anna", "P", ("bert",)), ("bert", "P", ("carl",)), ("carl", "P", ())),
    ),
    "fallbacks too deep": (
        Code.FALLBACK_DEEP,
        profiles(*((f"s{n}", "P", (f"s{n + 1}",)) for n in range(5)), ("s5", "P", ())),
        profiles(*((f"s{n}", "P", (f"s{n + 1}",)) for n in range(4)), ("s4", "P", ())),
    ),
    "minutes to the end": (Code.OVERCHARGE, increments((0, 60)), increments((0, 60), (60, 1))),
    "half minutes": (Code.OVERCHARGE, increments((0, 61)), increments((0, 30))),
    "a prefix of no country": (
        Code.NO_COUNTRY,
        lines(("A", "R"), ("B", "S"), B=("0256",)),
        lines(("A", "R"), ("B", "S"), B=("+40256", "4", "888")),
    ),
    "a destination that nothing uses": (Code.UNUSED, lines(("A", "R"), (ANY, "S"), B=("48",)), minutes("B")),
    "a rate that nothing uses": (Code.UNUSED, lines(("A", "R")), lines(("A", "R"), (ANY, "S"))),
    "a timing that nothing uses": (
        Code.UNUSED,
        lines(("A", "R"), (ANY, "S"), timings=(DAY,)),
        lines(("A", "R"), (ANY, "S"), ("A", "S", "DAY", 20), timings=(DAY,)),
    ),
    "an interval that nothing leaves a moment": (
        Code.NEVER,
        written(interval("1", 10), interval("2", 5, (8, 20))),
        written(interval("1", 10, (9, 24)), interval("2", 5, (8, 20))),
    ),
    "an interval of 2012 is missing": (
        Code.HOLE,
        written(interval("1", 0, (8, 24))),
        written(interval("1", 0, (8, 24)), interval("2", 0, (0, 8))),
    ),
    "intervals of equal weight overlap": (
        Code.EQUAL_WEIGHTS,
        written(interval("1"), interval("2", 10, (8, 20)), interval("3", 10, (19, 24))),
        written(interval("1"), interval("2", 10, (8, 19)), interval("3", 10, (19, 24))),
    ),
    "two periods begin at one time": (Code.OVERTAKEN, periods(5, 5), periods(5, 6)),
    "a prefix of 2012 is as the shorter one": (
        Code.REDUNDANT,
        written(interval("1"), p4915=(interval("1"),)),
        written(interval("1"), p4915=(interval("2"),)),
    ),
    "prefixes of 2012 leave one no number": (
        Code.UNREACHABLE,
        written(interval("1"), **{f"p{prefix}": (interval("2"),) for prefix in CHILDREN}),
        written(interval("1"), **{f"p{prefix}": (interval("2"),) for prefix in CHILDREN[1:]}),
    ),
}


def codes(tariff: Tariff) -> set[Code]:
    return {finding.code for finding in lint(tariff, now_ns=NOW)}


@pytest.mark.parametrize(("code", "has", "has_not"), PAIRS.values(), ids=PAIRS)
def test_it_is_found_where_it_is_and_not_in_the_twin(code: Code, has: Tariff, has_not: Tariff) -> None:
    assert code in codes(has)
    assert code not in codes(has_not)


def test_every_kind_has_a_severity_and_a_test() -> None:
    assert set(SEVERITIES) == set(Code)
    assert {code for code, _, _ in PAIRS.values()} | {Code.BELOW_COST} == set(Code)


COST = deck({"C": ("49", "4915")}, {"R": rate("0.5", 60)}, [("C", "R")])


def sold(day: str, price: str = "0.6", *, timing: Timing = DAY) -> Tariff:
    """Make a tariff of one price, and of another by day."""
    rates = {"R": rate(price, 60), "S": rate(day, 60)}
    return deck({"A": ("49",)}, rates, [("A", "R"), ("A", "S", "DAY", 20)], timings=[timing])


def by_prefix(*prefixes: str) -> Tariff:
    destinations = {"A": ("49",), "B": prefixes}
    return deck(destinations, {"R": rate("0.6", 60), "S": rate("0.4", 60)}, [("A", "R"), ("B", "S")])


def flat(price: str, increment: int, fee: str = "0") -> Tariff:
    return deck({"A": ("49",)}, {"R": rate(price, increment, fee=fee)}, [("A", "R")])


LOSSES: dict[str, tuple[Tariff, Tariff]] = {
    "a minute": (flat("0.49", 60), flat("0.5", 60)),
    "the first increment": (flat("0.6", 1), flat("0.6", 1, "0.49")),
    "an hour of the day": (sold("0.4"), sold("0.5")),
    "one prefix": (by_prefix("49151"), by_prefix("48")),
}


def losses(tariff: Tariff, cost: Tariff = COST) -> list[Finding]:
    return [each for each in lint(tariff, now_ns=NOW, cost=cost) if each.code is Code.BELOW_COST]


@pytest.mark.parametrize(("has", "has_not"), LOSSES.values(), ids=LOSSES)
def test_what_is_sold_below_cost_is_found(has: Tariff, has_not: Tariff) -> None:
    assert losses(has)
    assert losses(has_not) == []


def test_a_loss_is_told_with_its_call() -> None:
    ((_, place, sentence, _),) = losses(LOSSES["an hour of the day"][0])

    assert place == "north.example:*any, prefix 49, 4915"
    assert sentence == "60s Mon–Fri 08:00–24:00 bring in 0.4 and cost 0.5"


def test_clocks_of_other_zones_are_compared_with_care() -> None:
    cost = sold("0.5", "0.3", timing=replace(DAY, timezone="Europe/Berlin"))

    (found,) = losses(sold("0.4"), cost)
    assert "perhaps (the clocks are of other zones)" in found.sentence


def test_of_several_buyers_one_has_to_be_named() -> None:
    own = {
        (CUSTOMER, "call", name): (ProfileActivation(at, "P"),) for at, name in enumerate(("anna", "bert"))
    }
    cost = replace(COST, profiles=own)
    sale = LOSSES["a minute"][0]

    with pytest.raises(CostSubjectError, match=r"north\.example:anna, north\.example:bert"):
        lint(sale, now_ns=NOW, cost=cost)
    assert lint(sale, now_ns=NOW, cost=cost, cost_subject=Who(CUSTOMER, "call", "bert"))


def test_the_country_codes_are_those_of_the_numbering_data() -> None:
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE

    assert set(map(str, COUNTRY_CODE_TO_REGION_CODE)) == COUNTRY_CODES
