"""Random accounts whose buckets go to the destinations of the random tariffs."""

from decimal import Decimal

from cgrates_py.oracle.values import SECOND
from rater.account import Account, MinuteBucket
from rater.tariff import ANY
from tests.strategies.calls import CUSTOMER, SUBJECTS
from tests.strategies.dice import Dice
from tests.strategies.tariffs import DESTINATIONS, PLAN

BUCKET_PRICES = tuple(Decimal(text) for text in ("0", "0.01", "1", "0.0000000015"))


def bucket(dice: Dice) -> MinuteBucket:
    return MinuteBucket(
        dice.among((ANY, "NOWHERE")) if dice.one_in(8) else dice.among(DESTINATIONS),
        dice.roll(0, 12) * dice.among((SECOND, 10 * SECOND, 500_000_001, 600 * SECOND)),
        dice.among((10, 20, 0, -5)),
        dice.among(BUCKET_PRICES),
    )


def account(dice: Dice, subject: str | None = None) -> Account:
    return Account(
        customer=CUSTOMER,
        subject=dice.among(SUBJECTS) if subject is None else subject,
        credit=dice.roll(-2, 40) * dice.among((SECOND, 100 * SECOND, 1)),
        sms=dice.roll(0, 9) * SECOND,
        volume_discount_ns=dice.roll(0, 20) * 100 * SECOND,
        received_ns=dice.roll(0, 4) * 10 * SECOND,
        plan_id=PLAN if dice.one_in(2) else "",
        buckets=tuple(bucket(dice) for _ in dice.times(0, 3)),
        allow_negative=dice.one_in(5),
    )
