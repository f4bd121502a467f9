"""Rates small files with small tariffs: what the tests of the formats share."""

import csv
import io
import time
from collections.abc import Mapping
from pathlib import Path

import pyarrow.parquet as pq

from cgrates_py.bulk.rating import BulkRater
from cgrates_py.cdrs.chunk import Chunk
from cgrates_py.cdrs.convert import Converter
from cgrates_py.cdrs.formats import Records, format_of
from cgrates_py.cdrs.layout import GETCOST, Layout
from cgrates_py.cdrs.rate import FileRater, Summary
from cgrates_py.cdrs.writers import Output
from cgrates_py.tariff_source import folder_tariff
from rater.book import Book
from rater.compiler import compile_tariff
from tests.shell.servers import ROOT

RETAIL = ROOT / "cgrates_py/demo/retail"


def retail() -> Book:
    """The demo's tariff of plans."""
    return compile_tariff(folder_tariff(RETAIL, time.time_ns()))


def chunks_of(path: Path, columns: tuple[str, ...] = ()) -> list[Chunk]:
    records = Records(str(path), format_of(str(path)), columns)
    try:
        return list(records.chunks())
    finally:
        records.close()


def rate_file(book: Book, path: Path, out: Path, unrated: Path, layout: Layout = GETCOST) -> Summary:
    records = Records(str(path), format_of(str(path)), layout.columns)
    with Output(out) as rows, Output(unrated) as others:
        try:
            return FileRater(BulkRater(book), Converter(layout), rows, others).run(records, lambda _: None)
        finally:
            records.close()


def rows_of(path: Path) -> list[Mapping[str, str]]:
    """The rows of a CSV."""
    return list(csv.DictReader(io.StringIO(path.read_text())))


def parquet_rows(path: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = pq.read_table(path).to_pylist()
    return found
