"""What requests about usage mean: names and texts turned into what the domain decides on."""

from collections.abc import Iterator

from cgrates_py.metering.cache import Catalogue, UnreadError
from cgrates_py.metering.credentials import by_app_id, by_user_key, refused, shown
from protocol.metering import Transaction as Reported
from rater.instant import SECOND
from rater.metering.catalogue import Metric, UserKey
from rater.metering.counting import Transaction
from rater.metering.product import Product, Subscription
from rater.metering.timestamp import NEWEST_S, OLDEST_S, parse_timestamp
from rater.metering.value import Amount, ValueRangeError, parse_value
from storage.documents import DocumentKey, application_key, user_key_key


def amounts_of(product: Product, usage: list[tuple[str, str | None]]) -> tuple[Amount, ...]:
    """Read a usage: metric names and values, in the order given, the first bad one refused.

    Raises KnownServiceError.
    """
    amounts = []
    for given, value in usage:
        metric = _metric(product, given)
        name = shown(metric.name)
        if value is None or not value.strip():
            raise refused(product, "usage_value_invalid", f'usage value for metric "{name}" can not be empty')
        invalid = f'usage value "{shown(value)}" for metric "{name}" is invalid'
        try:
            parsed = parse_value(value)
        except ValueRangeError:
            beyond = refused(product, "usage_value_invalid", invalid)
            beyond.at_once = True
            raise beyond from None
        if parsed is None:
            raise refused(product, "usage_value_invalid", invalid)
        amounts.append(Amount(metric.metric_id, *parsed))
    return tuple(amounts)


def check_names(product: Product, usage: list[tuple[str, str | None]]) -> None:
    """Refuse a metric that does not exist. Raises KnownServiceError."""
    for name, _ in usage:
        _metric(product, name)


def _metric(product: Product, given: str) -> Metric:
    name = given.strip()
    metric = product.by_name.get(name)
    if metric is None:
        raise refused(product, "metric_invalid", f'metric "{shown(name)}" is invalid')
    return metric


def transactions_of(
    catalogue: Catalogue, product: Product, reported: list[Reported], now_ns: int, flat: bool
) -> list[Transaction]:
    """Read the transactions of a report; the first bad one refuses them all. Raises KnownServiceError.

    One whose usages are all ``0`` is passed over before it is looked at.
    """
    telling = [each for each in reported if any(value != "0" for _, value in each.Usage)]
    if unread := catalogue.unread(_applications(product, telling)):
        raise UnreadError(unread)
    if unread := catalogue.unread(_named_applications(catalogue, product, telling)):
        raise UnreadError(unread)
    transactions = []
    # a report of a thousand calls names few applications and says much the same of each
    named: dict[tuple[str | None, str | None], Subscription] = {}
    read: dict[tuple[tuple[str, str | None], ...], tuple[Amount, ...]] = {}
    for each in telling:
        names = (each.AppId, each.UserKey)
        subscription = named.get(names)
        if subscription is None:
            subscription = named[names] = _subscription(catalogue, product, each)
        usage = tuple(each.Usage)
        amounts = read.get(usage)
        if amounts is None:
            amounts = read[usage] = amounts_of(product, each.Usage)
        at_ns = now_ns if not each.Timestamp else _timestamp(product, each.Timestamp, now_ns)
        transactions.append(Transaction(subscription, at_ns, amounts, each.Code or "", flat))
    return transactions


def _applications(product: Product, reported: list[Reported]) -> Iterator[DocumentKey]:
    service_id = product.service.service_id
    for each in reported:
        if each.UserKey:
            yield user_key_key(service_id, each.UserKey)
        elif each.AppId:
            yield application_key(service_id, each.AppId)


def _named_applications(
    catalogue: Catalogue, product: Product, reported: list[Reported]
) -> Iterator[DocumentKey]:
    """Name the applications of those that are named by user keys."""
    service_id = product.service.service_id
    for each in reported:
        if each.UserKey:
            named = catalogue.get(user_key_key(service_id, each.UserKey), UserKey)
            if named is not None:
                yield application_key(service_id, named.app_id)


def _subscription(catalogue: Catalogue, product: Product, reported: Reported) -> Subscription:
    if reported.AppId and reported.UserKey:
        sentence = "either app_id or user_key is allowed, not both"
        raise refused(product, "authentication_error", sentence)
    if reported.UserKey:
        return by_user_key(catalogue, product, reported.UserKey)
    if reported.AppId:
        return by_app_id(catalogue, product, reported.AppId)
    raise refused(product, "application_not_found", "application id is missing")


def _timestamp(product: Product, text: str, now_ns: int) -> int:
    at_ns = parse_timestamp(text)
    if at_ns is None:
        return now_ns
    now_s, at_s = now_ns // SECOND, at_ns // SECOND
    if at_s < now_s - OLDEST_S:
        sentence = f"reporting transactions older than {OLDEST_S} seconds is not allowed"
        raise refused(product, "transaction_timestamp_too_old", sentence)
    if at_s > now_s + NEWEST_S:
        sentence = f"reporting transactions more than {NEWEST_S} seconds in the future is not allowed"
        raise refused(product, "transaction_timestamp_too_new", sentence)
    return at_ns
