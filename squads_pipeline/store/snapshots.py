"""One consistent look at all tables: a read-only transaction, and what tells it from another. No table's rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, text


@dataclass(frozen=True, slots=True)
class Moment:
    """What a snapshot is of: revision of the tables, policy in force, and the database's clock when it was taken."""

    schema_version: str
    policy_id: str
    taken_at: datetime


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """A connection that reads the database as it is at its first statement, whatever others commit meanwhile."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect().execution_options(**options) as connection:
        yield connection


def identify(connection: Connection) -> Moment:
    """Say which snapshot it is; as the first statement, so that the clock is read when it is taken."""
    row = connection.execute(
        text("""
            SELECT (SELECT version_num FROM squads.alembic_version),
                   (SELECT id FROM squads.current_policy), squads.clock()
        """)
    ).one()
    return Moment(*row)
