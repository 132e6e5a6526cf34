-- Purpose: how a dataset fared tonight. Grain: night and dataset. Can run twice: the last word counts, but
-- what the night has loaded it has loaded, also when it is run again and finds nothing new.
INSERT INTO meta.night AS n (as_of, dataset, outcome, fault, message, next_step, batch_id)
VALUES (
    :as_of,
    :dataset,
    CASE
        WHEN
            :outcome = 'unchanged' AND EXISTS (
                SELECT FROM meta.batch AS b
                WHERE b.batch_id = :batch_id AND b.as_of = :as_of AND b.status = 'loaded'
            ) THEN 'loaded'
        ELSE :outcome
    END,
    :fault,
    :message,
    :next_step,
    :batch_id
)
ON CONFLICT (as_of, dataset) DO UPDATE
    SET
        outcome = excluded.outcome,
        fault = excluded.fault,
        message = excluded.message,
        next_step = excluded.next_step,
        batch_id = excluded.batch_id,
        finished_at = now()
    WHERE NOT (n.outcome = 'loaded' AND :outcome = 'unchanged');
