-- Purpose: put the rejected rows of a batch into the quarantine. Input: rejected (pg_temp view).
-- Grain: one unsettled row per dataset, business key and content: records without a key that say the same are
-- one case. Can run twice: a row that is there already is only marked as seen again and keeps its deadline.
INSERT INTO dq.quarantine AS q (
    dataset, business_key, batch_id, failed_rules, raw, raw_md5, agency_code, first_seen_on, due_on,
    last_seen_batch_id
)
SELECT DISTINCT ON (business_key, raw_md5)
    :dataset,
    business_key,
    :batch_id,
    failed_rules,
    raw,
    raw_md5,
    agency_code,
    :as_of,
    (SELECT meta.add_working_days(cast(:seen_on AS date), :working_days)),
    :batch_id
FROM rejected
ORDER BY business_key, raw_md5
ON CONFLICT (dataset, business_key, raw_md5) WHERE status <> 'resolved'
DO UPDATE SET failed_rules = excluded.failed_rules, last_seen_batch_id = excluded.last_seen_batch_id;
