-- Purpose: a file that could not be read has a deadline like every other fault that its sender has to mend.
ALTER TABLE dq.rejected_file ADD COLUMN due_on date;
COMMENT ON COLUMN dq.rejected_file.due_on IS
'The last day on which the file is sent again in time, as for a critical fault; fixed when it is first seen.';
UPDATE dq.rejected_file SET due_on = meta.add_working_days(first_seen_on, 5);
ALTER TABLE dq.rejected_file ALTER COLUMN due_on SET NOT NULL;
