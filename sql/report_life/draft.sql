-- Purpose: keep a draft in the place of an earlier draft of its kind and night. Can run twice: the second
-- changes nothing.
INSERT INTO dq.report AS r (kind, as_of, revises, data_sha256, document)
VALUES (:kind, :as_of, :revises, :data_sha256, :document)
ON CONFLICT (kind, as_of) WHERE state = 'draft'
DO UPDATE
    SET
        data_sha256 = excluded.data_sha256,
        document = excluded.document,
        revises = excluded.revises,
        drafted_at = CASE WHEN r.data_sha256 = excluded.data_sha256 THEN r.drafted_at ELSE now() END
RETURNING report_id;
