"""`squads export`: all tables as files for other tools. What is written is in `parquet_tree`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from squads_pipeline.surfaces.cli.answers import Json, answering


class TreeFormat(StrEnum):
    """What kind of files to write."""

    PARQUET = "parquet"


def export(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="New, empty, or an earlier export, which is replaced.")
    ],
    form: Annotated[
        TreeFormat, typer.Option("--format", help="What kind of files to write.")
    ] = TreeFormat.PARQUET,
    as_json: Json = False,
) -> None:
    """Write all tables, as of one moment, to a folder that is complete or not there."""
    del form  # one kind so far
    with answering(as_json=as_json) as answer:
        from squads_pipeline.surfaces import parquet_tree  # noqa: PLC0415
        from squads_pipeline.surfaces.cli.progress import steps  # noqa: PLC0415
        from squads_pipeline.surfaces.session import reading  # noqa: PLC0415

        with reading() as engine, steps(answer) as progress:
            made = parquet_tree.export(engine, folder, progress)
        document = {
            "folder": str(folder),
            "tables": {name: one["rows"] for name, one in made.tables.items()},
            "rows": made.rows,
            "files": made.files,
            "schema_version": made.schema_version,
            "policy_id": made.policy_id,
            "snapshot_at": made.snapshot_at,
        }
        said = f"{made.rows:,} rows of {len(made.tables)} tables in {made.files:,} files, as of {made.snapshot_at}"
        answer.give(document, lambda out: out.print(f"{folder}: {said}", markup=False))
