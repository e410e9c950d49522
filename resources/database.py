"""The database as a Dagster resource: found when it is first used, closed when the run ends. No SQL."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import dagster as dg
from pydantic import Field, PrivateAttr
from sqlalchemy import Connection, Engine

from squads_pipeline.drivers.knowledge_sinks import is_configured
from squads_pipeline.server.database_url import resolve
from squads_pipeline.server.home import Home
from squads_pipeline.store import database, snapshots

URL_DESCRIPTION: Final = (
    "postgresql://user:password@host:5432/database; if none is given, what the environment says. "
    "Dagster shows and stores what is given here, so keep passwords to the environment."
)


class Database(dg.ConfigurableResource):  # type: ignore[type-arg]  # the class itself is the resource
    """The pipeline's PostgreSQL: SQUADS_DATABASE_URL, or else the embedded server of SQUADS_HOME."""

    url: str | None = Field(default=None, description=URL_DESCRIPTION)
    _engine: Engine | None = PrivateAttr(default=None)

    def engine(self) -> Engine:
        """The engine: one for as long as this resource lives.

        Raises:
            ServerError: no database is configured, and the embedded server is not running.
        """
        if self._engine is None:
            url = self.url or resolve(os.environ, Home.from_environment(os.environ))
            self._engine = database.engine(url, delivers=is_configured(os.environ))
        return self._engine

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """A connection that reads one state of the database, whatever others commit meanwhile."""
        with snapshots.snapshot(self.engine()) as connection:
            yield connection

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:  # noqa: ARG002  # Dagster's
        """Close the connections; called by Dagster when the run or tick ends."""
        self.close()

    def close(self) -> None:
        """Close the connections; the next use opens new ones."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None
