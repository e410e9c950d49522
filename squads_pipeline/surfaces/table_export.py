"""Rows of a table as CSV, JSON, Parquet or for the terminal, as streams; amounts as exact tokens.

A column of µT such as ``match_micro`` appears as ``match``, in tokens. Which rows: `store.tables`.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, BinaryIO, Final

import pyarrow as pa
from pyarrow import parquet
from rich.console import Console
from rich.markup import escape
from sqlalchemy import ColumnElement, FromClause

from squads_pipeline.rules.money import tokens
from squads_pipeline.surfaces import arrow_tables
from squads_pipeline.surfaces.arrow_tables import MICRO, Batches, headings, plainer
from squads_pipeline.surfaces.cli.answers import plain_table

# What readers take at once; much smaller ones slow them down.
_ROW_GROUP: Final = 100_000


def write_csv(file: BinaryIO, source: FromClause, batches: Batches) -> None:
    """Write CSV with a header, a batch in memory at a time."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(headings(source))
    for rows in _plain(source, batches):
        writer.writerows(rows)
    text.flush()
    text.detach()


def write_json(file: BinaryIO, source: FromClause, batches: Batches) -> None:
    """Write one JSON array of objects; amounts as text, so that no reader makes floats of them."""
    names = headings(source)
    separator = "[\n"
    for rows in _plain(source, batches):
        for row in rows:
            line = json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False)
            file.write(f"{separator}{line}".encode())
            separator = ",\n"
    file.write(b"[]\n" if separator == "[\n" else b"\n]\n")


def write_parquet(file: BinaryIO, source: FromClause, batches: Batches) -> None:
    """Write Parquet; amounts as decimal128 with six places."""
    write_arrow(file, arrow_tables.schema(source), arrow_tables.tables(source, batches))


def write_arrow(file: BinaryIO, schema: pa.Schema, parts: Iterable[pa.Table]) -> int:
    """Write tables of one schema as one Parquet file, a row group in memory at a time; returns the rows."""
    rows, waiting = 0, schema.empty_table()
    with parquet.ParquetWriter(file, schema) as writer:
        for part in parts:
            waiting = pa.concat_tables([waiting, part])
            rows += part.num_rows
            if waiting.num_rows >= _ROW_GROUP:
                writer.write_table(waiting, row_group_size=_ROW_GROUP)
                waiting = schema.empty_table()
        if waiting.num_rows:
            writer.write_table(waiting)
    return rows


def show(out: Console, source: FromClause, batches: Batches) -> int:
    """Print a table for a person; returns the number of rows."""
    shown = plain_table(*headings(source))
    for rows in _plain(source, batches):
        for row in rows:
            shown.add_row(*("" if value is None else escape(str(value)) for value in row))
    out.print(shown)
    return shown.row_count


def _plain(source: FromClause, batches: Batches) -> Iterator[list[list[Any]]]:
    """Turn values into what CSV and JSON have: texts, whole numbers, None."""
    makers = [_maker(column) for column in source.c]
    for rows in batches:
        yield [[make(value) for make, value in zip(makers, row, strict=True)] for row in rows]


def _maker(column: ColumnElement[Any]) -> Callable[[Any], Any]:
    return _tokens_text if str(column.name).endswith(MICRO) else _text


def _tokens_text(micro: int | Decimal | None) -> str | None:
    if micro is None:
        return None
    shown = f"{tokens(int(micro)):f}"
    return shown.rstrip("0").rstrip(".")


def _text(value: Any) -> Any:
    if value is None or isinstance(value, str | bool) or type(value) is int:
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    return plainer(value) if isinstance(value, bytes | dict | list) else str(value)
