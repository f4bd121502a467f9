"""Reports over HTTP: the places that Scrooge has besides its dialects, under its credentials."""

import asyncio
import re
from collections.abc import Callable, Mapping

import msgspec

from cgrates_py.drawing import POLICY
from cgrates_py.usage.patience import Patience
from cgrates_py.usage.report_environments import ENVIRONMENTS, Environments, later
from cgrates_py.usage.report_page import report_page
from cgrates_py.usage.report_text import ACCOUNT_COLUMNS, ENCODINGS, csv_lines, report_json
from cgrates_py.usage.reports import ReportError, Reports, Wanted, read_window
from cgrates_py.usage.scrooge import access, answers
from cgrates_py.usage.scrooge.dialect import Ask, Place
from cgrates_py.usage.scrooge.known import Known
from protocol.usage import DialectAnswer, DialectRequest
from rater.usage.costs_report import Report
from rater.usage.costs_services import CostSetupError
from rater.usage.scrooge_setup import ScroogeSetup, User
from storage.daybook import Daybook

VENTURES = re.compile(r"/scrooge/all-ventures/?")
BODY_BYTES_MAX = 900_000
"""An answer with its escapes, within what one answer of a rater may have (``protocol.limits``)."""
CELL_BYTES = 32
"""A cell of a page with its tags and escapes, rather more than less."""
FORMATS = ("html", "csv", "json")

_TOO_LONG = (
    "the report is longer than an answer may be; the command prints any:"
    " cgrates-py report ventures --from START --to END --csv"
)
_ON = frozenset({"on", "1", "true", "yes"})

_encode = msgspec.json.Encoder().encode


def places(store: Daybook) -> list[Place]:
    """Make the places of reports."""
    reports = Reports(store)
    pages, environments = _Pages(reports), Environments(reports)
    return [
        Place(VENTURES, {"GET": pages.ventures}, _user, _refuse),
        Place(ENVIRONMENTS, {"POST": environments.answer}),
    ]


class _Pages:
    def __init__(self, reports: Reports) -> None:
        self._reports = reports
        self._patience: Patience[DialectAnswer] = Patience()

    async def ventures(self, ask: Ask) -> DialectAnswer:
        query = dict(ask.request.Query)
        setup = ask.known.setup
        try:
            kind = _one_of(query, "format", FORMATS)
            encoding = _one_of(query, "encoding", ENCODINGS)
            window = read_window(query.get("start", ""), query.get("end", ""))
            wanted = Wanted(window, _is_on(query, "forecast"), _is_on(query, "is_active"))
            key = (
                ask.known,
                wanted,
                kind,
                encoding,
            )  # a changed set-up is another one
            answer = await self._patience.ask(key, self._made(setup, wanted, kind, encoding))
        except (ReportError, CostSetupError) as error:
            return answers.text(400, str(error))
        return answer or later()

    async def _made(self, setup: ScroogeSetup, wanted: Wanted, kind: str, encoding: str) -> DialectAnswer:
        report = await self._reports.ventures(setup, wanted)
        return await asyncio.to_thread(_PRINTERS[kind], report, wanted, setup, encoding)


def _csv(report: Report, _: Wanted, __: ScroogeSetup, encoding: str) -> DialectAnswer:
    headers = {"Content-Disposition": "attachment; filename=all-ventures.csv"}
    body = "".join(csv_lines(report))
    return _fitting(DialectAnswer(200, "application/csv", body, headers, Charset=encoding))


def _json(report: Report, wanted: Wanted, setup: ScroogeSetup, _: str) -> DialectAnswer:
    return _fitting(DialectAnswer(Body=report_json(report, wanted, setup.currency)))


def _page(report: Report, wanted: Wanted, setup: ScroogeSetup, _: str) -> DialectAnswer:
    brief = len(report.lines) * (len(report.columns) + len(ACCOUNT_COLUMNS)) * CELL_BYTES > BODY_BYTES_MAX
    headers = {"Content-Security-Policy": POLICY, "X-Content-Type-Options": "nosniff"}
    page = report_page(report, wanted, setup.currency, brief=brief)
    return _fitting(DialectAnswer(200, answers.HTML, page, headers))


_PRINTERS: dict[str, Callable[[Report, Wanted, ScroogeSetup, str], DialectAnswer]] = {
    "csv": _csv,
    "json": _json,
    "html": _page,
}


def _fitting(answer: DialectAnswer) -> DialectAnswer:
    return answer if len(_encode(answer)) <= BODY_BYTES_MAX else answers.text(400, _TOO_LONG)


def _one_of(query: Mapping[str, str], name: str, words: tuple[str, ...]) -> str:
    """Read a word, the first of them if it is not given. Raises ReportError."""
    word = query.get(name, words[0]).lower()
    if word not in words:
        raise ReportError(f"{name}: expected {', '.join(words)}, got {word[:40]!r}")
    return word


def _is_on(query: Mapping[str, str], name: str) -> bool:
    return query.get(name, "").lower() in _ON


def _user(request: DialectRequest, known: Known) -> User | None:
    """Find who asks, in any of the ways that Scrooge knows: eyes have an address and no header."""
    return access.pushing_user(request, known) or access.reading_user(request, known)


def _refuse(_: DialectRequest) -> DialectAnswer:
    return answers.empty(401)
