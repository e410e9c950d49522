"""The read-only role of analysts: what it may read, and who may change it. Passwords are made by the caller.

Grants are explicit, a table at a time, and given anew whenever tables or views have changed (`migrate`): default
privileges would open a secret table on the day that it is made.
"""

from typing import Any, Final, cast

import psycopg
from psycopg import sql
from sqlalchemy import Connection, text

from squads_pipeline.store import catalog

ROLE: Final = "squads_analyst"


def exists(connection: Connection) -> bool:
    """Whether the server has the role."""
    return bool(
        connection.scalar(text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role)"), {"role": ROLE})
    )


def may_create(connection: Connection) -> bool:
    """Whether the connection's user may create roles."""
    return bool(
        connection.scalar(text("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user"))
    )


def may_alter(connection: Connection) -> bool:
    """Whether the connection's user may give the existing role a password.

    Since PostgreSQL 16 that takes, beside CREATEROLE, the admin option on the role, which its creator has.
    """
    return bool(
        connection.scalar(
            text("""
                SELECT rolsuper OR (rolcreaterole AND (current_setting('server_version_num')::integer < 160000
                                    OR pg_has_role(current_user, :role, 'MEMBER WITH ADMIN OPTION')))
                FROM pg_roles WHERE rolname = current_user
            """),
            {"role": ROLE},
        )
    )


def create(connection: Connection) -> None:
    """Create the role, without a password and so without a way in. Sessions are read-only and in UTC."""
    role = sql.Identifier(ROLE)
    _run(connection, sql.SQL("CREATE ROLE {} LOGIN CONNECTION LIMIT 20").format(role))
    _run(connection, sql.SQL("ALTER ROLE {} SET default_transaction_read_only = on").format(role))
    _run(connection, sql.SQL("ALTER ROLE {} SET timezone = 'UTC'").format(role))


def set_password(connection: Connection, password: str) -> None:
    """Replace the role's password. Only its SCRAM verifier is sent, so that no log has the password."""
    server = _driver(connection).pgconn
    verifier = server.encrypt_password(password.encode(), ROLE.encode(), b"scram-sha-256").decode()
    _run(
        connection,
        sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(ROLE), sql.Literal(verifier)),
    )


def grant_reading(connection: Connection) -> None:
    """Let the role read every table and view that `catalog` lists, and nothing else; nothing without the role.

    Alembic's table is not listed, but says which version of the schema is read. Call it under the migration
    lock: PostgreSQL refuses to grant on a table from two sessions at once.
    """
    if not exists(connection):
        return
    role, schemas = sql.Identifier(ROLE), sql.SQL(", ").join(map(sql.Identifier, catalog.SCHEMAS))
    listed = [sql.Identifier(one.schema, one.name) for one in catalog.relations(connection)]
    open_ = sql.SQL(", ").join([*listed, sql.Identifier("squads", "alembic_version")])
    database = sql.Identifier(str(connection.scalar(text("SELECT current_database()"))))
    _run(connection, sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA {} FROM {}").format(schemas, role))
    _run(connection, sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, role))
    _run(connection, sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schemas, role))
    _run(connection, sql.SQL("GRANT SELECT ON {} TO {}").format(open_, role))


def _run(connection: Connection, statement: sql.Composed) -> None:
    """Run a statement that takes names, which no parameter can stand for."""
    _driver(connection).execute(statement)


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    return cast("psycopg.Connection[Any]", connection.connection.driver_connection)
