-- The ledger's seal: what of a transfer is sealed, the chain of hashes, what awaits it, and its gap.

CREATE OR REPLACE FUNCTION squads.utc_text(moment timestamptz) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"');
COMMENT ON FUNCTION squads.utc_text(timestamptz) IS
'A moment as text to the microsecond, the same whatever the session''s time zone and style of dates.';

-- One line of JSON for each transfer: all columns of it and of its two entries, and the names of its accounts.
-- The chain hashes the bytes of this line and an export holds them, so they may never change. A column that
-- transfers get later goes into a line of a further version, chosen by the rule_version of the seal. Left joins,
-- so that a missing entry shows as null, and so that the planner may begin at the few transfers asked for.
CREATE VIEW squads.transfer_lines AS
SELECT transfer.id AS transfer_id, row_to_json(sealed)::text AS line
FROM squads.transfers AS transfer
LEFT JOIN squads.accounts AS payer ON payer.id = transfer.from_account_id
LEFT JOIN squads.accounts AS receiver ON receiver.id = transfer.to_account_id
LEFT JOIN squads.entries AS paying ON paying.transfer_id = transfer.id AND paying.entry_no = 1
LEFT JOIN squads.entries AS receiving ON receiving.transfer_id = transfer.id AND receiving.entry_no = 2
CROSS JOIN LATERAL (
    SELECT paying.account_id, paying.amount_micro, paying.balance_after_micro, paying.account_version,
           squads.utc_text(paying.posted_at) AS posted_at
) AS leaving
CROSS JOIN LATERAL (
    SELECT receiving.account_id, receiving.amount_micro, receiving.balance_after_micro, receiving.account_version,
           squads.utc_text(receiving.posted_at) AS posted_at
) AS arriving
CROSS JOIN LATERAL (
    SELECT transfer.id, transfer.kind, transfer.from_account_id, payer.name AS from_account,
           transfer.to_account_id, receiver.name AS to_account, transfer.amount_micro, transfer.idempotency_key,
           encode(transfer.args_hash, 'hex') AS args_hash, transfer.reason,
           squads.utc_text(transfer.occurred_at) AS occurred_at, squads.utc_text(transfer.posted_at) AS posted_at,
           transfer.policy_id, transfer.rule_version, transfer.driver, transfer.run_id,
           to_char(transfer.effective_on, 'YYYY-MM-DD') AS effective_on,
           CASE WHEN paying.entry_no IS NOT NULL THEN row_to_json(leaving) END AS entry_1,
           CASE WHEN receiving.entry_no IS NOT NULL THEN row_to_json(arriving) END AS entry_2
) AS sealed;
COMMENT ON VIEW squads.transfer_lines IS
'Each transfer with its entries as the one line of JSON that its seal hashes and an export holds.';
COMMENT ON COLUMN squads.transfer_lines.transfer_id IS 'The transfer';
COMMENT ON COLUMN squads.transfer_lines.line IS 'The transfer and its entries, as one line of JSON';

CREATE OR REPLACE FUNCTION squads.link(previous bytea, line text) RETURNS bytea
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN sha256(previous || convert_to(line, 'UTF8'));
COMMENT ON FUNCTION squads.link(bytea, text) IS
'The hash of a transfer''s line in the chain, after the hash before it. Equals rules.seals.link.';

-- In plpgsql, whose plan is kept: a function in SQL would be set up anew for each row of the aggregate.
CREATE OR REPLACE FUNCTION squads.add_link(head bytea, genesis bytea, line text) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    RETURN squads.link(coalesce(head, genesis), line);
END $$;
COMMENT ON FUNCTION squads.add_link(bytea, bytea, text) IS 'A step of the aggregate squads.chain.';

-- Over a window in order it gives every row its own hash, in one pass and without recursion.
CREATE OR REPLACE AGGREGATE squads.chain(genesis bytea, line text) (SFUNC = squads.add_link, STYPE = bytea);
COMMENT ON AGGREGATE squads.chain(bytea, text) IS
'The head of a chain of lines that continues a hash; its order is that of the window or of the aggregate.';

-- A range of ids for each statement, not a row for each transfer: posting must not pay for the seal. Batches are
-- cut into ranges of at most 100,000 ids, so that a run can take some and leave the rest to the next.
CREATE OR REPLACE FUNCTION squads.await_seal() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO squads.unsealed_transfers (first_transfer_id, last_transfer_id, transfers, posted_at)
    SELECT min(id), max(id), count(*), min(posted_at) FROM inserted GROUP BY id / 100000;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION squads.await_seal() IS 'Puts the ids of posted transfers into unsealed_transfers.';

CREATE OR REPLACE TRIGGER transfers_await_seal AFTER INSERT ON squads.transfers
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION squads.await_seal();

-- Idle, it reads the first entry of unsealed_transfers_pkey: of what waits, the lowest id was posted first. What
-- waits is counted only when it is due.
CREATE VIEW squads.missing_ledger_seals AS
WITH oldest AS MATERIALIZED (
    SELECT first.posted_at + make_interval(secs => (policy.content ->> 'seal_after_seconds')::double precision)
               AS due_at
    FROM (SELECT posted_at FROM squads.unsealed_transfers ORDER BY first_transfer_id LIMIT 1) AS first
    CROSS JOIN squads.current_policy AS policy
)
SELECT
    'transfers' AS unit,
    oldest.due_at AS since,
    format('%s transfer%s unsealed; the oldest has waited its time', sum(waiting.transfers),
           CASE WHEN sum(waiting.transfers) > 1 THEN 's' END) AS reason,
    0::numeric AS tokens_at_stake
FROM oldest
CROSS JOIN squads.unsealed_transfers AS waiting
WHERE oldest.due_at <= squads.clock()
GROUP BY oldest.due_at;
COMMENT ON VIEW squads.missing_ledger_seals IS
'The transfers that no seal covers, as one unit, once the oldest has waited for seal_after_seconds.';
