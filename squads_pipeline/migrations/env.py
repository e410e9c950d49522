"""Alembic's environment: runs revisions on the connection that `store.migrate` hands over."""

from alembic import context

from squads_pipeline.store.schema import metadata
from squads_pipeline.store.schema.base import MARTS, SCHEMA


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "schema" or name in (SCHEMA, MARTS)


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table_schema=SCHEMA,
    include_schemas=True,
    include_name=_is_ours,
    compare_server_default=True,
)
with context.begin_transaction():
    context.run_migrations()
