-- Purpose: the dossiers that are new or may differ from the star, and which of them do (differs). Grain: one
-- row per dossier code. Can run twice: it only reads the star; the tables are dropped at the end of the load.
-- After a first load nothing is left to compare. First the hashes of whole records tell which may differ,
-- among the months that the batch is of; only those have their keys resolved and are compared column by
-- column. A record's hash differs also when something changed that the star does not keep.
-- A dossier is looked for in the month that its code and its receipt tell. One older than what the star holds
-- is left out: a replay must not undo later news.
-- Two large tables are compared: the processes share one hash table, here only.
SET LOCAL enable_parallel_hash = on;

-- The days are written into the statement, so that the planner knows how many dossiers they have. A replay
-- compares every dossier: it may be there to mend what a fault of ours had put into the star. So does a night
-- with dossiers that point to nothing known: what was not known then may be by now.
DO $$
DECLARE
    first_key integer := (SELECT dw.date_key(min(m.day), -1) FROM met AS m);
    last_key integer := (SELECT dw.date_key(max(m.day), -1) FROM met AS m);
    batch integer := current_setting('kho.batch_key');
    is_replay boolean := (SELECT b.replays IS NOT NULL FROM meta.batch AS b WHERE b.batch_key = batch);
    is_first boolean := (SELECT f.is_first FROM filling AS f);
BEGIN
    EXECUTE format(
        'CREATE UNLOGGED TABLE stg.dossier_candidate AS '
        'SELECT s._row '
        'FROM accepted AS s '
        'LEFT JOIN dw.fact_dossier AS t '
        'ON NOT %L::boolean AND s._content_hash = t.content_hash AND t.received_date_key BETWEEN %s AND %s '
        'AND t.agency_key <> -1 AND t.procedure_key <> -1 AND t.unit_key <> -1 '
        'WHERE t.content_hash IS NULL AND NOT %L::boolean',
        coalesce(is_replay, FALSE),
        coalesce(first_key, -1),
        coalesce(last_key, -1),
        is_first
    );
END
$$;
SET LOCAL enable_parallel_hash = off;
ANALYZE stg.dossier_candidate;

CREATE UNLOGGED TABLE stg.dossier_delta AS
SELECT
    s.*,
    t.dossier_code IS NULL AS is_new,
    t.status_code AS status_before,
    -- Never NULL: sqlfluff can read such a comparison only inside of a function.
    coalesce(
        (
            s.source_updated_at, s.status_code, s.received_at, s.due_at, s.finished_at, s.returned_at,
            s.fee_amount_vnd, s.document_count, s.supplement_count, s.result_count, s.channel_code,
            s.supplement_asked_at, s.supplement_received_at, s.digitised_document_count,
            s.electronic_result_count,
            s.submission_form_code, s.applicant_type_code, s.agency_key, s.procedure_key, s.unit_key
        ) IS DISTINCT FROM (
            t.source_updated_at, t.status_code, t.received_at, t.due_at, t.finished_at, t.returned_at,
            t.fee_amount_vnd, t.document_count, t.supplement_count, t.result_count, t.channel_code,
            t.supplement_asked_at, t.supplement_received_at, t.digitised_document_count,
            t.electronic_result_count,
            t.submission_form_code, t.applicant_type_code, t.agency_key, t.procedure_key, t.unit_key
        ),
        FALSE
    ) AS differs
FROM stg.dossier_candidate AS c
INNER JOIN resolved_dossier AS s ON c._row = s._row
LEFT JOIN dw.fact_dossier AS t
    ON s.dossier_code = t.dossier_code AND s.received_date_key = t.received_date_key
WHERE t.dossier_code IS NULL OR s.source_updated_at >= t.source_updated_at;
