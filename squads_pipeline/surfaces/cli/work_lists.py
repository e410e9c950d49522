"""`squads findings` and `squads journal`: what was found and noted, and what became of it. Writing it: `working`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from squads_pipeline.surfaces.cli.answers import Json, Squad, answering, plain_table, plain_tokens, share

if TYPE_CHECKING:
    from squads_pipeline.store.work_lists import Entry, ListedFinding

SHOWN = 50
Newest = Annotated[int, typer.Option(min=1, max=100_000, help="At most so many, the newest.")]


def findings(
    squad: Annotated[str | None, typer.Argument(help="Only of this squad, by id or name.")] = None,
    pending: Annotated[bool, typer.Option("--pending", help="Only those that wait for a verdict.")] = False,
    limit: Newest = SHOWN,
    as_json: Json = False,
) -> None:
    """List findings, the newest first, with their reviews and what became of them."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.store import squads, work_lists  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.connect() as connection:
            home = None if squad is None else squads.hold_status(connection, squad)[0]
            found = work_lists.findings(connection, home, pending=pending, limit=limit)
        answer.give({"findings": [_finding(one) for one in found]}, lambda out: _show_findings(out, found))


def journal(squad: Squad, limit: Newest = SHOWN, as_json: Json = False) -> None:
    """Show a squad's journal, the newest entry first."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.store import squads, work_lists  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.connect() as connection:
            home, _ = squads.hold_status(connection, squad)
            found = work_lists.journal(connection, home, limit)
        answer.give({"entries": [_entry(one) for one in found]}, lambda out: _show_journal(out, found))


def _finding(one: "ListedFinding") -> dict[str, Any]:
    return {
        "finding": one.id,
        "squad": one.squad_id,
        "author": one.author,
        "type": one.finding_type,
        "title": one.title,
        "summary": one.summary,
        **share("confidence", one.confidence_ppm),
        "target": one.target,
        "status": one.status,
        "accepts": one.accepts,
        "rejects": one.rejects,
        "reviewed_by": one.reviewed_by,
        "decided_by": one.reason,
        "created_at": one.created_at.isoformat(),
        "bubbled_at": one.bubbled_at and one.bubbled_at.isoformat(),
    }


def _entry(one: "Entry") -> dict[str, Any]:
    return {
        "entry": one.id,
        "squad": one.squad_id,
        "author": one.author,
        "type": one.entry_type,
        "title": one.title,
        "body": one.body,
        "references": one.references,
        "created_at": one.created_at.isoformat(),
    }


def _show_findings(out: Console, found: "list[ListedFinding]") -> None:
    from rich.markup import escape  # noqa: PLC0415

    if not found:
        out.print("no findings; record one with `squads find`", markup=False)
        return
    table = plain_table("finding", "squad", "author", "type", "title", "confidence", "for/against", "status")
    for one in found:
        table.add_row(
            str(one.id),
            one.squad_id,
            one.author,
            one.finding_type,
            escape(one.title),
            plain_tokens(one.confidence_ppm),
            f"{one.accepts}/{one.rejects}",
            one.status + (" (review time-out)" if one.reason == "review_timeout" else ""),
        )
    out.print(table)


def _show_journal(out: Console, found: "list[Entry]") -> None:
    if not found:
        out.print("no entries; write one with `squads log`", markup=False)
    for one in found:
        head = f"{one.created_at:%Y-%m-%d %H:%M} {one.author}, {one.entry_type}: {one.title}"
        out.print(head, markup=False)
        for line in one.body.splitlines():
            out.print(f"    {line}", markup=False)
        if one.references:
            out.print(f"    → {', '.join(one.references)}", markup=False)
