"""The page of the administration beside its table of routes."""

import re

from cgrates_py.metering.administration import ROUTES
from tests.docs.documents import ROOT, table


def unnamed(path: str) -> str:
    return re.sub(r":\w+", ":", path.strip("/"))


def test_the_page_tells_every_route() -> None:
    page = (ROOT / "docs/THREESCALE_ADMINISTRATION.md").read_text()
    told = {
        (verb, unnamed(path))
        for path, verbs, _ in table(page, "path below `/internal`")
        for verb in verbs.split(", ")
    }
    assert {(verb, unnamed(path)) for verb, path, _ in ROUTES} == told
