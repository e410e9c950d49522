-- Who worked in a squad at a moment that is over, as far as it can be told.
--
-- squad_members has a row for each agent in a squad, not for each stay: it says when the agent joined and left last. A
-- merger moves the rows to the squad that goes on; who was in both keeps one, with the earlier joining, and the later
-- leaving or none. Bids stay with the squad that they were made to, and each membership began with one that was
-- accepted, a founder's too.
-- What is not kept: when somebody left who came back, and when somebody left one of two squads that merged, but was or
-- had been in the other. The former counts from the return on, the latter until the later leaving, if there is one.

-- merged_into names where a squad's members are now. Where they went first, if that squad was merged in its turn, only
-- the edge says. research_squads_merged_into_idx, squad_events_pkey.
CREATE OR REPLACE FUNCTION squads.united_by(squad text, moment timestamptz) RETURNS TABLE (squad_id text)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    WITH RECURSIVE united AS (
        SELECT own.id, coalesce(own.merged_into, own.id) AS home FROM squads.research_squads AS own WHERE own.id = squad
        UNION ALL
        SELECT absorbed.id, united.home
        FROM united
        JOIN squads.research_squads AS absorbed ON absorbed.merged_into = united.home
        JOIN squads.squad_events AS edge ON edge.squad_id = absorbed.id AND edge.to_status = 'disbanded'
            AND edge.reason = 'merged into ' || united.id AND edge.happened_at <= moment
    )
    SELECT id FROM united
$$;
COMMENT ON FUNCTION squads.united_by(text, timestamptz) IS
'A squad and those that had been merged into it by a moment, directly or by way of others.';

-- The rows alone tell it, unless they are also those of squads that merged later: then bids tell who was in which.
-- research_squads_pkey, research_squads_merged_into_idx and squad_members_pkey; OFFSET 0 has the squad looked at once,
-- not for each member.
CREATE OR REPLACE FUNCTION squads.members_at(squad text, moment timestamptz) RETURNS TABLE (agent_id text)
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT member.agent_id
    FROM (
        SELECT coalesce(own.merged_into, own.id) AS home,
               CASE WHEN EXISTS (SELECT FROM squads.research_squads AS absorbed
                                 WHERE absorbed.merged_into = coalesce(own.merged_into, own.id)
                                   AND absorbed.disbanded_at > moment)
                    THEN ARRAY(SELECT squad_id FROM squads.united_by(own.id, moment)) END AS joined
        FROM squads.research_squads AS own
        WHERE own.id = squad AND (own.merged_into IS NULL OR own.disbanded_at > moment)
        OFFSET 0
    ) AS asked
    JOIN squads.squad_members AS member ON member.squad_id = asked.home
    WHERE member.role <> 'observer' AND member.joined_at <= moment
      AND (member.left_at IS NULL OR member.left_at > moment)
      AND (asked.joined IS NULL
           OR EXISTS (SELECT FROM squads.squad_join_bids AS bid
                      WHERE bid.squad_id = ANY (asked.joined) AND bid.agent_id = member.agent_id
                        AND bid.status = 'accepted' AND bid.role <> 'observer' AND bid.decided_at <= moment))
$$;
COMMENT ON FUNCTION squads.members_at(text, timestamptz) IS
'Who worked in a squad at a moment, observers not counted: also before it was merged, or others into it.';
