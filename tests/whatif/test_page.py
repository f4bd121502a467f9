"""The page shows the numbers of the comparison, escapes every text and asks for nothing from elsewhere."""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from fractions import Fraction

from cgrates_py.drawing import FAINTEST, Bar, Cell, bars, columns, heat_map
from cgrates_py.whatif.causes import Cause
from cgrates_py.whatif.changes import Change, Charged
from cgrates_py.whatif.comparison import Comparison, Example
from cgrates_py.whatif.document import Names
from cgrates_py.whatif.page import comparison_page
from cgrates_py.whatif.sums import Sums
from rater.quantity import SCALE

HOSTILE = "<script>alert('1')</script>&\"\x1b[31m"
NAMES = Names("a", "b")
SVG = "{http://www.w3.org/2000/svg}"


def _comparison(name: str = "RO") -> Comparison:
    found = Comparison(rows=3)
    for sums in (
        found.total,
        found.causes.of(Cause.OTHER_PRICE),
        found.destinations.of(name),
        found.subjects.of((name, name)),
        found.hours.of(25),
        found.days.of(20_000),
        found.unpriced.of((Cause.BECOMES_UNRATED, "", name)),
    ):
        sums.add(3, 60 * SCALE, 10 * SCALE, 8 * SCALE)
    found.examples[Cause.BECOMES_UNRATED, "", name] = Example(2, name)
    charged = Charged(SCALE, 0, name, name, "")
    found.largest._found.append(
        Change(
            2, name, name, name, 0, 0, SCALE, charged, charged._replace(plan="x", total=0), Cause.OTHER_PLAN
        )
    )
    return found


def _drawn(parts: Iterable[str]) -> ET.Element:
    return ET.fromstring("".join(parts))  # noqa: S314 -- made here


def _numbers(element: ET.Element, name: str) -> list[float]:
    return [float(each.attrib[name]) for each in element.iter("rect")]


def test_every_text_is_escaped_and_nothing_comes_from_elsewhere() -> None:
    page = comparison_page(_comparison(HOSTILE), Names(HOSTILE, HOSTILE, HOSTILE))

    assert "<script" not in page
    assert "\x1b" not in page
    assert page.count("&lt;script&gt;") > 10
    assert not re.search(r"\b(src|href|on\w+)=|url\(|@import", page)
    assert "default-src &#x27;none&#x27;" in page


def test_a_page_is_well_formed_and_has_every_part() -> None:
    page = comparison_page(_comparison(), NAMES)

    for drawn in re.findall(r"<svg.*?</svg>", page):
        assert ET.fromstring(drawn).attrib["aria-label"]  # noqa: S314 -- made here
    heads = re.findall(r"<h2>(.*?)</h2>", page)
    assert heads == [
        "What becomes of calls",
        "Without a price",
        "By destination",
        "By subject",
        "By hour of the week",
        "By day",
        "Change per call",
        "Largest changes of single calls",
    ]
    assert "<title>Tuesday 1:00: -2.00 -20.00 %, 3 calls</title>" in page
    assert '<b class="down">-2.00</b>-20.00 %' in page
    assert page.count("<td>line 2: RO</td>") == 1


def test_a_page_of_no_calls_says_so() -> None:
    assert "There are no calls in the file" in comparison_page(Comparison(), NAMES)


def test_bars_are_to_scale_on_both_sides_of_zero() -> None:
    drawn = [Bar("a", Fraction(30), "+30"), Bar("b", 10, "+10"), Bar("c", -20, "-20"), Bar("d", 0, "0")]

    svg = _drawn(bars(drawn, "changes"))

    widths, lefts = _numbers(svg, "width"), _numbers(svg, "x")
    assert (widths[0], widths[1], widths[2]) == (288, 96, 192)
    assert lefts[0] == lefts[1] == lefts[2] + widths[2]
    assert [each.attrib["class"] for each in svg.iter("rect")] == ["u", "u", "d", "u"]
    assert [each.text for each in svg.iter("title")] == ["a: +30", "b: +10", "c: -20", "d: 0"]


def test_columns_stand_on_the_line_of_zero_or_hang_from_it() -> None:
    drawn = [Bar("a", 30, "+30"), Bar("b", -10, "-10"), Bar("c", 0, "0")]

    svg = _drawn(columns(drawn, "days", [1, -1, 0]))

    highs, tops = _numbers(svg, "height"), _numbers(svg, "y")
    assert highs == [120, 40, 0]
    assert tops[0] + highs[0] == tops[1] == tops[2]
    assert [each.attrib["class"] for each in svg.iter("rect")] == ["u", "d", "o"]


def test_a_map_is_the_fuller_the_further_from_zero() -> None:
    cells = [Cell(100, "a"), Cell(-50, "b"), Cell(0, "c"), Cell(1, "d")]

    svg = _drawn(heat_map([("Mon", cells)], ["0", "1", "2", "3"], "hours"))

    assert _numbers(svg, "fill-opacity") == [1, 0.5, 1, FAINTEST]
    assert [each.attrib["class"] for each in svg.iter("rect")] == ["u", "d", "o", "u"]
    assert [each.text for each in svg.iter("title")] == ["a", "b", "c", "d"]


def test_nothing_but_zeros_is_drawn_all_the_same() -> None:
    zeros = [Bar("a", 0, "0")]

    assert _numbers(_drawn(bars(zeros, "x")), "width") == [1]
    assert _numbers(_drawn(columns(zeros, "x", [0])), "height") == [0]
    assert _drawn(bars([], "x")).attrib["height"] == "0"
    assert Sums().delta == 0
