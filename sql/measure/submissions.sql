-- Purpose: who reported, and who in time, of what was due lately. Grain: dataset, agency, rule, fault.
-- Can run twice: it only reads. What we could not look for, or nobody had to send, is no evidence.
WITH due AS (
    SELECT
        s.dataset,
        s.agency_code,
        s.state,
        s.expected_units,
        s.reported_units
    FROM dq.submission_on(:as_of) AS s
    WHERE
        s.state IN ('in_time', 'late', 'not_reported', 'unusable')
        AND s.last_day < :as_of AND s.last_day >= cast(:as_of AS date) - cast(:submission_days AS integer)
)

SELECT
    d.dataset,
    d.agency_code,
    'submission_received' AS rule_id,
    CASE d.state WHEN 'not_reported' THEN 'source_late' WHEN 'unusable' THEN 'data_defect' ELSE 'none' END
        AS fault,
    count(*) AS evaluated,
    count(*) FILTER (WHERE d.state IN ('not_reported', 'unusable')) AS failed
FROM due AS d
GROUP BY d.dataset, d.agency_code, d.state
UNION ALL
SELECT
    d.dataset,
    d.agency_code,
    'submitted_in_time',
    CASE d.state WHEN 'in_time' THEN 'none' ELSE 'source_late' END,
    count(*),
    count(*) FILTER (WHERE d.state <> 'in_time')
FROM due AS d
WHERE d.state <> 'unusable'
GROUP BY d.dataset, d.agency_code, d.state
UNION ALL
SELECT
    d.dataset,
    d.agency_code,
    'all_communes_reported',
    'data_defect',
    sum(d.expected_units)::bigint,
    sum(greatest(0, d.expected_units - d.reported_units))::bigint
FROM due AS d
WHERE d.state IN ('in_time', 'late') AND d.expected_units > 0
GROUP BY d.dataset, d.agency_code
