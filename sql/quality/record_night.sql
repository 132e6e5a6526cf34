-- Purpose: how a dataset fared tonight. Grain: night and dataset. Can run twice: the last word counts.
INSERT INTO meta.night AS n (as_of, dataset, outcome, fault, message, next_step, batch_id)
VALUES (:as_of, :dataset, :outcome, :fault, :message, :next_step, :batch_id)
ON CONFLICT (as_of, dataset) DO UPDATE
    SET
        outcome = excluded.outcome,
        fault = excluded.fault,
        message = excluded.message,
        next_step = excluded.next_step,
        batch_id = excluded.batch_id,
        finished_at = now();
