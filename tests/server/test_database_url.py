"""Which database is used, in each dialect, and what is said about those that cannot be."""

from pathlib import Path

import psycopg
import pytest
from sqlalchemy import NullPool, create_engine, text

from squads_pipeline.server.database_url import (
    check_server,
    configured,
    dagster_url,
    libpq_url,
    resolve,
    sqlalchemy_url,
    url_as,
)
from squads_pipeline.server.errors import NotRunningError, ServerError
from squads_pipeline.server.home import Home, checkout

PLAIN = "postgresql://me:p%40ss@host:5433/db"


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2"])
def test_every_usual_scheme_is_understood(scheme: str, home: Home) -> None:
    given = f"{scheme}://me:p%40ss@host:5433/db"
    assert resolve({"SQUADS_DATABASE_URL": given}, home) == PLAIN
    assert libpq_url(given) == PLAIN
    assert sqlalchemy_url(given) == "postgresql+psycopg://me:p%40ss@host:5433/db"


@pytest.mark.parametrize("wrong", ["mysql://me:secret@host/db", "host=localhost password=secret", "db"])
def test_other_urls_are_refused_without_showing_the_password(wrong: str) -> None:
    with pytest.raises(ServerError, match="must look like postgresql://") as caught:
        configured({"SQUADS_DATABASE_URL": wrong})
    assert "secret" not in str(caught.value)


def test_an_empty_variable_counts_as_unset(home: Home) -> None:
    assert configured({"SQUADS_DATABASE_URL": " "}) is None
    with pytest.raises(NotRunningError, match="squads db start"):
        resolve({"SQUADS_DATABASE_URL": ""}, home)


def test_dagsters_tables_go_to_their_own_schema_and_given_options_stay(postgres_url: str) -> None:
    with_option = postgres_url + "?options=-cstatement_timeout%3D12345"
    engine = create_engine(dagster_url(with_option), poolclass=NullPool)
    with engine.connect() as connection:
        assert connection.execute(text("SHOW search_path")).scalar_one() == "dagster"
        assert connection.execute(text("SHOW statement_timeout")).scalar_one() == "12345ms"


@pytest.mark.parametrize(
    ("given", "other"),
    [
        (PLAIN, "postgresql://reader:n%40w@host:5433/named"),
        ("postgres://me@host/db?sslmode=require", "postgresql://reader:n%40w@host/named?sslmode=require"),
        ("postgresql://host/?user=me&password=secret&dbname=db", "postgresql://reader:n%40w@host/named"),
    ],
)
def test_another_user_has_a_url_of_the_same_server(given: str, other: str) -> None:
    assert url_as(given, "reader", "n@w", "named") == other
    assert url_as(given, "reader", None, "named") == other.replace(":n%40w", "")


def test_a_server_that_will_do_passes(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        check_server(connection)


def test_a_read_only_database_is_named(postgres_url: str) -> None:
    read_only = psycopg.connect(postgres_url, options="-c default_transaction_read_only=on")
    with read_only as connection, pytest.raises(ServerError, match="read-only"):
        check_server(connection)


def test_the_home_is_the_one_of_the_environment_or_the_checkouts(tmp_path: Path) -> None:
    assert Home.from_environment({"SQUADS_HOME": str(tmp_path)}) == Home(tmp_path)
    folder = checkout()
    assert folder is not None
    assert Home.from_environment({}) == Home(folder / ".squads")
