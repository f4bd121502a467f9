"""The methods about records of usage on the wire: an HTTP request passed on whole, and its answer.

The dialects of usage (Scrooge, Cyclops RC) and the lists of records are answered in the rater; the HTTP front
only passes them on. Charges can be listed without HTTP, too.
"""

import msgspec


class DialectRequest(msgspec.Struct, omit_defaults=True):
    """The argument of Usage.Ask, Usage.Read and Usage.Administer."""

    Verb: str
    """HTTP method, upper case."""
    Path: str
    """The path as it came, percent-decoded, with its leading slash; the context path is taken off."""
    Dialect: str
    """``scrooge`` or ``cyclops`` (Usage.Ask), ``records`` (Usage.Read), ``administration`` (…Administer)."""
    Root: str = ""
    """Scheme, host and context path of the request, for answers that name their own address."""
    Query: list[tuple[str, str]] = []
    """Decoded, in order."""
    Headers: dict[str, str] = {}
    """``authorization``, ``content-type``, ``accept``, ``idempotency-key``, where given."""
    Body: str = ""
    """UTF-8 text."""
    RetryId: str | None = None
    """The front's own, kept for a minute, for what it sends again after a broken connection."""
    CstmId: str = ""
    Subject: str = ""
    """Like CstmId only a hint: the same pair goes to the same rater."""


class DialectAnswer(msgspec.Struct, omit_defaults=True):
    """What to answer."""

    Status: int = 200
    Type: str = "application/json"
    Body: str = ""
    Headers: dict[str, str] = {}
    Charset: str = "utf-8"
    """What the front encodes the body in; a character that it lacks becomes a question mark."""


class ChargesRequest(msgspec.Struct, forbid_unknown_fields=True):
    """The argument of Charges.List: what GET /charges takes as parameters; None and empty are not asked.

    A member that is not known is refused: a list of all would else be taken for that of one account.
    """

    Account: str | None = None
    """``CSTM:SUBJECT``, or a plain name."""
    From: str | None = None
    """RFC 3339, or a date, which stands for the whole day."""
    To: str | None = None
    Metric: str | None = None
    Cursor: str | None = None
    """``Next`` of the page before."""
    Limit: int | None = None


class ChargesPage(msgspec.Struct):
    """The result of Charges.List."""

    Charges: msgspec.Raw
    """An array."""
    Next: str | None
    """The cursor of the next page; None: that is all."""
