"""Tables as DataFrames, for analysts: `squads_pipeline.read`. Values are those of `squads table`, to the digit."""

from datetime import UTC, date, datetime

import pandas as pd
import pyarrow as pa

from squads_pipeline.store import tables
from squads_pipeline.store.errors import RefusedError, SquadsError
from squads_pipeline.surfaces import arrow_tables
from squads_pipeline.surfaces.session import reading

Day = date | str
"""A UTC day, or its ISO form such as ``2026-02-03``; of a moment, the UTC day that it is in."""


def read(name: str, days: Day | tuple[Day, Day] | None = None) -> pd.DataFrame:
    """Read a table or view; see `squads_pipeline.read`."""
    try:
        source, span = tables.find(name), _span(days)
        with (
            reading() as engine,
            engine.connect() as connection,
            tables.read(connection, source, span) as batches,
        ):
            read_ = list(arrow_tables.tables(source, batches))
    except SquadsError as error:
        error.add_note(error.remedy)
        raise
    whole = pa.concat_tables([arrow_tables.schema(source).empty_table(), *read_])
    frame: pd.DataFrame = whole.to_pandas(types_mapper=pd.ArrowDtype)
    return frame


def _span(days: Day | tuple[Day, Day] | None) -> tables.Days | None:
    if days is None:
        return None
    first, last = days if isinstance(days, tuple) else (days, days)
    span = _day(first), _day(last)
    if span[0] > span[1]:
        raise RefusedError(f"{span[0]} is after {span[1]}", "Give the first day, then the last.")
    return span


def _day(given: Day) -> date:
    if isinstance(given, datetime):
        return (given.astimezone(UTC) if given.tzinfo else given).date()
    if isinstance(given, date):
        return given
    try:
        return date.fromisoformat(given)
    except (TypeError, ValueError) as error:
        raise RefusedError(f"{given!r} is not a day", "Give a date, or text such as '2026-02-03'.") from error
