-- Purpose: the rules that keep rows in the quarantine on the night of :as_of, and whose rows they are.
-- Grain: one row per dataset, rule and agency; `overdue` are rows first seen before :overdue_before.
-- A row that a later night resolved was still open then. Can run twice: it only reads.
WITH broken AS (
    SELECT
        q.dataset,
        u.rule_id,
        q.agency_code,
        q.first_seen_on,
        count(*) AS records
    FROM dq.quarantine AS q
    LEFT JOIN meta.batch AS b ON q.resolved_batch_id = b.batch_id
    CROSS JOIN LATERAL unnest(q.failed_rules) AS u (rule_id)
    WHERE q.first_seen_on <= :as_of AND (q.status = 'open' OR b.as_of > :as_of)
    GROUP BY q.dataset, u.rule_id, q.agency_code, q.first_seen_on
)

SELECT
    b.dataset,
    b.rule_id,
    b.agency_code,
    coalesce(r.severity, 'critical') AS severity,
    coalesce(r.title_vi, b.rule_id) AS title_vi,
    coalesce(r.remedy_vi, '') AS remedy_vi,
    sum(b.records)::bigint AS records,
    coalesce(sum(b.records) FILTER (WHERE b.first_seen_on < :overdue_before), 0)::bigint AS overdue,
    min(b.first_seen_on) AS first_seen_on
FROM broken AS b
LEFT JOIN dq.rule AS r ON b.dataset = r.dataset AND b.rule_id = r.rule_id
WHERE coalesce(r.severity, 'critical') = 'critical'
GROUP BY b.dataset, b.rule_id, b.agency_code, r.severity, r.title_vi, r.remedy_vi
ORDER BY b.dataset, b.rule_id, b.agency_code;
