"""What becomes of a running call at an activation, as both formats write it, and what is refused."""

from pathlib import Path

import pytest

from tests.loading.folders import CSV, JSON, load, reports

PLANS = "#Id,D,T,W,AtActivation\nP1,D1,DAY,10,{}\nP1,D1,NIGHT,10,{}\nP1,D1,REST,10,{}\n"


@pytest.mark.parametrize(
    ("said", "spanwise"),
    [
        (("", "", ""), False),
        (("*start", "*start", "*start"), False),
        (("*span", "*span", "*span"), True),
        (("", "*span", ""), True),
        (("*start", "", ""), False),
    ],
)
def test_a_plan_is_cut_at_activations_if_one_of_its_lines_says_so(
    said: tuple[str, str, str], spanwise: bool, tmp_path: Path
) -> None:
    loaded = load(tmp_path, CSV | {"RatingPlans.csv": PLANS.format(*said)})
    assert reports(loaded) == []
    assert {line.spanwise for line in loaded.tariff.rating_plans["P1"]} == {spanwise}


@pytest.mark.parametrize(
    ("said", "report"),
    [
        (("*spans", "", ""), "RatingPlans.csv:2:5: expected *start or *span, got '*spans'"),
        (
            ("*span", "", "*start"),
            "RatingPlans.csv:4:5: expected the same as line 2 says of plan P1, got '*start'",
        ),
    ],
)
def test_a_plan_that_says_neither_or_both_is_refused(
    said: tuple[str, str, str], report: str, tmp_path: Path
) -> None:
    loaded = load(tmp_path, CSV | {"RatingPlans.csv": PLANS.format(*said)})
    assert reports(loaded) == [report]


@pytest.mark.parametrize(("said", "spanwise"), [("*span", True), ("*start", False), ("", False)])
def test_a_prefix_says_it_in_json(said: str, spanwise: bool, tmp_path: Path) -> None:
    document = JSON["activation_periods.json"].replace('"CstmId"', f'"AtActivation": "{said}", "CstmId"')
    loaded = load(tmp_path, JSON | {"activation_periods.json": document})
    assert reports(loaded) == []
    assert loaded.tariff.rates["c", "s"]["031"].spanwise is spanwise


def test_a_prefix_that_says_something_else_is_refused(tmp_path: Path) -> None:
    document = JSON["activation_periods.json"].replace('"CstmId"', '"AtActivation": "now", "CstmId"')
    loaded = load(tmp_path, JSON | {"activation_periods.json": document})
    assert reports(loaded) == [
        "activation_periods.json $[0].AtActivation: expected *start or *span, got 'now'"
    ]


def test_destinations_together_follow_their_parts(tmp_path: Path) -> None:
    both = CSV["Destinations.csv"] + "CELL;LAND,+43\n"
    loaded = load(tmp_path, CSV | {"Destinations.csv": both})
    assert reports(loaded) == []
    assert loaded.tariff.destinations["CELL;LAND"] == ("+43", "+43664", "+43676")
