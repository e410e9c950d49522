-- The gap of policy_calibration: enough outcomes were settled since the last one to compare payouts with them.

-- An idle look reads the newest row of policy_calibration_pkey and, of dividends_pkey, the outcomes settled since
-- then, which are at most min_outcomes.
CREATE VIEW squads.missing_policy_calibration AS
WITH policy AS MATERIALIZED (
    SELECT id, (content ->> 'min_outcomes')::bigint AS min_outcomes FROM squads.current_policy
),
last AS MATERIALIZED (
    SELECT coalesce((SELECT outcomes_through FROM squads.policy_calibration ORDER BY id DESC LIMIT 1), 0) AS outcome_id
),
settled AS MATERIALIZED (
    SELECT count(*) AS outcomes, max(fresh.settled_at) AS since
    FROM (SELECT settled_at FROM squads.dividends, last WHERE dividends.outcome_id > last.outcome_id
          ORDER BY dividends.outcome_id LIMIT (SELECT min_outcomes FROM policy)) AS fresh
)
SELECT
    'policy:' || policy.id AS unit,
    settled.since,
    format('%s outcomes or more were settled since payouts were last compared with outcomes', settled.outcomes)
        AS reason,
    0::numeric AS tokens_at_stake
FROM settled CROSS JOIN policy
WHERE settled.outcomes >= policy.min_outcomes;
COMMENT ON VIEW squads.missing_policy_calibration IS
'The policy in force, once enough outcomes were settled to compare what it paid with what became of the work.';
