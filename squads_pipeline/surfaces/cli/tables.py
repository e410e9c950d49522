"""`squads table`: one table of the pipeline, printed or written to a file. Writing is in `table_export`."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from squads_pipeline.surfaces.cli.answers import Answer, Json, answering

if TYPE_CHECKING:
    from sqlalchemy import FromClause

    from squads_pipeline.surfaces.arrow_tables import Batches

SHOWN_ROWS = 50


class Format(StrEnum):
    """How to write the rows."""

    TABLE = "table"
    CSV = "csv"
    PARQUET = "parquet"
    JSON = "json"


def table(
    name: Annotated[str, typer.Argument(help="Such as qf_matches, squad_pools, contributions, accounts.")],
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Only rows of this UTC day.")
    ] = None,
    form: Annotated[Format, typer.Option("--format", help="How to write the rows.")] = Format.TABLE,
    out: Annotated[Path | None, typer.Option(help="Write to this file, complete or not at all.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many rows.")] = None,
    as_json: Json = False,
) -> None:
    """Print a table, with amounts in exact tokens."""
    chosen = Format.JSON if as_json else form
    if chosen is Format.PARQUET and out is None:
        raise typer.BadParameter("Parquet is not for the terminal; give --out FILE", param_hint="--format")
    if chosen is Format.TABLE and out is not None:
        raise typer.BadParameter(
            "a table is for the terminal; choose csv, parquet or json", param_hint="--format"
        )
    with answering(as_json=as_json) as answer:
        from squads_pipeline.store import tables  # noqa: PLC0415
        from squads_pipeline.surfaces.session import reading  # noqa: PLC0415

        source = tables.find(name)
        most = limit or (SHOWN_ROWS if chosen is Format.TABLE else None)
        with (
            reading() as engine,
            engine.connect() as connection,
            tables.read(connection, source, (day.date(), day.date()) if day else None, most) as batches,
        ):
            if chosen is Format.TABLE:
                _show(answer, source, batches, most)
            else:
                _write(chosen, out, source, batches)


def _show(answer: Answer, source: "FromClause", batches: "Batches", most: int | None) -> None:
    from squads_pipeline.surfaces import table_export  # noqa: PLC0415

    if table_export.show(answer.out, source, batches) == most:
        answer.err.print(f"[dim]the first {most} rows; --limit and --format csv give more[/]")


def _write(form: Format, out: Path | None, source: "FromClause", batches: "Batches") -> None:
    from squads_pipeline.surfaces import table_export  # noqa: PLC0415

    writers = {
        Format.CSV: table_export.write_csv,
        Format.JSON: table_export.write_json,
        Format.PARQUET: table_export.write_parquet,
    }
    with _place(out) as file:
        writers[form](file, source, batches)


@contextmanager
def _place(out: Path | None) -> Iterator[BinaryIO]:
    from squads_pipeline.commands.atomic_file import atomic_file  # noqa: PLC0415

    if out is None:
        sys.stdout.flush()
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with atomic_file(out) as file:
        yield file
