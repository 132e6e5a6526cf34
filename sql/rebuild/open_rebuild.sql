-- Purpose: say that a rebuild begins: of what, who, why. Each attempt is a row of its own; one that was
-- killed stays unfinished.
INSERT INTO meta.rebuild (dataset, first_night, last_night, started_by, reason)
VALUES (:dataset, :first_night, :last_night, :by, :reason)
RETURNING rebuild_id;
