-- Purpose: the rules that keep rows in the quarantine on the night of :as_of, and whose rows they are.
-- Grain: one row per dataset, rule and agency; `overdue` are rows past their deadline.
-- Rows of a dissolved agency are for the one that does its work.
-- A row that a later night resolved was still open then. Can run twice: it only reads.
WITH waiting AS (
    SELECT
        q.dataset,
        CASE WHEN a.agency_code IS NULL THEN q.agency_code ELSE coalesce(a.answers_code, '') END
            AS agency_code,
        q.failed_rules,
        q.first_seen_on,
        coalesce(q.due_on, meta.add_working_days(q.first_seen_on, :working_days)) AS due_on
    FROM dq.quarantine AS q
    LEFT JOIN meta.batch AS b ON q.resolved_batch_id = b.batch_id
    LEFT JOIN dw.agencies_answering(:as_of) AS a ON q.agency_code = a.agency_code
    WHERE q.first_seen_on <= :as_of AND (q.status = 'open' OR b.as_of > :as_of)
),

broken AS (
    SELECT
        w.dataset,
        u.rule_id,
        w.agency_code,
        w.first_seen_on,
        w.due_on,
        count(*) AS records
    FROM waiting AS w
    CROSS JOIN LATERAL unnest(w.failed_rules) AS u (rule_id)
    GROUP BY w.dataset, u.rule_id, w.agency_code, w.first_seen_on, w.due_on
)

SELECT
    b.dataset,
    b.rule_id,
    b.agency_code,
    coalesce(r.severity, 'critical') AS severity,
    coalesce(r.title_vi, b.rule_id) AS title_vi,
    coalesce(r.remedy_vi, '') AS remedy_vi,
    sum(b.records)::bigint AS records,
    coalesce(sum(b.records) FILTER (WHERE b.due_on < :as_of), 0)::bigint AS overdue,
    min(b.first_seen_on) AS first_seen_on,
    min(b.due_on) AS due_on
FROM broken AS b
LEFT JOIN dq.rule AS r ON b.dataset = r.dataset AND b.rule_id = r.rule_id
WHERE coalesce(r.severity, 'critical') = 'critical'
GROUP BY b.dataset, b.rule_id, b.agency_code, r.severity, r.title_vi, r.remedy_vi
ORDER BY b.dataset, b.rule_id, b.agency_code;
