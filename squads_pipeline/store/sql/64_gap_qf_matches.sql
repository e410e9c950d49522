-- The gap of qf_matches: contributions that have settled, and those of squads that are at an end.

-- Both conditions on all squads touch the inbox's indexes alone: the oldest waiting contribution is the first
-- entry of qf_unclaimed_granted_at_idx, and the count stops at settle_count. For the squads at an end see 63_harvest.
CREATE VIEW squads.missing_qf_matches AS
WITH settled AS MATERIALIZED (
    SELECT
        (SELECT min(granted_at) FROM squads.qf_unclaimed)
            <= squads.clock() - make_interval(secs => (policy.content ->> 'settle_after_seconds')::double precision)
            AS by_age,
        (SELECT count(*) FROM (SELECT FROM squads.qf_unclaimed LIMIT (policy.content ->> 'settle_count')::bigint)
            AS waiting) >= (policy.content ->> 'settle_count')::bigint AS by_number
    FROM squads.current_policy AS policy
),
-- An array, so that the squads at an end are looked up once and the inbox is read only if there is one.
ending AS MATERIALIZED (
    SELECT ARRAY(SELECT squad_id FROM squads.ending_squads) AS squads
)
SELECT
    'squad:' || waiting.squad_id AS unit,
    min(waiting.granted_at) AS since,
    format('%s contribution%s unmatched; %s', count(*), CASE WHEN count(*) > 1 THEN 's' END,
           CASE WHEN settled.by_age THEN 'the oldest in the inbox has settled'
                WHEN settled.by_number THEN 'the inbox has reached its number'
                ELSE 'the squad is at an end' END) AS reason,
    trim_scale(sum(waiting.amount_micro) / 1000000) AS tokens_at_stake
FROM settled
CROSS JOIN ending
CROSS JOIN LATERAL (
    SELECT squad_id, granted_at, amount_micro FROM squads.qf_unclaimed
    WHERE settled.by_age OR settled.by_number
    UNION ALL
    SELECT squad_id, granted_at, amount_micro FROM squads.qf_unclaimed
    WHERE (settled.by_age OR settled.by_number) IS NOT TRUE AND ending.squads <> '{}'
      AND squad_id IN (SELECT unnest(ending.squads))
) AS waiting
GROUP BY waiting.squad_id, settled.by_age, settled.by_number;
COMMENT ON VIEW squads.missing_qf_matches IS
'Squads with contributions that no round has claimed: settled, enough in number, or of a squad that is at an end.';
