"""The page about the 3scale API beside the code: its tables, its figures, and what usage costs by it."""

import re
from decimal import Decimal
from fractions import Fraction
from inspect import getsource

import pytest

from cgrates_py.http.operations import BACKEND_VERSION
from cgrates_py.http.threescale import front, requests
from cgrates_py.http.threescale.errors import BARE, REFUSED, STATUS
from cgrates_py.http.threescale.params import BYTES_MAX, DEPTH_MAX, PARAMETERS_MAX
from cgrates_py.metering import credentials
from cgrates_py.metering.answers import APP_KEYS_MAX
from rater.metering import metering
from rater.metering.catalogue import APP_ID, OAUTH, USER_KEY
from rater.metering.counting import KEPT_S, MINUTES_KEPT_S
from rater.metering.timestamp import NEWEST_S, OLDEST_S
from rater.metering.value import VALUE_MAX
from storage.documents import ERRORS_MAX, EVENTS_MAX
from tests.docs.documents import ROOT, table
from tests.metering.pricing_tables import paid, rate

PAGE = (ROOT / "docs/THREESCALE.md").read_text()
PRICES = table(PAGE, "tiers")
_NAME = re.compile(r"`(\w+)(?:\[\w+\])?`")


def first_names(heading: str) -> set[str]:
    """The names in the first column of a table."""
    return {name for first, *_ in table(PAGE, heading) for name in _NAME.findall(f"`{first}`")}


def test_the_table_of_errors_has_every_code_with_its_status() -> None:
    rows = table(PAGE, "code of an error")

    assert {code: int(status) for code, status, _ in rows} == STATUS
    assert [code for code, _, means in rows if "has no body" in means] == [BARE]


def test_the_table_of_refusals_has_every_code() -> None:
    """The judges tell a refusal as a pair; a redirect's code is made of its parameter's name."""
    written = (ROOT / "cgrates_py/metering/credentials.py").read_text()
    codes = set(re.findall(r'return "(\w+)", ', written))
    codes |= {f"{name}_invalid" for name in ("redirect_url", "redirect_uri")}
    codes |= {pair[0] for pair in (metering.LIMITS_EXCEEDED, metering.NO_CREDIT, metering.NOT_ACTIVE)}

    assert first_names(f"code of a {REFUSED}") == codes
    assert metering.NO_CREDIT[1] in PAGE


def test_the_table_of_options_has_every_one() -> None:
    used = set(re.findall(r'"(\w+)" in options', getsource(requests) + getsource(front)))

    assert first_names("option") == used


def test_the_table_of_parameters_has_every_one_that_is_read() -> None:
    read = set(re.findall(r'\bget\("(\w+)"\)', getsource(requests.check_request)))

    assert first_names("parameter") == read - {"user_id"} | {"request_id", "no_body"}


def test_the_table_of_requests_has_every_path_of_the_dialect() -> None:
    told = {path for first, _ in table(PAGE, "request") for path in re.findall(r"/[\w./]+", first)}
    here = {path for path, _, _ in front.CHECKS} | {front.REPORT_PATH, "/check.txt", "/available", "/status"}

    assert told == here


def test_the_table_of_identification_has_every_mode() -> None:
    assert first_names("`backend_version`") == {USER_KEY, APP_ID, OAUTH}


@pytest.mark.parametrize(
    "said",
    [
        f"{PARAMETERS_MAX:,} parameters and {BYTES_MAX >> 20} MiB",
        f"{DEPTH_MAX} names in one name",
        f"{OLDEST_S:,} seconds back and {NEWEST_S:,} ahead",
        f"kept for {KEPT_S // 3600} hours after its end, that of a minute for {MINUTES_KEPT_S} seconds",
        f"the newest {ERRORS_MAX:,}",
        f"the newest {EVENTS_MAX:,}",
        f"the application's keys, {APP_KEYS_MAX} at most",
        f"(1 to {requests.REQUEST_ID_CHARS_MAX} characters",
        f"repeat at most {credentials.SHOWN_MAX} characters",
        f"3scale's backend {BACKEND_VERSION}",
        "a whole number up to 2⁶³−1",
    ],
)
def test_a_figure_of_the_page_is_that_of_the_code(said: str) -> None:
    assert VALUE_MAX == 2**63 - 1
    assert said in " ".join(PAGE.split())


@pytest.mark.parametrize(("tiers", "others", "calls", "told"), PRICES, ids=lambda cell: cell)
def test_calls_cost_what_the_table_says(tiers: str, others: str, calls: str, told: str) -> None:
    starts = re.sub(r", from (\d+) on ([\d.]+)", r" \1:\2", f"0:{tiers}")
    members = re.sub(r"(\w+)` (\w+)", r"\1=\2", others).replace("`", "").replace(",", "").replace("none", "")
    expected = [Fraction(Decimal(each)) for each in told.split(", ")]

    assert paid(rate(f"{starts} {members}"), [int(each) for each in calls.split(", ")]) == expected
