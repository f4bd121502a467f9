"""Columns of calls cost what each call costs, to the last digit, whatever the tariff and the call."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from random import Random

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings

from cgrates_py.bulk import rating
from cgrates_py.bulk.calls import Calls, Words
from cgrates_py.bulk.rating import BulkRater
from rater.book import FOREVER, Book
from rater.compiler import compile_tariff
from rater.rating import Call
from rater.tariff import (
    ANY,
    ActivationPeriod,
    DestinationRate,
    Interval,
    MaxCostStrategy,
    PlanLine,
    PrefixRate,
    ProfileActivation,
    RateGroup,
    Rounding,
    Tariff,
    Timing,
)
from tests.bulk.asking import by_columns, by_core, calls_near, differences
from tests.rater.tables import SECOND, instant
from tests.strategies.calls import ANCHORS
from tests.strategies.dice import Dice, drawn, seeded
from tests.strategies.tariffs import interval_tariff, plan_tariff

MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
NOON = instant("2026-03-04T12:00:00Z")[0]
LONG_AGO = instant("2020-01-01T00:00:00Z")[0]

World = tuple[Tariff, list[Call]]


def _world(make: Callable[[Dice, int], Tariff], count: int) -> Callable[[Dice], World]:
    def build(dice: Dice) -> World:
        near = dice.among(ANCHORS)
        tariff = make(dice, near)
        return tariff, calls_near(dice, near, tariff, count)

    return build


# --- everything against the core ----------------------------------------------------------------------


@pytest.mark.parametrize("make", [interval_tariff, plan_tariff])
@pytest.mark.parametrize("seed", range(12))
def test_calls_of_random_tariffs_cost_what_the_core_says(
    make: Callable[[Dice, int], Tariff], seed: int
) -> None:
    tariff, calls = _world(make, 400)(seeded(seed))
    book = compile_tariff(tariff)
    rater = BulkRater(book)
    # the second chunk finds tables laid out by the first
    for chunk in (calls[:250], calls[250:]):
        assert differences(rater.rate(Calls.of(chunk)), book, chunk)[:1] == []


@settings(
    max_examples=40,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example],
)
@given(drawn(_world(interval_tariff, 12)) | drawn(_world(plan_tariff, 12)))
def test_drawn_calls_cost_what_the_core_says(world: World) -> None:
    tariff, calls = world
    book = compile_tariff(tariff)
    many = calls * 6
    assert differences(BulkRater(book).rate(Calls.of(many)), book, many)[:1] == []


# --- the column path, where it has to be taken --------------------------------------------------------


def deck(zone: str | None = None) -> Tariff:
    """Thirty destinations, peak hours, rate groups, roundings and caps, as carriers have them."""
    chance = Random(7)
    names = [f"D{number}" for number in range(30)]
    rates = {
        f"R{number}": (
            RateGroup(Decimal("0.01"), Decimal(chance.randrange(1, 9999)).scaleb(-4), MINUTE, MINUTE, 0),
            RateGroup(Decimal(0), Decimal(chance.randrange(1, 9999)).scaleb(-4), MINUTE, SECOND, MINUTE),
        )
        for number in range(20)
    }

    def priced(name: str) -> DestinationRate:
        capped = chance.random() < 0.3
        return DestinationRate(
            name,
            f"R{chance.randrange(20)}",
            chance.choice(tuple(Rounding)),
            chance.choice((2, 4, 6, 9)),
            Decimal("0.5") if capped else None,
            chance.choice((MaxCostStrategy.FREE, MaxCostStrategy.DISCONNECT))
            if capped
            else MaxCostStrategy.NONE,
        )

    return Tariff(
        destinations={name: (f"+{40 + place}", f"{40 + place}7") for place, name in enumerate(names)},
        timings={
            "PEAK": Timing("PEAK", week_days=(1, 2, 3, 4, 5), start_s=28_800, timezone=zone),
            "EVENING": Timing("EVENING", start_s=72_000, timezone=zone),
            "NIGHT": Timing("NIGHT", timezone=zone),
        },
        rate_groups=rates,
        destination_rates={period: tuple(map(priced, names)) for period in ("DAY", "REST")},
        rating_plans={
            "BASE": (
                PlanLine("DAY", "PEAK", Decimal(10)),
                PlanLine("REST", "EVENING", Decimal(10)),
                PlanLine("REST", "NIGHT", Decimal(5)),
            )
        },
        profiles={("acme", "call", ANY): (ProfileActivation(LONG_AGO, "BASE"),)},
    )


def month(count: int, seed: int = 1, offsets: tuple[int, ...] = (0,)) -> list[Call]:
    """Calls around the days on which clocks go forward in Europe."""
    chance = Random(seed)
    first = instant("2026-03-20T00:00:00Z")[0]
    return [
        Call(
            "acme",
            f"s{chance.randrange(50)}",
            "call",
            f"{chance.choice(('', '+'))}{chance.randrange(40, 70)}{chance.randrange(10**7):07d}",
            start := first + chance.randrange(14 * 86_400) * SECOND,
            start + int(chance.lognormvariate(4.5, 1.6)) * SECOND,
            chance.choice(offsets),
        )
        for _ in range(count)
    ]


@pytest.mark.parametrize("zone", [None, "Europe/Berlin", "Australia/Lord_Howe"])
def test_a_months_calls_to_a_deck_are_all_priced_in_columns(zone: str | None) -> None:
    book = compile_tariff(deck(zone))
    calls = month(3000, offsets=(0, HOUR, -5 * HOUR))
    priced = BulkRater(book).rate(Calls.of(calls))
    assert differences(priced, book, calls)[:1] == []
    assert priced.scalar_rows == 0


def test_prices_of_prefixes_are_told_in_columns_also_where_they_begin_and_change() -> None:
    begin, change = NOON + DAY, NOON + 5 * DAY
    periods = (
        ActivationPeriod(begin, (Interval(Decimal("0.0123"), Decimal(60), start_s=28_800, end_s=64_800),)),
        ActivationPeriod(change, (Interval(Decimal("0.05"), Decimal(60), Decimal("0.01")),)),
    )
    older = (replace(periods[0], activation_ns=LONG_AGO),)
    tariff = Tariff(
        rates={("acme", "ann"): {"+40": PrefixRate(periods), "407": PrefixRate(older, "Europe/Berlin")}}
    )
    book = compile_tariff(tariff)
    chance = Random(3)
    calls = [
        Call(
            "acme",
            "ann",
            "call",
            f"40{chance.randrange(10**7):07d}",
            start,
            start + chance.randrange(9000) * SECOND,
        )
        for start in (NOON + chance.randrange(10 * 86_400) * SECOND for _ in range(2000))
    ]
    priced = BulkRater(book).rate(Calls.of(calls))
    assert differences(priced, book, calls)[:1] == []
    early = sum(call.start_ns < begin and call.number[2] != "7" for call in calls)
    assert priced.scalar_rows == early > 100
    assert priced.notices.texts().count("span without price") > 100


def test_a_profile_changes_its_plan_in_the_middle_of_a_chunk() -> None:
    tariff = deck()
    other = tuple(replace(line, timing_id=ANY) for line in tariff.rating_plans["BASE"][1:2])
    change = instant("2026-03-27T10:00:00Z")[0]
    later = (ProfileActivation(LONG_AGO, "BASE"), ProfileActivation(change, "NEXT"))
    book = compile_tariff(
        replace(
            tariff,
            rating_plans={**tariff.rating_plans, "NEXT": other},
            profiles={("acme", "call", ANY): later},
        )
    )
    calls = month(2000) + [
        call._replace(start_ns=change - 30 * SECOND, end_ns=change + HOUR) for call in month(40)
    ]
    priced = BulkRater(book).rate(Calls.of(calls))
    assert differences(priced, book, calls)[:1] == []
    assert priced.scalar_rows == 0
    assert set(priced.plan.texts()) == {"BASE", "NEXT"}


def test_a_plan_that_lacks_a_price_later_on_refuses_only_the_calls_that_meet_it() -> None:
    tariff = deck()
    change = instant("2026-03-27T10:00:00Z")[0]
    later = (ProfileActivation(LONG_AGO, "BASE"), ProfileActivation(change, "EMPTY"))
    plans = {**tariff.rating_plans, "EMPTY": ()}
    book = compile_tariff(replace(tariff, rating_plans=plans, profiles={("acme", "call", ANY): later}))
    calls = month(2000)
    priced = BulkRater(book).rate(Calls.of(calls))
    assert differences(priced, book, calls)[:1] == []
    assert priced.scalar_rows == sum(call.end_ns > change for call in calls)


def test_the_fee_of_a_call_is_that_of_the_group_which_its_first_moment_is_in() -> None:
    first = RateGroup(Decimal(1), Decimal("0.3"), MINUTE, SECOND, 0)
    second = RateGroup(Decimal(2), Decimal("0.6"), MINUTE, SECOND, 0)
    tariff = deck()
    book = compile_tariff(replace(tariff, rate_groups=dict.fromkeys(tariff.rate_groups, (first, second))))
    calls = month(200) + [call._replace(end_ns=call.start_ns) for call in month(20)]
    priced = BulkRater(book).rate(Calls.of(calls))
    assert differences(priced, book, calls)[:1] == []
    assert (priced.scalar_rows, set(priced.connect_fee.tolist())) == (0, {2 * SECOND})


def test_what_is_not_rounded_by_destination_rate_is_rounded_once_with_all_the_rest() -> None:
    tariff = deck()
    unrounded = {
        name: tuple(replace(each, decimals=10) for each in priced)
        for name, priced in tariff.destination_rates.items()
    }
    sevenths = {
        name: tuple(replace(group, unit_ns=7 * SECOND) for group in groups)
        for name, groups in tariff.rate_groups.items()
    }
    book = compile_tariff(replace(tariff, destination_rates=unrounded, rate_groups=sevenths))
    calls = [call._replace(end_ns=call.end_ns + 9 * HOUR) for call in month(600)]
    priced = BulkRater(book).rate(Calls.of(calls))
    assert differences(priced, book, calls)[:1] == []
    assert priced.scalar_rows == 0


# --- what only the core can say -----------------------------------------------------------------------


def test_refusals_say_what_the_core_says() -> None:
    book = compile_tariff(deck())
    calls = [
        *month(50),
        *(call._replace(number=f"39{call.number[2:]}") for call in month(50)),
        *(call._replace(customer="nobody") for call in month(50)),
        *(call._replace(start_ns=LONG_AGO - 5 * SECOND, end_ns=LONG_AGO) for call in month(50)),
    ]
    priced = BulkRater(book).rate(Calls.of(calls))
    assert by_columns(priced) == by_core(book, calls)
    assert priced.reason[:50].tolist() == [-1] * 50
    assert {refusal.code for refusal in priced.reasons} == {"RATE_NOT_FOUND", "RATE_NOT_ACTIVE"}
    assert priced.scalar_rows == 150


@pytest.mark.parametrize(
    ("number", "in_columns"),
    [
        ("4012345", True),
        ("+4012345", True),
        ("40", True),
        ("4012345678901234567890", True),
        ("4", True),
        ("++4012345", False),
        ("", False),
        ("+", False),
        ("40a", False),
        ("40 12345", False),
        ("٤٠12345", False),
        ("4012345678901234x", True),
        ("40\x0012345", False),
        ("40/12345", False),
        ("40:12345", False),
    ],
)
def test_any_text_may_stand_for_a_number(number: str, in_columns: bool) -> None:
    everywhere = PrefixRate((ActivationPeriod(0, (Interval(Decimal(1)),)),))
    prefixes = ("40", "4", "+401", "409", "40123456789012345", "40a", "4:")
    book = compile_tariff(Tariff(rates={("acme", "ann"): dict.fromkeys(prefixes, everywhere)}))
    calls = [Call("acme", "ann", "call", number, NOON, NOON + place * SECOND) for place in range(20)]
    priced = BulkRater(book).rate(Calls.of(calls))
    assert differences(priced, book, calls)[:1] == []
    if len(number) <= 16 and not in_columns:
        assert priced.scalar_rows == len(calls)
    elif len(number) <= 16:
        assert priced.scalar_rows == 0


def test_a_prefix_longer_than_a_key_still_wins() -> None:
    cheap, dear = (PrefixRate((ActivationPeriod(0, (Interval(Decimal(n)),)),)) for n in (1, 2))
    book = compile_tariff(Tariff(rates={("acme", "ann"): {"40": cheap, "40" * 9: dear}}))
    calls = [Call("acme", "ann", "call", number, NOON, NOON + SECOND) for number in ("40" * 9, "40" * 8) * 20]
    priced = BulkRater(book).rate(Calls.of(calls))
    assert priced.cost.tolist() == [2 * SECOND, SECOND] * 20
    assert priced.scalar_rows == 20


@pytest.mark.parametrize(
    ("start_ns", "length_ns"),
    [
        (NOON, 0),
        (NOON, 3 * DAY),
        (NOON, 400 * DAY),
        (NOON, -SECOND),
        (instant("1700-01-01T00:00:00Z")[0], MINUTE),
        (instant("2262-01-01T00:00:00Z")[0], MINUTE),
        (instant("2150-01-01T00:00:00Z")[0], 70 * DAY),
    ],
)
def test_odd_times_are_priced_as_the_core_does(start_ns: int, length_ns: int) -> None:
    book = compile_tariff(deck())
    calls = month(40) + [call._replace(start_ns=start_ns, end_ns=start_ns + length_ns) for call in month(40)]
    assert differences(BulkRater(book).rate(Calls.of(calls)), book, calls)[:1] == []


def test_sums_beyond_64_bits_are_for_the_core() -> None:
    fine, coarse = (
        Interval(Decimal("0.123456789123"), Decimal(7)),
        Interval(Decimal("9876543.21"), Decimal(11)),
    )
    rates = {"40": PrefixRate((ActivationPeriod(0, (replace(fine, end_s=43_200), coarse)),))}
    book = compile_tariff(Tariff(rates={("acme", "ann"): rates}))
    calls = [
        Call("acme", "ann", "call", "4012345", start, start + 10**place)
        for place in range(16)
        for start in (NOON - SECOND, NOON)
    ]
    priced = BulkRater(book).rate(Calls.of(calls))
    assert differences(priced, book, calls)[:1] == []
    assert priced.scalar_rows > 0
    assert [refusal.code for refusal in priced.reasons] == ["AMOUNT_OUT_OF_RANGE"]


def test_more_zones_than_are_laid_out_are_priced_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rating, "ZONES_MAX", 3)
    book = compile_tariff(deck())
    calls = month(500, offsets=tuple(hour * HOUR for hour in range(-5, 6)))
    priced = BulkRater(book).rate(Calls.of(calls))
    assert differences(priced, book, calls)[:1] == []
    assert 0 < priced.scalar_rows < 500


@pytest.mark.parametrize("short_max", [0, 3])
def test_more_timelines_than_sixteen_bits_number_are_told_apart(
    short_max: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rating, "SHORT_MAX", short_max)
    book = compile_tariff(deck())
    calls = month(300, 7)
    assert differences(BulkRater(book).rate(Calls.of(calls)), book, calls)[:1] == []


# --- versions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("spanwise", [False, True])
def test_each_call_is_priced_by_the_version_of_its_start(spanwise: bool) -> None:
    first, second = instant("2026-03-24T09:00:00Z")[0], instant("2026-03-28T09:00:00Z")[0]
    tariffs = []
    for share in (1, 2, 3):
        tariff = deck()
        plans = {
            name: tuple(replace(line, spanwise=spanwise) for line in lines)
            for name, lines in tariff.rating_plans.items()
        }
        groups = {
            name: tuple(replace(group, rate=group.rate * share) for group in each)
            for name, each in tariff.rate_groups.items()
        }
        tariffs.append(replace(tariff, rating_plans=plans, rate_groups=groups))
    book = _chain(tariffs, (first, second))
    across = [call._replace(start_ns=second - SECOND, end_ns=second + MINUTE) for call in month(30)]
    calls = month(2000) + across
    priced = BulkRater(book).rate(Calls.of(calls))
    assert differences(priced, book, calls)[:1] == []
    assert len(across) <= priced.scalar_rows < 60


def _chain(tariffs: list[Tariff], changes: tuple[int, ...]) -> Book:
    books = [compile_tariff(tariff) for tariff in tariffs]
    later, later_ns = None, FOREVER
    for version, book in reversed(list(enumerate(books, 1))):
        later = book.as_version(version, later, later_ns)
        later_ns = changes[version - 2] if version > 1 else FOREVER
    assert later is not None
    return later


# --- what is kept from chunk to chunk -----------------------------------------------------------------


@pytest.mark.parametrize("limit", ["ENTRIES_MAX", "SECTIONS_MAX"])
def test_what_was_laid_out_may_be_forgotten_between_chunks(
    limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rating, limit, 0)
    book = compile_tariff(deck())
    rater = BulkRater(book)
    for seed in range(3):
        calls = month(300, seed)
        assert differences(rater.rate(Calls.of(calls)), book, calls)[:1] == []


@pytest.mark.parametrize("sizes", [(20, 2000, 20), (2000, 20)])
def test_few_calls_to_a_large_deck_are_told_in_columns_too(sizes: tuple[int, ...]) -> None:
    tariff = deck()
    more = {
        name: (*codes, *(f"{codes[0]}{n}" for n in range(100, 150)))
        for name, codes in tariff.destinations.items()
    }
    book = compile_tariff(replace(tariff, destinations=more))
    rater = BulkRater(book)
    for seed, size in enumerate(sizes):
        calls = month(size, seed)
        priced = rater.rate(Calls.of(calls))
        assert differences(priced, book, calls)[:1] == []
        assert priced.scalar_rows == 0


# --- how columns come ---------------------------------------------------------------------------------


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls.of(month(700))
    book = compile_tariff(deck())
    whole = BulkRater(book).rate(calls)
    monkeypatch.setattr(rating, "BLOCK", 64)
    parts = BulkRater(book).rate(calls)
    assert by_columns(whole) == by_columns(parts)


@pytest.mark.parametrize(
    "column",
    [
        lambda numbers: pa.array(numbers, pa.large_string()),
        lambda numbers: pa.array(["1", "22", *numbers, "3"]).slice(2, len(numbers)),
        lambda numbers: pa.chunked_array([numbers[:7], numbers[7:]]),
    ],
)
def test_numbers_come_as_any_array_of_strings(column: Callable[[list[str]], pa.Array]) -> None:
    made = month(100)
    calls = Calls.of(made)._replace(number=column([call.number for call in made]))
    book = compile_tariff(deck())
    assert by_columns(BulkRater(book).rate(calls)) == by_core(book, made)


@pytest.mark.parametrize(
    ("numbers", "sentence"),
    [
        (pa.array(["40", None]), "the column of numbers has nulls"),
        (pa.array([40, 41]), "the column of numbers has to be of strings, not int64"),
    ],
)
def test_other_columns_of_numbers_are_refused(numbers: pa.Array, sentence: str) -> None:
    calls = Calls.of(month(2))._replace(number=numbers)
    with pytest.raises(ValueError, match=sentence):
        BulkRater(compile_tariff(deck())).rate(calls)


def test_no_calls_cost_nothing() -> None:
    priced = BulkRater(compile_tariff(deck())).rate(Calls.of([]))
    assert by_columns(priced) == []


def test_names_that_no_row_has_are_of_no_account() -> None:
    made = month(200)
    calls = Calls.of(made)
    names = [*calls.subject.names, *(f"other{place}" for place in range(5000))]
    customers = Words(["acme", "nobody"], calls.customer.codes)
    calls = calls._replace(subject=Words(names, calls.subject.codes), customer=customers)
    book = compile_tariff(deck())
    priced = BulkRater(book).rate(calls)
    assert by_columns(priced) == by_core(book, made)
    assert priced.scalar_rows == 0
    assert np.array_equal(np.unique(priced.prefix.codes), np.arange(len(priced.prefix.names)))
