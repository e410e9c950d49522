"""The one statement that posts a batch, as text, for its two sources. Called by `ledger` alone."""

from sqlalchemy import text

CREATE_STAGE = text("""
CREATE TEMPORARY TABLE staged_transfers (
    seq bigint GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    from_account_id bigint NOT NULL,
    to_account_id bigint NOT NULL,
    amount_micro bigint NOT NULL,
    idempotency_key text NOT NULL,
    reason text,
    occurred_at timestamptz
) ON COMMIT DROP
""")

_FROM_ARRAYS = """
unnest(
    CAST(:kind AS text[]), CAST(:from_account_id AS bigint[]), CAST(:to_account_id AS bigint[]),
    CAST(:amount_micro AS bigint[]), CAST(:idempotency_key AS text[]), CAST(:reason AS text[]),
    CAST(:occurred_at AS timestamptz[])
) WITH ORDINALITY AS request
    (kind, from_account_id, to_account_id, amount_micro, idempotency_key, reason, occurred_at, seq)
"""

_FROM_STAGE = "pg_temp.staged_transfers AS request"

# Reads accounts once, after the caller locked them: balances and versions run on from there by window
# functions. ROW(...)::text keeps null apart from an empty text, which the hash relies on.
# Indexes: transfers_idempotency_key_key for what is known, accounts_pkey for the rest.
_POST = """
WITH batch AS MATERIALIZED (
    SELECT request.*, sha256(convert_to(ROW(kind, from_account_id, to_account_id, amount_micro, reason,
                                            extract(epoch FROM occurred_at))::text, 'UTF8')) AS args_hash
    FROM {source}
),
moment AS MATERIALIZED (SELECT squads.clock() AS now),
known AS MATERIALIZED (
    SELECT batch.seq, batch.idempotency_key, earlier.args_hash = batch.args_hash AS same
    FROM batch JOIN squads.transfers AS earlier USING (idempotency_key)
),
posted AS (
    INSERT INTO squads.transfers
        (kind, from_account_id, to_account_id, amount_micro, idempotency_key, args_hash, reason, occurred_at,
         posted_at, policy_id, rule_version, driver, run_id, effective_on)
    SELECT kind, from_account_id, to_account_id, amount_micro, idempotency_key, args_hash, reason, occurred_at,
           moment.now, :policy_id, :rule_version, :driver, :run_id, squads.utc_day(moment.now)
    FROM batch CROSS JOIN moment
    WHERE NOT EXISTS (SELECT FROM known WHERE known.seq = batch.seq)
    ORDER BY seq
    RETURNING id, from_account_id, to_account_id, amount_micro
),
leg AS MATERIALIZED (
    SELECT id AS transfer_id, 1 AS entry_no, from_account_id AS account_id, -amount_micro AS amount_micro
    FROM posted
    UNION ALL
    SELECT id, 2, to_account_id, amount_micro FROM posted
),
running AS MATERIALIZED (
    SELECT leg.*, account.name, account.kind,
           account.balance_micro + sum(leg.amount_micro) OVER in_order AS balance_after_micro,
           account.version + row_number() OVER in_order AS account_version
    FROM leg JOIN squads.accounts AS account ON account.id = leg.account_id
    WINDOW in_order AS (PARTITION BY leg.account_id ORDER BY leg.transfer_id ROWS UNBOUNDED PRECEDING)
),
written AS (
    INSERT INTO squads.entries
        (transfer_id, entry_no, account_id, amount_micro, balance_after_micro, account_version, posted_at)
    SELECT transfer_id, entry_no, account_id, amount_micro, balance_after_micro, account_version, moment.now
    FROM running CROSS JOIN moment
),
changed AS (
    UPDATE squads.accounts AS account
    SET balance_micro = account.balance_micro + change.amount_micro, version = account.version + change.entries
    FROM (SELECT account_id, sum(amount_micro) AS amount_micro, count(*) AS entries FROM leg GROUP BY account_id)
        AS change
    WHERE account.id = change.account_id
)
SELECT
    (SELECT count(*) FROM posted) AS posted,
    (SELECT count(*) FROM known WHERE same) AS replayed,
    (SELECT coalesce(sum(amount_micro), 0) FROM posted) AS moved_micro,
    (SELECT idempotency_key FROM known WHERE NOT same LIMIT 1) AS conflicting_key,
    (SELECT name FROM running WHERE balance_after_micro < 0 AND kind <> 'issuance' LIMIT 1) AS overdrawn
"""

POST_ARRAYS = text(_POST.format(source=_FROM_ARRAYS))
POST_STAGED = text(_POST.format(source=_FROM_STAGE))
