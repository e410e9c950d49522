"""Whole databases in and out of files, by PostgreSQL's own pg_dump and pg_restore. Their content is not known here."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Final

import psycopg
from psycopg import sql

from squads_pipeline.server import binaries
from squads_pipeline.server.embedded import libpq_environment
from squads_pipeline.server.errors import ServerError

SCHEMAS: Final = ("squads", "gaps", "marts", "dagster")
"""What a dump holds; anything else in a database of the user's own is the user's."""

Rows = dict[str, int]
"""Rows of each table, by its full name."""


def dump(url: str, file: BinaryIO) -> None:
    """Write the database into a file, in pg_dump's custom format, from one snapshot; others may go on writing.

    Raises:
        ServerError: pg_dump cannot be found, does not fit the server, or fails.
    """
    chosen = [f"--schema={schema}" for schema in SCHEMAS]
    # Owners and rights are those of whoever restores it.
    _run(
        "pg_dump",
        url,
        ["--format=custom", "--no-owner", "--no-privileges", "--no-password", *chosen],
        file,
    )


def restore(url: str, file: Path) -> None:
    """Fill a database that has none of our schemas from a file, in one transaction: all of it or nothing.

    Raises:
        ServerError: the database has one of the schemas already, or pg_restore fails.
    """
    taken = present(url)
    if taken:
        raise ServerError(
            f"The database already has {', '.join(taken)}: restore into an empty one, made by "
            "`CREATE DATABASE squads`, so that nothing is overwritten."
        )
    _run(
        "pg_restore",
        url,
        [
            "--no-owner",
            "--no-privileges",
            "--no-password",
            "--single-transaction",
            "--exit-on-error",
            f"--dbname={_database(url)}",
            str(file),
        ],
    )


def present(url: str) -> list[str]:
    """Which of our schemas a database has."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname = ANY (%s) ORDER BY nspname", [list(SCHEMAS)]
        )
        return [row[0] for row in rows]


def count_rows(url: str) -> Rows:
    """Count the rows of every table of ours, in one snapshot."""
    with psycopg.connect(url) as connection:
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        tables = connection.execute(
            "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = ANY (%s) ORDER BY 1, 2",
            [list(SCHEMAS)],
        ).fetchall()
        return {f"{schema}.{name}": _count(connection, schema, name) for schema, name in tables}


def _count(connection: psycopg.Connection, schema: str, name: str) -> int:
    query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, name))
    row = connection.execute(query).fetchone()
    assert row is not None  # noqa: S101  # an aggregate without GROUP BY has one row
    return int(row[0])


def _run(program: str, url: str, arguments: Sequence[str], output: BinaryIO | None = None) -> None:
    environment = {**os.environ, **libpq_environment(url)}
    done = subprocess.run(  # noqa: S603  # PostgreSQL's own programs
        [_find(program), *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=output or subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip() or "it said nothing"
        raise ServerError(f"{program} failed: {said}")


def _find(program: str) -> str:
    """The wheel's program, which fits the embedded server and older ones, else the one on the PATH."""
    try:
        return str(binaries.folder() / program)
    except ServerError:
        on_path = shutil.which(program)
    if on_path is None:
        raise ServerError(f"{program} cannot be found: install PostgreSQL's client programs.")
    return on_path


def _database(url: str) -> str:
    name = psycopg.conninfo.conninfo_to_dict(url).get("dbname")
    if not name:
        raise ServerError("The URL names no database: write postgresql://user:password@host:5432/database.")
    return str(name)
