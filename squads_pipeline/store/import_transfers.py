"""The money of an import: accounts locked, mints and contributions staged. The ledger posts them.

Works on the good rows of ``import_rows``; see `imports`.
"""

from dataclasses import dataclass

from sqlalchemy import Connection, Text, bindparam, text


@dataclass(frozen=True, slots=True)
class Totals:
    """The good rows: how many, their sum, the largest and the last; sums in µT, which may exceed 64 bits."""

    rows: int
    amount_micro: int
    largest_row: int | None
    last_row: int
    most_held_micro: int


# All in one statement and in the order of ids, as every writer locks accounts. Index: accounts_name_key.
_LOCK_ACCOUNTS = text("""
SELECT count(*) FROM (
    SELECT id FROM squads.accounts
    WHERE name IN (SELECT 'wallet:' || agent FROM pg_temp.import_rows WHERE reason IS NULL
                   UNION SELECT 'squad:' || squad FROM pg_temp.import_rows WHERE reason IS NULL
                   UNION SELECT 'issuance' WHERE :minting)
    ORDER BY id FOR NO KEY UPDATE
) AS locked
""")


def lock_accounts(connection: Connection, *, minting: bool) -> None:
    """Lock every account that a good row moves money of, and issuance when wallets may be filled."""
    connection.execute(_LOCK_ACCOUNTS, {"minting": minting})


_TOTALS = text("""
SELECT count(*) AS rows, coalesce(sum(amount_micro), 0) AS amount_micro,
       (SELECT row_no FROM pg_temp.import_rows WHERE reason IS NULL
        ORDER BY amount_micro DESC, row_no LIMIT 1) AS largest_row,
       max(row_no) AS last_row, (SELECT max(abs(balance_micro)) FROM squads.accounts) AS most_held_micro
FROM pg_temp.import_rows WHERE reason IS NULL
""")


def totals(connection: Connection) -> Totals:
    """What the good rows come to, beside the most that any account holds or owes."""
    row = connection.execute(_TOTALS).one()
    return Totals(row.rows, int(row.amount_micro), row.largest_row, row.last_row or 0, row.most_held_micro)


_STAGE_MINTS = text("""
INSERT INTO pg_temp.staged_transfers
    (kind, from_account_id, to_account_id, amount_micro, idempotency_key, reason)
SELECT 'mint', issuance.id, wallet.id, need.amount_micro - wallet.balance_micro,
       'mint:' || wallet.name || ':' || need.first_key, :reason
FROM (SELECT agent, sum(amount_micro) AS amount_micro, min(key) AS first_key
      FROM pg_temp.import_rows WHERE reason IS NULL GROUP BY agent) AS need
JOIN squads.accounts AS wallet ON wallet.name = 'wallet:' || need.agent
JOIN squads.accounts AS issuance ON issuance.name = 'issuance'
WHERE need.amount_micro > wallet.balance_micro
ORDER BY wallet.id
RETURNING amount_micro
""").bindparams(bindparam("reason", type_=Text))
# A mint's key carries the least key of the rows that it pays for. Those rows are posted in the same
# transaction and never again, so the key can neither come twice nor stand for another mint, whatever part of
# a file an earlier import took in.


def stage_mints(connection: Connection, *, reason: str) -> int:
    """Stage a mint of exactly what is short for each wallet that cannot pay its good rows; returns the µT."""
    return sum(connection.scalars(_STAGE_MINTS, {"reason": reason}))


_STAGE_CONTRIBUTIONS = text("""
INSERT INTO pg_temp.staged_transfers
    (kind, from_account_id, to_account_id, amount_micro, idempotency_key, reason, occurred_at)
SELECT 'contribution', wallet.id, pool.id, new.amount_micro, new.key, 'round ' || new.label, new.occurred_at
FROM pg_temp.import_rows AS new
JOIN squads.accounts AS wallet ON wallet.name = 'wallet:' || new.agent
JOIN squads.accounts AS pool ON pool.name = 'squad:' || new.squad
WHERE new.reason IS NULL AND new.row_no >= :first AND new.row_no < :end
ORDER BY new.row_no
""")


def stage_contributions(connection: Connection, first: int, end: int) -> None:
    """Stage a contribution for each good row from ``first`` to before ``end``. Index: import_rows_pkey."""
    connection.execute(_STAGE_CONTRIBUTIONS, {"first": first, "end": end})
    # Its size decides how the posting is planned.
    connection.execute(text("ANALYZE pg_temp.staged_transfers"))


def settle(connection: Connection) -> None:
    """Check now what was posted, instead of at the commit, and empty the stage for the next batch.

    The server keeps a note of each row that it is still to check: of ten million, in memory.
    """
    connection.execute(text("SET CONSTRAINTS squads.transfers_sum_to_zero IMMEDIATE"))
    connection.execute(text("SET CONSTRAINTS squads.transfers_sum_to_zero DEFERRED"))
    connection.execute(text("TRUNCATE pg_temp.staged_transfers"))
