"""What must hold of the ends of squads' lives: the invariants of `harvest_distributions`. It repairs nothing."""

from typing import Final

from squads_pipeline.store.invariants import Invariant, invariant

# distributions_pkey forbids a second one; here is who says so if it should be gone. A squad that merged has none.
_ONCE = """
SELECT 'squad ' || shared.squad_id AS subject, 'one sharing-out of a squad that is disbanded and not merged'
           AS expected,
       format('%s of a squad that is %s%s', count(*), squad.status, ', merged into ' || squad.merged_into) AS found
FROM squads.distributions AS shared
JOIN squads.research_squads AS squad ON squad.id = shared.squad_id
WHERE shared.effective_on >= :since
GROUP BY shared.squad_id, squad.status, squad.merged_into
HAVING count(*) > 1 OR squad.status <> 'disbanded' OR squad.merged_into IS NOT NULL
"""

# squad_events_effective_on_idx, then the primary keys and accounts_name_key.
_DISBANDED = """
SELECT 'squad ' || squad.id AS subject,
       'shared out or merged, its pool empty and its account closed since it was disbanded' AS expected,
       format('%s, %s µT, %s', CASE WHEN squad.merged_into IS NOT NULL THEN 'merged'
                                    WHEN shared.squad_id IS NOT NULL THEN 'shared out' ELSE 'neither' END,
              pool.balance_micro, CASE WHEN pool.closed_at IS NULL THEN 'open' ELSE 'closed' END) AS found
FROM squads.research_squads AS squad
LEFT JOIN squads.distributions AS shared ON shared.squad_id = squad.id
LEFT JOIN squads.accounts AS pool ON pool.name = 'squad:' || squad.id
WHERE squad.status = 'disbanded'
  AND (CAST(:since AS date) = '0001-01-01'
       OR squad.id IN (SELECT squad_id FROM squads.squad_events
                       WHERE effective_on >= :since AND to_status = 'disbanded'))
  AND ((shared.squad_id IS NULL) = (squad.merged_into IS NULL)
       OR pool.balance_micro IS DISTINCT FROM 0 OR pool.closed_at IS NULL)
"""

# Squads that live are few, by research_squads_status_idx.
_CLOSED = """
SELECT 'account ' || pool.name AS subject, 'open while its squad lives' AS expected,
       'closed at ' || pool.closed_at AS found
FROM squads.research_squads AS squad
JOIN squads.accounts AS pool ON pool.name = 'squad:' || squad.id AND pool.closed_at IS NOT NULL
WHERE squad.status IN ('forming', 'recruiting', 'active', 'harvesting') AND CAST(:since AS date) IS NOT NULL
"""

# distributions_effective_on_idx, then harvest_distributions_pkey and the entries of the one pool.
_PAID = """
SELECT 'squad ' || shared.squad_id AS subject, format('a pool of %s µT', shared.pool_micro) AS expected,
       format('%s µT in shares, %s µT paid out, %s µT given back', parts.micro, moved.paid_micro,
              moved.refunded_micro) AS found
FROM squads.distributions AS shared
CROSS JOIN LATERAL (SELECT coalesce(sum(share_micro), 0) AS micro FROM squads.harvest_distributions_in_force
                    WHERE squad_id = shared.squad_id) AS parts
CROSS JOIN LATERAL (
    SELECT coalesce(sum(paid.amount_micro) FILTER (WHERE paid.kind = 'payout'), 0) AS paid_micro,
           coalesce(sum(paid.amount_micro) FILTER (WHERE paid.kind = 'refund'), 0) AS refunded_micro
    FROM squads.accounts AS pool
    JOIN squads.entries AS entry ON entry.account_id = pool.id AND entry.entry_no = 1
    JOIN squads.transfers AS paid ON paid.id = entry.transfer_id
    WHERE pool.name = 'squad:' || shared.squad_id
) AS moved
WHERE shared.effective_on >= :since
  AND (parts.micro, moved.paid_micro, moved.refunded_micro)
    <> CASE WHEN shared.manner = 'refund' THEN (0::numeric, 0::numeric, shared.pool_micro::numeric)
            ELSE (shared.pool_micro::numeric, shared.pool_micro::numeric, 0::numeric) END
"""

# transfers_effective_on_brin, then distributions_pkey.
_STRAYS = """
SELECT 'transfer ' || paid.idempotency_key AS subject, 'from the pool of a squad that was shared out' AS expected,
       'from ' || payer.name AS found
FROM squads.transfers AS paid
JOIN squads.accounts AS payer ON payer.id = paid.from_account_id
WHERE paid.effective_on >= :since AND paid.kind IN ('payout', 'refund')
  AND NOT EXISTS (SELECT FROM squads.distributions AS shared
                  WHERE payer.kind = 'squad' AND shared.squad_id = payer.owner_id)
"""

HARVEST_INVARIANTS: Final[tuple[Invariant, ...]] = (
    invariant(
        "I7",
        "squads_are_shared_out_once",
        "A squad is shared out at most once; disbanded means that its pool is empty and its account closed.",
        _ONCE,
        _DISBANDED,
        _CLOSED,
    ),
    invariant(
        "I7",
        "payouts_sum_to_the_pool",
        "What a squad paid out or gave back at its end is its pool, to the µT; nothing else was.",
        _PAID,
        _STRAYS,
    ),
)
"""The invariants that are checked after each sharing-out. That shares recompute: `drivers.audit_distributions`."""
