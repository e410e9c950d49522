"""Commands that keep running: `up` and `demo`. Processes are in `server.up`, the demo's people in `demo`."""

import os
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from squads_pipeline.surfaces.cli.answers import Answer, Json, answering

if TYPE_CHECKING:
    from squads_pipeline.server.up import Addresses

Port = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="Of the user interface; by default the first free from 3000."),
]


def up(port: Port = None, as_json: Json = False) -> None:
    """Run the database and Dagster until Ctrl-C."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.server.home import Home  # noqa: PLC0415
        from squads_pipeline.server.up import run_up  # noqa: PLC0415
        from squads_pipeline.store import migrate  # noqa: PLC0415

        home = Home.from_environment(os.environ)
        code = run_up(home, prepare=migrate.upgrade, on_ready=lambda at: _tell(answer, at, []), port=port)
        raise typer.Exit(code)


def demo(port: Port = None, as_json: Json = False) -> None:
    """Run the same with a sample community that lives at a pace to follow, until Ctrl-C."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.server.home import Home  # noqa: PLC0415
        from squads_pipeline.server.up import run_up  # noqa: PLC0415
        from squads_pipeline.surfaces import demo as community  # noqa: PLC0415

        home = Home.from_environment(os.environ)
        notes = [
            f"The sample community lives in {home.path}, where `squads up` finds it again;",
            "`make reset` deletes it, and SQUADS_HOME chooses another folder for real work.",
            "Squads recruit for a minute, work for three at most, and are harvested and paid out.",
            "What becomes of them is told here; who does what stands in the log.",
        ]
        code = run_up(
            home,
            prepare=community.prepare,
            on_ready=lambda at: _tell(answer, at, notes),
            port=port,
            extra=[community.child()],
        )
        raise typer.Exit(code)


def _tell(answer: Answer, at: "Addresses", notes: list[str]) -> None:
    document: dict[str, Any] = {
        "ui": at.ui,
        "database": at.database,
        "log": str(at.log),
        "location_error": at.location_error,
    }
    answer.give(document, lambda out: _show(out, at, notes))


def _show(out: Console, at: "Addresses", notes: list[str]) -> None:
    out.print(f"[bold]user interface[/]  {at.ui}")
    out.print(f"[bold]log[/]             {at.log}", highlight=False)
    out.print("[bold]database[/]        `squads db psql` opens it, `squads db url` tells its address")
    if at.location_error is not None:
        out.print("[bold red]The definitions did not load:[/]")
        out.print(at.location_error, markup=False)
    for note in notes:
        out.print(note, markup=False)
    out.print("Ctrl-C ends it all.")
