"""Commands about what calibrations propose: list it, adopt it. What is proposed, and why, is in `rules`."""

from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape

from squads_pipeline.surfaces.cli.answers import Json, Limit, answering, plain_table
from squads_pipeline.surfaces.cli.policy import change_document, show_changes, user

if TYPE_CHECKING:
    from squads_pipeline.store.calibration_facts import Summary

SHOWN = 20


def proposals(limit: Limit = SHOWN, as_json: Json = False) -> None:
    """List what calibrations found and proposed, the newest first."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.store import calibration_facts  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.connect() as connection:
            found = calibration_facts.newest(connection, limit)
        document = {
            "proposals": [
                {
                    "calibration": one.number,
                    "proposed_at": one.proposed_at.isoformat(),
                    "outcomes": one.outcomes,
                    "rank_correlation": one.rank_correlation,
                    "proposal": None if one.policy_id is None else one.proposal,
                    "policy_id": one.policy_id,
                    "reason": one.reason,
                    "status": one.status,
                }
                for one in found
            ]
        }
        answer.give(document, lambda out: _show(out, found))


def adopt(
    identity: Annotated[
        str, typer.Argument(metavar="ID", help="Number of a calibration, or id of a stored policy.")
    ],
    reason: Annotated[str, typer.Option(help="Why; part of the record.")],
    as_json: Json = False,
) -> None:
    """Put in force what a calibration proposed, or a policy that was stored before."""
    with answering(as_json=as_json) as answer:
        from squads_pipeline.commands import adopting  # noqa: PLC0415
        from squads_pipeline.surfaces.session import session  # noqa: PLC0415

        with session() as engine, engine.begin() as connection:
            done = adopting.adopt(connection, identity, adopted_by=user(), reason=reason)
        document = {
            "policy_id": done.policy_id,
            "adopted": bool(done.changes),
            "changes": list(map(change_document, done.changes)),
        }

        def said(out: Console) -> None:
            if done.changes:
                show_changes(out, done.changes)
            again = "" if done.changes else " already; nothing changes"
            out.print(f"policy {done.policy_id} is in force{again}", markup=False)

        answer.give(document, said)


def _show(out: Console, found: "list[Summary]") -> None:
    shown = plain_table(
        "calibration", "made (UTC)", "outcomes", "rank correlation", "proposal", "status", "because"
    )
    for one in found:
        shown.add_row(
            str(one.number),
            f"{one.proposed_at:%Y-%m-%d %H:%M}",
            f"{one.outcomes:,}",
            one.rank_correlation or "undefined",
            escape(one.proposal),
            one.status,
            escape(one.reason),
        )
    out.print(shown if found else "no calibration yet; the first one follows enough outcomes")
