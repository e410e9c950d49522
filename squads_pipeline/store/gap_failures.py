"""Units of work that failed: when they are tried again, and forgetting those that are mended. No decisions."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, table, text
from sqlalchemy.sql import column

from squads_pipeline.store.schema import gap_failures


@dataclass(frozen=True, slots=True)
class Failure:
    """A unit that failed: how often, with what error last, and when it is tried again."""

    gap: str
    unit: str
    error: str
    attempts: int
    first_failed_at: datetime
    retry_at: datetime


# A minute after the first failure, twice as long after each further one, a day at most.
_RECORD = text("""
INSERT INTO squads.gap_failures AS known
    (gap, unit, error, attempts, first_failed_at, last_failed_at, retry_at, run_id)
SELECT :gap, unit, error, 1, moment.now, moment.now, moment.now + interval '1 minute', :run_id
FROM unnest(CAST(:units AS text[]), CAST(:errors AS text[])) AS failed (unit, error)
CROSS JOIN (SELECT squads.clock() AS now) AS moment
ON CONFLICT (gap, unit) DO UPDATE SET
    error = excluded.error, attempts = known.attempts + 1, last_failed_at = excluded.last_failed_at,
    retry_at = excluded.last_failed_at
               + least(interval '1 minute' * power(2, least(known.attempts, 11)), interval '1 day'),
    run_id = excluded.run_id
""")


def record(connection: Connection, gap: str, errors: Mapping[str, str], run_id: str) -> None:
    """Write that some units failed, each with its error; the delay until the next attempt doubles."""
    if errors:
        connection.execute(
            _RECORD, {"gap": gap, "units": list(errors), "errors": list(errors.values()), "run_id": run_id}
        )


def forget_mended(connection: Connection, gap: str) -> None:
    """Forget the failures of units that are no longer missing."""
    missing = table(f"missing_{gap}", column("unit"), schema="squads")
    connection.execute(
        delete(gap_failures).where(
            gap_failures.c.gap == gap, gap_failures.c.unit.not_in(select(missing.c.unit))
        )
    )


def put_aside(connection: Connection, gap: str) -> dict[str, str]:
    """The units of a gap that failed and are not due for another try, each with its error."""
    rows = connection.execute(
        select(gap_failures.c.unit, gap_failures.c.error).where(
            gap_failures.c.gap == gap, gap_failures.c.retry_at > func.squads.clock()
        )
    )
    return {row.unit: row.error for row in rows}


def forget_others(connection: Connection, gap: str, failing: Collection[str]) -> None:
    """Forget the failures of all units of a gap but those that still fail."""
    connection.execute(
        delete(gap_failures).where(gap_failures.c.gap == gap, gap_failures.c.unit.not_in(list(failing)))
    )


def of_gap(connection: Connection, gap: str | None = None) -> list[Failure]:
    """The failing units of a gap, or of all, those that fail the longest first."""
    query = select(*(gap_failures.c[name] for name in Failure.__slots__))
    if gap is not None:
        query = query.where(gap_failures.c.gap == gap)
    order = (gap_failures.c.first_failed_at, gap_failures.c.gap, gap_failures.c.unit)
    return [Failure(*row) for row in connection.execute(query.order_by(*order))]
