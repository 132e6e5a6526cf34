-- Purpose: somebody says what a value is: expected or defect. A later verdict replaces an earlier one, which
-- is kept. Can run twice.
UPDATE dq.anomaly
SET
    earlier_verdicts = CASE
        WHEN judged_by IS NULL OR (status, judged_by, reason) = (:verdict, :by, :reason) THEN earlier_verdicts
        ELSE earlier_verdicts || jsonb_build_object(
            'status', status, 'by', judged_by, 'at', judged_at, 'reason', reason, 'value', value
        )
    END,
    status = :verdict,
    judged_by = :by,
    judged_at = now(),
    reason = :reason
WHERE anomaly_id = :anomaly_id
RETURNING anomaly_id;
