"""The page about Scrooge beside the code: the places there are, the members of a set-up, and its figures."""

import re

from cgrates_py.http.usage import BODY_BYTES_MAX
from cgrates_py.usage.scrooge import reading, values
from cgrates_py.usage.scrooge.dialect import ROOT as PATHS
from cgrates_py.usage.scrooge.pricing_push import WRONG_MAX
from cgrates_py.usage.scrooge.push import DELETE_ALL_PREVIOUS, VALUES_ONLY
from storage.loading import scrooge_schema as schema
from tests.docs.documents import ROOT, table

PAGE = (ROOT / "docs/SCROOGE.md").read_text()
_NAME = re.compile(r"`([a-z_]+)`")


def test_the_table_of_requests_names_places_that_there_are() -> None:
    source = (ROOT / "cgrates_py/usage/scrooge/dialect.py").read_text()
    told = {path for first, _ in table(PAGE, "request") for path in re.findall(r"v0\.\d+/([a-z-]*)", first)}
    here = set(re.findall(r"v0\\\.\d+/([a-z-]+)", source))

    assert PATHS == "/scrooge/api"
    assert told - {"", "service-environment-costs"} == here


def test_the_table_of_the_set_up_has_every_member() -> None:
    told = {first.strip("`") for first, _ in table(PAGE, "in the file")}

    assert told == schema.Document.model_fields.keys() - {"name", "note"}


def test_the_members_of_the_set_up_are_all_told() -> None:
    told = set(_NAME.findall(PAGE))
    members = {
        name
        for each in vars(schema).values()
        if isinstance(each, type) and issubclass(each, schema.Member) and each is not schema.Document
        for name in each.model_fields
    }

    assert members <= told


def test_the_figures_are_those_of_the_code() -> None:
    assert f"at most {values.INTEGER_DIGITS_MAX} before the point and\n{values.DECIMALS_MAX} after" in PAGE
    assert f"up to {values.TEXT_MAX} characters" in PAGE
    assert f"`limit` ({reading.LIMIT}, at most {reading.LIMIT_MAX})" in PAGE
    assert f"at most {WRONG_MAX} in a list" in PAGE
    assert f"`{VALUES_ONLY}` or `{DELETE_ALL_PREVIOUS}`" in PAGE
    assert BODY_BYTES_MAX == 1 << 20
