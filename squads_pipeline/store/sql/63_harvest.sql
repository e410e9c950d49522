-- The ends of squads' lives: who is at an end, and the gap of the pools to share out. An idle look reads no history:
-- research_squads_status_idx holds the squads that harvest or recruit, squad_findings_waiting the findings that wait,
-- squad_events_pkey a squad's edges, squad_members_pkey its members, accounts_name_key its pool. The inbox is read
-- only for squads that are at an end.

-- A squad without a window, or under a policy that does not say how often it is extended, is never given up.
CREATE VIEW squads.deserted_squads AS
SELECT squad.id AS squad_id, squad.recruitment_closes_at AS since
FROM squads.research_squads AS squad
CROSS JOIN squads.current_policy AS policy
WHERE squad.status = 'recruiting' AND squad.recruitment_closes_at <= squads.clock()
  AND NOT EXISTS (SELECT FROM squads.squad_members AS member
                  WHERE member.squad_id = squad.id AND member.role <> 'observer' AND member.left_at IS NULL)
  AND (SELECT count(*) FROM squads.squad_events AS event
       WHERE event.squad_id = squad.id AND event.from_status = 'recruiting' AND event.to_status = 'recruiting')
      >= (policy.content ->> 'recruit_extensions')::integer;
COMMENT ON VIEW squads.deserted_squads IS
'Squads whose recruiting is over for good and in which nobody would work; observers do not count.';
COMMENT ON COLUMN squads.deserted_squads.squad_id IS 'Squad that nobody works in';
COMMENT ON COLUMN squads.deserted_squads.since IS 'When its recruiting closed';

CREATE VIEW squads.ending_squads AS
SELECT id AS squad_id FROM squads.research_squads WHERE status = 'harvesting'
UNION ALL
SELECT squad_id FROM squads.deserted_squads
UNION ALL
SELECT absorbed.id
FROM squads.squad_merges AS proposal
JOIN squads.research_squads AS absorbed ON absorbed.id = proposal.squad_id AND absorbed.status = 'active'
JOIN squads.research_squads AS survivor ON survivor.id = proposal.into_squad_id AND survivor.status = 'active';
COMMENT ON VIEW squads.ending_squads IS
'Squads that are to end: harvesting, deserted, or to be absorbed by another. Their contributions are matched at once.';
COMMENT ON COLUMN squads.ending_squads.squad_id IS 'Squad that is to end';

-- A pool's own money that comes back, from a fork or by a correction, is no source; what a correction took out of the
-- pool is not the receiver's any more. Indexes: squad_grants_squad_id_idx, accounts_kind_owner_id_idx,
-- entries_account_id_account_version_key.
CREATE VIEW squads.pool_sources AS
SELECT given.squad_id, payer.id AS account_id, given.amount_micro
FROM squads.squad_grants AS given
JOIN squads.accounts AS payer ON payer.name = given.from_account
WHERE given.purpose NOT IN ('refund', 'correction')
UNION ALL
SELECT pool.owner_id, back.to_account_id, -back.amount_micro
FROM squads.accounts AS pool
JOIN squads.entries AS leaving ON leaving.account_id = pool.id AND leaving.entry_no = 1
JOIN squads.transfers AS back ON back.id = leaving.transfer_id AND back.kind = 'correction'
WHERE pool.kind = 'squad';
COMMENT ON VIEW squads.pool_sources IS
'Where the money of squads'' pools came from: grants, less what corrections took back. A refund follows it.';
COMMENT ON COLUMN squads.pool_sources.squad_id IS 'Squad whose pool the money went to';
COMMENT ON COLUMN squads.pool_sources.account_id IS 'Account that it came from';
COMMENT ON COLUMN squads.pool_sources.amount_micro IS 'Amount in µT, negative for what a correction took back';

CREATE VIEW squads.missing_harvest_distributions AS
WITH waiting AS MATERIALIZED (
    SELECT DISTINCT coalesce(origin.merged_into, origin.id) AS squad_id
    FROM squads.squad_findings AS finding
    JOIN squads.research_squads AS origin ON origin.id = finding.squad_id
    WHERE finding.bubble_up_status IN ('pending', 'reviewed')
),
ended AS (
    SELECT squad.id AS squad_id, coalesce(begun.happened_at, squad.formed_at) AS since,
           'nothing is left to review, merge or match' AS reason
    FROM squads.research_squads AS squad
    LEFT JOIN LATERAL (SELECT happened_at FROM squads.squad_events WHERE squad_id = squad.id
                       ORDER BY event_no DESC LIMIT 1) AS begun ON true
    WHERE squad.status = 'harvesting' AND NOT EXISTS (SELECT FROM waiting WHERE waiting.squad_id = squad.id)
    UNION ALL
    SELECT squad_id, since, 'nobody has joined, and recruiting is over' FROM squads.deserted_squads
)
SELECT 'squad:' || ended.squad_id AS unit, ended.since, ended.reason,
       trim_scale(pool.balance_micro / 1000000.0) AS tokens_at_stake
FROM ended
JOIN squads.accounts AS pool ON pool.name = 'squad:' || ended.squad_id
WHERE NOT EXISTS (SELECT FROM squads.qf_unclaimed AS unmatched WHERE unmatched.squad_id = ended.squad_id);
COMMENT ON VIEW squads.missing_harvest_distributions IS
'Squads that are at their end with nothing left to review, merge or match: their pools are to be shared out.';
