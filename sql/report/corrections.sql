-- Purpose: what was corrected by hand in the batches of the night. Grain: one row per correction. It only
-- reads.
SELECT
    c.dataset,
    c.column_name,
    c.rows,
    c.reported_to,
    c.valid_until,
    dq.mask_text(c.business_key) AS business_key,
    dq.mask_text(c.from_value) AS from_value,
    dq.mask_text(c.to_value) AS to_value,
    dq.mask_text(c.why) AS why
FROM meta.night AS n
INNER JOIN dq.correction_applied AS c ON n.batch_id = c.batch_id
WHERE n.as_of = :as_of
ORDER BY c.dataset, c.correction_id;
