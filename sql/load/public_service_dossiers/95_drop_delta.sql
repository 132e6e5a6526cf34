-- Purpose: leave nothing of this load behind in stg.
DROP TABLE stg.dossier_delta;
