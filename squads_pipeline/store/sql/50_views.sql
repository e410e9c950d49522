-- Views that people and programs read. `squads.missing_<asset>` says what is missing; 90_gaps makes `gaps.<asset>` of it.

CREATE VIEW squads.current_policy AS
SELECT policy.id, policy.content, adoption.adopted_at, adoption.adopted_by
FROM squads.policy_adoptions AS adoption
JOIN squads.policies AS policy ON policy.id = adoption.policy_id
ORDER BY adoption.id DESC
LIMIT 1;
COMMENT ON VIEW squads.current_policy IS 'The policy in force: the one adopted last.';
COMMENT ON COLUMN squads.current_policy.id IS 'Hash of the content: equal parameters, equal id';

CREATE VIEW squads.contributions AS
SELECT grant_.id, grant_.squad_id, grant_.agent_id, grant_.amount_micro, grant_.granted_at,
       transfer.occurred_at, transfer.effective_on, claim.round_id
FROM squads.squad_grants AS grant_
JOIN squads.transfers AS transfer ON transfer.id = grant_.id
LEFT JOIN squads.qf_claims AS claim ON claim.contribution_id = grant_.id
WHERE grant_.purpose = 'contribution';
COMMENT ON VIEW squads.contributions IS 'Grants from agents'' wallets, with the round that matched them, if any.';
COMMENT ON COLUMN squads.contributions.id IS 'The transfer that moved the money; the contribution''s id';
COMMENT ON COLUMN squads.contributions.agent_id IS 'The contributor';
COMMENT ON COLUMN squads.contributions.round_id IS 'The one round that has it; null while it is unclaimed';

CREATE VIEW squads.squad_balances AS
SELECT account.owner_id AS squad_id, account.balance_micro AS pool_balance_micro,
       coalesce(sum(grant_.amount_micro) FILTER (WHERE grant_.purpose = 'seed'), 0)::bigint AS pool_seed_micro,
       coalesce(sum(grant_.amount_micro) FILTER (WHERE grant_.purpose = 'contribution'), 0)::bigint
           AS pool_external_micro
FROM squads.accounts AS account
LEFT JOIN squads.squad_grants AS grant_ ON grant_.squad_id = account.owner_id
WHERE account.kind = 'squad'
GROUP BY account.id;
COMMENT ON VIEW squads.squad_balances IS 'Pools as the ledger has them: balance, seeds and contributions, in µT.';
COMMENT ON COLUMN squads.squad_balances.squad_id IS 'Squad whose pool it is';
COMMENT ON COLUMN squads.squad_balances.pool_balance_micro IS 'Balance of the pool now, in µT';
COMMENT ON COLUMN squads.squad_balances.pool_seed_micro IS 'Sum of the seeds that it received, in µT';
COMMENT ON COLUMN squads.squad_balances.pool_external_micro IS 'Sum of the contributions that it received, in µT';

-- Both conditions touch the inbox's indexes alone: the oldest waiting contribution is among the first
-- entries of qf_unclaimed_granted_at_idx, and the count stops at settle_count. Squads that failed and are not due
-- for another try settle nothing: their old contributions must not open a round for everybody's young ones.
CREATE VIEW squads.missing_qf_matches AS
WITH aside AS MATERIALIZED (
    SELECT ARRAY(SELECT substr(unit, length('squad:') + 1) FROM squads.gap_failures
                 WHERE gap = 'qf_matches' AND retry_at > squads.clock()) AS squads
),
settled AS MATERIALIZED (
    SELECT
        coalesce((SELECT min(granted_at) FROM squads.qf_unclaimed WHERE squad_id <> ALL (aside.squads))
            <= squads.clock() - make_interval(secs => (policy.content ->> 'settle_after_seconds')::double precision),
            false) AS by_age,
        (SELECT count(*) FROM (SELECT FROM squads.qf_unclaimed WHERE squad_id <> ALL (aside.squads)
                               LIMIT (policy.content ->> 'settle_count')::bigint) AS waiting)
            >= (policy.content ->> 'settle_count')::bigint AS by_number,
        aside.squads AS aside
    FROM squads.current_policy AS policy CROSS JOIN aside
)
SELECT
    'squad:' || waiting.squad_id AS unit,
    min(waiting.granted_at) AS since,
    format('%s contribution%s unmatched; %s', count(*), CASE WHEN count(*) > 1 THEN 's' END,
           CASE WHEN waiting.squad_id = ANY (settled.aside) THEN 'left out of rounds'
                WHEN settled.by_age THEN 'the oldest in the inbox has settled'
                ELSE 'the inbox has reached its number' END) AS reason,
    trim_scale(sum(waiting.amount_micro) / 1000000) AS tokens_at_stake
FROM squads.qf_unclaimed AS waiting
CROSS JOIN settled
WHERE (settled.by_age OR settled.by_number OR cardinality(settled.aside) > 0)
  AND (settled.by_age OR settled.by_number OR waiting.squad_id = ANY (settled.aside))
GROUP BY waiting.squad_id, settled.by_age, settled.aside;
COMMENT ON VIEW squads.missing_qf_matches IS
'Squads with contributions that no round has claimed, once the oldest has settled or their number suffices.';
