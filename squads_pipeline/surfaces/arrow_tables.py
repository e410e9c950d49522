"""Rows of a table as exact Arrow tables, for Parquet and DataFrames: names, types, values. It writes no file.

A column of µT such as ``match_micro`` appears as ``match``, in tokens, as everywhere outside the database.
Types are those that every reader of Parquet knows.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, Final

import pyarrow as pa
from sqlalchemy import Boolean, ColumnElement, Date, DateTime, Float, FromClause, Integer, Numeric

from squads_pipeline.rules.money import tokens
from squads_pipeline.store.errors import RefusedError

MICRO: Final = "_micro"
# The most digits of a decimal that every reader of Parquet knows. Weights may be stored with up to 50, but n
# contributors weigh at most n times what they gave together, and a squad is given less than 2^63 µT.
_DIGITS: Final = 38
_PLACES: Final = 6

Batches = Iterable[Sequence[Sequence[Any]]]
"""Rows in the order of the table's columns, some at a time."""


def headings(source: FromClause) -> list[str]:
    """Names of the columns as they appear."""
    return [column.name.removesuffix(MICRO) for column in source.c]


def schema(source: FromClause) -> pa.Schema:
    """Names and types: int64, decimal128, double, bool, timestamp in UTC, date32; all else is a string."""
    return pa.schema([(name, _type(column)) for name, column in zip(headings(source), source.c, strict=True)])


def tables(source: FromClause, batches: Batches) -> Iterator[pa.Table]:
    """Turn batches of rows into Arrow tables of `schema`.

    Raises:
        RefusedError: a number has more than 38 digits.
    """
    made, makers = schema(source), [_maker(column) for column in source.c]
    for rows in batches:
        columns = zip(*rows, strict=True)
        arrays = [_array(*one, source) for one in zip(made, makers, columns, strict=True)]
        yield pa.table(arrays, schema=made)


def plainer(value: Any) -> Any:
    """Write bytes in hex and what JSON columns hold as JSON text; leave all else as it is."""
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    return value


def _array(
    field: pa.Field, make: Callable[[Any], Any], values: Sequence[Any], source: FromClause
) -> pa.Array:
    try:
        return pa.array([make(value) for value in values], type=field.type)
    except pa.ArrowInvalid as error:
        if not pa.types.is_decimal(field.type):
            raise
        raise RefusedError(
            f"{source.description} has a {field.name} of more than {_DIGITS} digits, which Arrow and Parquet "
            f"do not hold exactly ({error})",
            "Read it with SQL, or with `squads table --format csv`.",
        ) from error


def _maker(column: ColumnElement[Any]) -> Callable[[Any], Any]:
    return _tokens if str(column.name).endswith(MICRO) else plainer


def _tokens(micro: int | Decimal | None) -> Decimal | None:
    return None if micro is None else tokens(int(micro))


def _type(column: ColumnElement[Any]) -> pa.DataType:
    if str(column.name).endswith(MICRO):
        return pa.decimal128(_DIGITS, _PLACES)
    kinds: list[tuple[type, pa.DataType]] = [
        (Boolean, pa.bool_()),
        (Integer, pa.int64()),
        (Float, pa.float64()),
        (Numeric, pa.decimal128(_DIGITS, getattr(column.type, "scale", None) or 0)),
        (DateTime, pa.timestamp("us", tz="UTC")),
        (Date, pa.date32()),
    ]
    return next((made for kind, made in kinds if isinstance(column.type, kind)), pa.string())
