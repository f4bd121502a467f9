"""What our domain answers to the facts recorded from the servers of 2012, one function per kind of fact.

Each takes a recorded case and gives our figures under the names that the record uses.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from rater.account import Account, MinuteBucket
from rater.book import Book, Route
from rater.charging import Operation, Request, decide
from rater.compiler import compile_tariff
from rater.metering.metering import MeteringStatus
from rater.prefixes import build
from rater.rating import Call, CallCost, price_call
from rater.refusal import Refusal
from rater.tariff import (
    ANY,
    DAY_SECONDS,
    ActivationPeriod,
    Bonus,
    DestinationRate,
    Interval,
    PlanLine,
    PrefixRate,
    ProfileActivation,
    RateGroup,
    Tariff,
    TariffPlan,
    VolumeDiscount,
)
from tests.rater.tables import SECOND, instant

Record = dict[str, Any]
LONG_AGO = instant("2000-01-01T00:00:00Z")[0]
MONDAY_MORNING = "2012-03-05T10:00:00Z"
"""When a session begins whose record does not say so: an hour at which the sample data has no edges."""

PLAN = "the plan of the record"


def nano(value: Decimal | int) -> int:
    return int(Decimal(value) * SECOND)


def units(amount: int) -> Decimal:
    return Decimal(amount) / SECOND


def clock(text: str, empty: int) -> int:
    if not text:
        return empty
    hours, minutes, seconds = (int(part) for part in text.split(":"))
    return DAY_SECONDS if text == "23:59:59" else hours * 3600 + minutes * 60 + seconds


def interval_of(record: Record, price: Decimal | None = None) -> Interval:
    return Interval(
        price=Decimal(record["price"]) if price is None else price,
        billing_unit=Decimal(record.get("billing_unit", 0)),
        connect_fee=Decimal(record["connect_fee"]),
        weight=Decimal(record["weight"]),
        months=tuple(record["months"]),
        month_days=tuple(record["month_days"]),
        week_days=tuple(record["week_days"]),
        start_s=clock(record["start_time"], 0),
        end_s=clock(record["end_time"], DAY_SECONDS),
    )


def period_of(record: Record) -> ActivationPeriod:
    return ActivationPeriod(
        instant(record["activation_time"])[0], tuple(interval_of(each) for each in record["intervals"])
    )


def plan_of(record: Record) -> TariffPlan:
    bonus = record.get("bonus")
    return TariffPlan(
        PLAN,
        sms=nano(record.get("sms", 0)),
        received_limit_ns=nano(record.get("received_call_seconds_limit", 0)),
        bonus=Bonus(credit=nano(bonus["credit"])) if bonus else None,
        discounts=tuple(
            VolumeDiscount(nano(each["volume"]), Decimal(each["discount"]))
            for each in record.get("volume_discounts", ())
        ),
    )


def account_of(record: Record | None) -> Account | None:
    if record is None:
        return None
    return Account(
        "vdf",
        "rif",
        credit=nano(record.get("credit", 0)),
        sms=nano(record.get("sms", 0)),
        volume_discount_ns=nano(record.get("volume_discount_seconds", 0)),
        received_ns=nano(record.get("received_call_seconds", 0)),
        plan_id=PLAN if record.get("tariff_plan") else "",
        buckets=tuple(
            MinuteBucket(
                each["destination"], nano(each["seconds"]), int(each["priority"]), Decimal(each["price"])
            )
            for each in record.get("buckets", ())
        ),
        allow_negative=record.get("type") == "postpaid",
    )


def book_of(given: Record) -> Book:
    plan = (given.get("account") or {}).get("tariff_plan")
    return compile_tariff(
        Tariff(
            rates={
                ("vdf", "rif"): {
                    prefix: PrefixRate(tuple(period_of(each) for each in periods))
                    for prefix, periods in given.get("rates", {}).items()
                }
            },
            destinations={name: tuple(each) for name, each in given.get("destinations", {}).items()},
            plans={PLAN: plan_of(plan)} if plan else {},
        )
    )


def one_interval(interval: Interval) -> Book:
    rate = PrefixRate((ActivationPeriod(LONG_AGO, (interval,)),))
    return compile_tariff(Tariff(rates={("vdf", "rif"): {"0": rate}}))


def call(number: str, start: str, end: str) -> Call:
    start_ns, offset_ns = instant(start)
    return Call("vdf", "rif", "call", number, start_ns, instant(end)[0], offset_ns=offset_ns)


def priced(book: Book, wanted: Call, account: Account | None = None) -> CallCost:
    answer = price_call(book, wanted, account)
    assert isinstance(answer, CallCost), str(answer)
    return answer


def span_cuts(book: Book, start: str, end: str) -> list[tuple[int, int]]:
    return [(span.start_ns, span.end_ns) for span in priced(book, call("0", start, end)).spans]


# --- prices -------------------------------------------------------------------------------------------


def split(given: Record, asked: Record) -> Record:
    wanted = call(asked["number"], asked["start"], asked["end"])
    return {"span_count": len(priced(book_of(given), wanted, account_of(given.get("account"))).spans)}


def cost(given: Record, asked: Record) -> Record:
    wanted = call(asked["number"], asked["start"], asked["end"])
    answer = price_call(book_of(given), wanted, account_of(given.get("account")))
    if isinstance(answer, Refusal):
        return {"cost": answer.code}
    return {
        "cost": units(answer.cost),
        "connect_fee": units(answer.connect_fee),
        "matched_prefix": answer.prefix,
    }


def second_cost(given: Record, asked: Record) -> Record:
    wanted = call(asked["number"], MONDAY_MORNING, "2012-03-05T10:00:01Z")
    return {"cost": units(priced(book_of(given), wanted).cost)}


def merge(given: Record, asked: Record) -> Record:
    book, number = book_of(given), asked["number"]
    first = priced(book, call(number, *asked["first"]))
    second = priced(book, call(number, *asked["second"]))
    whole = priced(book, call(number, asked["first"][0], asked["second"][1]))
    assert whole.cost == first.cost + second.cost
    return {
        "first_cost": units(first.cost),
        "second_cost": units(second.cost),
        "total": units(whole.cost),
        "span_count": len(whole.spans),
        "span_seconds": {str(n): units(span.end_ns - span.start_ns) for n, span in enumerate(whole.spans)},
    }


def lookup(given: Record, asked: Record) -> Record:
    start, end = instant("2012-01-01T00:00:00Z")[0], instant("2012-12-31T00:00:00Z")[0]
    route = book_of(given).route("vdf", "rif", "call", asked["number"], start, end)
    assert isinstance(route, Route)
    return {"activation_period_count": len(route.periods)}


def interval_contains(given: Record, asked: Record) -> Record:
    answer = priced(one_interval(interval_of(given["interval"])), call("0", asked["time"], asked["time"]))
    return {"contains": answer.spans[0].rate is not None}


def span_split_by_interval(given: Record, asked: Record) -> Record:
    book = one_interval(interval_of(given["interval"]))
    (one, other) = priced(book, call("0", asked["start"], asked["end"])).spans
    return {
        "first": (one.start_ns, one.end_ns),
        "second": (other.start_ns, other.end_ns),
        "interval_on": "first" if one.rate is not None else "second",
        "seconds": [units(span.end_ns - span.start_ns) for span in (one, other)],
    }


def activated_at(moment: str) -> Book:
    periods = tuple(
        ActivationPeriod(since, (Interval(Decimal(1)),)) for since in (LONG_AGO, instant(moment)[0])
    )
    return compile_tariff(Tariff(rates={("vdf", "rif"): {"0": PrefixRate(periods)}}))


def span_contains_time(given: Record, asked: Record) -> Record:
    return {"contains": len(span_cuts(activated_at(asked["time"]), *given["span"])) > 1}


def span_split_by_activation(given: Record, asked: Record) -> Record:
    return {"new_span": span_cuts(activated_at(asked["activation_time"]), *given["span"])[1]}


def span_cost(given: Record, asked: Record) -> Record:
    book = one_interval(interval_of(given["interval"]))
    return {"cost": units(priced(book, call("0", asked["start"], asked["end"])).cost)}


def volume_discount(given: Record, _asked: Record) -> Record:
    plan = plan_of(given["account"]["tariff_plan"])
    rate = PrefixRate((ActivationPeriod(LONG_AGO, (Interval(Decimal(1)),)),))
    book = compile_tariff(Tariff(rates={("vdf", "rif"): {"0": rate}}, plans={PLAN: plan}))
    hundred_seconds = call("0", MONDAY_MORNING, "2012-03-05T10:01:40Z")
    return {"percent": 100 - units(priced(book, hundred_seconds, account_of(given["account"])).cost)}


def fallback_lookup(given: Record, asked: Record) -> Record:
    """The records of May as rating profiles: a subject's own prefixes are its plan."""
    own: dict[str, list[str]] = {}
    fallbacks: dict[str, set[str]] = {}
    for key, record in given["records"].items():
        _, subject, prefix = key.split(":")
        own.setdefault(subject, [])
        if "fallback" in record:
            fallbacks.setdefault(subject, set()).add(record["fallback"].split(":")[1])
        else:
            own[subject].append(prefix)
    tariff = Tariff(
        destinations={subject: tuple(prefixes) for subject, prefixes in own.items()},
        rate_groups={"R": (RateGroup(Decimal(0), Decimal(1), SECOND, SECOND, 0),)},
        destination_rates={subject: (DestinationRate(subject, "R"),) for subject in own},
        rating_plans={subject: (PlanLine(subject, ANY),) for subject in own},
        profiles={
            ("vdf", "call", subject): (
                ProfileActivation(LONG_AGO, subject, tuple(sorted(fallbacks.get(subject, ())))),
            )
            for subject in own
        },
    )
    customer, subject = asked["base"].split(":")
    start = instant(MONDAY_MORNING)[0]
    route = compile_tariff(tariff).route(customer, subject, "call", asked["number"], start, start)
    return {"activation_period_count": len(route.periods) if isinstance(route, Route) else 0}


# --- accounts -----------------------------------------------------------------------------------------


def operate(
    given: Record, operation: Operation, amount: int = 0, wanted: Call | None = None
) -> tuple[Account, int | CallCost | str]:
    """(the account afterwards, the answer or the refusal's code)."""
    account = account_of(given["account"])
    if account is None:
        return Account("", ""), "ACCOUNT_NOT_FOUND"
    empty = call("", MONDAY_MORNING, MONDAY_MORNING)
    decision = decide(book_of(given), account, Request(operation, wanted or empty, amount))
    answer = decision.answer
    assert not isinstance(answer, Account | MeteringStatus)
    return decision.account, answer.code if isinstance(answer, Refusal) else answer


def dialled(number: str) -> Call:
    return call(number, MONDAY_MORNING, MONDAY_MORNING)


def seconds_left(account: Account) -> Record:
    return {bucket.destination_id: units(bucket.seconds_ns) for bucket in account.buckets}


def max_session(given: Record, asked: Record) -> Record:
    wanted = dialled(asked["number"])
    _, answer = operate(given, Operation.GET_MAX_SESSION_TIME, nano(asked["amount"]), wanted)
    return {"seconds": units(answer) if isinstance(answer, int) else answer}


def available_seconds(given: Record, asked: Record) -> Record:
    """As many whole seconds as can be debited; the first of them tells the first bucket."""
    wanted = dialled(asked["number"])

    def debited(seconds: int) -> tuple[Account, bool]:
        after, answer = operate(given, Operation.DEBIT_SECONDS, seconds * SECOND, wanted)
        return after, answer == 0

    seconds = max(n for n in range(1000) if debited(n)[1])
    before = seconds_left(debited(0)[0])
    after_one = seconds_left(debited(1)[0])
    return {
        "seconds": seconds,
        "first_bucket": next(name for name in before if before[name] != after_one[name]),
        "credit_left": units(debited(seconds)[0].credit),
    }


def debit_money(given: Record, asked: Record) -> Record:
    account, answer = account_of(given["account"]), 0
    assert account is not None
    for amount in asked["amounts"]:
        request = Request(Operation.DEBIT_BALANCE, dialled(""), nano(amount))
        decision = decide(book_of(given), account, request)
        assert isinstance(decision.answer, int)
        account, answer = decision.account, decision.answer
    return {"returned": units(answer), "credit": units(account.credit)}


def debit_sms(given: Record, asked: Record) -> Record:
    after, answer = operate(given, Operation.DEBIT_SMS, nano(asked["amount"]))
    refused = isinstance(answer, str)
    returned = after.sms if refused else answer
    assert isinstance(returned, int)
    return {"returned": units(returned), "sms": units(after.sms), "error": refused}


def debit_seconds(given: Record, asked: Record) -> Record:
    wanted = dialled(asked["number"])
    after, answer = operate(given, Operation.DEBIT_SECONDS, nano(asked["amount"]), wanted)
    return {
        "error": isinstance(answer, str),
        "credit": units(after.credit),
        "buckets": [units(bucket.seconds_ns) for bucket in after.buckets],
        **seconds_left(after),
    }


def debit_call(given: Record, asked: Record) -> Record:
    wanted = call(asked["number"], asked["start"], asked["end"])
    after, answer = operate(given, Operation.DEBIT, wanted=wanted)
    assert isinstance(answer, CallCost)
    return {"cost": units(answer.cost), "credit": units(after.credit), **seconds_left(after)}


def received_call(given: Record, asked: Record) -> Record:
    after, answer = operate(given, Operation.ADD_RECIEVED_CALL_SECONDS, nano(asked["amount"]))
    return {
        "credit": units(after.credit),
        "received_call_seconds": units(after.received_ns),
        "error": isinstance(answer, str),
    }


def bucket_sort(given: Record, _asked: Record) -> Record:
    """The order in which single seconds are taken from buckets whose prefixes are that long."""
    number = "0" * 9
    named = {each["name"]: each for each in given["buckets"]}
    tariff = Tariff(destinations={name: (number[: each["precision"]],) for name, each in named.items()})
    account = Account(
        "vdf",
        "rif",
        credit=100 * SECOND,
        buckets=tuple(
            MinuteBucket(name, SECOND, each["priority"], Decimal(each["price"]))
            for name, each in named.items()
        ),
    )
    book = compile_tariff(tariff)
    order: list[str] = []
    for _ in named:
        before = seconds_left(account)
        account = decide(book, account, Request(Operation.DEBIT_SECONDS, dialled(number), SECOND)).account
        order += [name for name, left in seconds_left(account).items() if left != before[name]]
    return {"order": order}


def bucket_equal(given: Record, _asked: Record) -> Record:
    one, other = (
        MinuteBucket(each["destination"], 0, each["priority"], Decimal(each["price"]))
        for each in (given["a"], given["b"])
    )
    return {"equal": one == other}


def destination_size(given: Record, asked: Record) -> Record:
    return {"prefix_count": len(build({"D": given["destinations"][asked["destination"]]}))}


ANSWERS: dict[str, Callable[[Record, Record], Record]] = {
    answer.__name__: answer
    for answer in (
        available_seconds,
        bucket_equal,
        bucket_sort,
        cost,
        debit_call,
        debit_money,
        debit_seconds,
        debit_sms,
        destination_size,
        fallback_lookup,
        interval_contains,
        lookup,
        max_session,
        merge,
        received_call,
        second_cost,
        span_contains_time,
        span_cost,
        span_split_by_activation,
        span_split_by_interval,
        split,
        volume_discount,
    )
}
"""One function per kind of record that our domain can be asked."""
