-- Pledges: which one of an agent counts, how it stands in this cycle, and the gap of what it has yet to pay.

CREATE OR REPLACE FUNCTION squads.put_pledges_in_force() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM squads.pledges_in_force AS present
    USING inserted WHERE inserted.agent_id = present.agent_id AND inserted.revoked;
    INSERT INTO squads.pledges_in_force (agent_id, pledge_id)
    SELECT agent_id, max(id) FROM inserted WHERE NOT revoked GROUP BY agent_id
    ON CONFLICT (agent_id) DO UPDATE
        SET pledge_id = excluded.pledge_id, quiet_until = 'epoch', rests_for = NULL;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION squads.put_pledges_in_force() IS
'Keeps pledges_in_force: a pledge replaces the agent''s former one, a revocation ends it.';

CREATE OR REPLACE TRIGGER pledges_put_in_force AFTER INSERT ON squads.pledges
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION squads.put_pledges_in_force();

CREATE OR REPLACE FUNCTION squads.pledge_cycle(moment timestamptz, cycle_seconds bigint) RETURNS bigint
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN floor(extract(epoch FROM moment) / cycle_seconds)::bigint;
COMMENT ON FUNCTION squads.pledge_cycle(timestamptz, bigint) IS
'Number of the cycle that a moment is in. Equals rules.pledges.cycle_of.';

-- What may let a pledge at rest pay leaves a row in pledge_wakeups, in the transaction that brings it about, and
-- without a look at pledges: one that is made, or put to rest, at the same time could not be seen. Rows are only
-- added, so that nobody who moves money waits for the driver. Of transfers, those that only fill pools are the
-- many, and are left out before accounts are read.
CREATE OR REPLACE FUNCTION squads.wake_for_means() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO squads.pledge_wakeups (agent_id, cause)
    SELECT DISTINCT wallet.owner_id, 'means'
    FROM inserted AS transfer
    JOIN squads.accounts AS wallet ON wallet.id = transfer.to_account_id AND wallet.kind = 'wallet'
    WHERE transfer.kind NOT IN ('contribution', 'match');
    RETURN NULL;
END $$;
COMMENT ON FUNCTION squads.wake_for_means() IS 'Tells the driver of pledges whose wallets money came into.';

CREATE OR REPLACE TRIGGER transfers_wake_pledges AFTER INSERT ON squads.transfers
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION squads.wake_for_means();

CREATE OR REPLACE FUNCTION squads.wake_for_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO squads.pledge_wakeups (agent_id, cause)
    VALUES (CASE WHEN NEW.kind = 'wallet' THEN NEW.owner_id END,
            CASE WHEN NEW.kind = 'wallet' THEN 'means' ELSE 'squads' END);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION squads.wake_for_account() IS 'Tells the driver of pledges that a wallet or pool is open again.';

CREATE OR REPLACE TRIGGER accounts_wake_pledges AFTER UPDATE OF closed_at ON squads.accounts
    FOR EACH ROW WHEN (OLD.closed_at IS NOT NULL AND NEW.closed_at IS NULL AND NEW.kind IN ('wallet', 'squad'))
    EXECUTE FUNCTION squads.wake_for_account();

-- EXCEPT is hashed. A join of the two would be by the plan of the session's first update, and for n squads after one of
-- a single squad cost n².
CREATE OR REPLACE FUNCTION squads.wake_for_squads() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO squads.pledge_wakeups (cause)
        SELECT 'squads' WHERE EXISTS (SELECT FROM changed WHERE status IN ('recruiting', 'active'));
    ELSE
        INSERT INTO squads.pledge_wakeups (cause)
        SELECT 'squads' WHERE EXISTS (SELECT id FROM changed WHERE status IN ('recruiting', 'active')
                                      EXCEPT SELECT id FROM former WHERE status IN ('recruiting', 'active'));
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION squads.wake_for_squads() IS 'Tells the driver of pledges that a squad has begun to take money.';

CREATE OR REPLACE TRIGGER squads_added_wake_pledges AFTER INSERT ON squads.research_squads
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION squads.wake_for_squads();
CREATE OR REPLACE TRIGGER squads_changed_wake_pledges AFTER UPDATE ON squads.research_squads
    REFERENCING OLD TABLE AS former NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION squads.wake_for_squads();

CREATE OR REPLACE FUNCTION squads.wake_for_policy() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO squads.pledge_wakeups (cause) VALUES ('policy');
    RETURN NULL;
END $$;
COMMENT ON FUNCTION squads.wake_for_policy() IS 'Tells the driver of pledges that other numbers are in force.';

CREATE OR REPLACE TRIGGER adoptions_wake_pledges AFTER INSERT ON squads.policy_adoptions
    FOR EACH STATEMENT EXECUTE FUNCTION squads.wake_for_policy();

CREATE VIEW squads.pledge_terms AS
SELECT (content ->> 'pledge_cycle_seconds')::bigint AS cycle_seconds,
       (content ->> 'pledge_max_squads')::bigint AS max_squads,
       (content ->> 'pledge_min_balance_micro')::bigint AS min_balance,
       (content ->> 'pledge_min_contribution_micro')::bigint AS min_contribution,
       (content ->> 'pledge_max_contribution_micro')::bigint AS max_contribution,
       least((content ->> 'pledge_min_contribution_micro')::bigint,
             (content ->> 'pledge_max_contribution_micro')::bigint) AS least,
       split_part(content ->> 'pledge_balance_fraction', '/', 1)::numeric AS numerator,
       coalesce(nullif(split_part(content ->> 'pledge_balance_fraction', '/', 2), ''), '1')::numeric
           AS denominator
FROM squads.current_policy;
COMMENT ON VIEW squads.pledge_terms IS 'What the policy in force says of pledges, in µT and seconds.';
COMMENT ON COLUMN squads.pledge_terms.cycle_seconds IS 'Length of a cycle, in seconds';
COMMENT ON COLUMN squads.pledge_terms.max_squads IS 'The most squads that a pledge funds in a cycle';
COMMENT ON COLUMN squads.pledge_terms.min_balance IS 'The least that a wallet must hold for a pledge to pay, in µT';
COMMENT ON COLUMN squads.pledge_terms.min_contribution IS 'The least that a pledge pays a squad, in µT';
COMMENT ON COLUMN squads.pledge_terms.max_contribution IS 'The most that a pledge pays a squad, in µT';
COMMENT ON COLUMN squads.pledge_terms.least IS 'The least that must be left above the reserve, in µT';
COMMENT ON COLUMN squads.pledge_terms.numerator IS 'Numerator of the part of the balance that a pledge pays';
COMMENT ON COLUMN squads.pledge_terms.denominator IS 'Denominator of that part';

-- The branches exclude each other, so that each pledge comes once and a look can stop at the first. With a lower
-- bound the planner expects few in a span that it cannot see, and takes pledges_in_force_quiet_until_idx. The
-- wake-ups are read only where pledges are in force; pledges_in_force_pkey and pledges_in_force_resting_idx follow.
CREATE VIEW squads.pledges_awake AS
WITH moment AS MATERIALIZED (SELECT squads.clock() AS now)
SELECT agent_id, pledge_id FROM squads.pledges_in_force
WHERE quiet_until BETWEEN 'epoch' AND (SELECT now FROM moment)
UNION ALL
SELECT consent.agent_id, consent.pledge_id
FROM (SELECT DISTINCT agent_id FROM squads.pledge_wakeups
      WHERE agent_id IS NOT NULL AND EXISTS (SELECT FROM squads.pledges_in_force)) AS woken
CROSS JOIN LATERAL (SELECT agent_id, pledge_id FROM squads.pledges_in_force
                    WHERE agent_id = woken.agent_id AND quiet_until > (SELECT now FROM moment) OFFSET 0) AS consent
UNION ALL
SELECT agent_id, pledge_id FROM squads.pledges_in_force AS consent
WHERE rests_for = 'squads' AND quiet_until > (SELECT now FROM moment)
  AND EXISTS (SELECT FROM squads.pledge_wakeups WHERE cause IN ('squads', 'policy') AND agent_id IS NULL)
  AND NOT EXISTS (SELECT FROM squads.pledge_wakeups AS own WHERE own.agent_id = consent.agent_id)
UNION ALL
SELECT agent_id, pledge_id FROM squads.pledges_in_force AS consent
WHERE rests_for IN ('places', 'means') AND quiet_until > (SELECT now FROM moment)
  AND EXISTS (SELECT FROM squads.pledge_wakeups WHERE cause = 'policy')
  AND NOT EXISTS (SELECT FROM squads.pledge_wakeups AS own WHERE own.agent_id = consent.agent_id);
COMMENT ON VIEW squads.pledges_awake IS
'Pledges in force that are to be looked at: not at rest, or woken, or their rest is over.';
COMMENT ON COLUMN squads.pledges_awake.agent_id IS 'Who has consented';

-- The clock is read once, so that all rows are of one cycle. The cost follows the pledges that are awake:
-- pledges_pkey, accounts_name_key and pledged_contributions_pkey find the rest, one lookup each whatever the
-- planner thinks of their number, and history lengthens none of them.
CREATE VIEW squads.pledge_standings AS
WITH present AS MATERIALIZED (
    SELECT moment.now AS read_at,
           squads.pledge_cycle(moment.now, (policy.content ->> 'pledge_cycle_seconds')::bigint) AS cycle
    FROM (SELECT squads.clock() AS now) AS moment CROSS JOIN squads.current_policy AS policy
)
SELECT present.cycle, present.read_at, consent.agent_id, consent.pledge_id, pledge.squads,
       pledge.reserve_micro, pledge.pledged_at, wallet.id AS account_id, wallet.balance_micro,
       wallet.closed_at IS NULL AS active,
       ARRAY(SELECT payment.squad_id FROM squads.pledged_contributions AS payment
             WHERE payment.cycle = present.cycle AND payment.agent_id = consent.agent_id
             ORDER BY payment.slot) AS funded
FROM present
CROSS JOIN squads.pledges_awake AS consent
CROSS JOIN LATERAL (SELECT squads, reserve_micro, pledged_at FROM squads.pledges
                    WHERE id = consent.pledge_id OFFSET 0) AS pledge
CROSS JOIN LATERAL (SELECT id, balance_micro, closed_at FROM squads.accounts
                    WHERE name = 'wallet:' || consent.agent_id OFFSET 0) AS wallet;
COMMENT ON VIEW squads.pledge_standings IS
'Pledges that are awake, with the wallet behind each and the squads that it has funded in the present cycle.';
COMMENT ON COLUMN squads.pledge_standings.cycle IS 'The present cycle';
COMMENT ON COLUMN squads.pledge_standings.read_at IS 'When the clock was read; one moment for all rows';
COMMENT ON COLUMN squads.pledge_standings.agent_id IS 'Who has consented';
COMMENT ON COLUMN squads.pledge_standings.account_id IS 'The agent''s wallet';
COMMENT ON COLUMN squads.pledge_standings.balance_micro IS 'What the wallet holds now, in µT';
COMMENT ON COLUMN squads.pledge_standings.active IS 'Whether the wallet is open';
COMMENT ON COLUMN squads.pledge_standings.funded IS 'Squads funded in this cycle, in the order of their slots';

-- The guards of rules.pledges in SQL. A squad is looked for only where they pass, and counting stops at the
-- free places: by research_squads_pkey for named squads, by research_squads_status_idx for any, with an open pool
-- by accounts_name_key. When much is awake that cannot pay, or many wake-ups wait, that is work too: putting it
-- to rest keeps a look short. Both counts stop at their bounds.
CREATE VIEW squads.missing_pledged_contributions AS
WITH terms AS MATERIALIZED (SELECT * FROM squads.pledge_terms)
SELECT
    'agent:' || standing.agent_id AS unit,
    greatest(standing.pledged_at, to_timestamp(standing.cycle * terms.cycle_seconds)) AS since,
    format('pledge funded %s of %s squads this cycle; %s more would take money',
           cardinality(standing.funded), terms.max_squads, candidates.squads) AS reason,
    trim_scale(least(
        candidates.squads * least(greatest(div(standing.balance_micro * numerator, denominator),
                                           min_contribution), max_contribution),
        standing.balance_micro - standing.reserve_micro) / 1000000) AS tokens_at_stake
FROM squads.pledge_standings AS standing
CROSS JOIN terms
CROSS JOIN LATERAL (
    SELECT count(*) AS squads FROM (
        SELECT FROM (
            SELECT squad.id FROM squads.research_squads AS squad
            WHERE jsonb_array_length(standing.squads) > 0 AND squad.status IN ('recruiting', 'active')
              AND squad.id IN (SELECT jsonb_array_elements_text(standing.squads))
            UNION ALL
            SELECT squad.id FROM squads.research_squads AS squad
            WHERE jsonb_array_length(standing.squads) = 0 AND squad.status IN ('recruiting', 'active')
        ) AS taking
        WHERE taking.id <> ALL (standing.funded)
          AND EXISTS (SELECT FROM squads.accounts AS pool
                      WHERE pool.name = 'squad:' || taking.id AND pool.closed_at IS NULL)
        LIMIT greatest(terms.max_squads - cardinality(standing.funded), 0)
    ) AS counted
) AS candidates
WHERE standing.active
  AND standing.balance_micro >= terms.min_balance
  AND standing.balance_micro - standing.reserve_micro >= terms.least
  AND cardinality(standing.funded) < terms.max_squads
  AND candidates.squads > 0
UNION ALL
SELECT 'pledges:awake', squads.clock(), 'many pledges are awake or woken, and are to be paid or put to rest', 0
WHERE (SELECT count(*) FROM (SELECT FROM squads.pledges_awake LIMIT 501) AS awake) > 500
   OR (SELECT count(*) FROM (SELECT FROM squads.pledge_wakeups LIMIT 10001) AS woken) > 10000;
COMMENT ON VIEW squads.missing_pledged_contributions IS
'Agents whose pledge has a free place in this cycle, the means, and a squad that takes money.';
