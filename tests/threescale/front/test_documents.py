"""Answers and the XML that they are printed as."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgrates_py.http.threescale.documents import error_document, moment, status_document
from protocol.metering import MeteringAnswer, UsageReport

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
DAY = UsageReport("hits", "day", 1763769600, 1763856000, "40", "41", True)
ALWAYS = UsageReport("hits", "eternity", 0, 0, "99999999999999999999", "41", False)
DAY_XML = (
    '<usage_report metric="hits" period="day" exceeded="true">'
    "<period_start>2025-11-22 00:00:00 +0000</period_start>"
    "<period_end>2025-11-23 00:00:00 +0000</period_end>"
    "<max_value>40</max_value><current_value>41</current_value></usage_report>"
)
ALWAYS_XML = (
    '<usage_report metric="hits" period="eternity"><max_value>99999999999999999999</max_value>'
    "<current_value>41</current_value></usage_report>"
)

STATUSES = [
    (MeteringAnswer(), "<authorized>true</authorized><plan></plan>"),
    (MeteringAnswer(Plan="<Gold & Co>"), "<authorized>true</authorized><plan>&lt;Gold &amp; Co&gt;</plan>"),
    (
        MeteringAnswer(Code="x", Reason='key "<&" is invalid', Plan="P", Reports=[DAY]),
        '<authorized>false</authorized><reason>key "&lt;&amp;" is invalid</reason><plan>P</plan>'
        f"<usage_reports>{DAY_XML}</usage_reports>",
    ),
    (
        MeteringAnswer(Plan="P", Reports=[ALWAYS, DAY]),
        f"<authorized>true</authorized><plan>P</plan><usage_reports>{ALWAYS_XML}{DAY_XML}</usage_reports>",
    ),
    (
        MeteringAnswer(
            Application=("a<", "", "http://x/?a&b"),
            Plan="P",
            Service="1",
            App='a"',
            AppKeys=["k\n", "l"],
            Hierarchy=[("hits", ["b", "c"]), ("d", [])],
        ),
        "<authorized>true</authorized>"
        "<application><id>a&lt;</id><key></key><redirect_url>http://x/?a&amp;b</redirect_url></application>"
        '<plan>P</plan><app_keys app="a&quot;" svc="1"><key id="k&#10;"/><key id="l"/></app_keys>'
        '<hierarchy><metric name="hits" children="b c"/><metric name="d" children=""/></hierarchy>',
    ),
    (
        MeteringAnswer(AppKeys=[], Hierarchy=[]),
        "<authorized>true</authorized><plan></plan>"
        '<app_keys app="" svc=""></app_keys><hierarchy></hierarchy>',
    ),
]


@pytest.mark.parametrize(("answer", "children"), STATUSES)
def test_a_status_has_its_children_in_order(answer: MeteringAnswer, children: str) -> None:
    assert status_document(answer).decode() == f"{HEAD}<status>{children}</status>"


def test_the_redirect_is_called_as_the_request_called_it() -> None:
    answer = MeteringAnswer(Application=("a", "k", "u"))

    assert b"<redirect_uri>u</redirect_uri>" in status_document(answer, "redirect_uri")


def test_an_error_has_its_code_and_its_message() -> None:
    document = error_document("application_not_found", 'application with id="<&>" was not found')

    assert document.decode() == (
        f'{HEAD}<error code="application_not_found">application with id="&lt;&amp;&gt;" was not found</error>'
    )


@given(st.text(st.characters(codec="utf-8")))
def test_every_text_and_attribute_is_read_back_or_replaced(text: str) -> None:
    """What XML cannot hold becomes U+FFFD, everything else is what it was."""
    answer = MeteringAnswer(Code="x", Reason=text, Plan=text, AppKeys=[text], Hierarchy=[(text, [])])

    root = ElementTree.fromstring(status_document(answer))  # noqa: S314 -- our own document

    held = re.sub("[^\t\n\r\x20-\ufffd\U00010000-\U0010ffff]", "\ufffd", text)
    key, metric = root.find("app_keys/key"), root.find("hierarchy/metric")
    assert key is not None
    assert metric is not None
    assert [root.findtext("reason"), root.findtext("plan"), key.get("id"), metric.get("name")] == [held] * 4


def test_times_are_told_to_the_end_of_the_calendar() -> None:
    assert (moment(0), moment(253402300799)) == ("1970-01-01 00:00:00 +0000", "9999-12-31 23:59:59 +0000")
