"""What an answer has to be, and how it differs: the ``expect`` of acceptance cases."""

import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree as ET

from tests.threescale.vectors_wire import Answer

Expect = Mapping[str, Any]


def differences(expect: Expect, answer: Answer) -> list[str]:
    """Tell everything in which an answer is not what was expected; a fault of the server always is."""
    found = [*_outside(expect, answer)]
    if "json" in expect:
        found += _json(expect["json"], answer)
    if "xml_root" in expect or "xml" in expect:
        found += _xml(expect, answer)
    return found


def _outside(expect: Expect, answer: Answer) -> Iterator[str]:
    wanted = expect.get("status_in") or [expect["status"]]
    if answer.status not in wanted:
        yield f"status {answer.status}, not {' or '.join(map(str, wanted))}: {answer.body[:300]!r}"
    if "body" in expect and answer.body != expect["body"].encode():
        yield f"body {answer.body[:300]!r}, not {expect['body']!r}"
    headers = answer.headers
    for name, value in expect.get("headers_are", {}).items():
        if headers.get(name) != value:
            yield f"header {name} is {headers.get(name)!r}, not {value!r}"
    for name, part in expect.get("header_contains", {}).items():
        if part not in headers.get(name, ""):
            yield f"header {name} is {headers.get(name)!r}, without {part!r}"
    for name in expect.get("headers_absent", ()):
        if name in headers:
            yield f"there is a header {name}: {headers[name]!r}"
    for name in expect.get("headers_present", ()):
        if name not in headers:
            yield f"there is no header {name}"


def _json(assertions: list[dict[str, Any]], answer: Answer) -> Iterator[str]:
    for assertion in assertions:
        try:
            value = answer.json
            for step in assertion["path"].split("."):
                value = value[int(step)] if isinstance(value, list) else value[step]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            yield f"no {assertion['path']} ({error!r}) in {answer.body[:300]!r}"
            continue
        if value != assertion["value"] or isinstance(value, bool) != isinstance(assertion["value"], bool):
            yield f"{assertion['path']} is {value!r}, not {assertion['value']!r}"


def _xml(expect: Expect, answer: Answer) -> Iterator[str]:
    try:
        root = ET.fromstring(answer.body)  # noqa: S314 -- the server under test made it
    except ET.ParseError as error:
        yield f"no XML ({error}): {answer.body[:300]!r}"
        return
    if root.tag != expect.get("xml_root", root.tag):
        yield f"root {root.tag}, not {expect['xml_root']}"
    for assertion in expect.get("xml", ()):
        found = [root] if assertion["path"] == "." else root.findall(assertion["path"])
        problem = _problem(assertion, found)
        if problem:
            yield f"{assertion['path']}: {problem} in {answer.text[:600]}"


def _problem(assertion: Mapping[str, Any], found: list[ET.Element]) -> str:
    """Tell what is wrong with the matches of a path; nothing: empty."""
    if "count" in assertion:
        return "" if len(found) == assertion["count"] else f"{len(found)}, not {assertion['count']}"
    attribute = assertion.get("attr", "")
    values = [element.get(attribute) if attribute else element.text or "" for element in found]
    if "sequence" in assertion:
        return "" if values == assertion["sequence"] else f"{values}, not {assertion['sequence']}"
    if not found:
        return "no such element"
    value = values[0]
    if "words" in assertion:
        words = set((value or "").split())
        return "" if words == set(assertion["words"]) else f"{words}, not {assertion['words']}"
    if "matches" in assertion:
        return "" if re.search(assertion["matches"], value or "") else f"{value!r} does not match"
    wanted = assertion["value"] if attribute else assertion["text"]
    return "" if value == wanted else f"{value!r}, not {wanted!r}"
