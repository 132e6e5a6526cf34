-- Purpose: a quarantined record that comes again in another form, and still fails, is the same case: it
-- keeps its place and its age and takes the new form. Records without a key are never matched.
-- Grain: one unsettled row per dataset, business key and content. Input: rejected (pg_temp view).
-- Can run twice: a case seen in this batch is left alone. A waiver was for the old form and ends, which is
-- written down.
WITH news AS (
    SELECT
        r.business_key,
        r.raw,
        r.raw_md5,
        r.failed_rules,
        r.agency_code,
        row_number() OVER (PARTITION BY r.business_key ORDER BY r.raw_md5) AS n
    FROM rejected AS r
    WHERE
        r.business_key <> ''
        AND NOT EXISTS (
            SELECT FROM dq.quarantine AS q
            WHERE
                q.dataset = :dataset
                AND q.status <> 'resolved'
                AND q.business_key = r.business_key
                AND q.raw_md5 = r.raw_md5
        )
),

olds AS (
    SELECT
        q.quarantine_id,
        q.business_key,
        row_number() OVER (PARTITION BY q.business_key ORDER BY q.quarantine_id) AS n
    FROM dq.quarantine AS q
    WHERE
        q.dataset = :dataset
        AND q.status <> 'resolved'
        AND q.last_seen_batch_id <> :batch_id
        AND q.business_key IN (SELECT r.business_key FROM rejected AS r)
        AND NOT EXISTS (
            SELECT FROM rejected AS r
            WHERE r.business_key = q.business_key AND r.raw_md5 = q.raw_md5
        )
),

replaced AS (
    UPDATE dq.quarantine AS q
    SET
        raw = news.raw,
        raw_md5 = news.raw_md5,
        failed_rules = news.failed_rules,
        agency_code = news.agency_code,
        last_seen_batch_id = :batch_id,
        status = 'open',
        reopened_on = CASE WHEN q.status = 'waived' THEN cast(:as_of AS date) ELSE q.reopened_on END,
        waived_by = NULL,
        waived_reason = NULL,
        waived_until = NULL
    FROM olds
    INNER JOIN news ON olds.business_key = news.business_key AND olds.n = news.n
    WHERE q.quarantine_id = olds.quarantine_id
    RETURNING q.quarantine_id, old.status, old.waived_by, old.waived_reason, old.waived_until
)

INSERT INTO dq.case_event (quarantine_id, event, happened_on, by_whom, reason, until)
SELECT
    quarantine_id,
    'waiver_ended',
    :as_of,
    waived_by,
    waived_reason,
    waived_until
FROM replaced
WHERE status = 'waived';
