-- The gaps that sensors, drivers and people read: what is missing, and for a unit that failed when it is tried again.

-- gap_failures is next to empty, so that the join costs an idle look nothing.
DO $$
DECLARE
    missing record;
BEGIN
    FOR missing IN
        SELECT relname AS name, substr(relname, length('missing_') + 1) AS gap, obj_description(oid) AS meaning
        FROM pg_class WHERE relnamespace = 'squads'::regnamespace AND relkind = 'v' AND relname LIKE 'missing\_%'
        ORDER BY relname
    LOOP
        EXECUTE format($view$
            CREATE VIEW gaps.%1$I AS
            SELECT missing.unit, greatest(missing.since, failure.retry_at) AS since,
                   CASE WHEN failure.unit IS NULL THEN missing.reason
                        ELSE format('%%s; failed %%s time%%s: %%s', missing.reason, failure.attempts,
                                    CASE WHEN failure.attempts > 1 THEN 's' END, failure.error) END AS reason,
                   missing.tokens_at_stake, failure.attempts, failure.error, failure.retry_at
            FROM squads.%2$I AS missing
            LEFT JOIN squads.gap_failures AS failure ON failure.gap = %1$L AND failure.unit = missing.unit
            $view$, missing.gap, missing.name);
        EXECUTE format('COMMENT ON VIEW gaps.%I IS %L', missing.gap, missing.meaning);
        EXECUTE format($comments$
            COMMENT ON COLUMN gaps.%1$I.attempts IS 'How often it failed so far; null if it did not';
            COMMENT ON COLUMN gaps.%1$I.error IS 'What went wrong at the last attempt; null if nothing did';
            COMMENT ON COLUMN gaps.%1$I.retry_at IS 'When it is tried again after a failure; null if it did not fail';
            $comments$, missing.gap);
    END LOOP;
END $$;
