-- Purpose: the rules that let rows pass with a warning, as of each dataset's latest load.
-- Grain: one row per dataset, rule and agency; `first_seen_on` is the first night since which the rule
-- has failed in every load that judged it. Can run twice: it only reads.
WITH loads AS (
    SELECT
        batch_id,
        dataset,
        as_of,
        row_number() OVER (
            PARTITION BY dataset ORDER BY as_of DESC, loaded_at DESC NULLS LAST, batch_key DESC
        ) AS recency
    FROM meta.batch
    WHERE status = 'loaded' AND (replays IS NULL OR rejudges_day) AND as_of <= :as_of
),

history AS (
    SELECT
        l.dataset,
        r.rule_id,
        l.as_of,
        sum(r.failed) AS failed
    FROM loads AS l
    INNER JOIN dq.rule_result AS r ON l.batch_id = r.batch_id
    WHERE r.severity <> 'critical' AND r.evaluated > 0
    GROUP BY l.dataset, r.rule_id, l.as_of
),

clean AS (
    SELECT
        dataset,
        rule_id,
        max(as_of) AS as_of
    FROM history
    WHERE failed = 0
    GROUP BY dataset, rule_id
),

since AS (
    SELECT
        h.dataset,
        h.rule_id,
        min(h.as_of) AS first_seen_on
    FROM history AS h
    LEFT JOIN clean AS c ON h.dataset = c.dataset AND h.rule_id = c.rule_id
    WHERE h.as_of > coalesce(c.as_of, '-infinity')
    GROUP BY h.dataset, h.rule_id
)

SELECT
    r.dataset,
    r.rule_id,
    r.agency_code,
    r.severity,
    r.failed AS records,
    0::bigint AS overdue,
    coalesce(n.title_vi, r.rule_id) AS title_vi,
    coalesce(n.remedy_vi, '') AS remedy_vi,
    coalesce(s.first_seen_on, l.as_of) AS first_seen_on,
    NULL::date AS due_on
FROM loads AS l
INNER JOIN dq.rule_result AS r ON l.batch_id = r.batch_id
LEFT JOIN dq.rule AS n ON r.dataset = n.dataset AND r.rule_id = n.rule_id
LEFT JOIN since AS s ON r.dataset = s.dataset AND r.rule_id = s.rule_id
WHERE l.recency = 1 AND r.severity <> 'critical' AND r.failed > 0
ORDER BY r.dataset, r.rule_id, r.agency_code;
