"""Random tariffs of both kinds, small enough that prefixes, timings and weights collide all the time."""

from decimal import Decimal

from cgrates_py.oracle.values import SECOND
from rater.tariff import (
    ANY,
    DAY_SECONDS,
    ActivationPeriod,
    Bonus,
    BucketTemplate,
    DestinationRate,
    Interval,
    MaxCostStrategy,
    PlanLine,
    PrefixRate,
    ProfileActivation,
    RateGroup,
    Rounding,
    Tariff,
    TariffPlan,
    Timing,
    VolumeDiscount,
)
from storage.loading.calendar import matches_sometime
from tests.strategies.calls import CATEGORY, CUSTOMER, SUBJECTS, ZONES, instant_near, prefix
from tests.strategies.dice import Dice

PRICES = tuple(
    Decimal(text) for text in ("1", "0", "0.1", "0.2", "0.0123", "7", "0.333333333", "0.000000001", "1234.56")
)
UNITS = tuple(Decimal(text) for text in ("1", "60", "0", "0.1", "30", "7"))
FEES = tuple(Decimal(text) for text in ("0", "5", "0.05"))
PERCENTS = (Decimal(10), Decimal("12.5"), Decimal(0), Decimal(100))
WEIGHTS = tuple(Decimal(text) for text in ("0", "10", "20", "0.5"))
CLOCKS = (0, 28_800, 64_800, 72_000, 7_200, 10_800, 86_399)
DESTINATIONS = ("NEAR", "FAR", "HOME")
PLAN = "gold"


def distinct_prefixes(dice: Dice, low: int, high: int) -> tuple[str, ...]:
    by_digits = {text.removeprefix("+"): text for text in (prefix(dice) for _ in dice.times(low, high))}
    return tuple(by_digits.values())


def clock(dice: Dice) -> int:
    return dice.roll(0, DAY_SECONDS - 1) if dice.one_in(5) else dice.among(CLOCKS)


def days(dice: Dice) -> tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]:
    """Months, month days and week days that come at some time; most often any."""
    months = dice.some((2, 3, 4, 5, 10, 12), 4) if dice.one_in(6) else ()
    month_days = dice.some((1, 15, 27, 28, 29, 30, 31), 4) if dice.one_in(6) else ()
    week_days = dice.some(range(7), 6) if dice.one_in(3) else ()
    if not matches_sometime(
        (), months, month_days, week_days
    ):  # the thirtieth of February: no loader takes it
        month_days = ()
    return months, month_days, week_days


def interval(dice: Dice) -> Interval:
    start, end = sorted((clock(dice), clock(dice)))
    if start == end or dice.one_in(2):
        end = DAY_SECONDS
    months, month_days, week_days = days(dice)
    return Interval(
        price=dice.among(PRICES),
        billing_unit=dice.among(UNITS),
        connect_fee=dice.among(FEES),
        weight=dice.among(WEIGHTS),
        months=months,
        month_days=month_days,
        week_days=week_days,
        start_s=start,
        end_s=end,
    )


def activations(dice: Dice, near: int, most: int) -> tuple[int, ...]:
    """Different instants, one of them mostly long before ``near``, in an order of chance."""
    times = {instant_near(dice, near, dice.among((1000, 30, 3))) for _ in dice.times(0, most)}
    if not times or not dice.one_in(8):
        times.add(near - 400 * 86_400 * SECOND)
    return shuffled(dice, tuple(times))


def shuffled(dice: Dice, times: tuple[int, ...]) -> tuple[int, ...]:
    left = sorted(times)
    return tuple(left.pop(dice.roll(0, len(left) - 1)) for _ in range(len(left)))


def prefix_rate(dice: Dice, near: int) -> PrefixRate:
    return PrefixRate(
        tuple(
            ActivationPeriod(when, tuple(interval(dice) for _ in dice.times(0, 4)))
            for when in activations(dice, near, 3)
        ),
        dice.among(ZONES) if dice.one_in(2) else None,
    )


def destinations(dice: Dice) -> dict[str, tuple[str, ...]]:
    return {name: distinct_prefixes(dice, 1, 3) for name in DESTINATIONS}


def bucket_template(dice: Dice) -> BucketTemplate:
    return BucketTemplate(
        dice.among(DESTINATIONS), dice.roll(0, 90) * SECOND, dice.roll(0, 2) * 10, dice.among(PRICES[:3])
    )


def tariff_plan(dice: Dice) -> TariffPlan:
    volumes = sorted({dice.roll(0, 20) * 100 * SECOND for _ in dice.times(0, 3)})
    bonus = Bonus(
        credit=dice.roll(0, 5) * SECOND,
        sms=dice.roll(0, 5) * SECOND,
        traffic=dice.roll(0, 5) * SECOND,
        bucket=BucketTemplate(dice.among(DESTINATIONS), dice.roll(1, 50) * SECOND)
        if dice.one_in(2)
        else None,
    )
    return TariffPlan(
        PLAN,
        sms=dice.roll(0, 10) * SECOND,
        traffic=dice.roll(0, 10) * SECOND,
        credit=dice.roll(0, 10) * SECOND if dice.one_in(2) else None,
        received_limit_ns=dice.roll(0, 3) * 50 * SECOND,
        bonus=bonus if dice.one_in(2) else None,
        buckets=tuple(bucket_template(dice) for _ in dice.times(0, 3)),
        discounts=tuple(VolumeDiscount(volume, dice.among(PERCENTS)) for volume in volumes),
    )


def interval_tariff(dice: Dice, near: int) -> Tariff:
    """Activation periods and intervals of every subject, and what minute buckets need."""
    rates = {
        (CUSTOMER, subject): {text: prefix_rate(dice, near) for text in distinct_prefixes(dice, 1, 4)}
        for subject in SUBJECTS[:2]
    }
    return Tariff(rates=rates, destinations=destinations(dice), plans={PLAN: tariff_plan(dice)})


# --- rating plans -------------------------------------------------------------------------------------

DURATIONS = (60 * SECOND, SECOND, 30 * SECOND, 10 * SECOND, 7 * SECOND, 500_000_000, 1)


def rate_groups(dice: Dice) -> tuple[RateGroup, ...]:
    later = {dice.roll(1, 12) * dice.among((10 * SECOND, 300 * SECOND, SECOND)) for _ in dice.times(0, 2)}
    return tuple(
        RateGroup(
            connect_fee=dice.among(FEES),
            rate=dice.among(PRICES),
            unit_ns=dice.among(DURATIONS[:3]),
            increment_ns=dice.among(DURATIONS),
            group_start_ns=start,
        )
        for start in shuffled(dice, (0, *later))
    )


def destination_rate(dice: Dice, *, everywhere: bool) -> DestinationRate:
    strategy = dice.among(tuple(MaxCostStrategy)) if dice.one_in(3) else MaxCostStrategy.NONE
    return DestinationRate(
        destination_id=ANY if everywhere or dice.one_in(4) else dice.among(DESTINATIONS),
        rates_id=dice.among(("R1", "R2", "R3")),
        rounding=dice.among(tuple(Rounding)),
        decimals=dice.roll(0, 9),
        max_cost=dice.among((Decimal(1), Decimal("0.12"), Decimal(100))) if strategy else None,
        max_cost_strategy=strategy,
    )


def timing(dice: Dice, name: str, zone: str | None) -> Timing:
    months, month_days, week_days = days(dice)
    return Timing(
        name,
        years=dice.some((2024, 2025, 1970), 2) if dice.one_in(10) else (),
        months=months,
        month_days=month_days,
        week_days=week_days,
        start_s=clock(dice),
        timezone=zone if dice.one_in(2) else None,
    )


def profile(dice: Dice, near: int) -> tuple[ProfileActivation, ...]:
    def activation(when: int) -> ProfileActivation:
        if dice.one_in(4):
            return ProfileActivation(when, "P0", dice.some((*SUBJECTS, "eve", ANY), 3))
        return ProfileActivation(when, dice.among(("P1", "P2", "P3")), dice.some(SUBJECTS, 1))

    return tuple(activation(when) for when in activations(dice, near, 3))


def plan_tariff(dice: Dice, near: int) -> Tariff:
    """Rating plans, profiles with fallbacks, and what minute buckets need."""
    names = ("T1", "T2", "T3")
    zone = dice.among(ZONES)
    everywhere = dice.one_in(3)
    timings = {ANY: Timing(ANY)} | {name: timing(dice, name, zone) for name in names}
    plans: dict[str, tuple[PlanLine, ...]] = {"P0": ()}
    plans |= {
        name: tuple(
            PlanLine(dice.among(("DR1", "DR2", "DR3")), dice.among((ANY, *names)), dice.among(WEIGHTS))
            for _ in dice.times(1, 3)
        )
        for name in ("P1", "P2", "P3")
    }
    subjects = [subject for subject in (*SUBJECTS, ANY) if not dice.one_in(4)]
    return Tariff(
        destinations=destinations(dice),
        plans={PLAN: tariff_plan(dice)},
        timings=timings,
        rate_groups={name: rate_groups(dice) for name in ("R1", "R2", "R3")},
        destination_rates={
            name: tuple(destination_rate(dice, everywhere=everywhere) for _ in dice.times(1, 3))
            for name in ("DR1", "DR2", "DR3")
        },
        rating_plans=plans,
        profiles={(CUSTOMER, CATEGORY, subject): profile(dice, near) for subject in subjects},
    )
