-- Pledges: which one of an agent counts, how it stands in this cycle, and the gap of what it has yet to pay.

CREATE OR REPLACE FUNCTION squads.put_pledges_in_force() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM squads.pledges_in_force AS present
    USING inserted WHERE inserted.agent_id = present.agent_id AND inserted.revoked;
    INSERT INTO squads.pledges_in_force (agent_id, pledge_id)
    SELECT agent_id, max(id) FROM inserted WHERE NOT revoked GROUP BY agent_id
    ON CONFLICT (agent_id) DO UPDATE SET pledge_id = excluded.pledge_id;
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

-- The clock is read once, so that all rows are of one cycle. The cost follows the pledges in force:
-- pledges_pkey, accounts_name_key and pledged_contributions_pkey find the rest, and history lengthens none of them.
CREATE VIEW squads.pledge_standings AS
WITH present AS MATERIALIZED (
    SELECT moment.now AS read_at,
           squads.pledge_cycle(moment.now, (policy.content ->> 'pledge_cycle_seconds')::bigint) AS cycle
    FROM (SELECT squads.clock() AS now) AS moment CROSS JOIN squads.current_policy AS policy
)
SELECT present.cycle, present.read_at, pledge.agent_id, pledge.id AS pledge_id, pledge.squads,
       pledge.reserve_micro, pledge.pledged_at, wallet.id AS account_id, wallet.balance_micro,
       wallet.closed_at IS NULL AS active,
       ARRAY(SELECT payment.squad_id FROM squads.pledged_contributions AS payment
             WHERE payment.cycle = present.cycle AND payment.agent_id = pledge.agent_id
             ORDER BY payment.slot) AS funded
FROM present
CROSS JOIN squads.pledges_in_force AS consent
JOIN squads.pledges AS pledge ON pledge.id = consent.pledge_id
JOIN squads.accounts AS wallet ON wallet.name = 'wallet:' || consent.agent_id;
COMMENT ON VIEW squads.pledge_standings IS
'Pledges in force, with the wallet behind each and the squads that it has funded in the present cycle.';
COMMENT ON COLUMN squads.pledge_standings.cycle IS 'The present cycle';
COMMENT ON COLUMN squads.pledge_standings.read_at IS 'When the clock was read; one moment for all rows';
COMMENT ON COLUMN squads.pledge_standings.agent_id IS 'Who has consented';
COMMENT ON COLUMN squads.pledge_standings.account_id IS 'The agent''s wallet';
COMMENT ON COLUMN squads.pledge_standings.balance_micro IS 'What the wallet holds now, in µT';
COMMENT ON COLUMN squads.pledge_standings.active IS 'Whether the wallet is open';
COMMENT ON COLUMN squads.pledge_standings.funded IS 'Squads funded in this cycle, in the order of their slots';

-- The guards of rules.pledges in SQL. A squad is looked for only where they pass, and counting stops at the
-- free places: by research_squads_pkey for named squads, by research_squads_status_idx for any.
CREATE VIEW squads.missing_pledged_contributions AS
WITH terms AS MATERIALIZED (
    SELECT (content ->> 'pledge_cycle_seconds')::bigint AS cycle_seconds,
           (content ->> 'pledge_max_squads')::bigint AS max_squads,
           (content ->> 'pledge_min_balance_micro')::bigint AS min_balance,
           (content ->> 'pledge_min_contribution_micro')::bigint AS min_contribution,
           (content ->> 'pledge_max_contribution_micro')::bigint AS max_contribution,
           split_part(content ->> 'pledge_balance_fraction', '/', 1)::numeric AS numerator,
           coalesce(nullif(split_part(content ->> 'pledge_balance_fraction', '/', 2), ''), '1')::numeric
               AS denominator
    FROM squads.current_policy
)
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
        LIMIT greatest(terms.max_squads - cardinality(standing.funded), 0)
    ) AS counted
) AS candidates
WHERE standing.active
  AND standing.balance_micro >= terms.min_balance
  AND standing.balance_micro - standing.reserve_micro >= least(terms.min_contribution, terms.max_contribution)
  AND cardinality(standing.funded) < terms.max_squads
  AND candidates.squads > 0;
COMMENT ON VIEW squads.missing_pledged_contributions IS
'Agents whose pledge has a free place in this cycle, the means, and a squad that takes money.';
