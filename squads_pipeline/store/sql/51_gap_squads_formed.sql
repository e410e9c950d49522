-- The gap of squads_formed. An idle look reads no history: knowledge_gaps_open_by_importance holds the open
-- targets that matter, research_squads_one_live_root_per_target says which of them have a squad, and unpaid_seeds
-- is empty but for seeds in arrears. The treasury is one row of accounts_name_key, its top-up of today one
-- descent of transfers_idempotency_key_key.

-- A root squad that merged takes its target along: the squad that goes on works on both. Else a merger would bring a
-- new squad with a new seed. Index: research_squads_merged_into_idx.
CREATE VIEW squads.absorbed_targets AS
SELECT absorbed.target_artifact_type AS artifact_type, absorbed.target_artifact_id AS artifact_id,
       home.id AS squad_id
FROM squads.research_squads AS absorbed
JOIN squads.research_squads AS home ON home.id = absorbed.merged_into AND home.status <> 'disbanded'
WHERE absorbed.merged_into IS NOT NULL AND absorbed.parent_squad_id IS NULL;
COMMENT ON VIEW squads.absorbed_targets IS
'Targets whose squad was merged into one that lives and works on them too.';
COMMENT ON COLUMN squads.absorbed_targets.artifact_type IS 'Type of the target';
COMMENT ON COLUMN squads.absorbed_targets.artifact_id IS 'Id of the target';
COMMENT ON COLUMN squads.absorbed_targets.squad_id IS 'Squad that lives and works on it';

-- A unit that waits for the treasury lies in the future: at the next UTC midnight the treasury is topped up, or
-- not, and until then nothing can be done unless somebody brings money. `gaps.is_open` counts what is due.
CREATE VIEW squads.missing_squads_formed AS
WITH policy AS MATERIALIZED (
    SELECT squads.share_ppm(content ->> 'min_importance') AS least_ppm,
           (content ->> 'seed_rate_micro')::bigint AS seed_rate_micro,
           (content ->> 'treasury_target_micro')::bigint AS treasury_target_micro,
           squads.clock() AS now
    FROM squads.current_policy
),
treasury AS MATERIALIZED (
    SELECT account.balance_micro > 0
           OR (account.balance_micro < policy.treasury_target_micro
               AND NOT EXISTS (SELECT FROM squads.transfers
                               WHERE idempotency_key
                                   = 'mint:treasury:' || to_char(squads.utc_day(policy.now), 'YYYY-MM-DD')))
               AS can_pay,
           (squads.utc_day(policy.now) + 1)::timestamp AT TIME ZONE 'UTC' AS midnight
    FROM squads.accounts AS account CROSS JOIN policy
    WHERE account.name = 'treasury'
)
SELECT
    format('target:%s:%s', target.artifact_type, target.artifact_id) AS unit,
    CASE WHEN treasury.can_pay OR policy.seed_rate_micro = 0 THEN target.created_at ELSE treasury.midnight END
        AS since,
    format('open target of importance %s without a live squad%s', trim_scale(target.importance_ppm / 1000000.0),
           CASE WHEN NOT (treasury.can_pay OR policy.seed_rate_micro = 0)
                THEN '; the treasury is empty until its next top-up' END) AS reason,
    trim_scale(div(target.importance_ppm * policy.seed_rate_micro::numeric, 1000000) / 1000000) AS tokens_at_stake
FROM squads.knowledge_gaps AS target CROSS JOIN policy CROSS JOIN treasury
WHERE target.status = 'open' AND target.importance_ppm >= policy.least_ppm
  AND NOT EXISTS (SELECT FROM squads.research_squads AS squad
                  WHERE squad.target_artifact_type = target.artifact_type
                    AND squad.target_artifact_id = target.artifact_id
                    AND squad.status <> 'disbanded' AND squad.parent_squad_id IS NULL)
  AND NOT EXISTS (SELECT FROM squads.absorbed_targets AS taken
                  WHERE taken.artifact_type = target.artifact_type AND taken.artifact_id = target.artifact_id)
UNION ALL
SELECT
    'seed:' || unpaid.squad_id,
    CASE WHEN treasury.can_pay THEN unpaid.since ELSE treasury.midnight END,
    format('%s tokens of the seed are not paid%s', trim_scale(unpaid.missing_micro / 1000000.0),
           CASE WHEN NOT treasury.can_pay THEN '; the treasury is empty until its next top-up' END),
    trim_scale(unpaid.missing_micro / 1000000.0)
FROM squads.unpaid_seeds AS unpaid
JOIN squads.research_squads AS squad ON squad.id = unpaid.squad_id
    -- What is missing when the work is over lapses.
    AND squad.status IN ('forming', 'recruiting', 'active')
CROSS JOIN treasury;
COMMENT ON VIEW squads.missing_squads_formed IS
'Open targets that matter and have no live squad, and formed squads whose seed is not fully paid.';
