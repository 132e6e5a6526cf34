-- Purpose: a quarantined record that comes again in another form, and still fails, is the same case: it
-- keeps its place and its age and takes the new form. Its key says that it is the same record. Of a record
-- without a whole key nothing does; but where everything was read (:comes_whole), a new one of an agency is
-- taken for the oldest of its cases that was not sent again: no change of a field begins a new deadline.
-- Grain: one unsettled row per dataset, business key and content. Input: rejected (pg_temp view).
-- Can run twice: a case seen in this batch is left alone, and an earlier night tells nothing of a later one's
-- records without a key. A waiver was for the old form and ends, which is written down.
WITH fresh AS (
    SELECT DISTINCT ON (r.business_key, r.raw_md5)
        r.business_key,
        r.raw,
        r.raw_md5,
        r.failed_rules,
        r.agency_code,
        CASE
            WHEN r.business_key !~ '(^|[|])([|]|$)' THEN 'key ' || r.business_key
            WHEN :comes_whole THEN 'agency ' || r.agency_code
        END AS likeness
    FROM rejected AS r
    WHERE
        NOT EXISTS (
            SELECT FROM dq.quarantine AS q
            WHERE
                q.dataset = :dataset
                AND q.status <> 'resolved'
                AND q.business_key = r.business_key
                AND q.raw_md5 = r.raw_md5
        )
    ORDER BY r.business_key, r.raw_md5
),

news AS (
    SELECT
        f.*,
        row_number() OVER (PARTITION BY f.likeness ORDER BY f.business_key, f.raw_md5) AS n
    FROM fresh AS f
    WHERE f.likeness IS NOT NULL
),

unseen AS (
    SELECT
        q.quarantine_id,
        q.first_seen_on,
        CASE
            WHEN q.business_key !~ '(^|[|])([|]|$)' THEN 'key ' || q.business_key
            WHEN :comes_whole AND b.as_of <= :as_of THEN 'agency ' || q.agency_code
        END AS likeness
    FROM dq.quarantine AS q
    INNER JOIN meta.batch AS b ON q.last_seen_batch_id = b.batch_id
    WHERE
        q.dataset = :dataset
        AND q.status <> 'resolved'
        AND q.last_seen_batch_id <> :batch_id
        AND NOT EXISTS (
            SELECT FROM rejected AS r
            WHERE r.business_key = q.business_key AND r.raw_md5 = q.raw_md5
        )
),

olds AS (
    SELECT
        u.quarantine_id,
        u.likeness,
        row_number() OVER (PARTITION BY u.likeness ORDER BY u.first_seen_on, u.quarantine_id) AS n
    FROM unseen AS u
    WHERE u.likeness IN (SELECT f.likeness FROM fresh AS f)
),

replaced AS (
    UPDATE dq.quarantine AS q
    SET
        business_key = news.business_key,
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
    INNER JOIN news ON olds.likeness = news.likeness AND olds.n = news.n
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
