-- Purpose: the rules that let rows pass with a warning, by what stands of each agency's rows on the night.
-- Grain: one row per dataset, rule and agency; `first_seen_on` is the first night since which the rule
-- has failed in every load that judged rows of the agency by it. Can run twice: it only reads.
WITH standing AS MATERIALIZED (
    SELECT
        dataset,
        rule_id,
        agency_code,
        severity,
        failed,
        judged_on
    FROM dq.evidence_on(:as_of)
    WHERE judged_on IS NOT NULL AND severity <> 'critical' AND failed > 0
),

history AS (
    SELECT
        r.dataset,
        r.rule_id,
        r.agency_code,
        b.as_of,
        sum(r.failed) AS failed
    FROM meta.batch AS b
    INNER JOIN dq.rule_result AS r ON b.batch_id = r.batch_id
    WHERE
        b.status = 'loaded' AND (b.replays IS NULL OR b.rejudges_day) AND b.as_of <= :as_of
        AND r.severity <> 'critical' AND r.evaluated > 0
        AND EXISTS (
            SELECT FROM standing AS s
            WHERE s.dataset = r.dataset AND s.rule_id = r.rule_id AND s.agency_code = r.agency_code
        )
    GROUP BY r.dataset, r.rule_id, r.agency_code, b.as_of
),

clean AS (
    SELECT
        dataset,
        rule_id,
        agency_code,
        max(as_of) AS as_of
    FROM history
    WHERE failed = 0
    GROUP BY dataset, rule_id, agency_code
),

since AS (
    SELECT
        h.dataset,
        h.rule_id,
        h.agency_code,
        min(h.as_of) AS first_seen_on
    FROM history AS h
    LEFT JOIN clean AS c
        ON h.dataset = c.dataset AND h.rule_id = c.rule_id AND h.agency_code = c.agency_code
    WHERE h.as_of > coalesce(c.as_of, '-infinity')
    GROUP BY h.dataset, h.rule_id, h.agency_code
)

SELECT
    s.dataset,
    s.rule_id,
    s.agency_code,
    s.severity,
    s.failed AS records,
    0::bigint AS overdue,
    coalesce(n.title_vi, s.rule_id) AS title_vi,
    coalesce(n.remedy_vi, '') AS remedy_vi,
    coalesce(f.first_seen_on, s.judged_on) AS first_seen_on,
    NULL::date AS due_on
FROM standing AS s
LEFT JOIN dq.rule AS n ON s.dataset = n.dataset AND s.rule_id = n.rule_id
LEFT JOIN since AS f
    ON s.dataset = f.dataset AND s.rule_id = f.rule_id AND s.agency_code = f.agency_code
ORDER BY s.dataset, s.rule_id, s.agency_code;
