"""What all tests share: a PostgreSQL server, and a migrated database for each. No facts of the economy."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import Connection, Engine, make_url

from squads_pipeline.server.database_url import libpq_url
from squads_pipeline.server.embedded import Embedded
from squads_pipeline.server.home import Home
from squads_pipeline.store import database

URL_VARIABLE = "SQUADS_TEST_DATABASE_URL"
# What is lost when the machine crashes is of no use after it.
FAST = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "128MB",
    "max_connections": "200",
    "autovacuum": "off",
}


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an ordinary user who may create databases; one server for all xdist workers."""
    given = os.environ.get(URL_VARIABLE)
    if given:
        yield libpq_url(given)
        return
    # Workers have folders below the session's; the last worker to leave stops the server.
    root = tmp_path_factory.getbasetemp()
    shared = root.parent if "PYTEST_XDIST_WORKER" in os.environ else root
    with Embedded(Home(shared / "squads-home"), FAST).use() as url:
        yield url


@pytest.fixture(scope="session")
def template_database(postgres_url: str) -> Iterator[str]:
    """The name of a migrated database to copy; one for each worker, as a template must have no sessions."""
    # Here, so that tests of the server alone do not need the schema.
    from squads_pipeline.store.migrate import upgrade  # noqa: PLC0415

    name = f"template_{uuid.uuid4().hex}"
    _execute(postgres_url, "CREATE DATABASE {}", name)
    try:
        upgrade(url_of(postgres_url, name))
        yield name
    finally:
        _drop(postgres_url, name)


@pytest.fixture
def database_url(postgres_url: str, template_database: str) -> Iterator[str]:
    """The postgresql:// URL of a database of the test's own, migrated and empty."""
    with copy_of(postgres_url, template_database) as url:
        yield url


@contextmanager
def copy_of(url: str, template: str) -> Iterator[str]:
    """The URL of a new database like another, which is dropped in the end."""
    name = f"test_{uuid.uuid4().hex}"
    _execute(url, "CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, template)
    try:
        yield url_of(url, name)
    finally:
        _drop(url, name)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine on the test's database."""
    made = database.engine(database_url)
    try:
        yield made
    finally:
        made.dispose()


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    """A connection on the test's database; what is not committed is rolled back."""
    with engine.connect() as made:
        yield made


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """A home of the test's own, with nothing in it."""
    return Home(tmp_path / "home")


def url_of(url: str, database: str) -> str:
    """The URL with another database."""
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def _drop(url: str, database: str) -> None:
    # Forcing also needs the right to end autovacuum, which only a superuser has; dropping alone ends it itself.
    try:
        _execute(url, "DROP DATABASE {}", database)
    except psycopg.errors.ObjectInUse:
        _execute(url, "DROP DATABASE {} WITH (FORCE)", database)


def _execute(url: str, statement: str, *names: str) -> None:
    with psycopg.connect(url, autocommit=True) as administration:
        administration.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
