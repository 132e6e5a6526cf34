-- Purpose: reports and drafts, the newest first. Grain: one row per report. It only reads.
SELECT
    r.report_id,
    r.kind,
    r.as_of,
    r.state,
    r.number,
    r.number_year,
    r.revises,
    r.decided_by,
    r.signed_on,
    count(m.recipient) FILTER (WHERE m.state = 'sent') AS sent,
    count(m.recipient) FILTER (WHERE m.state <> 'sent') AS unsent
FROM dq.report AS r
LEFT JOIN dq.report_mail AS m ON r.report_id = m.report_id
WHERE cast(:state AS text) IS NULL OR r.state = :state
GROUP BY r.report_id
ORDER BY r.report_id DESC
LIMIT cast(:most AS integer);
