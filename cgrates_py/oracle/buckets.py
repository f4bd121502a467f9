"""Which minute buckets serve a number, in order of use."""

from cgrates_py.oracle.prefixes import bare, longest
from rater.account import Account, MinuteBucket
from rater.tariff import ANY, Tariff


def buckets_for(tariff: Tariff, account: Account, number: str) -> list[tuple[int, MinuteBucket]]:
    """(stored position, bucket) of every bucket whose destination begins the number, in order of use."""
    found = []
    for n, bucket in enumerate(account.buckets):
        prefix = longest(tariff.destinations.get(bucket.destination_id, ()), number)
        everywhere = bucket.destination_id == ANY
        if everywhere or (prefix is not None and bare(prefix)):
            length = 0 if prefix is None else len(bare(prefix))
            found.append(((-bucket.priority, -length, bucket.price, n), bucket))
    return [(key[-1], bucket) for key, bucket in sorted(found, key=lambda pair: pair[0])]


def usable_buckets(tariff: Tariff, account: Account, number: str) -> list[tuple[int, MinuteBucket]]:
    """List those of ``buckets_for`` that have seconds left."""
    return [(n, bucket) for n, bucket in buckets_for(tariff, account, number) if bucket.seconds_ns > 0]
