"""What an explanation is made of: values that tell every step of a price. Amounts are of scale 10⁻⁹.

Exact sums are fractions of nanounits, before their one rounding.
"""

from fractions import Fraction
from typing import NamedTuple

from rater.account import Account, MinuteBucket
from rater.book import Asked
from rater.plan import Period
from rater.rate import Rate, Terms
from rater.rating import Call
from rater.refusal import Refusal


class Stretch(NamedTuple):
    """Who prices the call from ``at_ns`` on, by which version of the tariff.

    ``own``: a prefix of the subject's own, and no profile was ``asked``; else there may be none to ask.
    """

    at_ns: int
    version: int
    own: bool
    asked: tuple[Asked, ...]


class Span(NamedTuple):
    """A span of the call: what priced it, for how many nanoseconds or begun increments, and how much that is.

    ``bucket`` is a place in the order of minute buckets, with ``rate`` None; both None: nothing prices it.
    ``exact`` has the discount taken off and is neither capped nor rounded.
    """

    start_ns: int
    end_ns: int
    period: Period | None
    rate: Rate | None
    bucket: int | None
    quantity: int
    exact: Fraction


class Bucket(NamedTuple):
    """A minute bucket that can serve the number, in the order in which they do.

    ``place`` is that in the account's list, ``digits`` how many of the number its destination matches,
    ``why`` it stands behind the bucket before it (empty: it is the first).
    """

    place: int
    bucket: MinuteBucket
    digits: int
    taken_ns: int
    exact: Fraction
    why: str


class Discount(NamedTuple):
    """The volume discount: what is left of a price, reached by so many seconds of placed calls."""

    factor: Fraction
    volume_ns: int


class Settled(NamedTuple):
    """One destination rate's sum before and after its cap and its rounding."""

    terms: Terms
    before: Fraction
    after: Fraction


class Condition(NamedTuple):
    """One condition of an answer; the first that fails is the refusal."""

    name: str
    holds: bool
    detail: str


class Charge(NamedTuple):
    """What an operation would take from the account: ``after`` is the account then, as it is if refused."""

    operation: str
    refusal: Refusal | None
    money: int
    seconds_ns: int
    after: Account
    conditions: tuple[Condition, ...]


class Known(NamedTuple):
    """What takes a pass over the whole tariff to tell; see ``rater.explain.nearest``."""

    destinations: tuple[str, ...] = ()
    matched: str = ""
    nearest: tuple[str, ...] = ()


class Explanation(NamedTuple):
    """Why a call costs what it costs, or why it has no price (``refusal``).

    ``cost`` is what GetCost answers, ``exact`` the same before its rounding. Who prices the call is told from
    its start to its end, or to the instant at which nobody does.
    """

    call: Call
    account: Account | None
    refusal: Refusal | None
    conditions: tuple[Condition, ...]
    sellers: tuple[Stretch, ...]
    prefix: str
    spans: tuple[Span, ...]
    buckets: tuple[Bucket, ...]
    discount: Discount | None
    settled: tuple[Settled, ...]
    exact: Fraction
    cost: int
    connect_fee: int
    charges: tuple[Charge, ...]
    known: Known = Known()

    @property
    def version(self) -> int:
        """The version of the tariff at the call's start."""
        return self.sellers[0].version

    @property
    def total(self) -> int:
        """Cost and connect fee."""
        return self.cost + self.connect_fee
