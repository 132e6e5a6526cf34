-- Purpose: whether about :most cases or more break a rule; the rows are any of them. Grain: one row. It only
-- reads.
SELECT count(*) >= :most AS are_many
FROM (
    SELECT 1 FROM dq.quarantine
    WHERE failed_rules @> ARRAY[cast(:rule AS text)]
    FETCH FIRST :most ROWS ONLY
) AS found;
