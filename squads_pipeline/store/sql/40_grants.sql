-- Money that arrives in a pool is a grant, and a contribution waits for its round: both by trigger,
-- set-wise, so that no writer can forget and a batch pays once.

CREATE OR REPLACE FUNCTION squads.record_grants() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO squads.squad_grants (id, squad_id, from_account, agent_id, amount_micro, purpose, granted_at)
    SELECT transfer.id, pool.owner_id, payer.name,
           CASE WHEN payer.kind = 'wallet' THEN payer.owner_id END,
           transfer.amount_micro,
           CASE transfer.kind WHEN 'match' THEN 'quadratic_funding' ELSE transfer.kind END,
           transfer.posted_at
    FROM inserted AS transfer
    JOIN squads.accounts AS pool ON pool.id = transfer.to_account_id AND pool.kind = 'squad'
    JOIN squads.accounts AS payer ON payer.id = transfer.from_account_id;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION squads.record_grants() IS 'Writes a squad_grants row for each transfer into a pool.';

CREATE OR REPLACE TRIGGER transfers_record_grants AFTER INSERT ON squads.transfers
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION squads.record_grants();

CREATE OR REPLACE FUNCTION squads.await_round() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO squads.qf_unclaimed (contribution_id, squad_id, agent_id, amount_micro, granted_at)
    SELECT id, squad_id, agent_id, amount_micro, granted_at FROM inserted WHERE purpose = 'contribution';
    RETURN NULL;
END $$;
COMMENT ON FUNCTION squads.await_round() IS 'Puts each contribution into qf_unclaimed, where a round finds it.';

CREATE OR REPLACE TRIGGER squad_grants_await_round AFTER INSERT ON squads.squad_grants
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION squads.await_round();
