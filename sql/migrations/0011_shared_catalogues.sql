-- Purpose: what has left a shared catalogue is marked, not removed: facts of its time still point to it.
ALTER TABLE dw.dim_agency ADD COLUMN retired_on date;
COMMENT ON COLUMN dw.dim_agency.retired_on IS 'The night on which the catalogue no longer had the agency.';
ALTER TABLE dw.dim_procedure ADD COLUMN retired_on date;
COMMENT ON COLUMN dw.dim_procedure.retired_on IS
'The night on which the catalogue no longer had the procedure.';
