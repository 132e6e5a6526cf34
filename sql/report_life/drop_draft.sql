-- Purpose: a draft that says what the report in force says is none. Can run twice.
DELETE FROM dq.report
WHERE kind = :kind AND as_of = :as_of AND state = 'draft';
