"""The shape of ``threescale.json``. Unknown members are problems: a misspelt one would do nothing in silence.

Members may be called as the administration's API calls them, or shorter.
"""

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

from rater import instant
from rater.metering.catalogue import ACTIVE, ALERT_BINS
from rater.metering.period import LABELS, Period
from storage.loading import values
from storage.loading.threescale_rules import INTEGER_MAX, KEYS_MAX, TIERS_MAX, URL_MAX, text_flaw


def _text_of(value: Any) -> Any:
    """Take a whole number as its text: ids are texts, and people write digits without quotes."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _good(text: str) -> str:
    if (flaw := text_flaw(text)) is not None:
        raise ValueError(flaw)
    return text


def _good_url(text: str) -> str:
    if (flaw := text_flaw(text, URL_MAX)) is not None:
        raise ValueError(flaw)
    return text


def _name(text: str) -> str:
    if not _good(text).strip():
        raise ValueError("a text that is not blank")
    return text


def _trimmed(text: str) -> str:
    if _name(text) != text.strip():
        raise ValueError("no blanks around it")
    return text


def _price(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError("a number, or the text of one")  # noqa: TRY004 -- pydantic reports these alone
    return values.price(values.number(value) if isinstance(value, str) else Decimal(value))


def _from_ns(value: Any) -> int:
    try:
        at_ns = instant.parse(str(value))[0]
    except instant.InstantError:
        raise ValueError("an RFC 3339 time with a zone") from None
    if not values.EARLIEST_NS <= at_ns <= values.LATEST_NS:
        raise ValueError("a time from 1700 to 2262")
    return at_ns


def _period(value: Any) -> Period:
    if not isinstance(value, str) or value not in LABELS:
        raise ValueError(f"one of {', '.join(LABELS)}")
    return LABELS[value]


def _alert_bin(value: int) -> int:
    if value not in ALERT_BINS:
        raise ValueError(f"one of {', '.join(map(str, ALERT_BINS))}")
    return value


Text = Annotated[str, BeforeValidator(_text_of), AfterValidator(_good)]
Url = Annotated[str, AfterValidator(_good_url)]
Name = Annotated[str, BeforeValidator(_text_of), AfterValidator(_name)]
SystemName = Annotated[str, AfterValidator(_trimmed)]
Names = Annotated[tuple[Name, ...], Field(max_length=KEYS_MAX)]
Count = Annotated[int, Field(ge=0, le=INTEGER_MAX, strict=True)]
AtLeastOne = Annotated[int, Field(ge=1, le=INTEGER_MAX, strict=True)]
Flag = Annotated[bool, Field(strict=True)]

_SERVICE = AliasChoices("service_id", "service")
_PLAN = AliasChoices("plan_id", "plan")
_METRIC = AliasChoices("metric_id", "metric")


class _Member(BaseModel):
    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


class ServiceMember(_Member):
    """One of ``services``."""

    id: Name
    provider_key: Name
    backend_version: Annotated[Literal["1", "2", "oauth"], BeforeValidator(_text_of)] = "2"
    state: Text | None = None
    referrer_filters_required: Flag = False
    default: Flag = Field(False, validation_alias=AliasChoices("default_service", "default"))
    service_tokens: Names = ()
    alert_limits: tuple[Annotated[int, Field(strict=True), AfterValidator(_alert_bin)], ...] | None = None


class MetricMember(_Member):
    """One of ``metrics``."""

    service: Name = Field(validation_alias=_SERVICE)
    id: Name
    name: SystemName
    parent: Text | None = Field(None, validation_alias=AliasChoices("parent_id", "parent"))


class LimitMember(_Member):
    """One of ``limits``: what a plan allows of a metric, by period."""

    service: Name = Field(validation_alias=_SERVICE)
    plan: Name = Field(validation_alias=_PLAN)
    metric: Name = Field(validation_alias=_METRIC)
    minute: Count | None = None
    hour: Count | None = None
    day: Count | None = None
    week: Count | None = None
    month: Count | None = None
    year: Count | None = None
    eternity: Count | None = None

    def maxima(self) -> list[tuple[Period, int]]:
        """List the periods that are limited."""
        found = [(period, getattr(self, label)) for label, period in LABELS.items()]
        return [(period, maximum) for period, maximum in found if maximum is not None]


class ApplicationMember(_Member):
    """One of ``applications``."""

    service: Name = Field(validation_alias=_SERVICE)
    id: Name
    state: Name = ACTIVE
    plan_id: Text | None = None
    plan_name: Text | None = None
    redirect_url: Url | None = None
    keys: Names = Field((), validation_alias=AliasChoices("application_keys", "keys"))
    user_keys: Names = ()
    referrer_filters: Names = ()
    account: Name | None = None


class TokenMember(_Member):
    """One of ``tokens``."""

    token: Name = Field(validation_alias=AliasChoices("service_token", "token"))
    service: Name = Field(validation_alias=_SERVICE)


class TierMember(_Member):
    """One tier of a rate."""

    start: Count = 0
    price: Annotated[Decimal, BeforeValidator(_price)]


class RateMember(_Member):
    """One of ``rates``."""

    service: Name = Field(validation_alias=_SERVICE)
    metric: Name = Field(validation_alias=_METRIC)
    plan: Text | None = Field(None, validation_alias=_PLAN)
    from_ns: Annotated[int, BeforeValidator(_from_ns)] = Field(0, validation_alias="from")
    package: AtLeastOne = 1
    per: AtLeastOne | None = None
    over: Annotated[Period, BeforeValidator(_period)] | None = None
    whole: Flag = False
    tiers: Annotated[tuple[TierMember, ...], Field(max_length=TIERS_MAX)]


class Document(_Member):
    """The whole file."""

    services: tuple[ServiceMember, ...] = ()
    metrics: tuple[MetricMember, ...] = ()
    limits: tuple[LimitMember, ...] = ()
    applications: tuple[ApplicationMember, ...] = ()
    tokens: tuple[TokenMember, ...] = Field((), validation_alias=AliasChoices("service_tokens", "tokens"))
    rates: tuple[RateMember, ...] = ()
