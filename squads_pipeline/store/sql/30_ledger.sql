-- A transfer has its two entries by the time it commits, and they sum to zero.
-- Later entries cannot follow: the primary key (transfer_id, entry_no) leaves no place for a third.

-- Only transfer_id stands in the WHERE clause, and sequential scans are off: the plan is kept for the session,
-- and one made while the ledger was near empty would otherwise scan the table or a hot account's index, so
-- that a first import of n transfers would cost n².
CREATE OR REPLACE FUNCTION squads.require_balanced_entries() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off AS $$
BEGIN
    IF (SELECT count(*) FILTER (WHERE (entry.account_id, entry.amount_micro)
                                      IN ((NEW.from_account_id, -NEW.amount_micro),
                                          (NEW.to_account_id, NEW.amount_micro)))
        FROM squads.entries AS entry
        WHERE entry.transfer_id = NEW.id) <> 2
    THEN
        RAISE EXCEPTION 'transfer % has no two entries that take % µT from account % and give it to account %',
                        NEW.id, NEW.amount_micro, NEW.from_account_id, NEW.to_account_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'transfer_sums_to_zero';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION squads.require_balanced_entries() IS
'Checks at commit that a transfer has one entry out and one in, of its amount, on its accounts.';

DROP TRIGGER IF EXISTS transfers_sum_to_zero ON squads.transfers;
CREATE CONSTRAINT TRIGGER transfers_sum_to_zero AFTER INSERT ON squads.transfers
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION squads.require_balanced_entries();
