"""The queries of `invariants`, each yielding ``subject, expected, found`` for what does not hold. No Python.

``:since`` is the day from which on to look; 0001-01-01 stands for always.
"""

BALANCES = """
SELECT 'all accounts' AS subject, '0 µT' AS expected, sum(balance_micro) || ' µT' AS found
FROM squads.accounts HAVING sum(balance_micro) <> 0
"""

# transfers_effective_on_brin, then entries_pkey.
ENTRIES_OF_TRANSFERS = """
SELECT 'transfer ' || transfer.id AS subject,
       format('%s µT from account %s to account %s', amount_micro, from_account_id, to_account_id)
           AS expected,
       coalesce(entry.said, 'no entries') AS found
FROM squads.transfers AS transfer
LEFT JOIN LATERAL (
    SELECT count(*) AS entries,
           count(*) FILTER (WHERE entry_no = 1 AND account_id = transfer.from_account_id
                              AND entry.amount_micro = -transfer.amount_micro) AS paying,
           count(*) FILTER (WHERE entry_no = 2 AND account_id = transfer.to_account_id
                              AND entry.amount_micro = transfer.amount_micro) AS receiving,
           string_agg(format('%s µT on account %s', entry.amount_micro, account_id), ', '
                      ORDER BY entry_no) AS said
    FROM squads.entries AS entry WHERE entry.transfer_id = transfer.id
) AS entry ON true
WHERE effective_on >= :since AND (entries, paying, receiving) IS DISTINCT FROM (2, 1, 1)
"""

# Each entry continues the one before it: entries_account_id_account_version_key finds that one.
CHAIN_OF_ENTRIES = """
SELECT format('entry %s of account %s', entry.account_version, entry.account_id) AS subject,
       format('%s µT after entry %s', coalesce(before.balance_after_micro, 0) + entry.amount_micro,
              entry.account_version - 1) AS expected,
       CASE WHEN before.account_version IS NULL AND entry.account_version > 1 THEN 'no entry before it'
            ELSE format('%s µT', entry.balance_after_micro) END AS found
FROM squads.transfers AS transfer
JOIN squads.entries AS entry ON entry.transfer_id = transfer.id
LEFT JOIN squads.entries AS before
    ON before.account_id = entry.account_id AND before.account_version = entry.account_version - 1
WHERE effective_on >= :since
  AND ((before.account_version IS NULL) <> (entry.account_version = 1)
       OR entry.balance_after_micro <> coalesce(before.balance_after_micro, 0) + entry.amount_micro)
"""

# The accounts that moved, by their newest entries: a descent of entries_account_id_account_version_key each.
BALANCE_OF_ACCOUNTS = """
SELECT 'account ' || account.name AS subject,
       format('%s µT after %s entries', coalesce(entry.balance_after_micro, 0),
              coalesce(entry.account_version, 0)) AS expected,
       format('%s µT after %s entries', account.balance_micro, account.version) AS found
FROM squads.accounts AS account
LEFT JOIN LATERAL (SELECT balance_after_micro, account_version FROM squads.entries
                   WHERE account_id = account.id ORDER BY account_version DESC LIMIT 1) AS entry ON true
WHERE (CAST(:since AS date) = '0001-01-01'
       OR account.id IN (SELECT from_account_id FROM squads.transfers WHERE effective_on >= :since
                         UNION SELECT to_account_id FROM squads.transfers WHERE effective_on >= :since))
  AND (account.balance_micro, account.version)
    <> (coalesce(entry.balance_after_micro, 0), coalesce(entry.account_version, 0))
"""

OVERDRAWN = """
SELECT 'account ' || name AS subject, '0 µT or more' AS expected, balance_micro || ' µT' AS found
FROM squads.accounts WHERE kind <> 'issuance' AND balance_micro < 0
"""

OVERDRAWN_BEFORE = """
SELECT format('account %s after entry %s', account.name, entry.account_version) AS subject,
       '0 µT or more' AS expected, entry.balance_after_micro || ' µT' AS found
FROM squads.transfers AS transfer
JOIN squads.entries AS entry ON entry.transfer_id = transfer.id AND entry.balance_after_micro < 0
JOIN squads.accounts AS account ON account.id = entry.account_id AND account.kind <> 'issuance'
WHERE effective_on >= :since
"""

# Every transfer into a pool is one grant of the same amount, and every grant is such a transfer.
GRANTS_OF_TRANSFERS = """
SELECT 'transfer ' || transfer.id AS subject,
       format('a grant of %s µT to squad %s', transfer.amount_micro, pool.owner_id) AS expected,
       coalesce(format('a grant of %s µT to squad %s', given.amount_micro, given.squad_id), 'none') AS found
FROM squads.transfers AS transfer
JOIN squads.accounts AS pool ON pool.id = transfer.to_account_id AND pool.kind = 'squad'
LEFT JOIN squads.squad_grants AS given ON given.id = transfer.id
WHERE effective_on >= :since
  AND (given.id IS NULL OR given.amount_micro <> transfer.amount_micro OR given.squad_id <> pool.owner_id)
"""

GRANTS_ELSEWHERE = """
SELECT 'grant ' || given.id AS subject, 'a transfer into a pool' AS expected,
       'a transfer to ' || receiver.name AS found
FROM squads.transfers AS transfer
JOIN squads.squad_grants AS given ON given.id = transfer.id
JOIN squads.accounts AS receiver ON receiver.id = transfer.to_account_id AND receiver.kind <> 'squad'
WHERE effective_on >= :since
"""

# The sum itself, of the pools that moved: squad_grants_squad_id_idx and entries_as_of_idx.
POOLS = """
SELECT 'squad ' || pool.owner_id AS subject,
       format('%s µT granted less %s µT paid out', granted.micro, paid.micro) AS expected,
       pool.balance_micro || ' µT' AS found
FROM squads.accounts AS pool
CROSS JOIN LATERAL (SELECT coalesce(sum(amount_micro), 0) AS micro FROM squads.squad_grants
                    WHERE squad_id = pool.owner_id) AS granted
CROSS JOIN LATERAL (SELECT coalesce(-sum(amount_micro), 0) AS micro FROM squads.entries
                    WHERE account_id = pool.id AND amount_micro < 0) AS paid
WHERE pool.kind = 'squad' AND pool.balance_micro <> granted.micro - paid.micro
  AND CAST(:since AS date) = '0001-01-01'
"""

# transfers_effective_on_brin, then the primary keys of the three others.
CLAIMED_OR_WAITING = """
SELECT 'contribution ' || given.id AS subject, 'waiting in the inbox or claimed by one round' AS expected,
       CASE WHEN waiting.contribution_id IS NOT NULL THEN 'both' ELSE 'neither' END AS found
FROM squads.transfers AS transfer
JOIN squads.squad_grants AS given ON given.id = transfer.id AND given.purpose = 'contribution'
LEFT JOIN squads.qf_unclaimed AS waiting ON waiting.contribution_id = given.id
LEFT JOIN squads.qf_claims AS claim ON claim.contribution_id = given.id
WHERE effective_on >= :since AND (waiting.contribution_id IS NULL) = (claim.contribution_id IS NULL)
"""

INBOX = """
SELECT 'inbox row ' || waiting.contribution_id AS subject,
       'the amount, squad and agent of its contribution' AS expected,
       format('%s µT from %s to %s', waiting.amount_micro, waiting.agent_id, waiting.squad_id) AS found
FROM squads.qf_unclaimed AS waiting
LEFT JOIN squads.squad_grants AS given
    ON given.id = waiting.contribution_id AND given.purpose = 'contribution'
WHERE (given.squad_id, given.agent_id, given.amount_micro)
    IS DISTINCT FROM (waiting.squad_id, waiting.agent_id, waiting.amount_micro)
UNION ALL
SELECT 'inbox row ' || waiting.contribution_id, 'a squad that is not disbanded',
       'disbanded squad ' || squad.id
FROM squads.qf_unclaimed AS waiting
JOIN squads.research_squads AS squad ON squad.id = waiting.squad_id AND squad.status = 'disbanded'
"""

CLAIMS = """
SELECT 'claim of contribution ' || claim.contribution_id AS subject,
       'a contribution and a round that exist' AS expected,
       format('contribution %s, round %s', coalesce(given.purpose, 'missing'),
              coalesce(round.id::text, 'missing')) AS found
FROM squads.qf_claims AS claim
LEFT JOIN squads.squad_grants AS given ON given.id = claim.contribution_id
LEFT JOIN squads.qf_rounds AS round ON round.id = claim.round_id
WHERE CAST(:since AS date) = '0001-01-01'
  AND (given.purpose IS DISTINCT FROM 'contribution' OR round.id IS NULL)
"""

# qf_rounds_effective_on_idx, then qf_matches_pkey.
ROUNDS = """
SELECT 'round ' || round.id AS subject,
       format('at most %s µT paid, a budget of at most %s µT', round.budget_micro, round.pool_before_micro)
           AS expected,
       format('%s µT paid', paid.micro) AS found
FROM squads.qf_rounds AS round
CROSS JOIN LATERAL (SELECT coalesce(sum(match_micro), 0) AS micro FROM squads.qf_matches_in_force
                    WHERE round_id = round.id) AS paid
WHERE round.effective_on >= :since
  AND (paid.micro > round.budget_micro OR round.budget_micro > round.pool_before_micro)
UNION ALL
SELECT format('round %s, squad %s', match.round_id, match.squad_id),
       format('from 0 to %s µT', least(match.cap_micro, round.budget_micro)), match.match_micro || ' µT'
FROM squads.qf_rounds AS round
JOIN squads.qf_matches AS match ON match.round_id = round.id
WHERE round.effective_on >= :since
  AND match.match_micro NOT BETWEEN 0 AND least(match.cap_micro, round.budget_micro)
UNION ALL
SELECT 'round ' || round.id, 'a round before it', 'none'
FROM squads.qf_rounds AS round
WHERE round.effective_on >= :since AND round.id > 1
  AND NOT EXISTS (SELECT FROM squads.qf_rounds AS before WHERE before.id = round.id - 1)
"""

# transfers_idempotency_key_key finds each payment; what was restated is few. A restated match is what was paid first,
# corrections added, less what could not be taken back, plus what could not be delivered.
PAYMENTS = """
SELECT format('round %s, squad %s', match.round_id, match.squad_id) AS subject,
       match.match_micro || ' µT paid' AS expected,
       coalesce(paid.amount_micro, 0) + coalesce(restated.accounted_micro, 0) || ' µT paid' AS found
FROM squads.qf_rounds AS round
JOIN squads.qf_matches_in_force AS match ON match.round_id = round.id
LEFT JOIN squads.transfers AS paid
    ON paid.idempotency_key = format('match:%s:%s:0', match.round_id, match.squad_id) AND paid.kind = 'match'
LEFT JOIN squads.restated_facts AS restated
    ON restated.fact = format('match:%s:%s', match.round_id, match.squad_id)
WHERE round.effective_on >= :since
  AND coalesce(paid.amount_micro, 0) + coalesce(restated.accounted_micro, 0) <> match.match_micro
"""

# Restatements are few; transfers_idempotency_key_key finds the correction of each.
RESTATEMENTS = """
SELECT format('restatement %s of %s', restated.revision, restated.fact) AS subject,
       format('%s µT moved', restated.moved_micro) AS expected,
       format('%s µT moved', moved.micro) AS found
FROM squads.restatements AS restated
LEFT JOIN squads.transfers AS correction
    ON correction.idempotency_key = format('correction:%s:%s', restated.fact, restated.revision)
   AND correction.kind = 'correction'
CROSS JOIN LATERAL (
    SELECT CASE WHEN correction.to_account_id = restated.holder_account_id
                     AND correction.from_account_id = restated.counterpart_account_id THEN correction.amount_micro
                WHEN correction.from_account_id = restated.holder_account_id
                     AND correction.to_account_id = restated.counterpart_account_id THEN -correction.amount_micro
                ELSE 0 END AS micro
) AS moved
WHERE restated.effective_on >= :since AND moved.micro <> restated.moved_micro
"""

# Squads that the round put aside wait on. A minute's grace: a contribution takes its time before it commits, and
# may become visible after the round.
LEFT_BEHIND = """
SELECT 'contribution ' || waiting.contribution_id AS subject,
       format('claimed by round %s, which opened at %s', newest.id, newest.opened_at) AS expected,
       format('waiting since %s', waiting.granted_at) AS found
FROM (SELECT id, opened_at FROM squads.qf_rounds ORDER BY id DESC LIMIT 1) AS newest
JOIN squads.qf_unclaimed AS waiting ON waiting.granted_at < newest.opened_at - interval '1 minute'
WHERE NOT EXISTS (SELECT FROM squads.qf_put_aside AS aside
                  WHERE aside.round_id = newest.id AND aside.squad_id = waiting.squad_id)
"""
