"""Documents and what is listed beside accounts: read back as written, and nothing else is read at all."""

from collections.abc import Callable
from functools import partial

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rater.metering.catalogue import CatalogueValue, UserKey
from storage import document_records as records
from storage import keys
from storage.documents import ErrorRecord, EventRecord, key_of
from storage.store import StoreCorruptError
from tests.storage.documents import APPLICATION, EVERY_KIND, SERVICE

NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=512)
ERROR = ErrorRecord("code", "message", 1, {"key": "value"})
EVENT: tuple[str, int, dict[str, str | int]] = ("alert", 1, {"id": "a", "utilization": -(2**63)})

Read = Callable[[bytes], object]
READERS: list[tuple[Read, bytes]] = [
    *[(partial(records.decode_document, key_of(each)), records.encode_document(each)) for each in EVERY_KIND],
    (records.decode_error, records.encode_error(ERROR)),
    (partial(records.decode_event, 1), records.encode_event(EVENT)),
]


@pytest.mark.parametrize("value", EVERY_KIND)
def test_a_document_reads_back_exactly(value: CatalogueValue) -> None:
    read = records.decode_document(key_of(value), records.encode_document(value))
    assert read == value
    assert repr(read) == repr(value)


def test_errors_and_events_read_back_exactly() -> None:
    assert records.decode_error(records.encode_error(ERROR)) == ERROR
    assert records.decode_event(7, records.encode_event(EVENT)) == EventRecord(7, *EVENT)


@pytest.mark.parametrize(("read", "whole"), READERS)
def test_a_record_cut_anywhere_is_corrupt(read: Read, whole: bytes) -> None:
    read(whole)
    for length in range(len(whole)):
        with pytest.raises(StoreCorruptError):
            read(whole[:length])


@pytest.mark.parametrize(("read", "whole"), READERS)
@given(data=st.data())
def test_a_damaged_record_is_corrupt_or_still_a_record(read: Read, whole: bytes, data: st.DataObject) -> None:
    damaged = bytearray(whole)
    damaged[data.draw(st.integers(0, len(whole) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        read(bytes(damaged))
    except StoreCorruptError as error:
        assert str(error)


@pytest.mark.parametrize(("read", "whole"), READERS)
def test_a_later_format_is_told(read: Read, whole: bytes) -> None:
    with pytest.raises(StoreCorruptError, match=r"begins b'\\x02', expected format 1"):
        read(b"\x02" + whole[1:])


def test_the_document_of_another_key_is_corrupt() -> None:
    blob = records.encode_document(SERVICE)
    with pytest.raises(StoreCorruptError, match="document service:1 is that of service:1001"):
        records.decode_document(("service", "1"), blob)


def test_a_document_of_an_earlier_version_has_the_defaults_of_the_fields_that_came_later() -> None:
    fields = {"service_id": "1001", "app_id": "a1", "generation": "g", "service_generation": "h"}
    blob = b"\x01" + msgspec.msgpack.encode(fields | {"since": "a later version"})
    read = records.decode_document(key_of(APPLICATION), blob)
    assert read == type(APPLICATION)("1001", "a1", "g", "h")


@given(NAMES, NAMES)
def test_a_key_names_its_document_and_every_document_has_the_same_hash_tag(first: str, second: str) -> None:
    key = key_of(UserKey(first, second, "a"))
    name = keys.document(key)
    assert keys.document_of(name) == key
    assert name.startswith(b"cgr:c:{catalogue}:user_key:")


@pytest.mark.parametrize("name", [b"cgr:c:", b"cgr:c:{other}:service:1", b"cgr:a:{a/b}", b"cgr:b"])
def test_other_keys_name_no_document(name: bytes) -> None:
    assert keys.document_of(name) is None
