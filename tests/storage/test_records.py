"""Records read back as they were written, and nothing else is read at all."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rater.account import Account, MinuteBucket
from rater.tariff import (
    ActivationPeriod,
    Bonus,
    BucketTemplate,
    DestinationRate,
    Interval,
    MaxCostStrategy,
    PlanLine,
    PrefixRate,
    ProfileActivation,
    RateGroup,
    Rounding,
    Tariff,
    TariffPlan,
    Timing,
    VolumeDiscount,
)
from storage import journal, keys, records
from storage.store import KnownAnswer, StoreCorruptError, Stored

AMOUNTS = st.integers(-(2**63), 2**63 - 1)
DECIMALS = st.decimals(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
BUCKETS = st.builds(MinuteBucket, TEXTS, AMOUNTS, AMOUNTS, DECIMALS)
ACCOUNTS = st.builds(
    Account, TEXTS, TEXTS, *[AMOUNTS] * 6, TEXTS, st.lists(BUCKETS).map(tuple), st.booleans(), st.booleans()
)

EVERYTHING = Tariff(
    rates={
        ("vdf", "rif"): {
            "0256": PrefixRate(
                (
                    ActivationPeriod(
                        -1,
                        (
                            Interval(
                                Decimal("0.1"), Decimal(60), Decimal("5e-9"), Decimal(-1),
                                (1, 12), (31,), (0, 6), 1, 86_399, "00:00:01", "23:59:59",
                            ),
                            Interval(Decimal(1)),
                        ),
                    ),
                    ActivationPeriod(2**62, ()),
                ),
                "Europe/Berlin",
            ),
            "+49": PrefixRate(()),
        },
        ("", ""): {},
    },
    destinations={"NAT": ("49", "+43"), "": ()},
    plans={
        "gold": TariffPlan(
            "gold", 1, 2, 3, 4, Bonus(5, 6, 7, BucketTemplate("NAT", 8, 9, Decimal("0.01"))),
            (BucketTemplate("NAT", 10),), (VolumeDiscount(11, Decimal("12.5")),),
        ),
        "bare": TariffPlan("bare"),
    },
    timings={"T": Timing("T", (2026,), (1,), (2,), (3,), 4, "UTC")},
    rate_groups={"R": (RateGroup(Decimal("0.4"), Decimal("0.2"), 60, 1, 0),)},
    destination_rates={
        "D": (
            DestinationRate("*any", "R", Rounding.UP, 4, Decimal(1), MaxCostStrategy.FREE),
            DestinationRate("N", "R"),
        )
    },
    rating_plans={"P": (PlanLine("D", "T", Decimal(10)),)},
    profiles={("t", "call", "*any"): (ProfileActivation(0, "P", ("a", "b")),)},
)  # fmt: skip


@given(ACCOUNTS, st.integers(0, 2**64 - 1), st.binary(min_size=16, max_size=16))
def test_an_account_reads_back_exactly(account: Account, version: int, chain: bytes) -> None:
    record = records.head(version, chain) + records.encode_account(account)
    assert records.decode_record(record) == Stored(version, account)
    assert records.split_head(record) == (version, chain)
    kept = records.decode_record(record).account.buckets
    assert [str(each.price) for each in account.buckets] == [str(each.price) for each in kept]


@given(st.binary(max_size=255), st.binary())
def test_an_answer_reads_back_byte_for_byte(digest: bytes, body: bytes) -> None:
    assert records.decode_answer(records.encode_answer(digest, body)) == KnownAnswer(digest, body)


@pytest.mark.parametrize("tariff", [Tariff(), EVERYTHING])
def test_a_tariff_reads_back_exactly(tariff: Tariff) -> None:
    assert records.decode_tariff(records.encode_tariff(tariff)) == tariff


def test_prefixes_of_one_price_share_it_after_reading() -> None:
    def price(text: str) -> PrefixRate:
        return PrefixRate((ActivationPeriod(0, (Interval(Decimal(text)),)),))

    prefixes = {str(number): price(f"0.{number % 3}") for number in range(1000)}
    read = records.decode_tariff(records.encode_tariff(Tariff({("c", "s"): prefixes}))).rates["c", "s"]
    assert dict(read) == prefixes
    assert len({id(each) for each in read.values()}) == 3


READERS: list[tuple[Callable[[bytes], object], bytes]] = [
    (records.decode_record, records.head(1, records.NO_CHAIN) + records.encode_account(Account("a", "b"))),
    (records.decode_tariff, records.encode_tariff(EVERYTHING)),
    (records.decode_answer, records.encode_answer(b"digest", b"")),
    (
        lambda element: list(journal.lines([element])),
        journal.encode_element(records.NO_CHAIN, 0, Account("a", "b", credit=1), ()),
    ),
]


@pytest.mark.parametrize(("read", "whole"), READERS)
def test_a_record_cut_anywhere_is_corrupt(read: Callable[[bytes], object], whole: bytes) -> None:
    read(whole)
    for length in range(len(whole)):
        with pytest.raises(StoreCorruptError):
            read(whole[:length])


@pytest.mark.parametrize(("read", "whole"), READERS)
@given(data=st.data())
def test_a_damaged_record_is_corrupt_or_still_a_record(
    read: Callable[[bytes], object], whole: bytes, data: st.DataObject
) -> None:
    """No other exception ever: damage that leaves a readable record is for the hash chain to find."""
    damaged = bytearray(whole)
    damaged[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        read(bytes(damaged))
    except StoreCorruptError as error:
        assert str(error)


@pytest.mark.parametrize(("read", "whole"), READERS[:3])
def test_a_later_format_is_told(read: Callable[[bytes], object], whole: bytes) -> None:
    with pytest.raises(StoreCorruptError, match=r"format 2|begins b'\\x02"):
        read(b"\x02" + whole[1:])


@given(TEXTS, TEXTS)
def test_a_key_names_its_account_with_one_hash_tag(customer: str, subject: str) -> None:
    names = keys.of_account((customer, subject))
    assert keys.account_of(names.account) == (customer, subject)
    tags = {name[name.index(b"{") + 1 : name.index(b"}")] for name in names}
    assert len(tags) == 1
    assert all(name.count(b"{") == name.count(b"}") == 1 for name in names)


@pytest.mark.parametrize("name", [b"cgr:j:{a/b}", b"cgr:a:", b"cgr:a:{ab}", b"cgr:t:{tariff}:1", b"other"])
def test_other_keys_name_no_account(name: bytes) -> None:
    assert keys.account_of(name) is None
