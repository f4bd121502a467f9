"""Writes made calls as files: columns of our own, or those of FreeSWITCH and Asterisk, CSV or Parquet."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv, parquet

from stress.cdrs import CATEGORY, CUSTOMER, CallRows, Int64s, Traffic, days_of

Columns = dict[str, pa.Array]

HEADLESS = frozenset({"freeswitch", "asterisk"})
"""Layouts whose files name no columns."""


def write(out: Path, traffic: Traffic, layout: str, *, as_parquet: bool) -> int:
    """Write a file of calls day by day; tells how many."""
    make = LAYOUTS[layout]
    writer: csv.CSVWriter | parquet.ParquetWriter | None = None
    rows = 0
    try:
        for calls in days_of(traffic):
            table = pa.table(make(calls, traffic, rows))
            if writer is None:
                writer = parquet.ParquetWriter(out, table.schema) if as_parquet else _csv(out, table, layout)
            (writer.write_table if as_parquet else writer.write)(table)
            rows += len(calls.number)
    finally:
        if writer is not None:
            writer.close()
    return rows


def _csv(out: Path, table: pa.Table, layout: str) -> csv.CSVWriter:
    options = csv.WriteOptions(
        include_header=layout not in HEADLESS,
        quoting_style="all_valid" if layout in HEADLESS else "none",
    )
    return csv.CSVWriter(str(out), table.schema, write_options=options)


def _plain(calls: CallRows, traffic: Traffic, first: int) -> Columns:
    """Our own columns: the words of a call descriptor, instants with their zone as RFC 3339 has them."""
    answered_s = calls.start_s + calls.ringing
    return {
        "id": _ids(traffic, first, len(calls.number)),
        "customer": _alike(CUSTOMER, calls),
        "subject": _subjects(calls),
        "category": _alike(CATEGORY, calls),
        "number": pc.binary_join_element_wise("+", _text(calls.number), ""),
        "start": _rfc3339(answered_s),
        "end": _rfc3339(answered_s + calls.seconds),
    }


def _freeswitch(calls: CallRows, traffic: Traffic, first: int) -> Columns:
    """The template "example" of FreeSWITCH's mod_cdr_csv: no heading, every cell quoted, local time."""
    answer_s = calls.start_s + calls.ringing
    end_s = answer_s + calls.seconds
    caller = _subjects(calls)
    return {
        "caller_id_name": caller,
        "caller_id_number": caller,
        "destination_number": _text(calls.number),
        "context": _alike("default", calls),
        "start_stamp": _local(calls.start_s, traffic.zone),
        "answer_stamp": _answered(_local(answer_s, traffic.zone), calls),
        "end_stamp": _local(end_s, traffic.zone),
        "duration": _text(end_s - calls.start_s),
        "billsec": _text(calls.seconds),
        "hangup_cause": _chosen("NORMAL_CLEARING", "NO_ANSWER", calls),
        "uuid": _ids(traffic, first, len(calls.number)),
        "bleg_uuid": _alike("", calls),
        "accountcode": caller,
        "read_codec": _alike("PCMA", calls),
        "write_codec": _alike("PCMA", calls),
    }


def _asterisk(calls: CallRows, traffic: Traffic, first: int) -> Columns:
    """The file Master.csv of Asterisk's cdr_csv: no heading, local time, an unique id and no user field."""
    answer_s = calls.start_s + calls.ringing
    end_s = answer_s + calls.seconds
    caller = _subjects(calls)
    return {
        "accountcode": caller,
        "src": caller,
        "dst": _text(calls.number),
        "dcontext": _alike("default", calls),
        "clid": caller,
        "channel": _alike("PJSIP/trunk-in", calls),
        "dstchannel": _alike("PJSIP/trunk-out", calls),
        "lastapp": _alike("Dial", calls),
        "lastdata": pc.binary_join_element_wise("PJSIP/", _text(calls.number), ""),
        "start": _local(calls.start_s, traffic.zone),
        "answer": _answered(_local(answer_s, traffic.zone), calls),
        "end": _local(end_s, traffic.zone),
        "duration": _text(end_s - calls.start_s),
        "billsec": _text(calls.seconds),
        "disposition": _chosen("ANSWERED", "NO ANSWER", calls),
        "amaflags": _alike("DOCUMENTATION", calls),
        "uniqueid": _ids(traffic, first, len(calls.number)),
    }


LAYOUTS: Mapping[str, Callable[[CallRows, Traffic, int], Columns]] = {
    "plain": _plain,
    "freeswitch": _freeswitch,
    "asterisk": _asterisk,
}
"""The columns that a file can have, by the name of who writes such files."""


def _text(values: Int64s) -> pa.Array:
    return pc.cast(pa.array(values), pa.string())


def _alike(text: str, calls: CallRows) -> pa.Array:
    return pa.repeat(pa.scalar(text), len(calls.number))


def _subjects(calls: CallRows) -> pa.Array:
    """Name the callers ``subscriber-00001`` and so on, the busiest first."""
    padded = pc.utf8_lpad(_text(calls.subject + 1), 5, "0")
    return pc.binary_join_element_wise("subscriber-", padded, "")


def _ids(traffic: Traffic, first: int, rows: int) -> pa.Array:
    numbers = pc.utf8_lpad(_text(np.arange(first + 1, first + rows + 1, dtype=np.int64)), 12, "0")
    return pc.binary_join_element_wise(f"{traffic.seed % 10**8:08d}-0000-4000-8000-", numbers, "")


def _rfc3339(seconds: Int64s) -> pa.Array:
    return pc.strftime(pa.array(seconds).cast(pa.timestamp("s")), format="%Y-%m-%dT%H:%M:%SZ")


def _local(seconds: Int64s, zone: str) -> pa.Array:
    moments = pa.array(seconds).cast(pa.timestamp("s")).cast(pa.timestamp("s", tz=zone))
    return pc.strftime(moments, format="%Y-%m-%d %H:%M:%S")


def _answered(moments: pa.Array, calls: CallRows) -> pa.Array:
    return pc.if_else(pa.array(calls.seconds > 0), moments, "")


def _chosen(answered: str, unanswered: str, calls: CallRows) -> pa.Array:
    return pc.if_else(pa.array(calls.seconds > 0), answered, unanswered)
