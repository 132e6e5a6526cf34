-- Purpose: the count equation of a batch: fetched = accepted + quarantined + duplicates, accepted = loaded.
-- Can run twice: it is written once, in the transaction of the load.
INSERT INTO dq.reconciliation (
    dataset, batch_id, declared, fetched, duplicates, quarantined, accepted, loaded
)
SELECT
    b.dataset,
    b.batch_id,
    b.declared,
    b.fetched,
    :duplicates,
    :quarantined,
    :accepted,
    :loaded
FROM meta.batch AS b
WHERE b.batch_id = :batch_id
RETURNING declared, fetched, duplicates, quarantined, accepted, loaded, balanced;
