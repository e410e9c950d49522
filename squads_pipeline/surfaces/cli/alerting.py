"""Commands about alerts: `squads alerts` lists them and takes note of them. Raising them is a sensor's work."""

import getpass
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from squads_pipeline.surfaces.cli.answers import Json, answering, plain_table

if TYPE_CHECKING:
    from squads_pipeline.store.alerts import Alert

SHOWN = 50


def alerts(
    acknowledge: Annotated[
        list[int] | None,
        typer.Option("--ack", metavar="ID", help="Take note of this alert; may be repeated."),
    ] = None,
    acknowledge_all: Annotated[
        bool, typer.Option("--ack-all", help="Take note of every open alert.")
    ] = False,
    show_all: Annotated[
        bool, typer.Option("--all", help="Also those that somebody has taken note of.")
    ] = False,
    as_json: Json = False,
) -> None:
    """List failed runs and failed checks that nobody has taken note of."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.store import alerts as store  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        noted = 0
        with session() as engine, engine.begin() as connection:
            if acknowledge or acknowledge_all:
                ids = None if acknowledge_all else acknowledge
                noted = store.acknowledge(connection, ids, getpass.getuser())
            found = store.newest(connection, SHOWN, only_open=not show_all)

        def show(out: Console) -> None:
            if acknowledge or acknowledge_all:
                out.print(f"took note of {noted} alert{'' if noted == 1 else 's'}")
            _show(out, found)

        answer.give({"acknowledged": noted, "alerts": [_document(one) for one in found]}, show)


def _show(out: Console, found: list["Alert"]) -> None:
    if not found:
        out.print("no alert is open")
        return
    table = plain_table("id", "raised (UTC)", "kind", "subject", "message", "run")
    for one in found:
        raised = f"{one.raised_at:%Y-%m-%d %H:%M:%S}"
        table.add_row(str(one.id), raised, one.kind, one.subject, one.message, one.run_id[:8])
    out.print(table)


def _document(one: "Alert") -> dict[str, Any]:
    return {
        "id": one.id,
        "kind": one.kind,
        "subject": one.subject,
        "message": one.message,
        "run_id": one.run_id,
        "raised_at": one.raised_at.isoformat(),
        "acknowledged_at": one.acknowledged_at and one.acknowledged_at.isoformat(),
        "acknowledged_by": one.acknowledged_by,
    }
