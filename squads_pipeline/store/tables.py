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

DAY = "effective_on"
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


def names() -> list[str]:
    """The tables and views that can be read."""
    return sorted([one.name for one in metadata.tables.values()] + [view.name for view in _VIEWS])


def find(name: str) -> FromClause:
    """A table or view by name.

    Raises:
        NotFoundError: there is none.
    """
    sources: list[Table | TableClause] = [*metadata.tables.values(), *_VIEWS]
    for one in sources:
        if one.name == name:
            return one
    raise NotFoundError(f"There is no table {name}", f"Choose one of {', '.join(names())}.")


@contextmanager
def read(
    connection: Connection, source: FromClause, day: date | None, limit: int | None
) -> Iterator[Iterable[Sequence[Sequence[Any]]]]:
    """Read a table in batches, in the order of its key, for as long as the block lasts.

    Args:
        connection: streams them.
        source: from `find`.
        day: only the rows of this UTC day.
        limit: at most so many rows.

    Raises:
        RefusedError: a day is given and the table has none.
    """
    query = select(source).limit(limit)
    if day is not None:
        if DAY not in source.c:
            raise RefusedError(f"{source.description} has no {DAY} to choose a day by", "Leave --day out.")
        query = query.where(source.c[DAY] == day)
    query = query.order_by(*_order(source))
    options = {"stream_results": True, "yield_per": _ROWS_AT_ONCE}
    with connection.execute(query, execution_options=options) as result:
        yield result.partitions()


def _order(source: FromClause) -> Sequence[ColumnElement[Any]]:
    return list(source.primary_key) or list(source.c)[:1]
