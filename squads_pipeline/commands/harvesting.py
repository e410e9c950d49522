"""Asking for the harvest before its time. What the harvest does is drivers' work."""

from sqlalchemy import Connection

from squads_pipeline.commands.leading import begin_harvest
from squads_pipeline.rules.lifecycle import why_not_harvested
from squads_pipeline.rules.policy import policy_id
from squads_pipeline.rules.rosters import LEAD_ASKS, RULE_VERSION
from squads_pipeline.store import members, policies, rosters
from squads_pipeline.store.errors import RefusedError
from squads_pipeline.store.stamp import Stamp


def harvest(connection: Connection, agent: str, squad: str) -> str:
    """Begin a squad's harvest because its lead asks; it takes no contributions from here on.

    Asked again while it is harvested, nothing changes.

    Returns:
        the squad's id.

    Raises:
        NotFoundError: no such squad.
        RefusedError: the agent does not lead it, or it is not at work.
    """
    held = rosters.hold(connection, squad)
    roles = members.roles(connection, held.squad_id)
    if roles.get(agent) != "lead":
        leads = next((name for name, role in roles.items() if role == "lead"), None)
        raise RefusedError(
            f"{agent} does not lead {held.squad_id}",
            f"Ask {leads}, who does." if leads else "A lead is found when its work begins.",
        )
    if held.status == "harvesting":
        return held.squad_id
    against = why_not_harvested(status=held.status, time_over=False, criteria_met=False, lead_asks=True)
    if against is not None:
        raise RefusedError(f"{held.squad_id} cannot be harvested: {against}", "Only a squad at work can be.")
    stamp = Stamp("harvest", f"call:{held.squad_id}", policy_id(policies.current(connection)), RULE_VERSION)
    begin_harvest(connection, held.squad_id, LEAD_ASKS, actor=agent, stamp=stamp)
    return held.squad_id
