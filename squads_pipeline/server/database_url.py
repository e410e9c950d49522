"""Which database to use, and its URL in each dialect. It starts no server and keeps no connection."""

from collections.abc import Mapping

import psycopg
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from squads_pipeline.server.embedded import Embedded
from squads_pipeline.server.errors import ServerError
from squads_pipeline.server.home import Home

URL_VARIABLE = "SQUADS_DATABASE_URL"
SCHEMES = ("postgres", "postgresql", "postgresql+psycopg", "postgresql+psycopg2")
OLDEST_VERSION = 15
DAGSTER_SCHEMA = "dagster"


def configured(environ: Mapping[str, str]) -> str | None:
    """The user's own server as a postgresql:// URL, or None when SQUADS_DATABASE_URL is not set or empty."""
    value = environ.get(URL_VARIABLE, "").strip()
    return libpq_url(value) if value else None


def resolve(environ: Mapping[str, str], home: Home) -> str:
    """The database's postgresql:// URL: the configured one, else the running embedded server's.

    Raises ServerError for a URL of another kind and NotRunningError when the embedded server is down.
    """
    return configured(environ) or Embedded(home).url()


def libpq_url(url: str) -> str:
    """The URL as libpq, psql and psycopg take it."""
    return _with_scheme(url, "postgresql")


def sqlalchemy_url(url: str) -> str:
    """The URL for our own engines."""
    return _with_scheme(url, "postgresql+psycopg")


def url_as(url: str, user: str, password: str | None, database: str) -> str:
    """The URL for another user of the same server; without a password where it is not known."""
    parsed = make_url(libpq_url(url)).difference_update_query(("user", "password", "dbname"))
    # Set even where it is left to libpq, which would then take the user's name for the database's.
    changed = URL.create(parsed.drivername, user, password, parsed.host, parsed.port, database, parsed.query)
    return changed.render_as_string(hide_password=False)


def dagster_url(url: str) -> str:
    """The URL for Dagster's storage: its driver, and its tables in the schema `dagster`."""
    parsed = make_url(_with_scheme(url, "postgresql+psycopg2"))
    given = parsed.query.get("options", "")
    given = " ".join(given) if isinstance(given, tuple) else given
    options = f"{given} -csearch_path={DAGSTER_SCHEMA}".strip()
    return parsed.update_query_dict({"options": options}).render_as_string(hide_password=False)


def check_server(connection: psycopg.Connection) -> None:
    """ServerError unless the server is PostgreSQL 15 or newer, writable, and lets us create schemas."""
    version = connection.info.server_version // 10000
    if version < OLDEST_VERSION:
        raise ServerError(f"The database is PostgreSQL {version}; {OLDEST_VERSION} or newer is needed.")
    found = connection.execute(
        "SELECT current_database(), current_user, has_database_privilege(current_database(), 'CREATE'),"
        " pg_is_in_recovery() OR current_setting('default_transaction_read_only')::boolean"
    ).fetchone()
    assert found is not None  # noqa: S101  # a SELECT without FROM has one row
    database, user, may_create, read_only = found
    if read_only:
        raise ServerError(
            f"Database {database} is read-only (a standby?): point {URL_VARIABLE} at the primary."
        )
    if not may_create:
        raise ServerError(
            f"User {user} may not create schemas in database {database}. As its owner run: "
            f'GRANT CREATE ON DATABASE "{database}" TO "{user}";'
        )


def is_for_reading(connection: psycopg.Connection) -> bool:
    """Whether the database has been set up and this user, or this server, can only read it."""
    found = connection.execute(
        "SELECT (NOT has_database_privilege(current_database(), 'CREATE') OR pg_is_in_recovery()"
        "        OR current_setting('default_transaction_read_only')::boolean)"
        " AND coalesce(has_schema_privilege(to_regnamespace('squads')::oid, 'USAGE'), false)"
    ).fetchone()
    return found is not None and bool(found[0])


def _with_scheme(url: str, scheme: str) -> str:
    given, separator, rest = url.partition("://")
    if not separator or given not in SCHEMES:
        raise ServerError(
            f"{URL_VARIABLE} must look like postgresql://user:password@host:5432/database; "
            + (f"{given}:// is another kind of database." if separator else "it has no scheme.")
        )
    try:
        make_url(f"{scheme}://{rest}")
    except (ArgumentError, ValueError) as error:
        raise ServerError(f"{URL_VARIABLE} cannot be read as a URL ({type(error).__name__}).") from error
    return f"{scheme}://{rest}"
