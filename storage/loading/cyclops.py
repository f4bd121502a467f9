"""Reads ``cyclops.json``: meters, and the policy of rates of Cyclops RC."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from rater.usage.cyclops import METERS_MAX, NAME_CHARACTERS_MAX, RATES_MAX, number
from storage.cyclops_state import CyclopsState, Meter, MeterType
from storage.loading.validated import Source, read_validated

FILE = "cyclops.json"


def _name(text: str) -> str:
    if not 1 <= len(text) <= NAME_CHARACTERS_MAX or not text.isprintable():
        raise ValueError(f"a text of 1 to {NAME_CHARACTERS_MAX} printable characters")
    return text


def _literal(value: Any) -> str:
    """Keep a rate as the JSON it stands for: a number, or the text of one."""
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError("a number, or the text of one")  # noqa: TRY004 -- pydantic reports these alone
    try:
        number(str(value))
    except ValueError as error:
        raise ValueError(str(error).removeprefix("expected ")) from None  # a report says that itself
    return f'"{value}"' if isinstance(value, str) else str(value)


Name = Annotated[str, AfterValidator(_name)]
RateLiteral = Annotated[str, BeforeValidator(_literal)]


class MeterMember(BaseModel):
    """One of ``meters``."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    type: MeterType = "cumulative"
    enabled: Annotated[bool, Field(strict=True)] = True
    source: Annotated[str, Field(max_length=NAME_CHARACTERS_MAX)] = ""


class Document(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid")

    meters: Annotated[tuple[MeterMember, ...], Field(max_length=METERS_MAX)] = ()
    policy: Literal["static", "dynamic"] | None = None
    rates: (
        Annotated[dict[Name, Annotated[str, BeforeValidator(_literal)]], Field(max_length=RATES_MAX)] | None
    ) = None

    @model_validator(mode="after")
    def _agree(self) -> "Document":
        if self.policy == "static" and self.rates is None:
            raise ValueError("rates for a static policy")
        if self.policy != "static" and self.rates is not None:
            raise ValueError('"policy": "static" beside rates')
        names = [each.name for each in self.meters]
        if len(set(names)) < len(names):
            raise ValueError("each meter once")
        return self


@dataclass(frozen=True, slots=True)
class CyclopsSeed:
    """What a file says. ``static`` None: nothing of rates; True: ``rates`` replace those there are."""

    meters: tuple[Meter, ...] = ()
    static: bool | None = None
    rates: tuple[tuple[str, str], ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)

    def over(self, state: CyclopsState, now_ns: int) -> CyclopsState:
        """Lay it over a state: meters by their names, all rates together. Raises ValueError for too many."""
        meters = {each.name: each for each in state.meters}
        for each in self.meters:
            before = meters.get(each.name)
            if before is None or replace(before, changed_ns=0) != each:
                meters[each.name] = replace(each, changed_ns=now_ns)
        if len(meters) > METERS_MAX:
            raise ValueError(f"at most {METERS_MAX} meters in all, and these would be {len(meters)}")
        after = replace(state, meters=tuple(meters.values()))
        if self.static is None:
            return after
        if not self.static:
            return replace(after, static=False)
        return replace(after, static=True, rates=self.rates, source=None, time=None)


def read_cyclops(source: Source) -> CyclopsSeed:
    """Read the file; problems go to the source's report."""
    document = read_validated(source, FILE, Document)
    if document is None:
        return CyclopsSeed()
    rates = tuple((document.rates or {}).items())
    counts = {"meters": len(document.meters), "rates of meters": len(rates)}
    return CyclopsSeed(
        tuple(Meter(each.name, each.type, each.enabled, each.source) for each in document.meters),
        None if document.policy is None else document.policy == "static",
        rates,
        {name: count for name, count in counts.items() if count},
    )
