"""The metering methods on the wire: what a front asks a rater, and what it is told. JSON texts.

A front of a dialect reads its own syntax and sends one of these; the rater checks in the dialect's order,
decides, and answers with values that the front prints. Members that are not given are ``null`` or absent.
"""

import msgspec


class Transaction(msgspec.Struct, omit_defaults=True):
    """One member of a report. Texts as they came; a usage value of None was blank or no text."""

    AppId: str | None = None
    UserKey: str | None = None
    Usage: list[tuple[str, str | None]] = []
    Timestamp: str | None = None
    Code: str | None = None


class MeteringRequest(msgspec.Struct, omit_defaults=True):
    """The argument of Metering.Authorize, Metering.AuthRep and Metering.Report."""

    CstmId: str = ""
    """Like Subject only a hint: requests with the same pair go to the same rater. Service, and …"""
    Subject: str = ""
    """… application, by whichever name it is called."""
    ProviderKey: str | None = None
    ServiceToken: str | None = None
    ServiceId: str | None = None
    AppId: str | None = None
    AppKey: str | None = None
    """Empty: sent, but empty."""
    UserKey: str | None = None
    Referrer: str | None = None
    RedirectUrl: str | None = None
    RedirectUri: str | None = None
    Usage: list[tuple[str, str | None]] | None = None
    """(metric name, value) in the order of the request; None: no usage was given."""
    Code: str | None = None
    """The status of the logged call, for statistics."""
    OAuth: bool = False
    """Asked by an ``oauth_*`` endpoint."""
    NoBody: bool = False
    FlatUsage: bool = False
    LimitHeaders: bool = False
    Hierarchy: bool = False
    ListAppKeys: bool = False
    Flaw: str | None = None
    """A code of ``FLAWS``: the request is to be refused so once its credentials are checked."""
    Transactions: list[Transaction] | None = None
    RequestId: str | None = None
    """The caller's, kept for a day: a repeat gets the first answer and counts nothing."""
    RetryId: str | None = None
    """The front's own, kept for a minute, for what it sends again after a broken connection."""
    Epoch: int = 0
    """Nanoseconds: the rater must know every change of the catalogue that was answered before."""


class UsageReport(msgspec.Struct, array_like=True):
    """One limit and what is used of it. Numbers are decimal texts: they may need more than 64 bits.

    ``start_s`` and ``end_s`` are seconds since the epoch, both 0 for eternity.
    """

    metric: str
    period: str
    start_s: int
    end_s: int
    maximum: str
    current: str
    exceeded: bool


class Event(msgspec.Struct, array_like=True):
    """Something that a booking led to: ``type`` and the JSON members of its object."""

    type: str
    members: dict[str, str | int]


class MeteringAnswer(msgspec.Struct, omit_defaults=True):
    """How a request ended: an error, or a status (which may refuse)."""

    Events: list[Event] = []
    Error: str = ""
    """A code of the dialect's error table; then nothing but Message is told. ``forbidden`` has no text."""
    Message: str = ""
    Code: str = ""
    """Why it is refused (``limits_exceeded``); empty: authorised."""
    Reason: str = ""
    Application: tuple[str, str, str] | None = None
    """Id, first key or empty, redirect URL; for ``oauth_*`` endpoints."""
    Plan: str = ""
    Reports: list[UsageReport] = []
    Service: str = ""
    App: str = ""
    AppKeys: list[str] | None = None
    Hierarchy: list[tuple[str, list[str]]] | None = None
    """Metric and its direct children, one for each report."""
    Limit: tuple[int, int, str] | None = None
    """Calls left (-1: no bound), whole seconds until that limit's period ends (-1: never), its maximum."""


class AdministerRequest(msgspec.Struct, omit_defaults=True):
    """The argument of Metering.Administer: one request to the administration's JSON API."""

    Verb: str
    """HTTP method, upper case."""
    Path: list[str]
    """Segments below the API's root, decoded, without empty ones."""
    Query: dict[str, str] = {}
    Body: msgspec.Raw = msgspec.Raw(b"null")
    CstmId: str = ""
    Subject: str = "administration"
    """Constant, so that one rater does them one after the other."""
    RetryId: str = ""
    """The front's own, the same in what it sends again after a broken connection."""


class AdministerAnswer(msgspec.Struct, omit_defaults=True):
    """The status of HTTP to answer with, and the JSON body (empty: none)."""

    Status: int = 200
    Body: msgspec.Raw = msgspec.Raw()


FLAWS = {
    "end_users_no_longer_supported": "End-users are no longer supported,"
    " do not specify the user_id parameter",
    "forbidden": "",
    "not_valid_data": "all data must be valid UTF8",
    "transactions_is_blank": "transactions parameter is blank",
    "transactions_format_invalid": "transactions format is invalid",
    "transactions_has_nil_transaction": "transactions has a nil transaction",
}
"""Flaws of a request's form that are told only after its credentials were checked."""
