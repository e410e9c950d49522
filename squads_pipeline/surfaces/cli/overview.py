"""Commands that only look: what is missing now, how things stand, which squads are open, why money moved."""

from typing import Annotated

import typer
from rich.console import Console

from squads_pipeline.surfaces.cli.answers import FAILED, Json, Limit, answering

SHOWN = 50


def gaps(as_json: Json = False) -> None:
    """Show what work is missing now: every gap with its units, the oldest, and the tokens that wait."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.surfaces import gap_report, health  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.connect() as connection:
            read = health.read(connection)

        def show(out: Console) -> None:
            gap_report.show(out, read.gaps)
            health.show_stopped(out, read)

        document = {**gap_report.document(read.gaps), "stopped": health.stopped_gaps(read)}
        answer.give(document, show)


def status(as_json: Json = False) -> None:
    """Show how things stand, on one screen; exit code 1 if something is not well."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.surfaces import health, status_report  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        server = status_report.server()
        with session() as engine, engine.connect() as connection:
            report = status_report.read(connection, server)
        answer.give(status_report.document(report), lambda out: status_report.show(out, report))
        if health.problems(report.health):
            raise typer.Exit(FAILED)


def market(limit: Limit = SHOWN, as_json: Json = False) -> None:
    """Show the open squads, those first where one more token draws the largest match."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.surfaces import market_report  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.connect() as connection:
            rows = market_report.read(connection)
        answer.give(market_report.document(rows[:limit]), lambda out: market_report.show(out, rows, limit))


def why(
    subject: Annotated[
        str,
        typer.Argument(metavar="TRANSFER|SQUAD|AGENT", help="Number or key of a transfer, squad, or agent."),
    ],
    as_json: Json = False,
) -> None:
    """Show why money moved: a transfer with all that led to it, or a squad's or an agent's money with its reasons."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.surfaces import why_report  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.connect() as connection:
            tree = why_report.read(connection, subject)
        answer.give(why_report.document(tree), lambda out: why_report.show(out, tree))
