"""Reading edges that squads took by themselves, with the facts as they were: for audits and summaries."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, text

from squads_pipeline.rules.rosters import Standing


@dataclass(frozen=True, slots=True)
class Taken:
    """An edge as it was recorded, and how the squad stood when it was taken."""

    squad_id: str
    event_no: int
    to_status: str
    reason: str
    policy_id: str
    rule_version: str
    standing: Standing


@dataclass(frozen=True, slots=True)
class RosterSummary:
    """The edges of some days: how many lead where, and a hash of what was decided."""

    edges: int
    opened: int
    extended: int
    activated: int
    harvested: int
    fingerprint: str


# What was decided, not who ran it: the same decisions have the same fingerprint, whatever the order of rows.
_DAYS = text("""
SELECT count(*) AS edges,
       count(*) FILTER (WHERE from_status = 'forming') AS opened,
       count(*) FILTER (WHERE from_status = 'recruiting' AND to_status = 'recruiting') AS extended,
       count(*) FILTER (WHERE to_status = 'active') AS activated,
       count(*) FILTER (WHERE to_status = 'harvesting') AS harvested,
       coalesce(sum(('x' || left(md5(ROW(squad_id, event_no, from_status, to_status, reason,
                                         policy_id, rule_version)::text), 16))::bit(64)::bigint), 0) AS fingerprint
FROM squads.squad_rosters
WHERE effective_on BETWEEN :first AND :last
""")


def summary(connection: Connection, first: date, last: date) -> RosterSummary:
    """Sum up the edges of the days from ``first`` to ``last``. Index: squad_events_effective_on_idx."""
    row = connection.execute(_DAYS, {"first": first, "last": last}).one()
    return RosterSummary(*(*row[:5], f"{row.edges}-{int(row.fingerprint) % 2**64:016x}"))


# squad_events_effective_on_idx, then primary keys and indexes by squad for each edge. After an edge the columns that
# decided it stay: the end of recruitment once a squad works, the end of its work, charter and criteria throughout.
# The end of a window that was followed by another is told by the edge that began it; row and edge of a window are
# written a moment apart, so that a second's difference is none. Facts of squads that were taken over count; of their
# members members_at knows since when they are here.
_BETWEEN = text("""
SELECT edge.squad_id, edge.event_no, edge.to_status, edge.reason, edge.policy_id, edge.rule_version,
       edge.from_status, squad.charter, squad.success_criteria,
       coalesce((SELECT seed_micro FROM squads.squads_formed WHERE squad_id = edge.squad_id), 0) AS seed_micro,
       (SELECT coalesce(sum(amount_micro), 0)::bigint FROM squads.squad_grants
        WHERE squad_id = edge.squad_id AND purpose = 'seed' AND granted_at <= edge.happened_at) AS posted_micro,
       CASE WHEN edge.to_status = 'active' THEN squad.recruitment_closes_at <= edge.happened_at
            ELSE before.window_ends <= edge.happened_at + interval '1 second' END AS window_over,
       squad.target_disband_at <= edge.happened_at AS time_over,
       (SELECT count(*) FROM squads.members_at(edge.squad_id, edge.happened_at)) AS present_members,
       (SELECT count(*) FROM squads.squad_join_bids
        WHERE squad_id = edge.squad_id AND status = 'accepted' AND role <> 'observer'
          AND decided_at <= edge.happened_at) AS accepted,
       (SELECT count(*) FROM squads.squad_events AS earlier
        WHERE earlier.squad_id = edge.squad_id AND earlier.event_no < edge.event_no
          AND earlier.from_status = 'recruiting' AND earlier.to_status = 'recruiting') AS extensions,
       home.findings_bubbled, home.findings_authored, home.journal_entries
FROM squads.squad_rosters AS edge
JOIN squads.research_squads AS squad ON squad.id = edge.squad_id
LEFT JOIN LATERAL (
    SELECT event.happened_at
               + make_interval(secs => (policy.content ->> 'recruit_window_seconds')::double precision) AS window_ends
    FROM squads.squad_events AS event JOIN squads.policies AS policy ON policy.id = event.policy_id
    WHERE event.squad_id = edge.squad_id AND event.event_no = edge.event_no - 1
) AS before ON true
CROSS JOIN LATERAL (
    SELECT (SELECT count(*) FROM squads.squad_findings
            WHERE squad_id = ANY (of.squads) AND bubbled_at <= edge.happened_at) AS findings_bubbled,
           (SELECT count(*) FROM squads.squad_findings
            WHERE squad_id = ANY (of.squads) AND created_at <= edge.happened_at) AS findings_authored,
           (SELECT count(*) FROM squads.squad_journal
            WHERE squad_id = ANY (of.squads) AND created_at <= edge.happened_at) AS journal_entries
    FROM (SELECT ARRAY(SELECT edge.squad_id UNION ALL SELECT id FROM squads.research_squads
                       WHERE merged_into = edge.squad_id) AS squads) AS of
) AS home
WHERE edge.effective_on BETWEEN :first AND :last
ORDER BY edge.squad_id, edge.event_no
""")


def between(connection: Connection, first: date, last: date) -> list[Taken]:
    """The edges that squads took by themselves on some days, each with the facts of its moment."""
    rows = connection.execute(_BETWEEN, {"first": first, "last": last})
    return [Taken(*(*row[:6], _standing(row))) for row in rows]


def _standing(row: Row[Any]) -> Standing:
    # Who left and came back has a new beginning, so that the bid alone tells that somebody had been accepted.
    joined = max(row.present_members, row.accepted) if row.to_status == "active" else row.present_members
    return Standing(
        squad_id=row.squad_id,
        status=row.from_status,
        charter=row.charter,
        success_criteria=row.success_criteria,
        seed_micro=row.seed_micro,
        posted_micro=row.posted_micro,
        window_over=row.window_over,
        time_over=row.time_over,
        working_members=joined,
        extensions=row.extensions,
        measured={
            "findings_bubbled": row.findings_bubbled,
            "findings_authored": row.findings_authored,
            "journal_entries": row.journal_entries,
            "members": row.present_members,
        },
    )
