-- Purpose: whether a source is fresh enough, counted in days on which offices work: nobody is charged over a
-- weekend or Tết. The load of a batch and the measures of a night both ask here.
CREATE FUNCTION meta.is_fresh(newest timestamp, working_days int, as_of date) RETURNS boolean
LANGUAGE sql STABLE STRICT PARALLEL SAFE
AS $$
    SELECT $1 >= $3 OR meta.add_working_days($1::date, $2) >= $3
$$;
COMMENT ON FUNCTION meta.is_fresh(timestamp, int, date) IS
'Whether on the night of as_of the newest change of a source is not older than so many working days: the last
of them after the day of the change is not over.';

SELECT meta.grant_roles();
