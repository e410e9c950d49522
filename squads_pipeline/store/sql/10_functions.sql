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
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
-- sqrt() of an integral numeric is rounded to the nearest integer at this size, so it is the
-- floor or one more; comparing the square settles which.
BEGIN ATOMIC
    SELECT nearest - (nearest * nearest > scaled)::integer
    FROM (SELECT scaled, trunc(sqrt(scaled)) AS nearest
          FROM (SELECT amount_micro * 1000000000000000000000000000000000000::numeric AS scaled) AS radicand
         ) AS rounded;
END;
COMMENT ON FUNCTION squads.root(bigint) IS
'isqrt(amount · 10³⁶): the root of an amount in µT, in units of 10⁻¹⁸, exact. Equals rules.roots.root.';
