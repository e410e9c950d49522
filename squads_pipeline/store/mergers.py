"""SQL of mergers: proposals, and moving members to the squad that goes on. Money is moved by the caller."""

from sqlalchemy import Connection, text

_PROPOSE = text("""
INSERT INTO squads.squad_merges (squad_id, into_squad_id, proposed_by, proposed_at)
VALUES (:squad, :into, :agent, squads.clock())
ON CONFLICT (squad_id, into_squad_id) DO UPDATE
SET proposed_by = excluded.proposed_by, proposed_at = excluded.proposed_at
WHERE squads.squad_merges.proposed_by <> excluded.proposed_by
""")


def propose(connection: Connection, squad: str, into: str, agent: str) -> bool:
    """Write that an agent wants a squad merged into another; False if it had said so before."""
    parameters = {"squad": squad, "into": into, "agent": agent}
    return connection.execute(_PROPOSE, parameters).rowcount > 0


_PROPOSED = text(
    "SELECT proposed_by FROM squads.squad_merges WHERE squad_id = :squad AND into_squad_id = :into"
)


def proposed_by(connection: Connection, squad: str, into: str) -> str | None:
    """Who proposed to merge a squad into another; None if nobody has. Index: squad_merges_pkey."""
    agent: str | None = connection.scalar(_PROPOSED, {"squad": squad, "into": into})
    return agent


# Who is in both keeps one row: present if present in either, a member for as long as in the longer one, an observer
# only if an observer in both. The lead of the squad that goes on stays; the other becomes a researcher, and so does
# who led one of the two, had left, and comes back by the other.
_MOVE_MEMBERS = text("""
WITH moving AS (
    DELETE FROM squads.squad_members WHERE squad_id = :squad RETURNING *
)
INSERT INTO squads.squad_members AS member
    (squad_id, agent_id, role, joined_at, left_at, journal_entries, findings_authored)
SELECT :into, agent_id, CASE WHEN role = 'lead' THEN 'researcher' ELSE role END, joined_at, left_at, journal_entries,
       findings_authored
FROM moving
ON CONFLICT (squad_id, agent_id) DO UPDATE SET
    role = CASE WHEN member.role = 'observer' OR (member.role = 'lead' AND member.left_at IS NOT NULL)
                THEN excluded.role ELSE member.role END,
    joined_at = least(member.joined_at, excluded.joined_at),
    left_at = CASE WHEN member.left_at IS NOT NULL AND excluded.left_at IS NOT NULL
                   THEN greatest(member.left_at, excluded.left_at) END,
    journal_entries = member.journal_entries + excluded.journal_entries,
    findings_authored = member.findings_authored + excluded.findings_authored
""")

# research_squads_pkey and research_squads_merged_into_idx: who came before follows to the squad that goes on.
_ABSORB = text("""
UPDATE squads.research_squads SET merged_into = :into WHERE id = :squad OR merged_into = :squad
""")


def absorb(connection: Connection, squad: str, into: str) -> None:
    """Move a disbanded squad's members to another and say that this one took over; the caller holds both."""
    connection.execute(_MOVE_MEMBERS, {"squad": squad, "into": into})
    connection.execute(_ABSORB, {"squad": squad, "into": into})
