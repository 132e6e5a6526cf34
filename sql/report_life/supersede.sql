-- Purpose: the report that a revision takes the place of. Can run twice.
UPDATE dq.report
SET state = 'superseded'
WHERE report_id = :report_id AND state = 'approved';
