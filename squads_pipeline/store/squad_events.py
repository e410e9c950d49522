"""Recording the edges of squads' lives, set-wise. Which edges may be taken is decided in `rules.lifecycle`."""

from collections.abc import Sequence

from sqlalchemy import Connection, text

from squads_pipeline.rules.lifecycle import Edge
from squads_pipeline.store.errors import speaking
from squads_pipeline.store.stamp import Stamp

# Index: squad_events_pkey for the last number of each squad. Two writers of one squad cannot both get the next
# number: the key refuses the second, should it not have waited for the squad's row.
_RECORD = text("""
WITH moment AS MATERIALIZED (SELECT squads.clock() AS now)
INSERT INTO squads.squad_events
    (squad_id, event_no, from_status, to_status, reason, happened_at, actor,
     policy_id, rule_version, driver, run_id, effective_on)
SELECT squad.id, last.event_no + edge.no, edge.from_status, edge.to_status, :reason, moment.now, :actor,
       :policy_id, :rule_version, :driver, :run_id, squads.utc_day(moment.now)
FROM unnest(CAST(:squads AS text[])) AS squad (id)
CROSS JOIN LATERAL (SELECT coalesce(max(event_no), 0) AS event_no FROM squads.squad_events
                    WHERE squad_id = squad.id) AS last
CROSS JOIN unnest(CAST(:from_statuses AS text[]), CAST(:to_statuses AS text[])) WITH ORDINALITY
    AS edge (from_status, to_status, no)
CROSS JOIN moment
""")


_MOVE = text("""
UPDATE squads.research_squads
SET status = :to_status, disbanded_at = CASE WHEN :to_status = 'disbanded' THEN squads.clock() END
WHERE id = ANY (CAST(:squads AS text[])) AND status = :from_status
""")


def take(
    connection: Connection, squads: Sequence[str], edge: Edge, *, reason: str, actor: str, stamp: Stamp
) -> None:
    """Let squads take an edge: their status changes, and the edge is recorded. The caller holds the rows.

    Args:
        connection: the caller commits it.
        squads: ids, each once, of squads whose status is where the edge begins.
        edge: leads from one status to another; not the formation.
        reason: why, for a person.
        actor: the agent, operator or driver that takes it.
        stamp: who wrote it.
    """
    if not squads:
        return
    statuses = {"from_status": edge.from_status, "to_status": edge.to_status}
    moved = connection.execute(_MOVE, {"squads": list(squads), **statuses})
    if moved.rowcount != len(squads):
        raise AssertionError(f"not every squad was {edge.from_status} under its lock")
    record(connection, squads, [edge], reason=reason, actor=actor, stamp=stamp)


def record(
    connection: Connection,
    squads: Sequence[str],
    edges: Sequence[Edge],
    *,
    reason: str,
    actor: str,
    stamp: Stamp,
) -> None:
    """Write that each of some squads took some edges, in their order; the caller holds the squads' rows.

    Args:
        connection: the caller commits it.
        squads: ids, each once.
        edges: what each of them took.
        reason: why, for a person.
        actor: the agent, operator or driver that took them.
        stamp: who wrote it.
    """
    if not squads or not edges:
        return
    with speaking():
        connection.execute(
            _RECORD,
            {
                "squads": list(squads),
                "from_statuses": [edge.from_status for edge in edges],
                "to_statuses": [edge.to_status for edge in edges],
                "reason": reason,
                "actor": actor,
                **stamp.columns(),
            },
        )
