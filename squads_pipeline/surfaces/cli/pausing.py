"""Commands that stop the work and let it go on: `squads pause` and `squads resume`."""

import getpass
from typing import Annotated

import typer

from squads_pipeline.surfaces.cli.answers import Json, answering

Gaps = Annotated[
    list[str] | None, typer.Argument(metavar="[GAP]...", help="Which gaps; none for all of them.")
]


def pause(
    reason: Annotated[str, typer.Option(help="Why, for whoever finds it paused.")],
    gaps: Gaps = None,
    as_json: Json = False,
) -> None:
    """Keep gaps open until they are resumed: sensors ask for no runs, `squads reconcile` leaves them out."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import pausing  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.begin() as connection:
            paused = pausing.pause(connection, gaps or (), paused_by=getpass.getuser(), reason=reason)
        answer.give(
            {"paused": paused, "reason": reason}, lambda out: out.print(f"paused {', '.join(paused)}")
        )


def resume(gaps: Gaps = None, as_json: Json = False) -> None:
    """Let paused gaps be closed again."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import pausing  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.begin() as connection:
            resumed = pausing.resume(connection, gaps or ())
        said = f"resumed {', '.join(resumed)}" if resumed else "nothing was paused"
        answer.give({"resumed": resumed}, lambda out: out.print(said))
