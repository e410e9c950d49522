-- Credit: the inbox of outcomes that are not settled, and the gap of credit_dividends.

CREATE OR REPLACE FUNCTION squads.await_dividend() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO squads.outcomes_unsettled (outcome_id, kind, recorded_at)
    SELECT id, kind, recorded_at FROM inserted;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION squads.await_dividend() IS 'Puts each outcome into outcomes_unsettled, where its dividend is due.';

CREATE OR REPLACE TRIGGER outcomes_await_dividend AFTER INSERT ON squads.outcomes
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION squads.await_dividend();

-- Plans are kept for the session: one made while the inbox was empty would scan it for each of many outcomes.
CREATE OR REPLACE FUNCTION squads.end_wait_for_dividend() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off AS $$
BEGIN
    DELETE FROM squads.outcomes_unsettled WHERE outcome_id = ANY (ARRAY(SELECT outcome_id FROM inserted));
    RETURN NULL;
END $$;
COMMENT ON FUNCTION squads.end_wait_for_dividend() IS 'Takes each outcome that is settled out of outcomes_unsettled.';

CREATE OR REPLACE TRIGGER dividends_end_wait AFTER INSERT ON squads.dividends
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION squads.end_wait_for_dividend();

-- An idle look finds the inbox empty and reads no history. The treasury is one row of accounts_name_key, its
-- top-up of today one descent of transfers_idempotency_key_key, an outcome's artifact one of outcomes_pkey.

-- A dividend is paid whole or not at all. One that the treasury cannot pay lies in the future, at the next UTC
-- midnight's top-up, as in the gap of squads_formed; money that somebody brings makes it due at once.
CREATE VIEW squads.missing_credit_dividends AS
WITH policy AS MATERIALIZED (
    SELECT content, (content ->> 'treasury_target_micro')::bigint AS treasury_target_micro, squads.clock() AS now
    FROM squads.current_policy
),
treasury AS MATERIALIZED (
    SELECT CASE WHEN EXISTS (SELECT FROM squads.transfers
                             WHERE idempotency_key
                                 = 'mint:treasury:' || to_char(squads.utc_day(policy.now), 'YYYY-MM-DD'))
                THEN account.balance_micro
                ELSE greatest(account.balance_micro, policy.treasury_target_micro) END AS funds_micro,
           (squads.utc_day(policy.now) + 1)::timestamp AT TIME ZONE 'UTC' AS midnight
    FROM squads.accounts AS account CROSS JOIN policy
    WHERE account.name = 'treasury'
),
due AS (
    SELECT waiting.outcome_id, waiting.kind, waiting.recorded_at,
           CASE WHEN waiting.kind = 'refuted' THEN 0
                ELSE (policy.content ->> format('dividend_%s_micro', waiting.kind))::bigint END AS amount_micro
    FROM squads.outcomes_unsettled AS waiting CROSS JOIN policy
)
SELECT
    'outcome:' || due.outcome_id AS unit,
    CASE WHEN due.amount_micro <= treasury.funds_micro THEN due.recorded_at ELSE treasury.midnight END AS since,
    format('%s:%s was %s; its dividend is not settled%s', outcome.artifact_type, outcome.artifact_id, due.kind,
           CASE WHEN due.amount_micro > treasury.funds_micro
                THEN ', and the treasury has less than it until its next top-up' END) AS reason,
    trim_scale(due.amount_micro / 1000000.0) AS tokens_at_stake
FROM due
JOIN squads.outcomes AS outcome ON outcome.id = due.outcome_id
CROSS JOIN treasury;
COMMENT ON VIEW squads.missing_credit_dividends IS
'Outcomes that no dividend has settled, with what they are worth under the policy in force.';

CREATE OR REPLACE FUNCTION squads.fraction(written text, OUT top numeric, OUT bottom numeric)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN ROW(split_part(written, '/', 1)::numeric,
           coalesce(nullif(split_part(written, '/', 2), ''), '1')::numeric);
COMMENT ON FUNCTION squads.fraction(text) IS 'A fraction such as 3/2, as its two whole numbers.';
