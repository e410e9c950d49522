-- Findings: what the database holds about them, and the gaps of those that wait for a verdict or for their merge.

CREATE OR REPLACE FUNCTION squads.refuse_own_review() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM inserted AS review JOIN squads.squad_findings AS finding ON finding.id = review.finding_id
               WHERE finding.author_agent_id = review.reviewer_agent_id)
    THEN
        RAISE EXCEPTION 'a finding is not reviewed by its author'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'finding_reviews_never_ones_own';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION squads.refuse_own_review() IS 'Refuses reviews of findings by their own authors.';

CREATE OR REPLACE TRIGGER finding_reviews_never_ones_own AFTER INSERT ON squads.finding_reviews
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION squads.refuse_own_review();

CREATE OR REPLACE FUNCTION squads.keep_finding() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'finding % says what it said, and goes from % to no %', OLD.id, OLD.bubble_up_status,
                    NEW.bubble_up_status
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'squad_findings_keep_what_they_say',
              HINT = 'Record another finding.';
END $$;
COMMENT ON FUNCTION squads.keep_finding() IS
'Refuses changes of what a finding says, and any step of its status but pending → reviewed → merged and pending → rejected.';

CREATE OR REPLACE TRIGGER squad_findings_keep_what_they_say BEFORE UPDATE ON squads.squad_findings
    FOR EACH ROW WHEN (
        (OLD.squad_id, OLD.author_agent_id, OLD.finding_type, OLD.target_artifact_type, OLD.target_artifact_id,
         OLD.title, OLD.summary, OLD.confidence, OLD.metadata, OLD.created_at, OLD.request_key)
        IS DISTINCT FROM
        (NEW.squad_id, NEW.author_agent_id, NEW.finding_type, NEW.target_artifact_type, NEW.target_artifact_id,
         NEW.title, NEW.summary, NEW.confidence, NEW.metadata, NEW.created_at, NEW.request_key)
        OR OLD.bubble_up_status <> NEW.bubble_up_status
           AND (OLD.bubble_up_status, NEW.bubble_up_status)
               NOT IN (('pending', 'reviewed'), ('pending', 'rejected'), ('reviewed', 'merged')))
    EXECUTE FUNCTION squads.keep_finding();

-- Plans are kept for the session: one made while the inbox was empty would scan it for each of many findings.
CREATE OR REPLACE FUNCTION squads.await_verdict() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off AS $$
BEGIN
    INSERT INTO squads.findings_in_review (finding_id)
    SELECT DISTINCT finding.id FROM inserted AS review
    JOIN squads.squad_findings AS finding ON finding.id = review.finding_id AND finding.bubble_up_status = 'pending'
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION squads.await_verdict() IS 'Puts each finding that is reviewed into findings_in_review.';

CREATE OR REPLACE TRIGGER finding_reviews_await_verdict AFTER INSERT ON squads.finding_reviews
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION squads.await_verdict();

CREATE OR REPLACE FUNCTION squads.end_wait_for_verdict() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off AS $$
BEGIN
    DELETE FROM squads.findings_in_review
    WHERE finding_id = ANY (ARRAY(SELECT id FROM changed WHERE bubble_up_status <> 'pending'));
    RETURN NULL;
END $$;
COMMENT ON FUNCTION squads.end_wait_for_verdict() IS 'Takes each finding that is decided out of findings_in_review.';

CREATE OR REPLACE TRIGGER squad_findings_end_wait_for_verdict AFTER UPDATE ON squads.squad_findings
    REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION squads.end_wait_for_verdict();

-- Two looks, neither at history. The inbox findings_in_review has what somebody has reviewed; by
-- finding_reviews_finding_id_reviewer_agent_id_key the reviews are counted. And of the squads that harvest
-- (research_squads_status_idx; squad_events_pkey knows since when), with those that were merged into them
-- (research_squads_merged_into_idx), what they still have pending (squad_findings_waiting): `gaps.is_open` asks for those
-- whose window is over, and that is known before a finding is read. A squad that harvests without an event of it times
-- nothing out.
CREATE VIEW squads.missing_reviewed_findings AS
WITH terms AS MATERIALIZED (
    SELECT (content ->> 'reviews_needed')::bigint AS reviews_needed,
           make_interval(secs => (content ->> 'review_window_seconds')::double precision) AS review_window
    FROM squads.current_policy
),
harvest AS MATERIALIZED (
    SELECT home.id AS squad_id, begun.at + terms.review_window AS ends_at
    FROM squads.research_squads AS home
    CROSS JOIN terms
    CROSS JOIN LATERAL (SELECT max(event.happened_at) AS at FROM squads.squad_events AS event
                        WHERE event.squad_id = home.id AND event.to_status = 'harvesting') AS begun
    WHERE home.status = 'harvesting' AND begun.at IS NOT NULL
)
-- A verdict moves no tokens; what waits for it is the squad's harvest, which has its own gap.
SELECT 'finding:' || finding.id AS unit, reviews.last_at AS since,
       format('%s of %s reviews needed are given', reviews.given, terms.reviews_needed) AS reason,
       0::numeric AS tokens_at_stake
FROM squads.findings_in_review AS waiting
JOIN squads.squad_findings AS finding ON finding.id = waiting.finding_id
CROSS JOIN terms
CROSS JOIN LATERAL (SELECT count(*) AS given, max(review.created_at) AS last_at
                    FROM squads.finding_reviews AS review WHERE review.finding_id = waiting.finding_id) AS reviews
WHERE finding.bubble_up_status = 'pending' AND reviews.given >= terms.reviews_needed
UNION ALL
SELECT 'finding:' || finding.id, harvest.ends_at,
       format('waits for a review: `squads review %s accept|reject --rationale …`; without enough of them it is '
              'rejected when its squad has harvested for the review window', finding.id),
       0
FROM harvest
CROSS JOIN terms
CROSS JOIN LATERAL (SELECT harvest.squad_id
                    UNION ALL
                    SELECT merged.id FROM squads.research_squads AS merged
                    WHERE merged.merged_into = harvest.squad_id) AS origin
JOIN squads.squad_findings AS finding ON finding.squad_id = origin.squad_id AND finding.bubble_up_status = 'pending'
WHERE (SELECT count(*) FROM squads.finding_reviews AS review WHERE review.finding_id = finding.id)
      < terms.reviews_needed;
COMMENT ON VIEW squads.missing_reviewed_findings IS
'Findings whose reviews decide, and those that a harvesting squad still has pending: due when its review window ends.';

-- squad_findings_waiting, then reviewed_findings_pkey.
CREATE VIEW squads.missing_bubbled_findings AS
SELECT 'finding:' || finding.id AS unit, verdict.decided_at AS since,
       'accepted, and not yet merged into the knowledge graph' AS reason, 0::numeric AS tokens_at_stake
FROM squads.squad_findings AS finding
JOIN squads.reviewed_findings AS verdict ON verdict.finding_id = finding.id
WHERE finding.bubble_up_status = 'reviewed';
COMMENT ON VIEW squads.missing_bubbled_findings IS 'Findings that were accepted and are not yet merged.';
