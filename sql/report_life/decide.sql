-- Purpose: keep what a person decided about a draft. Grain: the one row; none if it is no draft any more.
UPDATE dq.report
SET
    state = :state,
    decided_by = :decided_by,
    decided_at = now(),
    reason = :reason,
    via = :via,
    number_year = :year,
    number = :number,
    signed_on = :signed_on,
    document = :document,
    files = cast(:files AS jsonb)
WHERE report_id = :report_id AND state = 'draft'
RETURNING report_id;
