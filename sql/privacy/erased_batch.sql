-- Purpose: a batch that is not loaded yet has so many records now. What a loaded one had, its reconciliation
-- says as it was. Can run twice.
UPDATE meta.batch
SET fetched = :fetched, declared = :declared
WHERE batch_id = :batch_id AND status <> 'loaded';
