-- Rosters: how squads stand between recruitment and harvest, the gap of what has to happen to them, and the edges
-- that were taken by themselves.

CREATE OR REPLACE FUNCTION squads.at_least(criterion jsonb) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN jsonb_typeof(criterion) = 'object' THEN
           CASE WHEN criterion - 'measure' - 'at_least' = '{}'
                     AND jsonb_typeof(criterion -> 'measure') = 'string'
                     AND jsonb_typeof(criterion -> 'at_least') = 'number'
                     AND criterion ->> 'at_least' ~ '^[1-9][0-9]{0,8}$'
                THEN (criterion ->> 'at_least')::bigint END END;
COMMENT ON FUNCTION squads.at_least(jsonb) IS
'What a success criterion asks for; null if its form is not known. Equals rules.criteria.';

-- Whether anybody who works is in a squad, and how many: squad_members_pkey, a handful of rows for each squad.
CREATE OR REPLACE FUNCTION squads.working_members(squad text) RETURNS bigint
LANGUAGE sql STABLE STRICT PARALLEL SAFE
AS $$
    SELECT count(*) FROM squads.squad_members
    WHERE squad_id = squad AND left_at IS NULL AND role <> 'observer'
$$;
COMMENT ON FUNCTION squads.working_members(text) IS 'Members of a squad now, observers not counted.';

-- squad_events_pkey: a squad's few edges.
CREATE OR REPLACE FUNCTION squads.extensions(squad text) RETURNS bigint
LANGUAGE sql STABLE STRICT PARALLEL SAFE
AS $$
    SELECT count(*) FROM squads.squad_events
    WHERE squad_id = squad AND from_status = 'recruiting' AND to_status = 'recruiting'
$$;
COMMENT ON FUNCTION squads.extensions(text) IS 'How often a squad''s recruitment was extended.';

-- research_squads_pkey, and squad_members_pkey for what members count.
CREATE OR REPLACE FUNCTION squads.meets_its_criteria(squad text) RETURNS boolean
LANGUAGE sql STABLE STRICT PARALLEL SAFE
AS $$
    SELECT CASE WHEN jsonb_typeof(own.success_criteria) = 'array' AND own.success_criteria <> '[]' THEN
        NOT EXISTS (
            SELECT FROM jsonb_array_elements(own.success_criteria) AS criterion
            WHERE NOT coalesce(CASE criterion ->> 'measure'
                WHEN 'findings_bubbled' THEN own.findings_bubbled
                WHEN 'findings_authored' THEN
                    (SELECT sum(findings_authored) FROM squads.squad_members WHERE squad_id = own.id)
                WHEN 'journal_entries' THEN
                    (SELECT sum(journal_entries) FROM squads.squad_members WHERE squad_id = own.id)
                WHEN 'members' THEN squads.working_members(own.id)
                END >= squads.at_least(criterion), false))
        ELSE false END
    FROM squads.research_squads AS own WHERE own.id = squad
$$;
COMMENT ON FUNCTION squads.meets_its_criteria(text) IS
'Whether a squad has reached all that it set out to reach. Equals rules.criteria.criteria_met.';

-- Plans are kept for the session: one made while these tables were near empty would scan them for each of many squads.
-- Most squads want a finding merged and have none: that is seen without reading their criteria through.
CREATE OR REPLACE FUNCTION squads.weigh_criteria(concerned text[]) RETURNS void LANGUAGE plpgsql
SET enable_seqscan = off AS $$
BEGIN
    DELETE FROM squads.criteria_met WHERE squad_id = ANY (concerned);
    INSERT INTO squads.criteria_met (squad_id)
    SELECT squad.id FROM squads.research_squads AS squad
    WHERE squad.id = ANY (concerned) AND squad.status = 'active'
      AND (squad.findings_bubbled > 0 OR NOT squad.success_criteria @> '[{"measure": "findings_bubbled"}]')
      AND squads.meets_its_criteria(squad.id)
    ON CONFLICT DO NOTHING;
END $$;
COMMENT ON FUNCTION squads.weigh_criteria(text[]) IS 'Keeps criteria_met for some squads.';

CREATE OR REPLACE FUNCTION squads.count_crews(concerned text[]) RETURNS void LANGUAGE plpgsql
SET enable_seqscan = off AS $$
BEGIN
    DELETE FROM squads.squad_crews WHERE squad_id = ANY (concerned);
    INSERT INTO squads.squad_crews (squad_id, members)
    SELECT id, squads.working_members(id) FROM squads.research_squads
    WHERE id = ANY (concerned) AND status <> 'disbanded'
    ON CONFLICT DO NOTHING;
END $$;
COMMENT ON FUNCTION squads.count_crews(text[]) IS 'Keeps squad_crews for some squads.';

-- What an update has changed is the new rows EXCEPT the old ones, which are hashed. A join of the two would be by the
-- plan of the session's first update, and for n rows after one of a single row cost n².
CREATE OR REPLACE FUNCTION squads.weigh_changed_squads() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM squads.weigh_criteria(array_agg(id)) FROM changed WHERE status = 'active' HAVING count(*) > 0;
        PERFORM squads.count_crews(array_agg(id)) FROM changed HAVING count(*) > 0;
    ELSE
        PERFORM squads.weigh_criteria(array_agg(DISTINCT id))
        FROM (SELECT id, status = 'active', findings_bubbled, success_criteria FROM changed
              EXCEPT SELECT id, status = 'active', findings_bubbled, success_criteria FROM former) AS different
        HAVING count(*) > 0;
        PERFORM squads.count_crews(array_agg(id))
        FROM (SELECT id, status = 'disbanded' FROM changed EXCEPT SELECT id, status = 'disbanded' FROM former)
            AS different
        HAVING count(*) > 0;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION squads.weigh_changed_squads() IS
'Keeps criteria_met and squad_crews when squads come, begin or end their work, or have a finding merged.';

CREATE OR REPLACE TRIGGER squads_added_weigh_criteria AFTER INSERT ON squads.research_squads
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION squads.weigh_changed_squads();
CREATE OR REPLACE TRIGGER squads_changed_weigh_criteria AFTER UPDATE ON squads.research_squads
    REFERENCING OLD TABLE AS former NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION squads.weigh_changed_squads();

-- Who comes, goes or changes roles does so under the squad's own lock, one after the other. Who writes entries or
-- findings shares it: two at once would not see each other's, and the last of both would count for nobody. So they
-- wait here for each other, by one of a thousand locks, until the first commits.
CREATE OR REPLACE FUNCTION squads.weigh_changed_members() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    moved text[];
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        PERFORM squads.weigh_criteria(array_agg(DISTINCT squad_id)),
                squads.count_crews(array_agg(DISTINCT squad_id)) FROM changed HAVING count(*) > 0;
        RETURN NULL;
    END IF;
    SELECT array_agg(DISTINCT squad_id) INTO moved
    FROM (SELECT squad_id, agent_id, journal_entries, findings_authored FROM changed
          EXCEPT SELECT squad_id, agent_id, journal_entries, findings_authored FROM former) AS different;
    IF moved IS NOT NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext('squads.criteria_met'), turn)
        FROM (SELECT DISTINCT hashtext(id) & 1023 AS turn FROM unnest(moved) AS one (id) ORDER BY turn) AS turns;
        PERFORM squads.weigh_criteria(moved);
    END IF;
    SELECT array_agg(DISTINCT squad_id) INTO moved
    FROM (SELECT squad_id, agent_id, left_at IS NULL, role = 'observer' FROM changed
          EXCEPT SELECT squad_id, agent_id, left_at IS NULL, role = 'observer' FROM former) AS different;
    IF moved IS NOT NULL THEN
        PERFORM squads.weigh_criteria(moved), squads.count_crews(moved);
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION squads.weigh_changed_members() IS
'Keeps criteria_met and squad_crews when members come, go, or write entries and findings.';

CREATE OR REPLACE TRIGGER members_added_weigh_criteria AFTER INSERT ON squads.squad_members
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION squads.weigh_changed_members();
CREATE OR REPLACE TRIGGER members_changed_weigh_criteria AFTER UPDATE ON squads.squad_members
    REFERENCING OLD TABLE AS former NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION squads.weigh_changed_members();
CREATE OR REPLACE TRIGGER members_removed_weigh_criteria AFTER DELETE ON squads.squad_members
    REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION squads.weigh_changed_members();

CREATE OR REPLACE FUNCTION squads.policy_seconds(parameter text) RETURNS interval
LANGUAGE sql STABLE STRICT AS $$
    SELECT make_interval(secs => (content ->> parameter)::double precision) FROM squads.current_policy
$$;
COMMENT ON FUNCTION squads.policy_seconds(text) IS 'A duration of the policy in force.';

-- What `rules.rosters.Standing` asks, of every squad that lives. Read for the few that a driver holds.
CREATE VIEW squads.squad_standings AS
WITH present AS MATERIALIZED (SELECT squads.clock() AS now)
SELECT squad.id AS squad_id, squad.status, squad.charter, squad.success_criteria,
       coalesce(formed.seed_micro, 0) AS seed_micro,
       (SELECT coalesce(sum(amount_micro), 0)::bigint FROM squads.squad_grants
        WHERE squad_id = squad.id AND purpose = 'seed') AS posted_micro,
       squad.recruitment_closes_at <= present.now AS window_over,
       squad.target_disband_at <= present.now AS time_over,
       squads.working_members(squad.id) AS working_members,
       squads.extensions(squad.id) AS extensions,
       squad.findings_bubbled, counted.findings_authored, counted.journal_entries
FROM present
CROSS JOIN squads.research_squads AS squad
LEFT JOIN squads.squads_formed AS formed ON formed.squad_id = squad.id
CROSS JOIN LATERAL (
    SELECT coalesce(sum(findings_authored), 0)::bigint AS findings_authored,
           coalesce(sum(journal_entries), 0)::bigint AS journal_entries
    FROM squads.squad_members WHERE squad_id = squad.id
) AS counted
WHERE squad.status <> 'disbanded';
COMMENT ON VIEW squads.squad_standings IS
'Squads that live, with all that decides about the next edge of each but the policy.';
COMMENT ON COLUMN squads.squad_standings.squad_id IS 'Squad';
COMMENT ON COLUMN squads.squad_standings.posted_micro IS 'What was paid of its seed, in µT';
COMMENT ON COLUMN squads.squad_standings.window_over IS 'Whether recruitment has closed; null without a window';
COMMENT ON COLUMN squads.squad_standings.time_over IS 'Whether its time to work is over; null without an end';
COMMENT ON COLUMN squads.squad_standings.working_members IS 'Members now, observers not counted';
COMMENT ON COLUMN squads.squad_standings.extensions IS 'How often its recruitment was extended';

-- squad_join_bids_one_pending holds what is undecided and nothing else, squad_members_pkey the members of each squad. A bid of a squad without an end waits for
-- as long as a squad recruits. Where recruitment closed and the squad is to begin or to recruit on, that comes
-- first, and the bid goes on waiting.
CREATE VIEW squads.pending_bids AS
WITH terms AS MATERIALIZED (
    SELECT squads.clock() AS now,
           squads.policy_seconds('recruit_window_seconds') AS recruit_window,
           (content ->> 'recruit_extensions')::bigint AS most_extensions
    FROM squads.current_policy
)
SELECT bid.id AS bid_id, bid.squad_id, bid.agent_id, bid.role, bid.pitch, bid.bid_at, squad.status, squad.charter,
       inside.working_members, inside.is_member,
       wait.until AS waits_until,
       wait.until <= terms.now
           AND NOT (squad.status = 'recruiting'
                    AND (inside.working_members > 0
                         OR squads.extensions(squad.id) < terms.most_extensions)) AS time_over,
       wait.until > terms.now AS waits
FROM squads.squad_join_bids AS bid
JOIN squads.research_squads AS squad ON squad.id = bid.squad_id
CROSS JOIN terms
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE role <> 'observer') AS working_members,
           count(*) FILTER (WHERE agent_id = bid.agent_id) > 0 AS is_member
    FROM squads.squad_members WHERE squad_id = bid.squad_id AND left_at IS NULL
) AS inside
CROSS JOIN LATERAL (
    SELECT coalesce(CASE WHEN squad.status = 'active' THEN squad.target_disband_at
                         ELSE squad.recruitment_closes_at END,
                    bid.bid_at + terms.recruit_window) AS until
) AS wait
WHERE bid.status = 'pending';
COMMENT ON VIEW squads.pending_bids IS
'Bids that nobody has decided, with all that decides about them but judgement, and until when they wait for it.';
COMMENT ON COLUMN squads.pending_bids.bid_id IS 'Running number of the bid';
COMMENT ON COLUMN squads.pending_bids.squad_id IS 'Squad that the agent wants to join';
COMMENT ON COLUMN squads.pending_bids.agent_id IS 'Who bids';
COMMENT ON COLUMN squads.pending_bids.role IS 'Role that the agent bids for: researcher, reviewer or observer';
COMMENT ON COLUMN squads.pending_bids.status IS 'Status of the squad';
COMMENT ON COLUMN squads.pending_bids.working_members IS 'Members of the squad now, observers not counted';
COMMENT ON COLUMN squads.pending_bids.is_member IS 'Whether the agent is a member by now';
COMMENT ON COLUMN squads.pending_bids.waits_until IS 'Until when the bid waits for a decision';
COMMENT ON COLUMN squads.pending_bids.time_over IS 'Whether it lapses now';
COMMENT ON COLUMN squads.pending_bids.waits IS 'Whether it still waits';

-- The guards of rules.lifecycle and rules.bids in SQL. research_squads_status_idx finds the squads that live;
-- what lies behind a guard is read where those before it pass, so that a squad which waits costs a comparison of
-- times. A squad that is to be abandoned is none of this gap's. Squads whose criteria are met are in criteria_met, and
-- squad_crews_members_idx says which are full. Of the bids (squad_join_bids_one_pending) those that a rule decides come
-- first, with one probe of squad_members_pkey each; of the others `gaps.is_open` asks for those whose time is over, and
-- that is seen before members are counted.
CREATE VIEW squads.missing_squad_rosters AS
WITH terms AS MATERIALIZED (
    SELECT squads.clock() AS now,
           (content ->> 'recruit_extensions')::bigint AS most_extensions,
           (content ->> 'max_members')::bigint AS max_members
    FROM squads.current_policy
),
full_squads AS MATERIALIZED (
    SELECT crew.squad_id FROM terms JOIN squads.squad_crews AS crew ON crew.members >= terms.max_members
),
step AS (
    SELECT squad.id AS squad_id, squad.formed_at AS since,
           'chartered, its success criteria locked, its seed posted: it may recruit' AS reason
    FROM squads.research_squads AS squad
    WHERE squad.status = 'forming' AND squad.charter ~ '[^[:space:]]'
      AND jsonb_typeof(squad.success_criteria) = 'array' AND squad.success_criteria <> '[]'
      -- Asked for each squad by its index: EXISTS could be answered by a pass over all of history.
      AND (coalesce((SELECT seed_micro FROM squads.squads_formed WHERE squad_id = squad.id), 0) = 0
           OR (SELECT amount_micro FROM squads.squad_grants
               WHERE squad_id = squad.id AND purpose = 'seed' LIMIT 1) > 0)
    UNION ALL
    SELECT squad.id, squad.recruitment_closes_at,
           CASE WHEN squads.working_members(squad.id) > 0 THEN 'recruitment closed and somebody has joined'
                ELSE 'recruitment closed and nobody has joined; it may recruit once more' END
    FROM terms JOIN squads.research_squads AS squad
        ON squad.status = 'recruiting' AND squad.recruitment_closes_at <= terms.now
    WHERE squads.working_members(squad.id) > 0 OR squads.extensions(squad.id) < terms.most_extensions
    UNION ALL
    SELECT squad.id, coalesce(squad.target_disband_at, squad.formed_at),
           CASE WHEN squad.target_disband_at IS NULL THEN 'it has no end of its work'
                ELSE 'its time to work is over' END
    FROM terms JOIN squads.research_squads AS squad
        ON squad.status = 'active' AND coalesce(squad.target_disband_at, terms.now) <= terms.now
    UNION ALL
    SELECT squad.id, terms.now, 'all its success criteria are met'
    FROM terms
    CROSS JOIN squads.criteria_met AS fulfilled
    JOIN squads.research_squads AS squad
        ON squad.id = fulfilled.squad_id AND squad.status = 'active' AND squad.target_disband_at > terms.now
    WHERE squads.meets_its_criteria(squad.id)
)
SELECT 'squad:' || step.squad_id AS unit, step.since, step.reason,
       trim_scale(coalesce(pool.balance_micro, 0) / 1000000.0) AS tokens_at_stake
FROM step LEFT JOIN squads.accounts AS pool ON pool.name = 'squad:' || step.squad_id
UNION ALL
SELECT 'bid:' || bid.id, bid.bid_at, by_rule.reason, 0
FROM squads.squad_join_bids AS bid
JOIN squads.research_squads AS squad ON squad.id = bid.squad_id
CROSS JOIN terms
LEFT JOIN full_squads ON full_squads.squad_id = bid.squad_id
CROSS JOIN LATERAL (
    SELECT CASE WHEN squad.status IN ('harvesting', 'disbanded')
                THEN format('the squad is %s and takes no members', squad.status)
                WHEN (SELECT true FROM squads.squad_members AS member
                      WHERE member.squad_id = bid.squad_id AND member.agent_id = bid.agent_id
                        AND member.left_at IS NULL)
                THEN 'the agent is a member already'
                WHEN bid.role <> 'observer' AND full_squads.squad_id IS NOT NULL
                THEN format('the squad has its %s members', terms.max_members) END AS reason
) AS by_rule
WHERE bid.status = 'pending' AND by_rule.reason IS NOT NULL
UNION ALL
SELECT 'bid:' || bid.bid_id, bid.waits_until,
       CASE WHEN bid.time_over THEN 'nobody decided it in time'
            ELSE format('waits for a person or an agent to decide it: `squads bids decide %s`', bid.bid_id) END,
       0
FROM squads.pending_bids AS bid
CROSS JOIN terms
WHERE (bid.time_over OR bid.waits)
  AND bid.status NOT IN ('harvesting', 'disbanded') AND NOT bid.is_member
  AND (bid.role = 'observer' OR bid.working_members < terms.max_members);
COMMENT ON VIEW squads.missing_squad_rosters IS
'Squads that may recruit, begin, recruit on or be harvested, and bids that nobody has decided.';

CREATE VIEW squads.squad_rosters AS
SELECT squad_id, event_no, from_status, to_status, reason, happened_at, actor,
       policy_id, rule_version, driver, run_id, effective_on
FROM squads.squad_events
WHERE driver = 'fill_rosters';
COMMENT ON VIEW squads.squad_rosters IS
'Edges that squads took by themselves: opened to recruitment, extended, activated, harvested.';
