"""`squads plot`: the chart of an asset as a file. Which charts there are, and how they are drawn: `marts.plots`."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from squads_pipeline.surfaces.cli.answers import Json, answering

if TYPE_CHECKING:
    from squads_pipeline.marts.plots.look import Form

_FORMS: "dict[str, Form]" = {".svg": "svg", ".png": "png"}


def _picture(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() not in _FORMS:
        raise typer.BadParameter(f"{text!r} is no name of a picture; let it end in .svg or .png")
    return path


def plot(
    name: Annotated[
        str,
        typer.Argument(
            help="qf_matches, squad_pools, harvest_distributions, fairness or policy_calibration."
        ),
    ],
    out: Annotated[
        Path,
        typer.Option(
            parser=_picture,
            metavar="FILE",
            help="Write to this file, .svg or .png, complete or not at all.",
        ),
    ],
    day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="This UTC day, not the newest.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Draw the chart of an asset that its materializations show, from what the database has of a day."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands.atomic_file import atomic_file  # noqa: PLC0415
        from squads_pipeline.marts.plots import gallery  # noqa: PLC0415
        from squads_pipeline.surfaces.session import reading  # noqa: PLC0415

        with reading() as engine, engine.connect() as connection:
            drawn = gallery.day_of(connection, name, day and day.date())
            rows = gallery.READERS[name](connection, drawn)
        with atomic_file(out) as file:
            file.write(gallery.draw(name, rows, drawn, _FORMS[out.suffix.lower()]))
        document = {"chart": name, "day": drawn.isoformat(), "rows": len(rows), "file": str(out)}

        def show(console: Console) -> None:
            console.print(f"drew {name} of {drawn} to {out}", markup=False)

        answer.give(document, show)
