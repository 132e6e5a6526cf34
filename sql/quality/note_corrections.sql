-- Purpose: what was corrected by hand in a batch. Grain: batch and correction.
-- Can run twice: staging a batch again replaces what was said of it.
DELETE FROM dq.correction_applied
WHERE batch_id = :batch_id;

INSERT INTO dq.correction_applied (
    dataset, batch_id, correction_id, business_key, column_name, from_value, to_value, rows, why, reported_to,
    by_whom, corrected_on, valid_until
)
SELECT
    :dataset,
    :batch_id,
    u.*
FROM
    unnest(
        cast(:ids AS text[]),
        cast(:keys AS text[]),
        cast(:columns AS text[]),
        cast(:olds AS text[]),
        cast(:news AS text[]),
        cast(:rows AS bigint[]),
        cast(:whys AS text[]),
        cast(:reports AS text[]),
        cast(:authors AS text[]),
        cast(:dates AS date[]),
        cast(:ends AS date[])
    ) AS u;
