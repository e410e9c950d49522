"""Who leads a squad, and the end of its work when nobody does: what joining, leaving and activation share."""

from collections.abc import Sequence

from sqlalchemy import Connection

from squads_pipeline.rules.lifecycle import HARVESTED
from squads_pipeline.rules.rosters import leader
from squads_pipeline.store import members, rosters, squad_events
from squads_pipeline.store.stamp import Stamp


def fill_leads(connection: Connection, squads: Sequence[str]) -> dict[str, str]:
    """Give each of some squads that has no lead the best of its members, if anybody may; squad → new lead.

    The caller holds the squads.
    """
    best = {squad: leader(found) for squad, found in members.candidates(connection, squads).items()}
    chosen = {squad: agent for squad, agent in best.items() if agent is not None}
    if chosen:
        members.appoint(connection, chosen)
    return chosen


def begin_harvest(connection: Connection, squad: str, reason: str, *, actor: str, stamp: Stamp) -> None:
    """Take a held squad from its work to its harvest: it takes no contributions from here on."""
    rosters.harvest(connection, [squad])
    squad_events.record(connection, [squad], [HARVESTED], reason=reason, actor=actor, stamp=stamp)
