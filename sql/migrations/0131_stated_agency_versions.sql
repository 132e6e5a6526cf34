-- Purpose: from which day the catalogue says that an agency is as it is. Where that day changes together with
-- the name, the new version begins on it, however late the catalogue came with it.
ALTER TABLE dw.dim_agency ADD COLUMN stated_from date;
COMMENT ON COLUMN dw.dim_agency.stated_from IS
'The day from which the catalogue says that the agency is as this row has it; empty where it says none.';
