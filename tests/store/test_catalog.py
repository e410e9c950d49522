"""What readers may see, and that all of it says what it means."""

import re

from sqlalchemy import Connection, text

from squads_pipeline.store import catalog, tables
from squads_pipeline.store.schema import metadata
from squads_pipeline.store.schema.secrets import SECRET_TABLES


def test_secret_tables_and_the_views_that_read_them_are_left_out(connection: Connection) -> None:
    before = [one.full_name for one in catalog.relations(connection)]
    connection.execute(
        text("""
            CREATE TABLE IF NOT EXISTS squads.api_tokens (id integer);
            CREATE VIEW squads.some_tokens AS SELECT 1 AS one FROM squads.api_tokens;
            CREATE VIEW marts.on_tokens AS SELECT * FROM squads.some_tokens;
            CREATE VIEW marts.harmless AS SELECT id FROM squads.agents;
        """)
    )
    after = [one.full_name for one in catalog.relations(connection)]
    assert sorted(set(after) - set(before)) == ["marts.harmless"]
    assert "squads.alembic_version" not in after


def test_what_looks_like_a_secret_is_in_a_secret_table() -> None:
    """A new table with passwords or tokens of access must be named in `schema.secrets`."""
    suspicious = re.compile(r"(^|_)(secret|password|salt|token_hash|key_hash|credential)s?($|_)")
    assert [
        f"{table.name}.{column.name}"
        for table in metadata.tables.values()
        if table.name not in SECRET_TABLES
        for column in table.columns
        if suspicious.search(column.name)
    ] == []


def test_every_table_is_listed_once_with_its_columns(connection: Connection) -> None:
    listed = {one.full_name: one for one in catalog.relations(connection)}
    for table in metadata.tables.values():
        if table.name in SECRET_TABLES:
            continue
        found = listed[table.fullname]
        assert (found.comment, found.is_view) == (table.comment, False)
        # By name: a column that was added later stands last in the database.
        assert sorted((one.name, one.nullable, one.comment) for one in found.columns) == sorted(
            (column.name, column.nullable, column.comment) for column in table.columns
        )
        assert found.primary_key == tuple(column.name for column in table.primary_key)
    assert len(tables.names()) == len(set(tables.names()))


def test_every_column_of_a_view_has_a_comment(connection: Connection) -> None:
    """Beside the view, or by the name of the one column that it is taken from: see sql/95_view_columns.sql."""
    assert [
        f"{one.full_name}.{column.name}"
        for one in catalog.relations(connection)
        for column in one.columns
        if not column.comment
    ] == []


def test_secret_tables_are_not_read_by_name() -> None:
    assert not set(tables.names()) & set(SECRET_TABLES)
