"""Brings a database to the present schema: versioned tables, then functions, triggers and views as they are now.

Tables change by Alembic revisions. What PostgreSQL can replace at will (functions, triggers, views) has one
text under `sql/`, applied again whenever that text or the tables have changed; so are the grants to analysts.
"""

import hashlib
from importlib import resources

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text

from squads_pipeline.store import analyst_role, database, policies, system
from squads_pipeline.store.catalog import SCHEMAS
from squads_pipeline.store.schema.secrets import SECRET_TABLES

_DROP_VIEWS = """
DO $$
DECLARE
    view text;
BEGIN
    FOR view IN SELECT viewname FROM pg_views WHERE schemaname = 'squads' LOOP
        EXECUTE format('DROP VIEW IF EXISTS squads.%I CASCADE', view);
    END LOOP;
END $$
"""


def upgrade(url: str) -> None:
    """Bring the database at ``url`` up to date; does nothing to one that is.

    Safe to call from several processes at once: one waits for the other.
    """
    engine = database.engine(url)
    try:
        with engine.begin() as connection:
            lock(connection)
            for schema in SCHEMAS:
                connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {schema}"))
            command.upgrade(configuration(connection), "head")
            _replace_programs(connection)
            system.ensure_accounts(connection)
            policies.ensure_one_adopted(connection)
    finally:
        engine.dispose()


def make_programs_anew(url: str) -> None:
    """Bring a restored database up to date, with all its views, triggers and rights made anew.

    A dump has no rights, as roles differ from server to server; the rights are part of the programs.
    """
    engine = database.engine(url)
    try:
        with engine.begin() as connection:
            connection.execute(text("COMMENT ON SCHEMA gaps IS 'restored'"))
    finally:
        engine.dispose()
    upgrade(url)


def lock(connection: Connection) -> None:
    """Be the only one who changes tables, programs or grants, until the transaction ends."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('squads.migrate'))"))


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for a connection that the caller commits."""
    config = Config()
    config.set_main_option("script_location", "squads_pipeline:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _replace_programs(connection: Connection) -> None:
    """Apply `sql/`, and grants, if they differ from what the database has; the schema's comment remembers."""
    scripts = sorted(
        (script.name, script.read_text())
        for script in resources.files("squads_pipeline.store").joinpath("sql").iterdir()
        if script.name.endswith(".sql")
    )
    applied = [*(body for _, body in scripts), *SECRET_TABLES]
    digest = hashlib.sha256("".join(applied).encode()).hexdigest()[:16]
    revision = connection.scalar(text("SELECT version_num FROM squads.alembic_version"))
    mark = f"(revision {revision}, programs {digest})"
    comment = connection.scalar(text("SELECT obj_description('gaps'::regnamespace)"))
    if comment is not None and comment.endswith(mark):
        return
    connection.execute(text("DROP SCHEMA gaps CASCADE; CREATE SCHEMA gaps"))
    connection.execute(text(_DROP_VIEWS))
    for _, body in scripts:
        # Without parameters psycopg takes % and several statements as they are; SQLAlchemy always passes some.
        connection.connection.cursor().execute(body)
    for schema, meaning in SCHEMAS.items():
        suffix = f" {mark}" if schema == "gaps" else ""
        connection.execute(text(f"COMMENT ON SCHEMA {schema} IS '{meaning}{suffix}'"))
    analyst_role.grant_reading(connection)
