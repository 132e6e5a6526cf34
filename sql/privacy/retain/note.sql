-- Purpose: keep what went because its time was over.
INSERT INTO meta.retention_log (kind, dataset, subject, items, older_than)
VALUES (:kind, :dataset, :subject, :items, :older_than);
