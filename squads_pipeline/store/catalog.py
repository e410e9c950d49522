"""What the database says of its own tables and views: comments, columns, keys. No rows are read.

Only what is open to readers: secret tables, the views that read them, and Alembic's table are left out.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, text

from squads_pipeline.store.schema.secrets import SECRET_TABLES

SCHEMAS: Final[Mapping[str, str]] = {
    "marts": "Tables for analysts, by UTC day; can be rebuilt from facts at any time.",
    "squads": "Facts and state of the economy.",
    "gaps": "One view per driven asset: the units of work that are missing now.",
}
"""The schemas of the pipeline and what they hold, the analysts' first."""


@dataclass(frozen=True, slots=True)
class Described:
    """A column as the database describes it; `comment` is empty where there is none."""

    name: str
    type: str
    nullable: bool
    comment: str


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or a view as the database describes it.

    Attributes:
        schema: its schema.
        name: its name in there.
        is_view: whether it is a view, whose columns have no nullability that PostgreSQL knows.
        comment: what a row is.
        columns: in their order.
        primary_key: the names of its columns; empty for views.
        keys: the other constraints that say something of rows together, as PostgreSQL writes them.
    """

    schema: str
    name: str
    is_view: bool
    comment: str
    columns: tuple[Described, ...]
    primary_key: tuple[str, ...]
    keys: tuple[str, ...]

    @property
    def full_name(self) -> str:
        """Schema and name, as SQL takes them."""
        return f"{self.schema}.{self.name}"


# A view runs with its owner's rights, so one that reads a secret is as secret, and so is a view of that view.
_RELATIONS = """
WITH RECURSIVE secret (oid) AS (
    SELECT table_.oid
    FROM pg_class AS table_ JOIN pg_namespace AS space ON space.oid = table_.relnamespace
    WHERE space.nspname = 'squads' AND table_.relname = ANY (:secret)
    UNION
    SELECT rule.ev_class
    FROM secret
    JOIN pg_depend AS use ON use.refobjid = secret.oid AND use.refclassid = 'pg_class'::regclass
                         AND use.classid = 'pg_rewrite'::regclass
    JOIN pg_rewrite AS rule ON rule.oid = use.objid
)
SELECT table_.oid, space.nspname AS schema, table_.relname AS name, table_.relkind IN ('v', 'm') AS is_view,
       coalesce(obj_description(table_.oid, 'pg_class'), '') AS comment
FROM pg_class AS table_ JOIN pg_namespace AS space ON space.oid = table_.relnamespace
WHERE space.nspname = ANY (:schemas) AND table_.relkind IN ('r', 'p', 'v', 'm') AND NOT table_.relispartition
  AND table_.relname <> 'alembic_version' AND table_.oid NOT IN (SELECT oid FROM secret)
ORDER BY array_position(CAST(:schemas AS text[]), space.nspname::text), table_.relname
"""

_COLUMNS = """
SELECT attrelid, attname, format_type(atttypid, atttypmod), NOT attnotnull,
       coalesce(col_description(attrelid, attnum), '')
FROM pg_attribute WHERE attrelid = ANY (:relations) AND attnum > 0 AND NOT attisdropped
ORDER BY attrelid, attnum
"""

# Constraints by name, so that the order does not tell how a database came to be.
_KEYS = """
SELECT conrelid, contype,
       ARRAY(SELECT attname::text FROM unnest(conkey) WITH ORDINALITY AS part (attnum, place)
             JOIN pg_attribute USING (attnum) WHERE attrelid = conrelid ORDER BY place),
       pg_get_constraintdef(oid)
FROM pg_constraint WHERE conrelid = ANY (:relations) AND contype IN ('p', 'u', 'f')
ORDER BY conrelid, contype DESC, conname
"""


def relations(connection: Connection) -> list[Relation]:
    """Every table and view that readers may see, schema by schema and by name."""
    found = connection.execute(
        text(_RELATIONS), {"secret": list(SECRET_TABLES), "schemas": list(SCHEMAS)}
    ).all()
    known = {"relations": [row.oid for row in found]}
    columns = _by_relation(connection.execute(text(_COLUMNS), known))
    keys = _by_relation(connection.execute(text(_KEYS), known))
    return [
        Relation(
            row.schema,
            row.name,
            row.is_view,
            row.comment,
            tuple(Described(*column) for column in columns[row.oid]),
            next((tuple(names) for kind, names, _ in keys[row.oid] if kind == "p"), ()),
            tuple(said for kind, _, said in keys[row.oid] if kind != "p"),
        )
        for row in found
    ]


def _by_relation(rows: Iterable[Any]) -> dict[int, list[tuple[Any, ...]]]:
    found: dict[int, list[tuple[Any, ...]]] = defaultdict(list)
    for relation, *values in rows:
        found[relation].append(tuple(values))
    return found
