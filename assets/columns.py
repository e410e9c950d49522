"""Tables' columns as Dagster shows them, with their lineage, taken from the schema. No texts of its own."""

from collections.abc import Iterable, Mapping
from typing import Any

import dagster as dg
from sqlalchemy import Column, Table
from sqlalchemy.dialects import postgresql


def of_table(table: Table) -> dict[str, Any]:
    """Metadata for the asset that a table holds: columns, lineage where columns name it, the table's name."""
    return {
        "dagster/table_name": table.fullname,
        "dagster/column_schema": schema(table.columns, primary_key=[one.name for one in table.primary_key]),
        **_lineage(table),
    }


def schema(columns: Iterable[Column[Any]], primary_key: Iterable[str] = ()) -> dg.TableSchema:
    """Columns with their types, comments and constraints."""
    keys = list(primary_key)
    constraints = dg.TableConstraints(other=[f"primary key ({', '.join(keys)})"]) if keys else None
    return dg.TableSchema(columns=[_column(one) for one in columns], constraints=constraints)


def _column(column: Column[Any]) -> dg.TableColumn:
    return dg.TableColumn(
        name=column.name,
        type=column.type.compile(postgresql.dialect()).lower(),  # type: ignore[no-untyped-call]
        description=column.comment,
        constraints=dg.TableColumnConstraints(nullable=bool(column.nullable)),
    )


def _lineage(table: Table) -> Mapping[str, dg.TableColumnLineage]:
    sources = {one.name: one.info.get("lineage", []) for one in table.columns}
    derived = {
        name: [
            dg.TableColumnDep(asset_key=asset, column_name=column)
            for asset, _, column in (source.partition(".") for source in given)
        ]
        for name, given in sources.items()
        if given
    }
    return {"dagster/column_lineage": dg.TableColumnLineage(derived)} if derived else {}
