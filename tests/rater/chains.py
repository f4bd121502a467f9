"""Versions of small tariffs, and chains of their books."""

from dataclasses import replace
from decimal import Decimal

from rater.book import FOREVER, Book
from rater.compiler import compile_tariff
from rater.rating import Call
from rater.tariff import ANY, ActivationPeriod, PrefixRate, Tariff
from tests.rater.tables import SECOND, destination_rate, instant, interval, plan

NOON = instant("2026-03-02T12:00:00Z")[0]
ONE = instant("2026-03-02T13:00:00Z")[0]


def flat(price: str, *, spanwise: bool = False, fee: str = "0") -> Tariff:
    """Everything that vdf:rif calls has this price a second."""
    period = ActivationPeriod(0, (interval(price, connect_fee=Decimal(fee)),))
    return Tariff(rates={("vdf", "rif"): {"49": PrefixRate((period,), None, spanwise)}})


def planned(price: str, *, spanwise: bool) -> Tariff:
    """The same by a rating plan."""
    tariff = plan({"R": (f"0, {price}, 1, 1, 0",)}, ((destination_rate("R"), ANY, 10),))
    lines = {
        name: tuple(replace(line, spanwise=spanwise) for line in each)
        for name, each in tariff.rating_plans.items()
    }
    return replace(tariff, rating_plans=lines)


def chain(first: Tariff, *others: tuple[int, Tariff]) -> Book:
    """Versions 1, 2, …; each of the others from its instant on."""
    tariffs = [first, *(tariff for _, tariff in others)]
    later, later_ns = None, FOREVER
    for version in range(len(tariffs), 0, -1):
        later = compile_tariff(tariffs[version - 1]).as_version(version, later, later_ns)
        later_ns = others[version - 2][0] if version > 1 else FOREVER
    assert later is not None
    return later


def call(start_ns: int, seconds: int) -> Call:
    return Call("vdf", "rif", "call", "4912345", start_ns, start_ns + seconds * SECOND)
