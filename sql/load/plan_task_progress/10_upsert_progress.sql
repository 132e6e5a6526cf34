-- Purpose: the latest report of each task, agency and month. Grain: task, agency, month.
-- Can run twice: equal rows are left alone; an older report never replaces a newer one.
INSERT INTO dw.fact_plan_task_progress AS t (
    task_key, agency_key, period_code, month_start_date_key, percent_done, status_code,
    note_vi, expected_finish_date_key, submitted_at, batch_key
)
SELECT
    k.task_key,
    a.agency_key,
    to_char(s.period_month, 'YYYY"-M"MM') AS period_code,
    dw.date_key(s.period_month, -1),
    s.percent_done,
    s.status_code,
    s.note_vi,
    dw.date_key(s.expected_finish_on, CASE s.status_code WHEN 'HT' THEN -2 ELSE -1 END),
    s.submitted_at,
    :batch_key
FROM accepted AS s
INNER JOIN dw.dim_plan_task AS k ON s.task_code = k.task_code
INNER JOIN dw.dim_agency AS a
    ON
        s.agency_code = a.agency_code
        AND s.period_month BETWEEN a.valid_from AND coalesce(a.valid_to, 'infinity')
ON CONFLICT (task_key, agency_key, period_code) DO UPDATE
    SET
        percent_done = excluded.percent_done,
        status_code = excluded.status_code,
        note_vi = excluded.note_vi,
        expected_finish_date_key = excluded.expected_finish_date_key,
        submitted_at = excluded.submitted_at,
        batch_key = excluded.batch_key
    WHERE
    excluded.submitted_at >= t.submitted_at
    AND (t.percent_done, t.status_code, t.note_vi, t.expected_finish_date_key, t.submitted_at)
    IS DISTINCT FROM (
        excluded.percent_done, excluded.status_code, excluded.note_vi,
        excluded.expected_finish_date_key, excluded.submitted_at
    );
