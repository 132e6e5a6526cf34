-- Purpose: working days in SQL. The tables are a copy of kho/calendar.py's calendar, 2020 to 2040;
-- outside these years only weekends are known.
CREATE TABLE meta.holiday (
    day date PRIMARY KEY,
    name_vi text NOT NULL
);
COMMENT ON TABLE meta.holiday IS
'Days off by law or decision, those on weekends as well; kho.calendar.sync_holidays fills it.';

CREATE TABLE meta.makeup_working_day (
    day date PRIMARY KEY,
    instead_of date NOT NULL,
    source_vi text NOT NULL
);
COMMENT ON TABLE meta.makeup_working_day IS 'Weekend days that are worked instead of another day.';

CREATE TABLE meta.calendar_copy (
    only_row boolean PRIMARY KEY DEFAULT TRUE CHECK (only_row),
    made_from text NOT NULL
);
COMMENT ON TABLE meta.calendar_copy IS 'What the copy of the calendar was made from.';

CREATE FUNCTION meta.is_working_day(day date) RETURNS boolean
LANGUAGE sql STABLE STRICT PARALLEL SAFE
AS $$
    SELECT CASE
        WHEN extract(isodow FROM $1) < 6
            THEN NOT EXISTS (SELECT FROM meta.holiday AS h WHERE h.day = $1)
        ELSE EXISTS (SELECT FROM meta.makeup_working_day AS w WHERE w.day = $1)
    END
$$;
COMMENT ON FUNCTION meta.is_working_day(date) IS 'Whether offices work on that day.';

-- Tết and its weekends are nine days at most; twice the days and three weeks are always enough.
CREATE FUNCTION meta.add_working_days(from_day date, days int) RETURNS date
LANGUAGE sql STABLE STRICT PARALLEL SAFE
AS $$
    SELECT CASE WHEN $2 <= 0 THEN $1 ELSE (
        SELECT $1 + g.n
        FROM generate_series(1, 2 * $2 + 21) AS g (n)
        WHERE meta.is_working_day($1 + g.n)
        ORDER BY g.n
        OFFSET $2 - 1
        LIMIT 1
    ) END
$$;
COMMENT ON FUNCTION meta.add_working_days(date, int) IS
'The n-th working day after a day; 0 is the day itself.';
