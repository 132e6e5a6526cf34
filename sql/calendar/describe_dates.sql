-- Purpose: holidays and working days in the dimension of days. Grain: day of the years that the calendar
-- covers. Can run twice: only days that differ are touched.
WITH described AS (
    SELECT
        d.date_key,
        h.name_vi AS holiday_name_vi,
        h.day IS NOT NULL AS is_holiday,
        meta.is_working_day(d.calendar_date) AS is_working_day,
        w.day IS NOT NULL AS is_makeup_day
    FROM dw.dim_date AS d
    LEFT JOIN meta.holiday AS h ON d.calendar_date = h.day
    LEFT JOIN meta.makeup_working_day AS w ON d.calendar_date = w.day
    WHERE d.year BETWEEN :first_year AND :last_year
)

UPDATE dw.dim_date AS t
SET
    holiday_name_vi = s.holiday_name_vi,
    is_holiday = s.is_holiday,
    is_working_day = s.is_working_day,
    is_makeup_day = s.is_makeup_day
FROM described AS s
WHERE
    t.date_key = s.date_key
    AND (t.holiday_name_vi, t.is_holiday, t.is_working_day, t.is_makeup_day)
    IS DISTINCT FROM (s.holiday_name_vi, s.is_holiday, s.is_working_day, s.is_makeup_day);
