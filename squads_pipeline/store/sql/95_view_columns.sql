-- Comments on the columns of views, so that \d+ and the data dictionary say what they mean. After all views.
-- A view whose columns are computed says what they are beside its definition.

-- All gaps have the same columns, and so has what is missing before failures delay it.
DO $$
DECLARE
    gap text;
BEGIN
    FOR gap IN
        SELECT format('%I.%I', nspname, relname)
        FROM pg_class JOIN pg_namespace AS space ON space.oid = relnamespace
        WHERE relkind = 'v' AND (nspname = 'gaps' OR (nspname = 'squads' AND relname LIKE 'missing\_%'))
    LOOP
        EXECUTE format($comments$
            COMMENT ON COLUMN %1$s.unit IS 'The unit of work that is missing, such as squad:heat';
            COMMENT ON COLUMN %1$s.since IS 'When it became due; ahead of now if it waits until then';
            COMMENT ON COLUMN %1$s.reason IS 'Why it is missing, for a person';
            COMMENT ON COLUMN %1$s.tokens_at_stake IS 'Tokens that wait for it';
            $comments$, gap);
    END LOOP;
END $$;

-- Else a column means what the column of its name means in the table that the view takes it from, unless there
-- are two and they differ. In the order of their making, as a view may read another.
DO $$
DECLARE
    inherited record;
    meaning text;
BEGIN
    FOR inherited IN
        SELECT view.oid, view.relname, own.attname, own.attnum
        FROM pg_class AS view
        JOIN pg_attribute AS own ON own.attrelid = view.oid AND own.attnum > 0
        WHERE view.relnamespace = 'squads'::regnamespace AND view.relkind = 'v'
          AND col_description(view.oid, own.attnum) IS NULL
        ORDER BY view.oid, own.attnum
    LOOP
        SELECT min(col_description(origin.attrelid, origin.attnum)) INTO meaning
        FROM pg_rewrite AS rule
        JOIN pg_depend AS use ON use.classid = 'pg_rewrite'::regclass AND use.objid = rule.oid
                             AND use.refclassid = 'pg_class'::regclass AND use.refobjid <> inherited.oid
        JOIN pg_attribute AS origin ON origin.attrelid = use.refobjid AND origin.attnum = use.refobjsubid
        WHERE rule.ev_class = inherited.oid AND origin.attname = inherited.attname
        HAVING count(DISTINCT col_description(origin.attrelid, origin.attnum)) = 1;
        IF meaning IS NOT NULL THEN
            EXECUTE format('COMMENT ON COLUMN squads.%I.%I IS %L', inherited.relname, inherited.attname, meaning);
        END IF;
    END LOOP;
END $$;
