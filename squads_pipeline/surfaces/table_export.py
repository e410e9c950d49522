"""Rows of a table as CSV, JSON, Parquet or for the terminal, as streams; amounts as exact tokens.

A column of µT such as ``match_micro`` appears as ``match``, in tokens. Which rows: `store.tables`.
"""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, BinaryIO, Final

import pyarrow as pa
from pyarrow import parquet
from rich.console import Console
from rich.markup import escape
from sqlalchemy import BigInteger, Boolean, ColumnElement, Date, DateTime, FromClause, Integer, Numeric

from squads_pipeline.rules.money import tokens
from squads_pipeline.surfaces.cli.answers import plain_table

MICRO: Final = "_micro"
# The most digits of a decimal that every Parquet reader knows.
_DIGITS: Final = 38

Batches = Iterable[Sequence[Sequence[Any]]]
"""Rows in the order of the table's columns, some at a time."""


def headings(source: FromClause) -> list[str]:
    """Names of the columns as they appear."""
    return [column.name.removesuffix(MICRO) for column in source.c]


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
    schema = pa.schema(
        [(name, _arrow(column)) for name, column in zip(headings(source), source.c, strict=True)]
    )
    makers = [_maker(column, _exact) for column in source.c]
    with parquet.ParquetWriter(file, schema) as writer:
        for rows in batches:
            arrays = [
                pa.array([make(value) for value in values], type=field.type)
                for field, make, values in zip(schema, makers, zip(*rows, strict=True), strict=True)
            ]
            writer.write_table(pa.table(arrays, schema=schema))


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
    makers = [_maker(column, _text) for column in source.c]
    for rows in batches:
        yield [[make(value) for make, value in zip(makers, row, strict=True)] for row in rows]


def _maker(column: ColumnElement[Any], otherwise: Callable[[Any], Any]) -> Callable[[Any], Any]:
    if str(column.name).endswith(MICRO):
        return _tokens_text if otherwise is _text else _tokens
    return otherwise


def _tokens(micro: int | Decimal | None) -> Decimal | None:
    return None if micro is None else tokens(int(micro))


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
    return _exact(value) if isinstance(value, bytes | dict | list) else str(value)


def _exact(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return value


def _arrow(column: ColumnElement[Any]) -> pa.DataType:
    kinds: list[tuple[type, pa.DataType]] = [
        (Boolean, pa.bool_()),
        (BigInteger, pa.int64()),
        (Integer, pa.int32()),
        (Numeric, pa.decimal128(_DIGITS, 0)),
        (DateTime, pa.timestamp("us", tz="UTC")),
        (Date, pa.date32()),
    ]
    if str(column.name).endswith(MICRO):
        return pa.decimal128(_DIGITS, 6)
    return next((made for kind, made in kinds if isinstance(column.type, kind)), pa.string())
