-- Purpose: the Vietnamese lunar calendar in the dimension of days. It differs from the Chinese one where the
-- new moon falls between 23:00 and midnight of UTC+7: in sixteen months of 2000 to 2049, the first ones of
-- 2007 and 2030 among them. A year has its first day (Tết), its months (1: thirty days, 0: twenty-nine) and
-- the month that comes twice. Computed from new moons and the sun's longitude (PyEphem 4) at UTC+7: a month
-- begins on the day of the new moon, the winter solstice is in the eleventh, and of thirteen months between
-- two solstices the first without a major solar term is the leap one. At UTC+8 that gives the Chinese
-- calendar, day for day. No new moon of these years is nearer to midnight than three minutes.
ALTER TABLE dw.dim_date
ADD COLUMN lunar_year smallint,
ADD COLUMN lunar_month smallint,
ADD COLUMN lunar_day smallint,
ADD COLUMN is_lunar_leap_month boolean;
COMMENT ON COLUMN dw.dim_date.lunar_year IS
'The year of the Vietnamese lunar calendar, which begins with Tết.';
COMMENT ON COLUMN dw.dim_date.is_lunar_leap_month IS
'The second one of two lunar months with the same number.';
COMMENT ON COLUMN dw.dim_date.days_from_tet IS
'Days from the first day of the nearest lunar new year, negative before it; for comparing years.';

WITH lunar_year (lunar_year, first_day, months, leap_month) AS (
    VALUES
    (1999, date '1999-02-16', '100100101110', NULL),
    (2000, '2000-02-05', '110010010110', NULL),
    (2001, '2001-01-24', '1101010010101', 4),
    (2002, '2002-02-12', '110101001010', NULL),
    (2003, '2003-02-01', '110110100101', NULL),
    (2004, '2004-01-22', '0101101010101', 2),
    (2005, '2005-02-09', '010101101010', NULL),
    (2006, '2006-01-29', '1010011011010', 7),
    (2007, '2007-02-17', '101001011101', NULL),
    (2008, '2008-02-07', '100100101011', NULL),
    (2009, '2009-01-26', '1010100101011', 5),
    (2010, '2010-02-14', '101010010101', NULL),
    (2011, '2011-02-03', '101101001010', NULL),
    (2012, '2012-01-23', '1011010101010', 4),
    (2013, '2013-02-10', '101011010101', NULL),
    (2014, '2014-01-31', '0101010110101', 9),
    (2015, '2015-02-19', '010010111010', NULL),
    (2016, '2016-02-08', '101001011011', NULL),
    (2017, '2017-01-28', '0101001010111', 6),
    (2018, '2018-02-16', '010100100111', NULL),
    (2019, '2019-02-05', '011010010011', NULL),
    (2020, '2020-01-25', '0111010010011', 4),
    (2021, '2021-02-12', '011010101010', NULL),
    (2022, '2022-02-01', '101011010101', NULL),
    (2023, '2023-01-22', '0100110110101', 2),
    (2024, '2024-02-10', '010010110110', NULL),
    (2025, '2025-01-29', '1010010101110', 6),
    (2026, '2026-02-17', '101001001110', NULL),
    (2027, '2027-02-06', '110100100110', NULL),
    (2028, '2028-01-26', '1110100100110', 5),
    (2029, '2029-02-13', '110101010010', NULL),
    (2030, '2030-02-02', '110110101010', NULL),
    (2031, '2031-01-23', '0101101101010', 3),
    (2032, '2032-02-11', '010101101101', NULL),
    (2033, '2033-01-31', '0100101011101', 11),
    (2034, '2034-02-19', '010010011101', NULL),
    (2035, '2035-02-08', '101001001101', NULL),
    (2036, '2036-01-28', '1101001001011', 6),
    (2037, '2037-02-15', '101100100101', NULL),
    (2038, '2038-02-04', '101101010010', NULL),
    (2039, '2039-01-24', '1101101010010', 5),
    (2040, '2040-02-12', '101101011010', NULL),
    (2041, '2041-02-01', '010101011101', NULL),
    (2042, '2042-01-22', '0100101011011', 2),
    (2043, '2043-02-10', '010010011011', NULL),
    (2044, '2044-01-30', '1010010010111', 7),
    (2045, '2045-02-17', '101001001011', NULL),
    (2046, '2046-02-06', '101010100101', NULL),
    (2047, '2047-01-26', '1011010100101', 5),
    (2048, '2048-02-14', '011011010010', NULL),
    (2049, '2049-02-02', '101011010110', NULL)
),

numbered AS (
    SELECT
        y.lunar_year,
        y.first_day,
        y.leap_month,
        m.place,
        29 + substr(y.months, m.place, 1)::integer AS days
    FROM lunar_year AS y
    CROSS JOIN LATERAL generate_series(1, length(y.months)) AS m (place)
),

lunar_month AS (
    SELECT
        n.lunar_year,
        n.place - coalesce((n.place > n.leap_month)::integer, 0) AS lunar_month,
        coalesce(n.place = n.leap_month + 1, FALSE) AS is_leap,
        n.days,
        n.first_day + coalesce(sum(n.days) OVER earlier, 0)::integer AS first_day
    FROM numbered AS n
    WINDOW earlier AS (
        PARTITION BY n.lunar_year
        ORDER BY n.place
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
    )
),

tet AS (
    SELECT first_day AS day
    FROM lunar_month
    WHERE lunar_month = 1 AND NOT is_leap
    UNION ALL
    SELECT date '2050-01-23'
),

described AS (
    SELECT
        m.lunar_year,
        m.lunar_month,
        m.is_leap,
        g.n + 1 AS lunar_day,
        m.first_day + g.n AS day,
        (
            SELECT m.first_day + g.n - t.day
            FROM tet AS t
            ORDER BY abs(m.first_day + g.n - t.day)
            LIMIT 1
        ) AS days_from_tet
    FROM lunar_month AS m
    CROSS JOIN LATERAL generate_series(0, m.days - 1) AS g (n)
)

UPDATE dw.dim_date AS t
SET
    lunar_year = s.lunar_year,
    lunar_month = s.lunar_month,
    lunar_day = s.lunar_day,
    is_lunar_leap_month = s.is_leap,
    days_from_tet = s.days_from_tet
FROM described AS s
WHERE t.calendar_date = s.day;
