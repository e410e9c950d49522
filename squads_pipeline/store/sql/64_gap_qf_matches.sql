-- The gap of qf_matches: contributions that have settled, and those of squads that are at an end.

-- Both conditions on all squads touch the inbox's indexes alone: the oldest waiting contribution is among the first
-- entries of qf_unclaimed_granted_at_idx, and the count stops at settle_count. Squads that failed and are not due
-- for another try settle nothing: their old contributions must not open a round for everybody's young ones. The
-- squads at an end (63_harvest) and those put aside are arrays, so that they are looked up once, and the inbox is
-- read for them only if there is one.
CREATE VIEW squads.missing_qf_matches AS
WITH special AS MATERIALIZED (
    SELECT ARRAY(SELECT squad_id FROM squads.ending_squads) AS ending,
           ARRAY(SELECT substr(unit, length('squad:') + 1) FROM squads.gap_failures
                 WHERE gap = 'qf_matches' AND retry_at > squads.clock()) AS aside
),
settled AS MATERIALIZED (
    SELECT
        coalesce((SELECT min(granted_at) FROM squads.qf_unclaimed WHERE squad_id <> ALL (special.aside))
            <= squads.clock() - make_interval(secs => (policy.content ->> 'settle_after_seconds')::double precision),
            false) AS by_age,
        (SELECT count(*) FROM (SELECT FROM squads.qf_unclaimed WHERE squad_id <> ALL (special.aside)
                               LIMIT (policy.content ->> 'settle_count')::bigint) AS waiting)
            >= (policy.content ->> 'settle_count')::bigint AS by_number,
        special.ending, special.aside
    FROM squads.current_policy AS policy CROSS JOIN special
)
SELECT
    'squad:' || waiting.squad_id AS unit,
    min(waiting.granted_at) AS since,
    format('%s contribution%s unmatched; %s', count(*), CASE WHEN count(*) > 1 THEN 's' END,
           CASE WHEN waiting.squad_id = ANY (settled.aside) THEN 'left out of rounds'
                WHEN settled.by_age THEN 'the oldest in the inbox has settled'
                WHEN settled.by_number THEN 'the inbox has reached its number'
                ELSE 'the squad is at an end' END) AS reason,
    trim_scale(sum(waiting.amount_micro) / 1000000) AS tokens_at_stake
FROM settled
CROSS JOIN LATERAL (
    SELECT squad_id, granted_at, amount_micro FROM squads.qf_unclaimed
    WHERE settled.by_age OR settled.by_number
    UNION ALL
    SELECT squad_id, granted_at, amount_micro FROM squads.qf_unclaimed
    WHERE (settled.by_age OR settled.by_number) IS NOT TRUE
      AND cardinality(settled.ending || settled.aside) > 0
      AND squad_id IN (SELECT unnest(settled.ending || settled.aside))
) AS waiting
GROUP BY waiting.squad_id, settled.by_age, settled.by_number, settled.aside;
COMMENT ON VIEW squads.missing_qf_matches IS
'Squads with contributions that no round has claimed: settled, enough in number, or of a squad that is at an end.';
