"""The migrated database is what the metadata says, and says what it is."""

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import CheckConstraint, Connection, Engine, text

from squads_pipeline.commands import community
from squads_pipeline.store import migrate
from squads_pipeline.store.formation_invariants import FORMATION_INVARIANTS
from squads_pipeline.store.schema import metadata
from squads_pipeline.store.schema.base import MARTS, SCHEMA


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "schema" or name in (SCHEMA, MARTS)


def test_an_upgraded_database_equals_the_metadata(connection: Connection) -> None:
    context = MigrationContext.configure(
        connection,
        opts={
            "version_table_schema": SCHEMA,
            "include_schemas": True,
            "include_name": _is_ours,
            "compare_server_default": True,
        },
    )
    assert compare_metadata(context, metadata) == []


def test_check_constraints_equal_the_metadata(connection: Connection) -> None:
    """Alembic compares no checks, so the names are compared here."""
    stored = set(
        connection.scalars(
            text("""SELECT conname FROM pg_constraint JOIN pg_namespace AS space ON space.oid = connamespace
                    WHERE contype = 'c' AND space.nspname IN ('squads', 'marts')""")
        )
    )
    declared = {
        str(constraint.name)
        for table in metadata.tables.values()
        for constraint in table.constraints
        if isinstance(constraint, CheckConstraint)
    }
    assert stored == declared


def test_there_is_one_head(connection: Connection) -> None:
    assert len(ScriptDirectory.from_config(migrate.configuration(connection)).get_heads()) == 1


def test_every_table_and_column_has_a_comment(connection: Connection) -> None:
    silent = connection.execute(
        text("""
            SELECT table_.relname, column_.attname
            FROM pg_class AS table_
            JOIN pg_namespace AS space ON space.oid = table_.relnamespace AND space.nspname IN ('squads', 'marts')
            JOIN pg_attribute AS column_ ON column_.attrelid = table_.oid AND NOT column_.attisdropped
                                         AND (column_.attnum > 0 OR column_.attname = 'tableoid')
            WHERE table_.relkind = 'r' AND table_.relname <> 'alembic_version'
              AND col_description(table_.oid, CASE WHEN column_.attnum > 0 THEN column_.attnum END) IS NULL
              AND (column_.attnum > 0 OR obj_description(table_.oid) IS NULL)
        """)
    ).all()
    assert silent == []


def test_every_view_and_function_has_a_comment(connection: Connection) -> None:
    silent = connection.scalars(
        text("""
            SELECT relname FROM pg_class JOIN pg_namespace AS space ON space.oid = relnamespace
            WHERE nspname IN ('squads', 'gaps', 'marts') AND relkind = 'v' AND obj_description(pg_class.oid) IS NULL
            UNION ALL
            SELECT proname FROM pg_proc JOIN pg_namespace AS space ON space.oid = pronamespace
            WHERE nspname IN ('squads', 'gaps', 'marts') AND obj_description(pg_proc.oid) IS NULL
        """)
    ).all()
    assert silent == []


def test_upgrading_again_changes_nothing(engine: Engine, database_url: str) -> None:
    def fingerprint() -> list[tuple[object, ...]]:
        with engine.connect() as connection:
            return [
                tuple(row)
                for row in connection.execute(
                    text(
                        "SELECT oid, relname, xmin::text FROM pg_class WHERE relnamespace::regnamespace::text "
                        "IN ('squads', 'gaps', 'marts') ORDER BY oid"
                    )
                )
            ]

    before = fingerprint()
    migrate.upgrade(database_url)
    assert fingerprint() == before


def test_a_changed_view_is_replaced(engine: Engine, database_url: str) -> None:
    """As after an update of the software: the mark is another, so functions and views are made anew."""
    with engine.begin() as connection:
        connection.execute(text("COMMENT ON SCHEMA gaps IS 'made by an older version'"))
        connection.execute(text("DROP VIEW gaps.qf_matches"))
    migrate.upgrade(database_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT * FROM gaps.qf_matches")).all() == []


def test_the_tables_can_be_taken_down_again(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA gaps CASCADE"))
        command.downgrade(migrate.configuration(connection), "base")
        left = connection.scalars(
            text("SELECT tablename FROM pg_tables WHERE schemaname IN ('squads', 'marts')")
        ).all()
    assert left == ["alembic_version"]


def test_squads_from_before_edges_were_recorded_get_theirs(engine: Engine, database_url: str) -> None:
    with engine.begin() as connection:
        connection.execute(text("DROP SCHEMA gaps CASCADE"))
        command.downgrade(migrate.configuration(connection), "0001")
        connection.execute(
            text("""INSERT INTO squads.research_squads
                        (id, name, charter, target_artifact_type, target_artifact_id, status, formed_at)
                    VALUES ('s', 's', '', 'gap', 's', 'active', '2026-02-03 23:00+00')""")
        )
        connection.execute(text("CREATE SCHEMA gaps"))
    migrate.upgrade(database_url)
    with engine.connect() as connection:
        events = connection.execute(
            text("""SELECT event_no, from_status, to_status, actor, effective_on::text
                    FROM squads.squad_events ORDER BY event_no""")
        ).all()
        assert [tuple(one) for one in events] == [
            (1, None, "forming", "unknown", "2026-02-03"),
            (2, "forming", "recruiting", "unknown", "2026-02-03"),
            (3, "recruiting", "active", "unknown", "2026-02-03"),
        ]
        for invariant in FORMATION_INVARIANTS:
            assert invariant.find(connection, None).first == ()


def test_transfers_from_before_the_seal_await_it(engine: Engine, database_url: str) -> None:
    with engine.begin() as connection:
        for agent in ("ada", "bob"):
            community.add_agent(connection, agent, tokens_micro=1)
        connection.execute(text("DROP SCHEMA gaps CASCADE"))
        command.downgrade(migrate.configuration(connection), "0006")
        connection.execute(text("CREATE SCHEMA gaps"))
        community.add_agent(connection, "cy", tokens_micro=1)
    migrate.upgrade(database_url)
    with engine.connect() as connection:
        waiting = connection.execute(
            text("SELECT first_transfer_id, last_transfer_id, transfers FROM squads.unsealed_transfers")
        ).one()
        assert tuple(waiting) == (1, 3, 3)
