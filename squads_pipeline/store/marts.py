"""Storing and loading marts, whole UTC days at a time, as exact DataFrames. What they mean is in `marts/`.

Integers stay integers: 64 bits as ``int64[pyarrow]``, wider ones as decimals without a fraction. pandas would
otherwise read them through float, which is exact to 15 digits only.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any, cast

import pandas as pd
import pyarrow as pa
from pandas.arrays import ArrowExtensionArray
from psycopg import Cursor
from sqlalchemy import BigInteger, Column, Connection, Date, DateTime, Integer, Numeric, Table, delete, select

from squads_pipeline.store.schema import metadata
from squads_pipeline.store.schema.base import MARTS

DAY = "effective_on"


def table(name: str) -> Table:
    """The mart of a name.

    Raises:
        ValueError: there is none.
    """
    found = metadata.tables.get(f"{MARTS}.{name}")
    if found is None:
        known = sorted(one.name for one in metadata.tables.values() if one.schema == MARTS)
        raise ValueError(f"there is no mart {name!r}; the marts are {', '.join(known)}")
    return found


def frame(columns: Iterable[Column[Any]], rows: Iterable[Sequence[object]]) -> pd.DataFrame:
    """Make an exact DataFrame of rows whose values stand in the order of the columns."""
    kept = list(columns)
    values = list(zip(*rows, strict=True)) or [() for _ in kept]
    return pd.DataFrame(
        {
            column.name: pd.Series(ArrowExtensionArray(pa.array(given, type=arrow_type(column))))
            for column, given in zip(kept, values, strict=True)
        }
    )


def arrow_type(column: Column[Any]) -> pa.DataType:
    """The Arrow type that holds a column's values exactly."""
    if isinstance(column.type, Numeric):
        return pa.decimal256(column.type.precision or 76, column.type.scale or 0)
    if isinstance(column.type, BigInteger):
        return pa.int64()
    if isinstance(column.type, Integer):
        return pa.int32()
    if isinstance(column.type, DateTime):
        return pa.timestamp("us", tz="UTC")
    return pa.date32() if isinstance(column.type, Date) else pa.string()


def replace_days(connection: Connection, mart: Table, first: date, last: date, rows: pd.DataFrame) -> None:
    """Put rows in the place of all that the mart has for the days from ``first`` to ``last``.

    Raises:
        ValueError: a row is of another day, or a column is missing.
    """
    names = [column.name for column in mart.columns]
    missing = [name for name in names if name not in rows.columns]
    if missing:
        raise ValueError(f"{mart.name} lacks {', '.join(missing)}; the function that makes it must fill them")
    strays = sorted({day for day in rows[DAY] if not first <= day <= last})
    if strays:
        raise ValueError(f"rows of {strays[0]} would be stored as {first} to {last}; give each day its own")
    connection.execute(delete(mart).where(mart.c[DAY].between(first, last)))
    cursor = cast(Cursor[Any], connection.connection.cursor())
    # Names come from the schema module, never from a user.
    statement = f"COPY {MARTS}.{mart.name} ({', '.join(names)}) FROM STDIN"
    with cursor, cursor.copy(statement) as copy:
        for row in rows[names].itertuples(index=False, name=None):
            copy.write_row([None if one is pd.NA or one is pd.NaT else one for one in row])


def read_days(connection: Connection, mart: Table, first: date, last: date) -> pd.DataFrame:
    """Read the days from ``first`` to ``last`` in the order of the primary key. Index: the primary key."""
    rows = connection.execute(
        select(mart).where(mart.c[DAY].between(first, last)).order_by(*mart.primary_key.columns)
    )
    return frame(mart.columns, rows)
