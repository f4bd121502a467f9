"""The hash of a tariff: the same for equal ones, another for others."""

from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings

from rater.tariff import ActivationPeriod, Interval, PrefixRate, Tariff, Timing
from storage import records
from storage.canonical import tariff_hash
from tests.strategies.worlds import Question, questions


def test_equal_tariffs_have_one_hash_however_they_are_written() -> None:
    def one(price: str, *prefixes: str) -> Tariff:
        rate = PrefixRate((ActivationPeriod(0, (Interval(Decimal(price)),)),))
        return Tariff(rates={("c", "s"): dict.fromkeys(prefixes, rate)})

    assert one("0.20", "49", "43") == one("0.2", "43", "49")
    assert tariff_hash(one("0.20", "49", "43")) == tariff_hash(one("2E-1", "43", "49"))
    assert tariff_hash(one("0.2", "49")) != tariff_hash(one("0.21", "49"))
    assert tariff_hash(one("0.2", "49")) != tariff_hash(one("0.2", "+49"))


@settings(max_examples=100, derandomize=True, deadline=None)
@given(questions)
def test_a_hash_is_that_of_what_is_read_back_and_of_nothing_else(question: Question) -> None:
    tariff = question.tariff
    assert tariff_hash(records.decode_tariff(records.encode_tariff(tariff))) == tariff_hash(tariff)
    more = replace(tariff, timings={**tariff.timings, "T9": Timing("T9", start_s=1)})
    assert tariff_hash(more) != tariff_hash(tariff)
