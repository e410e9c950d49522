"""Reading what a correction needs: a transfer, and what was moved back of it before. Posting is `ledger`."""

from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Corrected:
    """A transfer and its corrections so far; amounts in µT.

    Attributes:
        corrections: how many there are.
        corrected_micro: what they moved back.
    """

    id: int
    kind: str
    key: str
    from_account_id: int
    from_account: str
    to_account_id: int
    to_account: str
    amount_micro: int
    corrections: int
    corrected_micro: int


# transfers_pkey or transfers_idempotency_key_key finds the transfer; corrections follow each other without a
# hole in their numbers, so that the recursion walks transfers_idempotency_key_key.
_FIND = text("""
WITH RECURSIVE original AS MATERIALIZED (
    SELECT * FROM squads.transfers WHERE id = CAST(:number AS bigint) OR idempotency_key = :transfer
    ORDER BY id = CAST(:number AS bigint) DESC NULLS LAST LIMIT 1
),
correction AS (
    SELECT 1 AS n, transfer.amount_micro
    FROM original JOIN squads.transfers AS transfer
        ON transfer.idempotency_key = format('correction:%s:1', original.id)
    UNION ALL
    SELECT before.n + 1, transfer.amount_micro
    FROM correction AS before CROSS JOIN original JOIN squads.transfers AS transfer
        ON transfer.idempotency_key = format('correction:%s:%s', original.id, before.n + 1)
)
SELECT original.id, original.kind, original.idempotency_key, original.from_account_id, payer.name,
       original.to_account_id, receiver.name, original.amount_micro,
       (SELECT count(*) FROM correction), (SELECT coalesce(sum(amount_micro), 0)::bigint FROM correction)
FROM original
JOIN squads.accounts AS payer ON payer.id = original.from_account_id
JOIN squads.accounts AS receiver ON receiver.id = original.to_account_id
""")

_LONGEST_NUMBER = 18


def find(connection: Connection, transfer: str) -> Corrected | None:
    """A transfer by its number or its idempotency key, with its corrections so far."""
    is_number = transfer.isascii() and transfer.isdigit() and len(transfer) <= _LONGEST_NUMBER
    parameters = {"number": int(transfer) if is_number else None, "transfer": transfer}
    row = connection.execute(_FIND, parameters).one_or_none()
    return None if row is None else Corrected(*row)
