"""Answers as JSON text, in the member order and number forms of the published API.

Prices and intervals are repeated in every span of every answer, so their text is made once per period.
"""

from collections.abc import Sequence
from json.encoder import encode_basestring_ascii

from protocol.errors import Code
from rater.account import Account
from rater.instant import text as instant_text
from rater.plan import Period
from rater.quantity import decimal_text, text
from rater.rate import Rate
from rater.rating import BucketUse, CallCost
from storage.counters import leaves_of
from storage.difference import period_of

ANSWER_BYTES_MAX = 1_000_000
"""Text of the spans of one answer: within what ``protocol.limits`` lets through."""

TOO_LONG = (
    f"{Code.INVALID_PARAMS}: TimeEnd: the answer would be longer than {ANSWER_BYTES_MAX} bytes,"
    " expected a shorter call"
).encode()

_CHARACTERS_REMEMBERED_MAX = 16_000_000
"""Text that one encoder keeps ready; the few hundred prices that calls meet take a fraction of it."""

_NO_PRICE = ',"ActivationPeriod":null,"Interval":null'


def _list(numbers: Sequence[int]) -> str:
    return f"[{','.join(map(str, numbers))}]" if numbers else "null"


def _month(numbers: Sequence[int]) -> str:
    """One month or day as a number, 0 for any, as in 2012; several as a list."""
    if len(numbers) > 1:
        return _list(numbers)
    return str(numbers[0]) if numbers else "0"


def interval_text(rate: Rate) -> str:
    """Print a price as the API's Interval."""
    shown = rate.shown
    increment = ""
    if rate.increment_ns:
        increment = (
            f',"RateIncrement":{text(rate.increment_ns)},"GroupIntervalStart":{text(rate.group_start_ns)}'
        )
    return (
        f'{{"Month":{_month(shown.months)},"MonthDay":{_month(shown.month_days)}'
        f',"WeekDays":{_list(shown.week_days)}'
        f',"StartTime":{encode_basestring_ascii(shown.start_text)}'
        f',"EndTime":{encode_basestring_ascii(shown.end_text)}'
        f',"Ponder":{decimal_text(shown.weight)},"ConnectFee":{decimal_text(shown.connect_fee)}'
        f',"Price":{decimal_text(shown.price)},"BillingUnit":{decimal_text(shown.billing_unit)}{increment}}}'
    )


def _minutes_text(use: BucketUse) -> str:
    return (
        f'{{"DestinationId":{encode_basestring_ascii(use.bucket.destination_id)}'
        f',"Quantity":{text(use.seconds_ns)},"Price":{decimal_text(use.bucket.price)}}}'
    )


class AnswerTooLongError(Exception):
    """The answer would be longer than a caller may be sent. ``body`` is what to send instead."""

    def __init__(self, body: bytes = TOO_LONG) -> None:
        super().__init__(body)
        self.body = body


class CallCostEncoder:
    """Prints priced calls of one compiled tariff."""

    __slots__ = ("_characters", "_prices")

    def __init__(self) -> None:
        self._prices: dict[Period, dict[Rate | None, str]] = {}
        self._characters = 0

    def encode(self, cost: CallCost, tor: str, start_text: str, end_text: str) -> bytes:
        """Print a priced call. ``tor`` is JSON text; the two times are printed as they came.

        Raises AnswerTooLongError.
        """
        call = cost.call
        spans = cost.spans
        last = len(spans) - 1
        begin = start_text
        parts = []
        size = 0
        for place, (_, stop_ns, period, rate, minutes) in enumerate(spans):
            end = end_text if place == last else instant_text(stop_ns, call.offset_ns)
            if period is None:
                price = _NO_PRICE
            else:
                by_rate = self._prices.get(period)
                known = None if by_rate is None else by_rate.get(rate)
                price = self._price_text(period, rate) if known is None else known
            taken = "null" if minutes is None else _minutes_text(minutes)
            part = f'{{"TimeStart":"{begin}","TimeEnd":"{end}"{price},"MinuteInfo":{taken}}}'
            size += len(part)
            if size > ANSWER_BYTES_MAX:
                raise AnswerTooLongError
            parts.append(part)
            begin = end
        return (
            f'{{"TOR":{tor},"CstmId":{encode_basestring_ascii(call.customer)}'
            f',"Subject":{encode_basestring_ascii(call.subject)}'
            f',"DestinationPrefix":{encode_basestring_ascii(cost.prefix)}'
            f',"Cost":{text(cost.cost)},"ConnectFee":{text(cost.connect_fee)}'
            f',"Timespans":[{",".join(parts)}]}}'
        ).encode()

    def _price_text(self, period: Period, rate: Rate | None) -> str:
        """Print what a span says of its price, and remember it."""
        intervals = ",".join(interval_text(each) for each in period.rates)
        made = (
            f',"ActivationPeriod":{{"ActivationTime":"{instant_text(period.activation_ns)}"'
            f',"Intervals":[{intervals}]}},"Interval":{"null" if rate is None else interval_text(rate)}'
        )
        self._characters += len(made)
        if self._characters > _CHARACTERS_REMEMBERED_MAX:
            self._prices.clear()
            self._characters = len(made)
        self._prices.setdefault(period, {})[rate] = made
        return made


def account_bytes(account: Account, version: int) -> bytes:
    """Print a whole account as JSON."""
    buckets = ",".join(
        f'{{"DestinationId":{encode_basestring_ascii(bucket.destination_id)}'
        f',"Seconds":{text(bucket.seconds_ns)},"Priority":{bucket.priority}'
        f',"Price":{decimal_text(bucket.price)}}}'
        for bucket in account.buckets
    )
    return (
        f'{{"CstmId":{encode_basestring_ascii(account.customer)}'
        f',"Subject":{encode_basestring_ascii(account.subject)}'
        f',"Credit":{text(account.credit)},"SmsCredit":{text(account.sms)}'
        f',"Traffic":{text(account.traffic)}'
        f',"VolumeDiscountSeconds":{text(account.volume_discount_ns)}'
        f',"ReceivedCallSeconds":{text(account.received_ns)},"ResetDayOfTheMonth":{account.reset_day}'
        f',"TariffPlanId":{encode_basestring_ascii(account.plan_id)}'
        f',"AllowNegative":{"true" if account.allow_negative else "false"}'
        f',"Disabled":{"true" if account.disabled else "false"}'
        f',"MinuteBuckets":[{buckets}]{_usage_text(account)},"Version":{version}}}'
    ).encode()


def _usage_text(account: Account) -> str:
    """Print the counters of an account as a member of it; nothing if it has none."""
    if not account.usage:
        return ""
    parts = []
    for (series, cell), number in leaves_of(account.usage):
        period, start = period_of(cell)
        parts.append(
            f'{{"Series":{encode_basestring_ascii(series)},"Period":"{period}","Start":"{start}"'
            f',"Value":{number}}}'
        )
    return f',"Usage":[{",".join(parts)}]' if parts else ""
