-- Functions that tables' triggers, views and queries share.

CREATE OR REPLACE FUNCTION squads.clock() RETURNS timestamptz
LANGUAGE sql VOLATILE PARALLEL RESTRICTED
RETURN coalesce(nullif(current_setting('squads.clock', true), '')::timestamptz, clock_timestamp());
COMMENT ON FUNCTION squads.clock() IS
'The time now; a simulation sets squads.clock for its session to live in a time of its own.';

CREATE OR REPLACE FUNCTION squads.utc_day(moment timestamptz) RETURNS date
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN (moment AT TIME ZONE 'UTC')::date;
COMMENT ON FUNCTION squads.utc_day(timestamptz) IS 'The UTC day of a moment: the partition of a fact.';

CREATE OR REPLACE FUNCTION squads.root(amount_micro bigint) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    scaled numeric := amount_micro * 1000000000000000000000000000000000000::numeric;
    -- Of a number this large sqrt() keeps no decimals: it is rounded to the nearest integer, which is the
    -- floor or one more. Comparing the square settles which.
    nearest numeric := sqrt(scaled);
BEGIN
    RETURN CASE WHEN nearest * nearest > scaled THEN nearest - 1 ELSE nearest END;
END $$;
COMMENT ON FUNCTION squads.root(bigint) IS
'isqrt(amount · 10³⁶): the root of an amount in µT, in units of 10⁻¹⁸, exact. Equals rules.roots.root.';

CREATE OR REPLACE FUNCTION squads.share_ppm(share text) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
-- Rounded up by whole numbers: a quotient with decimals could be rounded to the wrong side.
RETURN div(split_part(share, '/', 1)::numeric * 1000000
               + coalesce(nullif(split_part(share, '/', 2), ''), '1')::numeric - 1,
           coalesce(nullif(split_part(share, '/', 2), ''), '1')::numeric)::integer;
COMMENT ON FUNCTION squads.share_ppm(text) IS
'A policy''s share such as 1/2, in millionths, rounded up. Equals rules.formation.least_ppm.';
