-- Facts that may be restated: the revision in force of each, and what was accounted for besides its first transfer.

DO $$
DECLARE
    restated record;
BEGIN
    FOR restated IN
        SELECT * FROM (VALUES ('qf_matches', 'round_id', 'squad_id', 'Matches'),
                              ('harvest_distributions', 'squad_id', 'agent_id', 'Shares of pools'),
                              ('credit_dividends', 'outcome_id', 'agent_id', 'Shares of dividends'))
            AS fact (name, of_what, to_whom, meaning)
    LOOP
        -- The primary key finds a later revision.
        EXECUTE format($view$
            CREATE VIEW squads.%1$I AS
            SELECT fact.* FROM squads.%2$I AS fact
            WHERE NOT EXISTS (SELECT FROM squads.%2$I AS later
                              WHERE later.%3$I = fact.%3$I AND later.%4$I = fact.%4$I
                                AND later.revision > fact.revision)
            $view$, restated.name || '_in_force', restated.name, restated.of_what, restated.to_whom);
        EXECUTE format('COMMENT ON VIEW squads.%I IS %L', restated.name || '_in_force',
                       restated.meaning || ' as they stand: of each the newest revision.');
    END LOOP;
END $$;

-- What was moved is the ledger's word, not the restatement's. transfers_idempotency_key_key; restatements are few.
CREATE VIEW squads.restated_facts AS
SELECT restated.fact, max(restated.revision) AS revision,
       sum(moved.micro)::bigint AS corrected_micro,
       sum(restated.unrecovered_micro)::bigint AS unrecovered_micro,
       sum(restated.undeliverable_micro)::bigint AS undeliverable_micro,
       sum(moved.micro - restated.unrecovered_micro + restated.undeliverable_micro)::bigint AS accounted_micro
FROM squads.restatements AS restated
LEFT JOIN squads.transfers AS correction
    ON correction.idempotency_key = format('correction:%s:%s', restated.fact, restated.revision)
   AND correction.kind = 'correction'
CROSS JOIN LATERAL (
    SELECT CASE restated.holder_account_id WHEN correction.to_account_id THEN correction.amount_micro
                WHEN correction.from_account_id THEN -correction.amount_micro ELSE 0 END AS micro
) AS moved
GROUP BY restated.fact;
COMMENT ON VIEW squads.restated_facts IS
'Facts that were restated, with all that their restatements moved and reported; the fact is the first transfer and that.';
COMMENT ON COLUMN squads.restated_facts.fact IS 'Fact that was restated';
COMMENT ON COLUMN squads.restated_facts.revision IS 'The newest revision';
COMMENT ON COLUMN squads.restated_facts.corrected_micro IS 'What corrections brought the holder, less what they took, in µT';
COMMENT ON COLUMN squads.restated_facts.unrecovered_micro IS 'What the holder should have given back and no longer had, in µT';
COMMENT ON COLUMN squads.restated_facts.undeliverable_micro IS 'What the holder should have got and could not, in µT';
COMMENT ON COLUMN squads.restated_facts.accounted_micro IS 'Corrected, less unrecovered, plus undeliverable, in µT';
