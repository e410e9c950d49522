-- Facts are never changed. Owners included: only a superuser who disables triggers gets past this.

CREATE OR REPLACE FUNCTION squads.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on %.% refused: its rows are facts', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation',
              CONSTRAINT = 'facts_are_append_only',
              HINT = 'Record a correction as a new row.';
END $$;
COMMENT ON FUNCTION squads.refuse_change() IS 'Refuses UPDATE, DELETE and TRUNCATE on tables of facts.';

DO $$
DECLARE
    fact text;
BEGIN
    FOREACH fact IN ARRAY ARRAY['transfers', 'entries', 'squad_grants', 'qf_rounds', 'qf_claims', 'qf_matches',
                                'qf_put_aside',
                                'squads_formed', 'squad_events', 'pledges', 'pledged_contributions',
                                'squad_journal', 'finding_reviews', 'reviewed_findings', 'bubbled_findings',
                                'agent_contributions', 'artifact_provenance', 'distributions',
                                'harvest_distributions', 'outcomes', 'dividends', 'credit_dividends',
                                'policy_calibration', 'ledger_verifications', 'transfer_seals', 'ledger_seals',
                                'restatements', 'policies', 'policy_adoptions', 'driver_runs']
    LOOP
        EXECUTE format('CREATE OR REPLACE TRIGGER %I BEFORE UPDATE OR DELETE OR TRUNCATE ON squads.%I
                        FOR EACH STATEMENT EXECUTE FUNCTION squads.refuse_change()', fact || '_append_only', fact);
        EXECUTE format('REVOKE DELETE, TRUNCATE ON squads.%I FROM PUBLIC, CURRENT_USER', fact);
        -- UPDATE stays with the owner: foreign keys lock the rows they point to with it. The trigger refuses it.
        EXECUTE format('REVOKE UPDATE ON squads.%I FROM PUBLIC', fact);
    END LOOP;
END $$;
