"""Where a file of call records keeps what a call is priced by: layouts by name, and maps of columns.

A layout names for each member of a call its column, several of which the first that is not empty counts
(``Subject|Account``), or says a constant (``=call``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple

MEMBERS = ("customer", "subject", "category", "number", "start", "end", "duration")
"""What a call is made of. ``end`` and ``duration`` are two ways to say one thing."""


class LayoutError(ValueError):
    """A layout cannot be used; the text names the member or option and what was expected."""


class Unanswered(StrEnum):
    """What is done with a call of no length: ``skip`` writes it as costing nothing, ``rate`` rates it."""

    SKIP = "skip"
    RATE = "rate"


class Times(StrEnum):
    """How times of a start or end are written. ``auto`` is all but milliseconds, value by value."""

    AUTO = "auto"
    RFC3339 = "rfc3339"
    LOCAL = "local"
    EPOCH = "epoch"
    EPOCH_MS = "epoch-ms"


class Unit(StrEnum):
    """What a duration counts that is a bare number."""

    S = "s"
    MS = "ms"
    US = "us"
    NS = "ns"


class Source(NamedTuple):
    """Where a member comes from: columns, the first that is not empty, or a constant."""

    columns: tuple[str, ...] = ()
    constant: str = ""

    @classmethod
    def of(cls, text: str) -> "Source":
        """Read ``column``, ``column|other`` or ``=constant``."""
        if text.startswith("="):
            return cls((), text[1:])
        return cls(tuple(text.split("|")))


@dataclass(frozen=True, slots=True)
class Layout:
    """A way to write call records.

    ``columns`` names the columns of CSV without a first line of names. Records whose column ``only[0]`` is
    not ``only[1]`` are no calls and are not rated. ``international`` are the prefixes before a country code,
    ``national`` pairs of a prefix and the country code that it stands for. ``timezone`` (IANA) is of times
    without a zone; empty is UTC.
    """

    members: Mapping[str, Source]
    columns: tuple[str, ...] = ()
    only: tuple[str, str] | None = None
    unanswered: Unanswered = Unanswered.RATE
    times: Times = Times.AUTO
    duration_unit: Unit = Unit.S
    timezone: str = ""
    international: tuple[str, ...] = ()
    national: tuple[tuple[str, str], ...] = field(default=())

    def source(self, member: str) -> Source | None:
        """Tell where a member comes from; None if the layout does not say."""
        return self.members.get(member)

    def having(self, members: Mapping[str, str]) -> "Layout":
        """Take some members from elsewhere. Raises LayoutError for a member that there is not."""
        merged = dict(self.members)
        for member, text in members.items():
            if member not in MEMBERS:
                raise LayoutError(f"{member}: expected one of {', '.join(MEMBERS)}")
            if text in ("", "|"):
                raise LayoutError(f"{member}: expected a column or =constant")
            merged[member] = Source.of(text)
            if member in ("end", "duration"):
                merged.pop("duration" if member == "end" else "end", None)
        return replace(self, members=merged)

    def check(self) -> "Layout":
        """Raise LayoutError unless there is all that a price depends on."""
        for member in ("number", "start"):
            if member not in self.members:
                raise LayoutError(f"{member}: no column says it, expected --column {member}=COLUMN")
        if "end" not in self.members and "duration" not in self.members:
            raise LayoutError("duration: no column says it, expected --column duration=COLUMN or end=COLUMN")
        return self


def _members(**sources: str) -> dict[str, Source]:
    return {member: Source.of(text) for member, text in sources.items()}


FREESWITCH = Layout(
    _members(
        subject="accountcode",
        category="=call",
        number="destination_number",
        start="answer_stamp",
        duration="billsec",
    ),
    columns=(
        *("caller_id_name", "caller_id_number", "destination_number", "context"),
        *("start_stamp", "answer_stamp", "end_stamp", "duration", "billsec", "hangup_cause"),
        *("uuid", "bleg_uuid", "accountcode", "read_codec", "write_codec"),
    ),
    unanswered=Unanswered.SKIP,
)
"""Master.csv of FreeSWITCH's mod_cdr_csv: its template "example", which cdr_csv.conf.xml makes the default.

Source: FreeSWITCH Explained, "mod_cdr_csv" and "Configuration/CDR". Times have no zone; the answer of a call
that nobody answered is empty and its billsec 0.
"""

ASTERISK = Layout(
    _members(subject="accountcode", category="=call", number="dst", start="answer", duration="billsec"),
    columns=(
        *("accountcode", "src", "dst", "dcontext", "clid", "channel", "dstchannel"),
        *("lastapp", "lastdata", "start", "answer", "end", "duration", "billsec"),
        *("disposition", "amaflags", "uniqueid", "userfield"),
    ),
    unanswered=Unanswered.SKIP,
)
"""Master.csv of Asterisk's cdr_csv, in the order of its manual's "Logged Values".

The last two columns are written if cdr.conf says so (loguniqueid, loguserfield). Times have no zone: local
ones, or UTC with usegmtime. The answer of a call that nobody answered is empty and its billsec 0.
"""

_CGRATES = Layout(
    _members(
        customer="Tenant",
        subject="Subject|Account",
        category="Category",
        number="Destination",
        start="AnswerTime",
        duration="Usage",
    ),
    only=("ToR", "*voice"),
    unanswered=Unanswered.SKIP,
    duration_unit=Unit.NS,
)

CGRATES = _CGRATES
"""Exports of CGRateS with a first line of names: the fields of its CDRs, in any order.

Source: the field names of its documentation, "CDRs". Usage is a duration as Go prints it (``1m30s``); a bare
number is nanoseconds, as CGRateS itself reads one.
"""

CGRATES_PLAIN = Layout(
    _CGRATES.members,
    columns=(
        *("CGRID", "RunID", "ToR", "OriginID", "RequestType", "Direction", "Tenant", "Category", "Account"),
        *("Subject", "Destination", "SetupTime", "AnswerTime", "Usage", "Cost"),
    ),
    only=("ToR", "*voice"),
    unanswered=Unanswered.SKIP,
    duration_unit=Unit.NS,
)
"""CDRs of CGRateS without a first line: at the places where its default event reader expects them.

Source: the section "ers" of its default configuration: ToR is the column 2, counted from 0, Usage 13.
"""

GETCOST = Layout(
    _members(
        customer="CstmId|Tenant",
        subject="Subject",
        category="TOR|Category",
        number="DestinationPrefix|Destination",
        start="TimeStart",
        end="TimeEnd",
    )
)
"""The members of a call descriptor, as the API names them. A call of no length is rated like any other."""

LAYOUTS: Mapping[str, Layout] = {
    "getcost": GETCOST,
    "freeswitch": FREESWITCH,
    "asterisk": ASTERISK,
    "cgrates": CGRATES,
    "cgrates-plain": CGRATES_PLAIN,
}
"""Layouts by name."""
