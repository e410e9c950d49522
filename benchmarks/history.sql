-- The history that `history.py` writes. Statements end in a semicolon and an empty line; sizes are settings world.*.
-- Squads s1, s2 … are open (every fifth recruits, the others work), h1 … harvest, p1 … are disbanded.

CREATE FUNCTION pg_temp.size(name text) RETURNS bigint LANGUAGE sql STABLE
RETURN current_setting('world.' || name)::bigint;

CREATE FUNCTION pg_temp.begin_at() RETURNS timestamptz LANGUAGE sql STABLE
RETURN date_trunc('day', now()) - interval '100 days';

CREATE TEMPORARY TABLE made_squads ON COMMIT DROP AS
SELECT 's' || n AS id, n, CASE WHEN n % 5 = 0 THEN 'recruiting' ELSE 'active' END AS status, now() - interval '1 day' AS at
FROM generate_series(1, pg_temp.size('squads')) AS n
UNION ALL
SELECT 'h' || n, n, 'harvesting', now() - interval '6 days' FROM generate_series(1, pg_temp.size('harvesting')) AS n
UNION ALL
SELECT 'p' || n, n, 'disbanded', pg_temp.begin_at() + n * interval '1 day' / pg_temp.size('squads') * 80
FROM generate_series(1, pg_temp.size('squads')) AS n;

INSERT INTO squads.agents (id, created_at)
SELECT 'a' || n, pg_temp.begin_at() FROM generate_series(1, pg_temp.size('agents')) AS n;

-- As many targets again matter too little for a squad.
INSERT INTO squads.knowledge_gaps (artifact_type, artifact_id, title, importance_ppm, status, created_at, created_by,
                                   closed_at)
SELECT 'gap', id, id, 600000 + n % 400000, CASE WHEN status = 'disbanded' THEN 'closed' ELSE 'open' END, at,
       'benchmark', CASE WHEN status = 'disbanded' THEN at + interval '8 days' END
FROM made_squads
UNION ALL
SELECT 'gap', 'minor' || n, 'minor', n % 400000, 'open', pg_temp.begin_at(), 'benchmark', NULL
FROM generate_series(1, pg_temp.size('squads')) AS n;

-- What a quarter wants met is met in part; none is met in whole.
INSERT INTO squads.research_squads
    (id, name, charter, target_artifact_type, target_artifact_id, status, success_criteria, formed_at,
     recruitment_closes_at, target_disband_at, disbanded_at, created_by, findings_bubbled)
SELECT id, id, 'Find out.', 'gap', id, status,
       CASE n % 4 WHEN 0 THEN '[{"measure": "findings_bubbled", "at_least": 100}]'
                  WHEN 1 THEN '[{"measure": "journal_entries", "at_least": 1000}]'
                  WHEN 2 THEN '[{"measure": "members", "at_least": 2}, {"measure": "findings_authored", "at_least": 1000}]'
                  ELSE '[{"measure": "findings_bubbled", "at_least": 1}, {"measure": "journal_entries", "at_least": 1000}]'
       END::jsonb,
       at, CASE WHEN status = 'recruiting' THEN now() + interval '1 day' ELSE at + interval '1 day' END,
       CASE WHEN status = 'active' THEN now() + interval '4 days' WHEN status <> 'recruiting' THEN at + interval '5 days' END,
       CASE WHEN status = 'disbanded' THEN at + interval '8 days' END, 'form_squads',
       CASE status WHEN 'recruiting' THEN 0 WHEN 'disbanded' THEN 4 ELSE 3 END
FROM made_squads;

INSERT INTO squads.squads_formed
SELECT id, 'gap', id, 600000 + n % 400000, 0, at, current_setting('world.policy'), '1', 'form_squads', 'benchmark',
       squads.utc_day(at)
FROM made_squads;

INSERT INTO squads.squad_events
    (squad_id, event_no, from_status, to_status, reason, happened_at, actor,
     policy_id, rule_version, driver, run_id, effective_on)
SELECT squad.id, edge.no, edge.before, edge.after, 'benchmark', moment.at, 'benchmark',
       current_setting('world.policy'), '1', 'fill_rosters', 'benchmark', squads.utc_day(moment.at)
FROM made_squads AS squad
JOIN (VALUES (1, NULL, 'forming', interval '0'), (2, 'forming', 'recruiting', '0'),
             (3, 'recruiting', 'active', '1 hour'), (4, 'active', 'harvesting', '5 days 1 hour'),
             (5, 'harvesting', 'disbanded', '8 days')) AS edge (no, before, after, later)
    ON edge.no <= CASE squad.status WHEN 'recruiting' THEN 2 WHEN 'active' THEN 3 WHEN 'harvesting' THEN 4 ELSE 5 END
CROSS JOIN LATERAL (SELECT squad.at + edge.later AS at) AS moment;

-- Five members each, the first leads.
CREATE TEMPORARY TABLE made_members ON COMMIT DROP AS
SELECT squad.id AS squad_id, squad.status, squad.n, place,
       'a' || 1 + (squad.n * 5 + place + CASE squad.status WHEN 'disbanded' THEN 17 ELSE 0 END) % pg_temp.size('agents')
           AS agent_id,
       squad.at
FROM made_squads AS squad CROSS JOIN generate_series(0, 4) AS place;

INSERT INTO squads.squad_members (squad_id, agent_id, role, joined_at, contribution_score, journal_entries,
                                  findings_authored)
SELECT squad_id, agent_id, CASE place WHEN 0 THEN 'lead' ELSE 'researcher' END, at,
       CASE status WHEN 'disbanded' THEN 10 ELSE 0 END, CASE status WHEN 'recruiting' THEN 0 ELSE 2 END,
       CASE WHEN status = 'recruiting' THEN 0 WHEN status = 'harvesting' THEN 5 WHEN place = 0 THEN 2 ELSE 1 END
FROM made_members;

INSERT INTO squads.squad_crews SELECT id, 5 FROM made_squads WHERE status <> 'disbanded';

-- One bid that was accepted for each member, one declined for each squad, and one that waits for each open one.
INSERT INTO squads.squad_join_bids
    (squad_id, agent_id, role, pitch, status, bid_at, decided_at, decided_by, fit_ppm, rationale)
SELECT squad_id, agent_id, 'researcher', 'I can.', 'accepted', at, at, 'benchmark', 500000, 'yes' FROM made_members
UNION ALL
SELECT id, 'a' || 1 + (n * 5 + 40) % pg_temp.size('agents'), 'researcher', 'I can.', 'declined', at, at, 'benchmark',
       100000, 'no' FROM made_squads
UNION ALL
SELECT id, 'a' || 1 + (n * 5 + 50) % pg_temp.size('agents'), 'researcher', 'I can.', 'pending', now(), NULL, NULL,
       NULL, NULL FROM made_squads WHERE status IN ('recruiting', 'active');

INSERT INTO squads.squad_journal (squad_id, author_agent_id, entry_type, title, body, created_at)
SELECT squad_id, agent_id, 'progress', 'Progress', 'Some.', at + interval '2 hours'
FROM made_members CROSS JOIN generate_series(1, 2) WHERE status <> 'recruiting';

-- Six of each squad that worked: merged, but for one rejected, and for two that wait in every other squad at work.
-- A squad that harvests has 25, of which twenty wait.
INSERT INTO squads.squad_findings
    (squad_id, author_agent_id, finding_type, title, summary, confidence, bubble_up_status, reviewed_by, bubbled_at,
     created_at)
SELECT member.squad_id, member.agent_id, 'evidence', 'It is so', 'Measured.', 0.8, state.status,
       CASE WHEN state.status IN ('merged', 'rejected') THEN other.agent_id END,
       CASE WHEN state.status = 'merged' THEN member.at + interval '5 hours' END, member.at + interval '3 hours'
FROM made_members AS member
JOIN made_members AS other
    ON other.squad_id = member.squad_id AND other.place = (member.place + 1) % 5
CROSS JOIN LATERAL generate_series(0, CASE WHEN member.status = 'harvesting' THEN 4 WHEN member.place = 0 THEN 1
                                           ELSE 0 END) AS turn
CROSS JOIN LATERAL (
    SELECT CASE WHEN member.status = 'harvesting' AND turn > 0 THEN 'pending'
                WHEN member.status = 'active' AND member.n % 2 = 1 AND member.place >= 3 THEN 'pending'
                WHEN member.place = 2 THEN 'rejected' ELSE 'merged' END AS status
) AS state
WHERE member.status <> 'recruiting';

ANALYZE squads.squad_findings;

INSERT INTO squads.finding_reviews (finding_id, reviewer_agent_id, verdict, confidence, rationale, created_at)
SELECT id, reviewed_by, CASE bubble_up_status WHEN 'merged' THEN 'accept' ELSE 'reject' END, 0.8, 'Measured again.',
       created_at FROM squads.squad_findings WHERE reviewed_by IS NOT NULL;

INSERT INTO squads.reviewed_findings
SELECT id, squad_id, CASE bubble_up_status WHEN 'merged' THEN 'accepted' ELSE 'rejected' END, 'reviews',
       (bubble_up_status = 'merged')::integer, (bubble_up_status <> 'merged')::integer, confidence, reviewed_by,
       created_at, current_setting('world.policy'), '1', 'review_findings', 'benchmark', squads.utc_day(created_at)
FROM squads.squad_findings WHERE reviewed_by IS NOT NULL;

INSERT INTO squads.bubbled_findings
SELECT id, squad_id, 'gap', squad_id, 5, bubbled_at, current_setting('world.policy'), '1', 'bubble_findings',
       'benchmark', squads.utc_day(bubbled_at)
FROM squads.squad_findings WHERE bubble_up_status = 'merged';

INSERT INTO squads.artifact_provenance
SELECT 'gap', squad_id, 'finding', id::text, 'supported_by', 'bubble_findings', bubbled_at
FROM squads.squad_findings WHERE bubble_up_status = 'merged';

INSERT INTO squads.agent_contributions
    (agent_id, contribution_type, artifact_type, artifact_id, via_squad, reference_id, created_at,
     policy_id, rule_version, driver, run_id, effective_on)
SELECT member.agent_id, 'squad_finding', 'finding', finding.id::text, finding.squad_id, 'finding:' || finding.id,
       finding.bubbled_at, current_setting('world.policy'), '1', 'bubble_findings', 'benchmark',
       squads.utc_day(finding.bubbled_at)
FROM squads.squad_findings AS finding JOIN made_members AS member USING (squad_id)
WHERE finding.bubble_up_status = 'merged';

INSERT INTO squads.outbox (message_key, topic, payload, created_at, delivered_at, attempts)
SELECT 'finding:' || id, 'finding.merged', jsonb_build_object('finding', id, 'title', title), bubbled_at, bubbled_at, 1
FROM squads.squad_findings WHERE bubble_up_status = 'merged';

-- One outcome for two squads that are no more, all settled, and compared once.
INSERT INTO squads.outcomes (artifact_type, artifact_id, kind, evidence, recorded_by, recorded_at)
SELECT 'gap', 'p' || n, 'cited', 'paper ' || n, 'operator', pg_temp.begin_at() + interval '99 days'
FROM generate_series(1, pg_temp.size('squads'), 2) AS n;

INSERT INTO squads.dividends
SELECT id, 50000000, 50000000, 5, 'paid', recorded_at, current_setting('world.policy'), '1', 'pay_dividends',
       'benchmark', squads.utc_day(recorded_at) FROM squads.outcomes;

INSERT INTO squads.credit_dividends
SELECT outcome.id, member.agent_id, 0, 4, 4, 1, '[]', 10000000, current_setting('world.policy'), '1', 'pay_dividends',
       'benchmark', squads.utc_day(outcome.recorded_at)
FROM squads.outcomes AS outcome JOIN made_members AS member ON member.squad_id = outcome.artifact_id;

INSERT INTO squads.policy_calibration
    (evaluated_policy_id, outcomes, outcomes_through, evidence, proposed_at,
     policy_id, rule_version, driver, run_id, effective_on)
SELECT current_setting('world.policy'), count(*), max(id), '{}', now(), current_setting('world.policy'), '1',
       'calibrate_policy', 'benchmark', current_date FROM squads.outcomes;

INSERT INTO squads.accounts (name, kind, owner_id, balance_micro, opened_at, closed_at)
SELECT 'wallet:' || id, 'wallet', id, 0, created_at, NULL FROM squads.agents
UNION ALL
SELECT 'squad:' || id, 'squad', id, 0, at, CASE WHEN status = 'disbanded' THEN at + interval '8 days' END
FROM made_squads;

ANALYZE squads.accounts;

-- Older contributions went to squads that are no more, the newer half to those that live.
CREATE TEMPORARY TABLE given ON COMMIT DROP AS
SELECT n, 'a' || 1 + (n * 104729 + n / 7) % pg_temp.size('agents') AS agent_id,
       CASE WHEN n * 2 < pg_temp.size('contributions') THEN 'p' ELSE 's' END
           || 1 + n * 31 % pg_temp.size('squads') AS squad_id,
       1000000 * (1 + n * 7919 % 100) AS amount_micro,
       pg_temp.begin_at() + interval '100 days' * (n::double precision / pg_temp.size('contributions')) AS at
FROM generate_series(1, pg_temp.size('contributions')) AS n;

CREATE TEMPORARY TABLE moved ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY made.at, made.kind <> 'mint', made.key) AS id, made.kind, payer.id AS payer_id,
       receiver.id AS receiver_id, made.payer, made.receiver, made.amount_micro, made.key, made.at
FROM (
    SELECT 'mint' AS kind, 'issuance' AS payer, 'wallet:' || id AS receiver, 100000000000 AS amount_micro,
           'mint:' || id AS key, created_at AS at FROM squads.agents
    UNION ALL
    SELECT 'mint', 'issuance', system, 1000000000000000, 'mint:benchmark:' || system, pg_temp.begin_at()
    FROM unnest(ARRAY['treasury', 'matching_pool']) AS system
    UNION ALL
    SELECT 'mint', 'issuance', system, 1, 'mint:' || system || ':' || to_char(squads.utc_day(now()), 'YYYY-MM-DD'),
           date_trunc('day', now())
    FROM unnest(ARRAY['treasury', 'matching_pool']) AS system
    UNION ALL
    SELECT 'contribution', 'wallet:' || agent_id, 'squad:' || squad_id, amount_micro, 'given:' || n, at FROM given
    UNION ALL
    -- A round a day, a fifth of the squads in each.
    SELECT 'match', 'matching_pool', 'squad:' || CASE WHEN day < 50 THEN 'p' ELSE 's' END || n, 1000000,
           format('match:%s:%s', day + 1, n), pg_temp.begin_at() + day * interval '1 day' + interval '12 hours'
    FROM generate_series(0, 99) AS day, generate_series(1, pg_temp.size('squads'), 5) AS n
    UNION ALL
    SELECT 'seed', 'treasury', 'squad:' || id, 1000000000, 'seed:' || id, at FROM made_squads WHERE status <> 'disbanded'
    UNION ALL
    SELECT 'dividend', 'treasury', 'wallet:' || agent_id, share_micro, format('dividend:%s:%s', outcome_id, agent_id),
           pg_temp.begin_at() + interval '99 days' FROM squads.credit_dividends
) AS made
JOIN squads.accounts AS payer ON payer.name = made.payer
JOIN squads.accounts AS receiver ON receiver.name = made.receiver;

-- The pools of squads that are no more went to five members each, the whole with the first.
INSERT INTO moved
SELECT (SELECT max(id) FROM moved) + row_number() OVER (), 'payout', pool.receiver_id, wallet.id, pool.receiver,
       wallet.name,
       CASE member.place WHEN 0 THEN pool.held_micro - 4 * (pool.held_micro / 5) ELSE pool.held_micro / 5 END,
       format('payout:%s:%s', member.squad_id, member.agent_id), now() - interval '1 hour'
FROM (SELECT receiver_id, receiver, sum(amount_micro)::bigint AS held_micro FROM moved
      WHERE receiver LIKE 'squad:p%' GROUP BY 1, 2) AS pool
JOIN made_members AS member ON 'squad:' || member.squad_id = pool.receiver
JOIN squads.accounts AS wallet ON wallet.name = 'wallet:' || member.agent_id;

ANALYZE moved;

-- Indexes whose order is not that of the rows are made anew when the rows are there.
CREATE TEMPORARY TABLE put_off ON COMMIT DROP AS
SELECT format('%I.%I', space.nspname, heap.relname) AS heap, index.relname AS name, made.conname,
       coalesce(pg_get_constraintdef(made.oid), pg_get_indexdef(index.oid)) AS definition
FROM pg_index
JOIN pg_class AS index ON index.oid = indexrelid
JOIN pg_class AS heap ON heap.oid = indrelid
JOIN pg_namespace AS space ON space.oid = heap.relnamespace
LEFT JOIN pg_constraint AS made ON made.conindid = index.oid AND made.contype IN ('u', 'p')
WHERE space.nspname = 'squads' AND NOT indisprimary
  AND heap.relname IN ('transfers', 'entries', 'squad_grants', 'pledged_contributions', 'transfer_seals');

DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT * FROM put_off LOOP
        EXECUTE CASE WHEN one.conname IS NULL THEN format('DROP INDEX squads.%I', one.name)
                     ELSE format('ALTER TABLE %s DROP CONSTRAINT %I', one.heap, one.conname) END;
    END LOOP;
END $$;

INSERT INTO squads.transfers
    (id, kind, from_account_id, to_account_id, amount_micro, idempotency_key, args_hash, posted_at,
     policy_id, rule_version, driver, run_id, effective_on)
OVERRIDING SYSTEM VALUE
SELECT id, kind, payer_id, receiver_id, amount_micro, key, '\x00', at, current_setting('world.policy'), '1',
       'benchmark', 'benchmark', squads.utc_day(at)
FROM moved ORDER BY id;

SELECT setval(pg_get_serial_sequence('squads.transfers', 'id'), (SELECT max(id) FROM moved));

INSERT INTO squads.entries (transfer_id, entry_no, account_id, amount_micro, balance_after_micro, account_version,
                            posted_at)
SELECT id, entry_no, account_id, amount_micro,
       sum(amount_micro) OVER (PARTITION BY account_id ORDER BY id ROWS UNBOUNDED PRECEDING),
       row_number() OVER (PARTITION BY account_id ORDER BY id), at
FROM (SELECT id, 1 AS entry_no, payer_id AS account_id, -amount_micro AS amount_micro, at FROM moved
      UNION ALL
      SELECT id, 2, receiver_id, amount_micro, at FROM moved) AS leg
ORDER BY id, entry_no;

UPDATE squads.accounts AS account SET balance_micro = held.amount_micro, version = held.entries
FROM (SELECT account_id, sum(amount_micro) AS amount_micro, count(*) AS entries FROM squads.entries GROUP BY 1) AS held
WHERE held.account_id = account.id;

INSERT INTO squads.squad_grants (id, squad_id, from_account, agent_id, amount_micro, purpose, granted_at)
SELECT id, substr(receiver, 7), payer, CASE WHEN payer LIKE 'wallet:%' THEN substr(payer, 8) END, amount_micro,
       CASE kind WHEN 'match' THEN 'quadratic_funding' ELSE kind END, at
FROM moved WHERE receiver LIKE 'squad:%' ORDER BY id;

INSERT INTO squads.qf_rounds
SELECT day + 1, pg_temp.begin_at() + day * interval '1 day' + interval '12 hours', 'quadratic', 10000000000, 2500000000,
       current_setting('world.policy'), '1', 'match_round', 'benchmark',
       squads.utc_day(pg_temp.begin_at() + day * interval '1 day')
FROM generate_series(0, 99) AS day;

INSERT INTO squads.qf_claims
SELECT id, 1 + extract(day FROM at - pg_temp.begin_at())::bigint FROM moved WHERE kind = 'contribution' ORDER BY id;

INSERT INTO squads.contributor_totals
SELECT squad_id, agent_id, sum(amount_micro) FROM given GROUP BY 1, 2 ORDER BY 1, 2;

-- Amounts are few, so that a root of each is taken once.
INSERT INTO squads.qf_standings
SELECT total.squad_id, count(*), sum(known.root), sum(total.total_micro), coalesce(sum(DISTINCT matched.micro), 0), 1000000
FROM squads.contributor_totals AS total
JOIN (SELECT total_micro, squads.root(total_micro) AS root
      FROM (SELECT DISTINCT total_micro FROM squads.contributor_totals) AS each) AS known USING (total_micro)
LEFT JOIN (SELECT receiver, sum(amount_micro) AS micro FROM moved WHERE kind = 'match' GROUP BY 1) AS matched
    ON matched.receiver = 'squad:' || total.squad_id
GROUP BY 1;

INSERT INTO squads.qf_matches
SELECT split_part(moved.key, ':', 2)::bigint, standing.squad_id, 0, standing.contributors, standing.root_sum,
       standing.contributed_micro, 1000000, 0, 1000000, 625000000, 1000000, 'paid in full',
       current_setting('world.policy'), '1', 'match_round', 'benchmark', squads.utc_day(moved.at)
FROM moved JOIN squads.qf_standings AS standing ON 'squad:' || standing.squad_id = moved.receiver
WHERE moved.kind = 'match';

INSERT INTO squads.distributions
SELECT squad_id, 'by_score', sum(amount_micro), 50, 5, now(), current_setting('world.policy'), '1', 'distribute_pools',
       'benchmark', current_date
FROM (SELECT substr(payer, 7) AS squad_id, amount_micro FROM moved WHERE kind = 'payout') AS paid GROUP BY 1;

INSERT INTO squads.harvest_distributions
SELECT substr(payer, 7), substr(receiver, 8), 0, 'researcher', 2, 1, 0.8, 1, 10, amount_micro, 0,
       current_setting('world.policy'), '1', 'distribute_pools', 'benchmark', current_date
FROM moved WHERE kind = 'payout';

-- Everybody has pledged and rests; a tenth of what was given was given under a pledge.
INSERT INTO squads.pledges (agent_id, squads, reserve_micro, pledged_at)
SELECT id, '[]', 0, created_at FROM squads.agents;

INSERT INTO squads.pledges_in_force (agent_id, pledge_id, quiet_until, rests_for)
SELECT agent_id, id, '9999-12-31 00:00+00', 'means' FROM squads.pledges;

INSERT INTO squads.pledged_contributions
SELECT squads.pledge_cycle(moved.at, 3600) * 1000 + moved.id % 1000, given.agent_id, given.squad_id, 1, pledge.id,
       moved.id, 100000000000, given.amount_micro, moved.at, current_setting('world.policy'), '1', 'honour_pledges',
       'benchmark', squads.utc_day(moved.at)
FROM given
JOIN moved ON moved.key = 'given:' || given.n
JOIN squads.pledges AS pledge ON pledge.agent_id = given.agent_id
WHERE given.n % 10 = 0
ORDER BY 1, 2, 3;

INSERT INTO squads.transfer_seals
SELECT id, id, sha256(id::text::bytea) FROM moved ORDER BY id;

INSERT INTO squads.ledger_seals
SELECT 1, 1, max(id), sha256(max(id)::text::bytea), now(), current_setting('world.policy'), '1', 'seal_ledger',
       'benchmark', current_date FROM moved;

INSERT INTO squads.driver_runs (units, moved_micro, recorded_at, policy_id, rule_version, driver, run_id, effective_on)
SELECT 100, 0, pg_temp.begin_at() + n * interval '1 minute', current_setting('world.policy'), '1', driver, 'benchmark',
       squads.utc_day(pg_temp.begin_at() + n * interval '1 minute')
FROM generate_series(1, 14400, 5) AS n,
     unnest(ARRAY['form_squads', 'fill_rosters', 'honour_pledges', 'match_round', 'review_findings', 'bubble_findings',
                  'distribute_pools', 'pay_dividends', 'seal_ledger']) AS driver;

DELETE FROM squads.pledge_wakeups;

DELETE FROM squads.unsealed_transfers;

DO $$
DECLARE
    one record;
BEGIN
    FOR one IN SELECT * FROM put_off LOOP
        EXECUTE CASE WHEN one.conname IS NULL THEN one.definition
                     ELSE format('ALTER TABLE %s ADD CONSTRAINT %I %s', one.heap, one.conname, one.definition) END;
    END LOOP;
END $$;
