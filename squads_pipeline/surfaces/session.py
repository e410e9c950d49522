"""The database for as long as one command needs it: found, started if need be, up to date. No commands."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import Engine

from squads_pipeline.drivers.knowledge_sinks import is_configured
from squads_pipeline.server.database_url import check_server, configured, is_for_reading
from squads_pipeline.server.embedded import Embedded
from squads_pipeline.server.home import Home
from squads_pipeline.store import database, migrate

CONNECT_SECONDS = 10


@contextmanager
def session() -> Iterator[Engine]:
    """An engine on the database, which is migrated first.

    Raises:
        ServerError: the server cannot be used.
        psycopg.OperationalError: it does not answer, or not to this user.
    """
    with database_up() as url:
        migrate.upgrade(url)
        engine = database.engine(url, delivers=is_configured(os.environ))
        try:
            yield engine
        finally:
            engine.dispose()


@contextmanager
def reading() -> Iterator[Engine]:
    """An engine for those who only read: as `session`, but a server of one's own need not let them write.

    What may not be written is taken as it is: by analysts with a role of their own, or on a standby.

    Raises:
        ServerError: the server cannot be used.
        psycopg.OperationalError: it does not answer, or not to this user.
    """
    url = configured(os.environ)
    if url is None or not _is_for_reading(url):
        with session() as engine:
            yield engine
        return
    engine = database.engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def _is_for_reading(url: str) -> bool:
    with psycopg.connect(url, connect_timeout=CONNECT_SECONDS) as connection:
        return is_for_reading(connection)


@contextmanager
def database_up() -> Iterator[str]:
    """The database's URL: of the user's own server, or of the embedded one, which the last user stops."""
    url = configured(os.environ)
    if url is None:
        with Embedded(Home.from_environment(os.environ)).use() as embedded:
            yield embedded
        return
    # Asked first, because an engine would wait for an unreachable host for minutes.
    with psycopg.connect(url, connect_timeout=CONNECT_SECONDS) as connection:
        check_server(connection)
    yield url
