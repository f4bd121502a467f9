"""The shape of ``scrooge.json``. Unknown members are problems: a misspelt one would do nothing in silence."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field

from rater.usage.costs import FOREVER
from storage.loading import values
from storage.loading.threescale_rules import text_flaw

ID_MAX = (1 << 31) - 1
_EPOCH = date(1970, 1, 1).toordinal()


def _trimmed(text: str) -> str:
    if (flaw := text_flaw(text)) is not None:
        raise ValueError(flaw)
    if not text or text != text.strip():
        raise ValueError("a text that is not blank, with no blanks around it")
    return text


def _plain(text: str) -> str:
    if (flaw := text_flaw(text)) is not None:
        raise ValueError(flaw)
    return text


def _key(text: str) -> str:
    if not text.isascii() or " " in _trimmed(text):
        raise ValueError("ASCII without blanks")
    return text


def _user_name(text: str) -> str:
    if ":" in _key(text):
        raise ValueError("a name without a colon")
    return text


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError("a number, or the text of one")  # noqa: TRY004 -- pydantic reports these alone
    return values.exact(values.number(value) if isinstance(value, str) else Decimal(value))


def _percent(value: Any) -> Decimal:
    if not 0 <= (percent := _number(value)) <= 100:
        raise ValueError("a number from 0 to 100")
    return percent


def _day(value: Any) -> int:
    """Read ``YYYY-MM-DD`` from 1970 on as days since then."""
    try:
        day = date.fromisoformat(value).toordinal() - _EPOCH
    except (TypeError, ValueError):
        raise ValueError("a date YYYY-MM-DD") from None
    if day < 0:
        raise ValueError("a date from 1970-01-01 on")
    return day


def _as_object(value: Any) -> Any:
    """Take the symbol of a usage type for all that is said of it."""
    return {"symbol": value} if isinstance(value, str) else value


Name = Annotated[str, AfterValidator(_trimmed)]
Text = Annotated[str, AfterValidator(_plain)]
Key = Annotated[str, AfterValidator(_key)]
Id = Annotated[int, Field(ge=1, le=ID_MAX, strict=True)]
Flag = Annotated[bool, Field(strict=True)]
Amount = Annotated[Decimal, BeforeValidator(_number)]
Percent = Annotated[Decimal, BeforeValidator(_percent)]
Day = Annotated[int, BeforeValidator(_day)]

_METRIC = AliasChoices("usage_type", "symbol")


class Member(BaseModel):
    """An object of the file."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, populate_by_name=True)


class Dated(Member):
    """What holds on some days, the first and the last included."""

    start: Day = 0
    end: Day = FOREVER


class UserMember(Member):
    """One of ``users``."""

    username: Annotated[str, AfterValidator(_user_name)]
    api_key: Key | None = Field(None, validation_alias=AliasChoices("api_key", "token"))
    """May be left out for a user that there is."""
    active: Flag = True
    superuser: Flag = False
    password: str | None = Field(None, min_length=1, max_length=255)


class TypeMember(Member):
    """One of ``usage_types``; a text is its symbol."""

    symbol: Name
    name: Name | None = None
    kind: Literal["BU", "RU", "SU"] = "SU"
    by_cost: Flag = False
    by_warehouse: Flag = False
    average: Flag = False
    order: Annotated[int, Field(ge=-ID_MAX, le=ID_MAX, strict=True)] = 0
    show_in_report: Flag = True
    active: Flag = True


class PriceMember(Dated):
    """One of ``prices``."""

    usage_type: Name = Field(validation_alias=_METRIC)
    price: Amount = Decimal(0)
    forecast_price: Amount = Decimal(0)
    cost: Amount = Decimal(0)
    forecast_cost: Amount = Decimal(0)
    warehouse: Text = ""


class ShareMember(Dated):
    """A usage type of a service: the percent of its cost that is handed on by it, on these days."""

    usage_type: Name = Field(validation_alias=_METRIC)
    percent: Percent = Decimal(100)


class PercentageMember(ShareMember):
    """One of ``percentages``."""

    service: Name


class ServiceMember(Member):
    """One of ``services``."""

    symbol: Name
    name: Name | None = None
    ventures: tuple[Name, ...] = ()
    base_usage_types: tuple[Name, ...] = ()
    depends_on: tuple[Name, ...] = ()
    usage_types: tuple[Annotated[ShareMember, BeforeValidator(_as_object)], ...] = ()
    fixed_price: Flag = False
    difference_to: Text = ""


class VentureMember(Member):
    """One of ``ventures``."""

    symbol: Name
    name: Name | None = None
    active: Flag = True
    parent: Text = ""
    department: Text = ""
    business_segment: Text = ""
    profit_center: Text = ""
    service: Name | None = None
    """The service that it provides."""


class ExtraCostMember(Dated):
    """One of ``extra_costs``: of each month, or (``monthly`` false) of its days in all."""

    name: Name
    venture: Name
    cost: Amount
    forecast_cost: Amount = Decimal(0)
    monthly: Flag = False


class PricingServiceMember(Member):
    """One of ``pricing_services``."""

    id: Id | None = None
    name: Name
    symbol: Name | None = None
    active: Flag = True
    fixed_price: Flag = False
    usage_types: tuple[Annotated[ShareMember, BeforeValidator(_as_object)], ...] = ()


class EnvironmentMember(Member):
    """One of ``service_environments``."""

    service: Name
    service_id: Id | None = None
    service_uid: Text = ""
    environment: Name
    pricing_objects: tuple[Name, ...] = ()
    owners: tuple[Name, ...] = ()
    profit_center: Text = ""
    business_line: Text = ""


class Document(Member):
    """The whole file; ``name`` and ``note`` are for those who read it."""

    name: str = ""
    note: str = ""
    currency: Name | None = None
    users: tuple[UserMember, ...] = ()
    usage_types: tuple[Annotated[TypeMember, BeforeValidator(_as_object)], ...] = ()
    prices: tuple[PriceMember, ...] = ()
    services: tuple[ServiceMember, ...] = ()
    percentages: tuple[PercentageMember, ...] = ()
    ventures: tuple[VentureMember, ...] = ()
    extra_costs: tuple[ExtraCostMember, ...] = ()
    pricing_services: tuple[PricingServiceMember, ...] = ()
    service_environments: tuple[EnvironmentMember, ...] = ()
