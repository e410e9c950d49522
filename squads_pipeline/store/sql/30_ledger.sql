-- A transfer has its two entries by the time it commits, and they sum to zero.
-- Later entries cannot follow: the primary key (transfer_id, entry_no) leaves no place for a third.

CREATE OR REPLACE FUNCTION squads.require_balanced_entries() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT count(*) FROM squads.entries AS entry
        WHERE entry.transfer_id = NEW.id
          AND (entry.account_id, entry.amount_micro) IN ((NEW.from_account_id, -NEW.amount_micro),
                                                         (NEW.to_account_id, NEW.amount_micro))) <> 2
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
