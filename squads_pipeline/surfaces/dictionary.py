"""The data dictionary as Markdown, from what the database says of itself. It says nothing of its own on a table."""

from collections.abc import Sequence
from typing import Final

from squads_pipeline.store.catalog import SCHEMAS, Described, Relation
from squads_pipeline.store.schema.examples import example

_INTRODUCTION: Final = """\
# Tables

What each table and view holds, column by column. This page is written by
`squads db dictionary --out docs/tables.md` from the comments in the database; psql shows them with `\\d+`, Dagster
on its assets. How to get at the tables, and questions that they answer: [analysts.md](analysts.md).

- **µT**: columns that end in `_micro` are whole millionths of a token. `amount_micro * 0.000001` is the amount in
  tokens, exactly; `amount_micro / 1000000.0` is rounded to 16 digits. `squads table`, `read()` and exports have them
  in tokens, without the ending.
- **ppm**: columns that end in `_ppm` are whole millionths of one: `importance_ppm * 0.000001`.
- **UTC**: moments are `timestamp with time zone`; days are UTC days.
- Views have no keys, and PostgreSQL does not know whether their columns can be null.
"""
_UNITS: Final = {"_micro": "µT", "_ppm": "ppm", "_seconds": "s"}
_UNITS_OF_TYPES: Final = {"timestamp with time zone": "UTC", "date": "UTC day"}
# The first of them orders the plain query.
_TIMES: Final = ("effective_on", "posted_at", "granted_at", "created_at", "since", "id")


def markdown(relations: Sequence[Relation]) -> str:
    """Describe tables and views: a list of all, then each with its columns, keys and an example query."""
    parts = [_INTRODUCTION, *(_contents(schema, relations) for schema in SCHEMAS), *map(_section, relations)]
    return "\n".join(parts)


def query(relation: Relation) -> str:
    """The example query of a table or view."""
    names = [column.name for column in relation.columns]
    return example(relation.full_name, next((name for name in _TIMES if name in names), None))


def _contents(schema: str, relations: Sequence[Relation]) -> str:
    listed = [
        (f"[`{one.full_name}`](#{one.full_name.replace('.', '')})", one.comment)
        for one in relations
        if one.schema == schema
    ]
    return f"## Schema {schema}\n\n{SCHEMAS[schema]}\n\n{_table(('table', 'what it is'), listed)}\n"


def _section(relation: Relation) -> str:
    columns = [
        (
            f"`{one.name}`",
            one.type,
            _unit(one),
            "" if relation.is_view else ("yes" if one.nullable else "no"),
            one.comment,
        )
        for one in relation.columns
    ]
    keys = [f"PRIMARY KEY ({', '.join(relation.primary_key)})"] if relation.primary_key else []
    listed = "".join(f"- {said}\n" for said in [*keys, *relation.keys])
    kind = "A view. " if relation.is_view else ""
    return (
        f"### {relation.full_name}\n\n{kind}{relation.comment}\n\n"
        f"{_table(('column', 'type', 'unit', 'null', 'meaning'), columns)}\n\n"
        f"{listed}{chr(10) if listed else ''}"
        f"```sql\n{query(relation)};\n```\n"
    )


def _unit(column: Described) -> str:
    by_name = next((unit for ending, unit in _UNITS.items() if column.name.endswith(ending)), "")
    return by_name or _UNITS_OF_TYPES.get(column.type, "")


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines)
