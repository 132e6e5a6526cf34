-- Purpose: the next number of a year. It counts only if the transaction is committed: no gap, none twice.
INSERT INTO dq.report_number AS n (number_year, last)
VALUES (:year, 1)
ON CONFLICT (number_year) DO UPDATE SET last = n.last + 1
RETURNING last;
