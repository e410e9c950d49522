"""`squads import`: options, progress and report; `squads replay` uses them too. The import is in `commands`."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from squads_pipeline.surfaces.cli.answers import Json, answering, money, plain_tokens

if TYPE_CHECKING:
    from squads_pipeline.commands.import_contributions import ImportReport


class Round(StrEnum):
    """What to do with decimals beyond the sixth."""

    REFUSE = "refuse"
    HALF_EVEN = "half-even"


def moment_of(text: str) -> datetime:
    """Read a time given on the command line; aware."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is not a time; write it like 2026-01-31T12:00:00Z") from error
    if moment.utcoffset() is None:
        raise typer.BadParameter(f"{text!r} has no offset from UTC; add one such as +02:00, or Z for UTC")
    return moment


def columns_of(given: list[str]) -> dict[str, str]:
    """Read where fields are, given as FIELD=COLUMN."""
    from squads_pipeline.commands.contribution_files import FIELDS  # noqa: PLC0415

    columns = {}
    for pair in given:
        field, equals, column = pair.partition("=")
        if not equals or not column or field not in FIELDS:
            raise typer.BadParameter(
                f"{pair!r} is not FIELD=COLUMN with FIELD one of {', '.join(FIELDS)}", param_hint="--column"
            )
        columns[field] = column
    return columns


def one_character(delimiter: str) -> None:
    """Refuse what cannot stand between the fields of a CSV row."""
    if len(delimiter) != 1 or delimiter in '"\r\n':
        raise typer.BadParameter("give one character, and no quote or line break", param_hint="--delimiter")


File = Annotated[Path, typer.Argument(help="CSV with a header, or Parquet.")]
Columns = Annotated[
    list[str] | None,
    typer.Option(metavar="FIELD=COLUMN", help="Where project_id, contributor_id, amount, ts or round is."),
]
Rounding = Annotated[Round, typer.Option("--round", help="What to do with decimals beyond the sixth.")]
At = Annotated[
    datetime | None, typer.Option(parser=moment_of, metavar="TIME", help="Time of rows that state none.")
]
Delimiter = Annotated[str, typer.Option(help="Between the fields of a CSV row.")]


def contributions(
    file: File,
    column: Columns = None,
    rounding: Rounding = Round.REFUSE,
    at: At = None,
    create_missing: Annotated[
        bool, typer.Option(help="Add unknown squads and agents, and mint what wallets are short of.")
    ] = False,
    rejects: Annotated[
        Path | None, typer.Option(help="Import the good rows and write the others here, with reasons.")
    ] = None,
    delimiter: Delimiter = ",",
    as_json: Json = False,
) -> None:
    """Record each contribution of a file once, however often the file is imported."""
    columns = columns_of(column or [])
    one_character(delimiter)
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands.import_contributions import (  # noqa: PLC0415
            ImportOptions,
            import_contributions,
        )
        from squads_pipeline.surfaces.cli.progress import steps  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        options = ImportOptions(columns, rounding.value, at, create_missing, rejects, delimiter)
        with session() as engine, steps(answer) as progress, engine.begin() as connection:
            report = import_contributions(connection, file, options, progress)
            progress("committing", 0, 0)
        answer.give(_document(report), lambda out: _show(out, report))


def _document(report: "ImportReport") -> dict[str, Any]:
    return {
        "rows": report.rows,
        "imported": report.imported,
        **money("imported_amount", report.imported_micro),
        "already_imported": report.already_imported,
        "refused": sum(report.refused.values()),
        "refused_by_reason": dict(report.refused),
        "agents_added": report.agents_added,
        "squads_added": report.squads_added,
        **money("minted", report.minted_micro),
        "run_id": report.run_id,
        "rejects": report.rejects and str(report.rejects),
    }


def _show(out: Console, report: "ImportReport") -> None:
    tokens = plain_tokens(report.imported_micro)
    out.print(f"imported {report.imported:,} of {report.rows:,} rows, {tokens} tokens", markup=False)
    counts = (
        (report.already_imported, "imported before, which add nothing"),
        (report.squads_added, "unknown squads added"),
        (report.agents_added, "unknown agents added"),
    )
    show_counts(out, counts, report.minted_micro, report.refused, report.rejects)


def show_counts(
    out: Console,
    counts: Iterable[tuple[int, str]],
    minted_micro: int,
    refused: Mapping[str, int],
    rejects: Path | None,
) -> None:
    """Say what became of the rows of a file besides, each with its number: those that are zero are left out."""
    for count, what in counts:
        if count:
            out.print(f"  {count:,} {what}")
    if minted_micro:
        out.print(f"  {plain_tokens(minted_micro)} tokens minted into wallets that were short")
    for category, count in refused.items():
        out.print(f"  {count:,} refused: {category}", markup=False)
    if refused:
        out.print(f"  the refused rows are in {rejects}", markup=False)
