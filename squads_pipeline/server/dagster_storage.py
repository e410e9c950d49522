"""Dagster's own storage, in schema `dagster` of our database. Our tables are not here: see `store`.

In dagster.yaml:

    storage:
      custom:
        module: squads_pipeline.server.dagster_storage
        class: SquadsStorage
        config: {}
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, Self

import click
import psycopg
from dagster._config.config_schema import UserConfigSchema
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage
from psycopg import sql

from squads_pipeline.server.database_url import DAGSTER_SCHEMA, dagster_url, resolve
from squads_pipeline.server.errors import ServerError
from squads_pipeline.server.home import Home

# One table of each part, the last that it creates: when all are there, so is the rest.
LAST_TABLES = ("instance_info", "event_logs", "jobs")
CREATION_LOCK = 4_907_163_025  # any number that nothing else in the database locks

HELD_OPEN: Final = {"statement_timeout": 600_000, "pool_recycle": 3_600, "max_overflow": 20}
"""How a process with one instance for all its life keeps connections open between statements: milliseconds, seconds,
connections besides one of each part.

Unasked, Dagster opens one for each statement, and proving the password to PostgreSQL takes longer than most of them."""

HOLD_OPEN: Final = ("SQUADS_DAGSTER_HOLDS_CONNECTIONS", "1")
"""Variable and value by which the daemon, which is started by Dagster's own command, is told to do so."""


class SquadsStorage(DagsterPostgresStorage):
    """Finds the database by itself, so that `dagster dev` needs no settings; its tables are created once."""

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        """No settings: the environment and the home say where the database is."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> Self:
        """Called by Dagster in each of its processes; a one-line error when there is no database."""
        del config_value
        try:
            url = resolve(os.environ, Home.from_environment(os.environ))
        except ServerError as error:
            # Dagster's commands show a click error as one line and any other as a page of frames.
            raise click.ClickException(str(error)) from error
        with _creating_tables_alone(url) as missing:
            storage = cls(dagster_url(url), should_autocreate_tables=missing, inst_data=inst_data)
        if HOLD_OPEN[0] in os.environ:
            for part in (storage.run_storage, storage.event_log_storage, storage.schedule_storage):
                part.optimize_for_webserver(**HELD_OPEN)
        return storage


@contextmanager
def _creating_tables_alone(url: str) -> Iterator[bool]:
    """Whether tables are missing; then no other process creates them meanwhile."""
    with psycopg.connect(url, autocommit=True) as connection:
        if _complete(connection):
            yield False
            return
        # A session's lock, since the tables are created over other connections. Closing releases it.
        connection.execute("SELECT pg_advisory_lock(%s)", [CREATION_LOCK])
        connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(DAGSTER_SCHEMA)))
        yield not _complete(connection)


def _complete(connection: psycopg.Connection) -> bool:
    found = connection.execute(
        "SELECT count(*) FROM pg_tables WHERE schemaname = %s AND tablename = ANY (%s)",
        [DAGSTER_SCHEMA, list(LAST_TABLES)],
    ).fetchone()
    return found is not None and found[0] == len(LAST_TABLES)
