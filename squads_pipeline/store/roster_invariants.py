"""What must hold of squads' rosters: the invariants of `squad_rosters`. It repairs nothing."""

from typing import Final

from squads_pipeline.store.invariants import Invariant, invariant

# research_squads_status_idx for the squads at work, squad_members_pkey for each. That there is no second lead,
# squad_members_one_lead holds; here is who says so if it should be gone.
_LEADS = """
SELECT 'squad ' || squad.id AS subject, 'one lead' AS expected,
       coalesce(string_agg(member.agent_id, ', ' ORDER BY member.agent_id) FILTER (WHERE member.role = 'lead'),
                'none') AS found
FROM squads.research_squads AS squad
JOIN squads.squad_members AS member
    ON member.squad_id = squad.id AND member.left_at IS NULL AND member.role <> 'observer'
WHERE squad.status = 'active' AND CAST(:since AS date) IS NOT NULL
GROUP BY squad.id
HAVING count(*) FILTER (WHERE member.role = 'lead') <> 1
"""

# A policy may have allowed more at the time; a squad that took over another has its members, whatever their number.
_CAPACITY = """
SELECT 'squad ' || squad.id AS subject, format('at most %s members', allowed.most) AS expected,
       format('%s members', squads.working_members(squad.id)) AS found
FROM squads.research_squads AS squad
CROSS JOIN (SELECT max((policy.content ->> 'max_members')::bigint) AS most
            FROM squads.policy_adoptions AS adoption
            JOIN squads.policies AS policy ON policy.id = adoption.policy_id) AS allowed
WHERE squad.status IN ('forming', 'recruiting', 'active') AND CAST(:since AS date) IS NOT NULL
  AND squads.working_members(squad.id) > allowed.most
  AND NOT EXISTS (SELECT FROM squads.research_squads AS absorbed WHERE absorbed.merged_into = squad.id)
"""

_ACCEPTED = """
SELECT 'bid ' || bid.id AS subject, format('%s is or was a member of %s', bid.agent_id, bid.squad_id) AS expected,
       'never was' AS found
FROM squads.research_squads AS squad
JOIN squads.squad_join_bids AS bid ON bid.squad_id = squad.id AND bid.status = 'accepted'
WHERE squad.status IN ('forming', 'recruiting', 'active', 'harvesting') AND CAST(:since AS date) IS NOT NULL
  AND NOT EXISTS (SELECT FROM squads.squad_members AS member
                  WHERE member.squad_id = bid.squad_id AND member.agent_id = bid.agent_id)
"""

ROSTER_INVARIANTS: Final[tuple[Invariant, ...]] = (
    invariant(
        "I10", "active_squads_have_one_lead", "A squad at work whose members work has one lead.", _LEADS
    ),
    invariant(
        "I10",
        "members_are_within_capacity",
        "A squad has no more members than a policy has allowed, observers not counted.",
        _CAPACITY,
    ),
    invariant("I10", "accepted_bids_are_members", "Whose bid was accepted is or was a member.", _ACCEPTED),
)
"""The invariants that are checked after each run. That edges recompute: `drivers.audit_rosters`."""
