"""The queries of I11 for `invariants`, each yielding ``subject, expected, found`` for what does not hold. No Python.

``:since`` is the day from which on to look; 0001-01-01 stands for always.
"""

# pledged_contributions_effective_on_brin finds the cycles that moved, pledged_contributions_pkey all of each: a
# cycle that midnight cuts is counted whole. The transfers are counted, not the places that rows say of themselves.
PLACES = """
SELECT format('cycle %s, agent %s', moved.cycle, moved.agent_id) AS subject,
       format('at most %s squads', counted.allowed) AS expected,
       format('%s squads: %s', counted.squads, counted.names) AS found
FROM (SELECT DISTINCT cycle, agent_id FROM squads.pledged_contributions WHERE effective_on >= :since) AS moved
CROSS JOIN LATERAL (
    SELECT count(DISTINCT transfer.to_account_id) AS squads,
           max((policy.content ->> 'pledge_max_squads')::bigint) AS allowed,
           string_agg(payment.squad_id, ', ' ORDER BY payment.slot) AS names
    FROM squads.pledged_contributions AS payment
    JOIN squads.transfers AS transfer ON transfer.id = payment.transfer_id
    JOIN squads.policies AS policy ON policy.id = payment.policy_id
    WHERE payment.cycle = moved.cycle AND payment.agent_id = moved.agent_id
) AS counted
WHERE counted.squads > counted.allowed
"""

# transfers_effective_on_brin, then pledged_contributions_transfer_id_key.
UNRECORDED = """
SELECT 'transfer ' || transfer.id AS subject, 'a row of pledged_contributions' AS expected, 'none' AS found
FROM squads.transfers AS transfer
LEFT JOIN squads.pledged_contributions AS payment ON payment.transfer_id = transfer.id
WHERE transfer.effective_on >= :since AND transfer.driver = 'honour_pledges' AND payment.transfer_id IS NULL
"""
