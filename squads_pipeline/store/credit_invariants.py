"""What must hold of dividends: the invariants of `credit_dividends`. It repairs nothing."""

from typing import Final

from squads_pipeline.store.invariants import Invariant, invariant

# dividends_effective_on_idx, then credit_dividends_pkey. A settlement has no revisions: restated shares sum to all
# or nothing of what the outcome is worth.
_SUMS = """
SELECT 'outcome ' || settled.outcome_id AS subject,
       format('%s µT in shares, %s of them paid', settled.paid_micro, settled.agents) AS expected,
       format('%s µT in shares, %s of them paid', shares.micro, shares.paid) AS found
FROM squads.dividends AS settled
CROSS JOIN LATERAL (SELECT coalesce(sum(share_micro), 0) AS micro, count(*) FILTER (WHERE share_micro > 0) AS paid,
                           max(revision) AS revision
                    FROM squads.credit_dividends_in_force
                    WHERE outcome_id = settled.outcome_id) AS shares
WHERE settled.effective_on >= :since AND (shares.micro, shares.paid) <> (settled.paid_micro, settled.agents)
  AND NOT (shares.revision > 0 AND shares.micro IN (0, settled.amount_micro))
"""

# dividends_effective_on_idx, then outcomes_pkey.
_REFUTED = """
SELECT 'outcome ' || settled.outcome_id AS subject, 'a refutation pays nothing' AS expected,
       settled.paid_micro || ' µT paid' AS found
FROM squads.dividends AS settled
JOIN squads.outcomes AS outcome ON outcome.id = settled.outcome_id AND outcome.kind = 'refuted'
WHERE settled.effective_on >= :since AND settled.paid_micro <> 0
"""

# credit_dividends_effective_on_idx, then transfers_idempotency_key_key and accounts_pkey.
_PAYMENTS = """
SELECT format('outcome %s, agent %s', share.outcome_id, share.agent_id) AS subject,
       share.share_micro || ' µT from the treasury' AS expected,
       format('%s µT from %s', coalesce(paid.amount_micro, 0) + coalesce(restated.accounted_micro, 0),
              coalesce(payer.name, 'nobody')) AS found
FROM squads.credit_dividends_in_force AS share
LEFT JOIN squads.restated_facts AS restated
    ON restated.fact = format('dividend:%s:%s', share.outcome_id, share.agent_id)
LEFT JOIN squads.transfers AS paid
    ON paid.idempotency_key = format('dividend:%s:%s', share.outcome_id, share.agent_id) AND paid.kind = 'dividend'
LEFT JOIN squads.accounts AS payer ON payer.id = paid.from_account_id
LEFT JOIN squads.accounts AS wallet ON wallet.id = paid.to_account_id
WHERE share.effective_on >= :since
  AND (coalesce(paid.amount_micro, 0) + coalesce(restated.accounted_micro, 0) <> share.share_micro
       OR paid.id IS NOT NULL AND (payer.name, wallet.name) <> ('treasury', 'wallet:' || share.agent_id))
"""

# transfers_effective_on_brin. What was paid to an agent without a share of it has a key that no share explains.
_STRAY = """
SELECT 'transfer ' || paid.idempotency_key AS subject, 'a share of a dividend' AS expected, 'none' AS found
FROM squads.transfers AS paid
LEFT JOIN squads.accounts AS wallet ON wallet.id = paid.to_account_id
LEFT JOIN squads.credit_dividends_in_force AS share
    ON share.agent_id = wallet.owner_id
   AND paid.idempotency_key = format('dividend:%s:%s', share.outcome_id, share.agent_id)
WHERE paid.effective_on >= :since AND paid.kind = 'dividend' AND share.outcome_id IS NULL
"""

# Fractions such as 3/2 are compared crosswise, as whole numbers. credit_dividends_effective_on_idx.
_BOUNDS = """
SELECT format('outcome %s, agent %s, %s: %s', share.outcome_id, share.agent_id, step ->> 'artifact', bound.name)
           AS subject,
       'from 1 to ' || trim_scale(bound.upper / bound.lower) AS expected, step ->> bound.name AS found
FROM squads.credit_dividends AS share
JOIN squads.policies AS policy ON policy.id = share.policy_id
CROSS JOIN LATERAL jsonb_array_elements(share.derivation) AS step
CROSS JOIN LATERAL (
    SELECT 'multiplier' AS name, top AS upper, bottom AS lower
    FROM squads.fraction(policy.content ->> 'squad_multiplier')
    UNION ALL
    SELECT 'repeat_factor', top + bottom, bottom FROM squads.fraction(policy.content ->> 'repeat_bonus_cap')
) AS bound
CROSS JOIN LATERAL squads.fraction(step ->> bound.name) AS found
WHERE share.effective_on >= :since
  AND (found.top < found.bottom OR found.top * bound.lower > bound.upper * found.bottom)
"""

# An outcome is in the inbox or settled: what was settled since, all that waits, and all of history if asked for.
_INBOX = """
SELECT 'outcome ' || waiting.outcome_id AS subject, 'waiting or settled' AS expected, 'both' AS found
FROM squads.outcomes_unsettled AS waiting JOIN squads.dividends AS settled USING (outcome_id)
UNION ALL
SELECT 'outcome ' || outcome.id, 'waiting or settled', 'neither'
FROM squads.outcomes AS outcome
LEFT JOIN squads.outcomes_unsettled AS waiting ON waiting.outcome_id = outcome.id
LEFT JOIN squads.dividends AS settled ON settled.outcome_id = outcome.id
WHERE CAST(:since AS date) = '0001-01-01' AND waiting.outcome_id IS NULL AND settled.outcome_id IS NULL
"""

CREDIT_INVARIANTS: Final[tuple[Invariant, ...]] = (
    invariant(
        "I9",
        "dividends_sum_to_their_amount",
        "An outcome's shares sum to what it pays, a refutation pays nothing, and each waits or is settled once.",
        _SUMS,
        _REFUTED,
        _INBOX,
    ),
    invariant(
        "I9",
        "dividends_agree_with_the_ledger",
        "Each share was paid from the treasury to its agent, and nothing else was paid as a dividend.",
        _PAYMENTS,
        _STRAY,
    ),
    invariant(
        "I9",
        "multipliers_stay_in_bounds",
        "Multipliers and repeat factors are at least one, and at most what the policy of their time allows.",
        _BOUNDS,
    ),
)
"""The invariants that are checked after dividends. That they recompute: `drivers.audit_dividends`."""
