"""Reading whole tables and views for export, as streams. What they mean is in their comments in `schema`."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    FromClause,
    Table,
    TableClause,
    Text,
    column,
    select,
    table,
)

from squads_pipeline.store.errors import NotFoundError, RefusedError
from squads_pipeline.store.schema import metadata, squad_events
from squads_pipeline.store.schema.base import SCHEMA
from squads_pipeline.store.schema.secrets import SECRET_TABLES

DAY = "effective_on"
Days = tuple[date, date]
"""The first and the last of some UTC days."""

_ROWS_AT_ONCE = 5_000

_VIEWS = (
    table(
        "contributions",
        column("id", BigInteger),
        column("squad_id", Text),
        column("agent_id", Text),
        column("amount_micro", BigInteger),
        column("granted_at", DateTime),
        column("occurred_at", DateTime),
        column("effective_on", Date),
        column("round_id", BigInteger),
        schema=SCHEMA,
    ),
    table(
        "squad_balances",
        column("squad_id", Text),
        column("pool_balance_micro", BigInteger),
        column("pool_seed_micro", BigInteger),
        column("pool_external_micro", BigInteger),
        schema=SCHEMA,
    ),
    table("squad_rosters", *(column(one.name, one.type) for one in squad_events.c), schema=SCHEMA),
)


def sources() -> list[Table | TableClause]:
    """The tables and views that can be read, by name; secret ones cannot."""
    open_ = [one for one in metadata.tables.values() if one.name not in SECRET_TABLES]
    return sorted([*open_, *_VIEWS], key=lambda one: one.name)


def names() -> list[str]:
    """Their names."""
    return [one.name for one in sources()]


def find(name: str) -> Table | TableClause:
    """A table or view by name, with its schema or without.

    Raises:
        NotFoundError: there is none.
    """
    for one in sources():
        if name in (one.name, one.fullname):
            return one
    raise NotFoundError(f"There is no table {name}", f"Choose one of {', '.join(names())}.")


@contextmanager
def read(
    connection: Connection,
    source: FromClause,
    days: Days | None = None,
    limit: int | None = None,
    *,
    day_by_day: bool = False,
) -> Iterator[Iterable[Sequence[Sequence[Any]]]]:
    """Read a table in batches, in the order of its key, for as long as the block lasts.

    Args:
        connection: streams them.
        source: from `find`.
        days: only the rows of these UTC days.
        limit: at most so many rows.
        day_by_day: order by day first, where the table has days; of a large table that is a sort on disk.

    Raises:
        RefusedError: days are given and the table has none.
    """
    query = select(source).limit(limit)
    if days is not None:
        if DAY not in source.c:
            raise RefusedError(f"{source.description} has no {DAY} to choose days by", "Leave the days out.")
        query = query.where(source.c[DAY].between(*days))
    if day_by_day and DAY in source.c:
        query = query.order_by(source.c[DAY])
    query = query.order_by(*_order(source))
    options = {"stream_results": True, "yield_per": _ROWS_AT_ONCE}
    with connection.execute(query, execution_options=options) as result:
        yield result.partitions()


def _order(source: FromClause) -> Sequence[ColumnElement[Any]]:
    return list(source.primary_key) or list(source.c)[:1]
