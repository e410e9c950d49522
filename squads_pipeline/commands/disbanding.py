"""Asking for a squad's end: its harvest begins, its pool is shared out, or it is given up. Nothing is forced."""

from dataclasses import dataclass

from sqlalchemy import Connection

from squads_pipeline.commands.leading import begin_harvest
from squads_pipeline.commands.recorders import OPERATOR
from squads_pipeline.commands.sharing_out import share_out
from squads_pipeline.rules.distribution import RULE_VERSION
from squads_pipeline.rules.endings import against_abandoning, against_closing
from squads_pipeline.rules.lifecycle import ABANDONED, CLOSED, HARVESTED
from squads_pipeline.rules.policy import policy_id
from squads_pipeline.store import endings, locks, policies, squads
from squads_pipeline.store.endings import Standing
from squads_pipeline.store.errors import RefusedError
from squads_pipeline.store.stamp import Stamp


@dataclass(frozen=True, slots=True)
class Ended:
    """How far a squad came to its end.

    Attributes:
        squad_id: the squad.
        status: harvesting or disbanded.
        manner: by_score, equal_parts, refund or empty; None if its harvest has only begun.
        pool_micro: what was paid out of its pool, µT.
    """

    squad_id: str
    status: str
    manner: str | None
    pool_micro: int


def disband(connection: Connection, agent: str | None, squad: str) -> Ended:
    """Take a squad one step to its end, as far as nothing stands against it.

    An active squad begins its harvest. One that harvests is shared out at once if nothing is left to review, merge
    or match. One that recruits and in which nobody but the asking agent would work is given up before its time.

    Args:
        connection: the caller commits it.
        agent: its lead, or who formed it while nobody leads it; None for an operator.
        squad: id, or name if no other squad has it.

    Raises:
        NotFoundError: no such squad.
        RefusedError: the agent may not ask for it, or something stands against it, which is listed.
    """
    squad_id = squads.find(connection, squad)
    locks.lock_system_accounts(connection)
    locks.lock_squads(connection, [squad_id])
    found = endings.standing(connection, squad_id)
    _require_say(found, agent)
    actor = agent or OPERATOR
    policy = policies.current(connection)
    stamp = Stamp("disband", f"call:{squad_id}", policy_id(policy), RULE_VERSION)
    reason = f"{actor} asked for it"
    if found.status == HARVESTED.from_status:
        begin_harvest(connection, squad_id, reason, actor=actor, stamp=stamp)
        return Ended(squad_id, HARVESTED.to_status, None, 0)
    edge = ABANDONED if found.status == ABANDONED.from_status else CLOSED
    _require_nothing_against(found, agent)
    (shared,) = share_out(connection, {squad_id: edge}, policy, stamp, actor=actor, reasons={edge: reason})
    return Ended(squad_id, edge.to_status, shared.division.manner, shared.pool_micro)


def _require_say(found: Standing, agent: str | None) -> None:
    """Let the lead decide; while there is none, as before the work begins, who formed the squad."""
    if agent is None or agent == (found.lead or found.created_by):
        return
    who = f"Ask {found.lead}, who does" if found.lead else "Ask an operator"
    raise RefusedError(f"{agent} does not lead {found.squad_id}", f"{who}.")


def _require_nothing_against(found: Standing, agent: str | None) -> None:
    if found.status == ABANDONED.from_status:
        # Who asks decides about the window, and who is alone in it asks for the whole squad.
        alone = agent is not None and agent == found.only_worker
        against = against_abandoning(
            status=found.status,
            others=0 if alone else found.workers,
            unclaimed=found.unclaimed,
            window_over=True,
            extensions_left=0,
        )
    else:
        against = against_closing(
            status=found.status,
            pending=found.pending,
            reviewed=found.reviewed,
            unclaimed=found.unclaimed,
        )
    if against:
        raise RefusedError(
            f"Squad {found.squad_id} cannot be disbanded: {'; '.join(against)}",
            "Ask again when that is done; `squads gaps` shows what waits.",
        )
