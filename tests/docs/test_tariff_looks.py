"""The table of findings beside the code."""

from fractions import Fraction

from cgrates_py.tariffs.checks.findings import SEVERITIES
from cgrates_py.tariffs.checks.increments import LIMITS
from rater.book import FALLBACK_DEPTH_MAX
from tests.docs.documents import ROOT, table

PAGE = (ROOT / "docs/TARIFFS.md").read_text()


def test_the_table_of_findings_has_every_kind_with_its_severity() -> None:
    told = {code: severity for code, severity, _ in table(PAGE, "finding")}

    assert {code.value: severity.value for code, severity in SEVERITIES.items()} == told


def test_the_figures_of_the_findings_are_those_of_the_code() -> None:
    meanings = {code: meaning for code, _, meaning in table(PAGE, "finding")}

    assert FALLBACK_DEPTH_MAX == 4
    assert meanings["fallback-deep"].startswith("a fallback beyond the fourth")
    assert [*LIMITS] == [(1, Fraction(60)), (30, Fraction(2)), (61, Fraction(3, 2))]
