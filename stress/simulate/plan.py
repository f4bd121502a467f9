"""What happens in one world: accounts, what callers ask and when, what breaks and when. Made from a seed.

A plan is a value: printed, it is a test case of its own, and parts of it can be left out (``shrink``).
Amounts are integers of scale 10⁻⁹, times simulated seconds.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from random import Random

from rater.account import Account, MinuteBucket
from rater.tariff import ActivationPeriod, Interval, PrefixRate, Tariff

UNIT = 10**9
NUMBER = "447700900123"
TARIFFS = 4
"""Tariff versions there may be; a second of version ``v`` costs ``v`` hundredths."""

NOBODY = ("c1", "nobody")

LONG_S = 90.0
"""A world in which a rater is stopped for longer than answers to requests without an id are kept."""

_LONG = 0.02


class Kind(StrEnum):
    """What a caller asks; the value is the method's name on the wire."""

    DEBIT_BALANCE = "DebitBalance"
    DEBIT_SMS = "DebitSMS"
    DEBIT = "Debit"
    DEBIT_SECONDS = "DebitSeconds"
    ADD_VOLUME = "AddVolumeDiscountSeconds"
    GET_ACCOUNT = "GetAccount"
    GET_COST = "GetCost"
    MAX_SESSION = "GetMaxSessionTime"

    @property
    def changes(self) -> bool:
        """Tell whether it can change the account."""
        return self not in _READS


_READS = frozenset({Kind.GET_ACCOUNT, Kind.GET_COST, Kind.MAX_SESSION})
_KINDS = tuple(Kind)
_WEIGHTS = (34, 8, 14, 14, 5, 10, 12, 3)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. Its amount is unlike any other's, so that a journal tells it without an id."""

    number: int
    at: float
    caller: int
    customer: str
    subject: str
    kind: Kind
    amount: int
    request_id: str
    twice: bool = False
    """Sent over two connections at once, as a switch does whose first answer is late."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something breaks at ``at`` for ``seconds``. ``target`` and ``other`` name processes."""

    at: float
    kind: str
    target: str
    seconds: float
    other: str = ""
    count: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """One world from beginning to end."""

    seed: int
    raters: int
    callers: int
    accounts: tuple[Account, ...]
    asks: tuple[Ask, ...]
    faults: tuple[Fault, ...]
    in_flight_max: int
    connection_in_flight_max: int
    ends_at: float
    """Nothing breaks any more, and nothing new is asked."""


def serving(accounts: tuple[Account, ...], customer: str, subject: str) -> Account | None:
    """Tell which account serves a caller's customer and subject."""
    by_key = {(account.customer, account.subject): account for account in accounts}
    return by_key.get((customer, subject)) or by_key.get(("", subject))


@lru_cache
def tariff(version: int) -> Tariff:
    """Make a version of the tariff: every subject may call 44, for as many hundredths as the version says."""
    price = PrefixRate((ActivationPeriod(0, (Interval(Decimal(version) / 100),)),))
    subjects = [f"s{number}" for number in range(8)]
    rates = {(customer, subject): {"44": price} for customer in ("c1", "c2") for subject in subjects}
    return Tariff(rates=rates, destinations={"UK": ("44",)})


def make(seed: int) -> Plan:
    """Make the plan of a seed."""
    random = Random(f"plan {seed}")
    ends_at = LONG_S if random.random() < _LONG else random.choice((2.0, 6.0, 12.0))
    raters, callers = random.randint(2, 4), random.randint(1, 3)
    accounts = tuple(_account(random, number) for number in range(random.randint(2, 5)))
    asks = tuple(_asks(random, accounts, callers, ends_at))
    return Plan(
        seed,
        raters,
        callers,
        accounts,
        asks,
        tuple(sorted(_faults(random, raters, callers, asks, ends_at), key=lambda fault: fault.at)),
        random.choice((3, 50, 20_000, 20_000, 20_000)),
        random.choice((2, 4096, 4096, 4096)),
        ends_at,
    )


def _account(random: Random, number: int) -> Account:
    rich = random.random() < 0.7
    return Account(
        random.choice(("", "", "c1")),
        f"s{number}",
        credit=(1_000 if rich else 3) * UNIT,
        sms=random.choice((2, 1_000)) * UNIT,
        buckets=(MinuteBucket("UK", random.choice((20, 90)) * UNIT),) if random.random() < 0.7 else (),
        allow_negative=random.random() < 0.2,
    )


def _asks(random: Random, accounts: tuple[Account, ...], callers: int, ends_at: float) -> list[Ask]:
    bursts = [random.uniform(0, ends_at * 0.9) for _ in range(random.randint(1, 4))]
    hot = random.random() < 0.5
    asks: list[Ask] = []
    for number in range(1, random.randint(20, 60) + 1):
        kind = random.choices(_KINDS, _WEIGHTS)[0]
        account = accounts[0] if hot and random.random() < 0.7 else random.choice(accounts)
        customer, subject = account.customer or random.choice(("c1", "c2")), account.subject
        in_burst = random.random() < 0.6
        at = random.choice(bursts) + random.expovariate(50) if in_burst else random.random() * ends_at
        if random.random() < 0.02:
            customer, subject = NOBODY
        elif kind is Kind.GET_COST and asks:  # of what another has just changed, through another rater
            changed = random.choice(asks)
            at, subject = changed.at + random.uniform(0.1, 0.5), changed.subject
            customer = "c2" if changed.customer == "c1" and serving(accounts, "c2", subject) else "c1"
        named = kind.changes and (kind not in {Kind.DEBIT_BALANCE, Kind.ADD_VOLUME} or random.random() < 0.5)
        asks.append(
            Ask(
                number,
                min(at, ends_at),
                random.randrange(callers),
                customer,
                subject,
                kind,
                _amount(random, kind, number),
                f"id-{number}" if named else "",
                (named or not kind.changes) and random.random() < 0.1,
            )
        )
    return asks


def _amount(random: Random, kind: Kind, number: int) -> int:
    if kind is Kind.DEBIT_BALANCE:
        return random.choice((1, 1, -1)) * (random.randint(0, 3) * UNIT + number)
    if kind is Kind.ADD_VOLUME:
        return random.randint(1, 50) * UNIT + number
    if kind is Kind.DEBIT_SECONDS:
        return random.choice((1, -1)) * random.randint(1, 30) * UNIT
    if kind in {Kind.DEBIT, Kind.GET_COST, Kind.MAX_SESSION}:
        return random.randint(1, 30) * UNIT  # whole seconds
    return UNIT if kind is Kind.DEBIT_SMS else 0


def _faults(random: Random, raters: int, callers: int, asks: tuple[Ask, ...], ends_at: float) -> list[Fault]:
    """Draw a few kinds of faults, and of each a few: worlds that differ in what they suffer from."""
    kinds = random.sample(sorted(_FAULTS), random.choice((0, 1, 2, 3, 4)))
    if kinds and random.random() < 0.5:
        kinds.append("strike")
    drawn = []
    if ends_at == LONG_S:
        rater = f"r{random.randrange(raters)}"
        at, seconds = random.uniform(0, 10), random.uniform(62, 75)
        drawn.append(Fault(at, random.choice(("freeze", "hold")), rater, seconds, "store"))
    for kind in kinds:
        for _ in range(random.randint(1, 4)):
            at = random.uniform(0.0, ends_at * 0.9)
            if random.random() < 0.6:  # while something is under way
                at = min(random.choice(asks).at + random.expovariate(300), ends_at)
            fault = _fault(random, kind, raters, callers, at)
            drawn.append(replace(fault, seconds=min(fault.seconds, ends_at - fault.at)))
    return drawn


_FAULTS = {
    "kill": (0.0, 2.0),
    "strike": (0.0, 2.0),
    "vanish": (1.0, 5.0),
    "leave": (0.0, 1.0),
    "freeze": (0.01, 8.0),
    "slow": (0.1, 3.0),
    "hold": (0.01, 8.0),
    "break": (0.0, 0.0),
    "stagger": (0.1, 3.0),
    "refuse": (0.05, 2.0),
    "tariff": (0.0, 0.0),
}
"""Kind → how long: the least and the most, in seconds.

``kill``: SIGKILL, started again after that. ``strike``: likewise a rater or the store, when the rater's next
commit is done and not answered. ``vanish``: likewise, but nobody is told, as with a machine that lost its
power. ``leave``: SIGTERM. ``freeze``: SIGSTOP and SIGCONT. ``slow``: every turn of it takes long. ``hold``: a
path lets nothing through. ``break``: its streams break. ``stagger``: it is slow. ``refuse``: the store
refuses commands. ``tariff``: another version becomes current.
"""


def _fault(random: Random, kind: str, raters: int, callers: int, at: float) -> Fault:
    rater = f"r{random.randrange(raters)}"
    least, most = _FAULTS[kind]
    seconds = least + (most - least) * random.random() ** 2
    if kind == "strike":
        return Fault(at, kind, rater, seconds, random.choice((rater, rater, "store")))
    if kind in {"hold", "break", "stagger"}:
        pairs = [(rater, "balancer"), (rater, "store"), (f"caller{random.randrange(callers)}", "balancer")]
        target, other = random.choice(pairs)
        return Fault(at, kind, target, seconds, other)
    if kind in {"refuse", "tariff"}:
        return Fault(at, kind, "store", seconds, count=random.randrange(3))
    target = rater
    if kind in {"kill", "freeze", "slow", "leave"}:
        target = random.choice((rater, rater, rater, "balancer", "store"))
    if kind == "leave" and target == "store":
        target = rater
    return Fault(at, kind, target, seconds, count=random.randint(0, 8) if kind == "kill" else 0)
