"""Commands for targets: add one, close one, list them with their squads. What squads do is elsewhere."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from squads_pipeline.rules.formation import Target
from squads_pipeline.rules.millionths import parse_ppm
from squads_pipeline.rules.money import format_tokens
from squads_pipeline.surfaces.cli.answers import Json, Limit, answering, plain_table, share
from squads_pipeline.surfaces.cli.community import TargetType

if TYPE_CHECKING:
    from squads_pipeline.store.targets import ListedTarget

SHOWN = 50


def _importance(text: str) -> int:
    try:
        return parse_ppm(text, "importance")
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


Type = Annotated[TargetType, typer.Argument(metavar="TYPE", help="gap, hypothesis, challenge or analysis.")]
Id = Annotated[str, typer.Argument(metavar="ID", help="The artifact's id.")]


def add(
    artifact_type: Type,
    artifact_id: Id,
    title: Annotated[str, typer.Option(help="What it is about, for people.")],
    importance: Annotated[
        int, typer.Option(parser=_importance, metavar="SHARE", help="How much it matters, such as 0.95.")
    ],
    as_json: Json = False,
) -> None:
    """Add a target; if it is important enough, a squad will be formed around it."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import targets  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        target = Target(artifact_type, artifact_id, title, importance)
        with session() as engine, engine.begin() as connection:
            targets.add_target(connection, target)
        document = {
            "type": artifact_type,
            "id": artifact_id,
            "title": title,
            **share("importance", importance),
        }
        said = f"added target {artifact_type} {artifact_id}, importance {document['importance']}"
        answer.give(document, lambda out: out.print(said, markup=False))


def close(artifact_type: Type, artifact_id: Id, as_json: Json = False) -> None:
    """Close a target: its squad goes on, but none is formed around it any more."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import targets  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.begin() as connection:
            targets.close_target(connection, artifact_type, artifact_id)
        document = {"type": artifact_type, "id": artifact_id, "status": "closed"}
        answer.give(
            document, lambda out: out.print(f"closed target {artifact_type} {artifact_id}", markup=False)
        )


def list_(limit: Limit = SHOWN, as_json: Json = False) -> None:
    """List targets, the most important first, each with its squad or why it has none."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.rules.formation import least_ppm  # noqa: PLC0415
        from squads_pipeline.store import policies, targets  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.connect() as connection:
            found = targets.listed(connection, limit=limit)
            least = least_ppm(policies.current(connection).min_importance)
        document = {"targets": [_document(one, least) for one in found]}
        answer.give(document, lambda out: _show(out, found, least))


def _document(one: "ListedTarget", least: int) -> dict[str, Any]:
    return {
        "type": one.artifact_type,
        "id": one.artifact_id,
        "title": one.title,
        **share("importance", one.importance_ppm),
        "status": one.status,
        "created_at": one.created_at.isoformat(),
        "squad": one.squad_id,
        "no_squad_because": _why_none(one, least),
    }


def _why_none(one: "ListedTarget", least: int) -> str | None:
    from squads_pipeline.rules.lifecycle import why_not_formed  # noqa: PLC0415

    if one.squad_id is not None:
        return None
    reason = why_not_formed(
        target_status=one.status, importance_ppm=one.importance_ppm, least_ppm=least, live_squad=None
    )
    return reason or "one is due: see `squads gaps`"


def _show(out: Console, found: "list[ListedTarget]", least: int) -> None:
    shown = plain_table("target", "title", "importance", "status", "squad")
    for one in found:
        shown.add_row(
            escape(f"{one.artifact_type} {one.artifact_id}"),
            escape(one.title),
            format_tokens(one.importance_ppm),
            one.status,
            one.squad_id or f"none: {_why_none(one, least)}",
        )
    out.print(shown if found else "no targets yet; add one with `squads targets add`")
