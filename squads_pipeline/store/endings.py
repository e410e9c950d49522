"""SQL of squads' ends: what stands against one, and what ends with a squad. Decisions are in `rules.endings`."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Standing:
    """How a squad stands that is to end, be forked or merged.

    Attributes:
        lead: the agent who leads it; None if nobody does.
        workers: members who are present and no observers, the lead included.
        only_worker: the one if there is one.
        pending: findings that nobody has decided, in it and in those merged into it.
        reviewed: findings accepted and not yet merged, likewise.
        unclaimed: contributions that no round has claimed.
        window_over: whether recruiting is over; None if it has no window.
        extensions: how often recruiting was extended.
    """

    squad_id: str
    status: str
    target_type: str
    created_by: str | None
    lead: str | None
    workers: int
    only_worker: str | None
    pending: int
    reviewed: int
    unclaimed: int
    window_over: bool | None
    extensions: int


# research_squads_pkey and _merged_into_idx, squad_findings_squad_id_idx, squad_members_pkey, squad_events_pkey; the
# inbox, which is short, is read through.
_STANDING = text("""
SELECT squad.id, squad.status, squad.target_artifact_type, squad.created_by,
       (SELECT agent_id FROM squads.squad_members
        WHERE squad_id = squad.id AND role = 'lead' AND left_at IS NULL) AS lead,
       present.workers, CASE WHEN present.workers = 1 THEN present.first END AS only_worker,
       findings.pending, findings.reviewed,
       (SELECT count(*) FROM squads.qf_unclaimed WHERE squad_id = squad.id) AS unclaimed,
       squad.recruitment_closes_at <= squads.clock() AS window_over,
       (SELECT count(*) FROM squads.squad_events
        WHERE squad_id = squad.id AND from_status = 'recruiting' AND to_status = 'recruiting') AS extensions
FROM squads.research_squads AS squad
CROSS JOIN LATERAL (
    SELECT count(*) AS workers, min(agent_id) AS first FROM squads.squad_members
    WHERE squad_id = squad.id AND role <> 'observer' AND left_at IS NULL
) AS present
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE bubble_up_status = 'pending') AS pending,
           count(*) FILTER (WHERE bubble_up_status = 'reviewed') AS reviewed
    FROM squads.squad_findings
    WHERE squad_id IN (SELECT id FROM squads.research_squads WHERE id = squad.id OR merged_into = squad.id)
) AS findings
WHERE squad.id = :squad
""")


def standing(connection: Connection, squad_id: str) -> Standing:
    """How a squad stands; of one that the caller holds it stays so."""
    return Standing(*connection.execute(_STANDING, {"squad": squad_id}).one())


_CLOSE = text("""
UPDATE squads.accounts SET closed_at = squads.clock()
WHERE name IN (SELECT 'squad:' || id FROM unnest(CAST(:squads AS text[])) AS ended (id))
""")


def close_accounts(connection: Connection, squads: Sequence[str]) -> None:
    """Close the accounts of squads' pools for ever; they are empty, or the database refuses."""
    connection.execute(_CLOSE, {"squads": list(squads)})


_LAPSE = text("""
WITH withdrawn AS (
    DELETE FROM squads.squad_merges
    WHERE squad_id = ANY (CAST(:squads AS text[])) OR into_squad_id = ANY (CAST(:squads AS text[]))
)
UPDATE squads.squad_join_bids
SET status = 'lapsed', decided_at = squads.clock(), decided_by = :by, rationale = 'the squad was disbanded'
WHERE squad_id = ANY (CAST(:squads AS text[])) AND status = 'pending'
""")


def let_lapse(connection: Connection, squads: Sequence[str], by: str) -> None:
    """End what was still open in squads that are no more: bids to join them, mergers proposed with them."""
    connection.execute(_LAPSE, {"squads": list(squads), "by": by})
