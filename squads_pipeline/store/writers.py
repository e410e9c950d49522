"""Waiting for transactions that are writing into tables, so that what they wrote before now can be read. No rows."""

from collections.abc import Sequence

from sqlalchemy import Connection, Table, text


def await_writers(connection: Connection, tables: Sequence[Table]) -> None:
    """Wait until all who write into some tables now have committed or given up.

    A row takes its time from its statement to its commit: one that was written before an outcome could become visible
    after the outcome was settled, and no audit would ever agree again. Who writes after this has a later time.
    Each lock is given back at once, before the next one is asked for: nobody waits here while holding another
    up, so that no order of drivers can deadlock.
    """
    for table in tables:
        savepoint = connection.begin_nested()
        connection.execute(text(f"LOCK TABLE {table.fullname} IN SHARE MODE"))
        savepoint.rollback()
