"""How an explanation is written: exact amounts as fractions that cannot be shortened."""

import msgspec
import pytest

from cgrates_py.explain.document import described
from rater.explain.pricing import explain
from rater.rating import Call
from tests.explain.test_sentences import BOOK, MINUTE, START


@pytest.mark.parametrize(
    ("customer", "number", "each"),
    [
        ("vdf", "0256", ["1/300"]),  # 0.2 for 60 seconds, a second
        ("tel", "40722", ["1/5", "1/600"]),  # 0.2 the first minute, 0.1 for 60 seconds
    ],
)
def test_what_a_second_or_an_increment_costs_is_a_fraction_in_lowest_terms(
    customer: str, number: str, each: list[str]
) -> None:
    told = explain(BOOK, Call(customer, "rif", "call", number, START, START + MINUTE + 1), None)
    spans = msgspec.json.decode(msgspec.json.encode(described(told)))["Spans"]

    assert [span["Price"]["Each"] for span in spans if span["Price"]] == each
