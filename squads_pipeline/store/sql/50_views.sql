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
